/* The decoder layers of a Llama over a KV cache that is written in place (Touvron et al. 2023).
 *
 * Each thread of a call runs `seekline_forward` as a whole. Its stages (a norm, a matrix product, ...) are cut into
 * items, which the threads take one by one, with a barrier behind each stage: so a thread that the system holds up
 * holds up one item. */
#include "kernels.h"
#ifdef _WIN32
__declspec(dllimport) int __stdcall SwitchToThread(void); /* windows.h would bring names that clash with ours */
#define yield_thread() SwitchToThread()
#else
#include <sched.h>
#define yield_thread() sched_yield()
#endif

typedef struct {
  const float *attention_norm, *mlp_norm;
  matrix qkv, output, gate_up, down;
} layer;

/* What an adapter adds to a matrix (Hu et al. 2021): to the outputs of each projection that is stacked in it, `up` times
 * what the projection's `down` makes of the input. `stacked`: how many there are, 0 where nothing is added. `end`: by
 * projection, the tile behind its last one. A projection whose `down` has no data stays as it is. */
enum { MAX_STACKED = 3 };
typedef struct {
  int32_t stacked, end[MAX_STACKED];
  matrix down[MAX_STACKED], up;
} low_rank;

typedef struct {
  low_rank qkv, output, gate_up, down;
} layer_adapter;

typedef struct {
  int32_t layers, hidden, heads, kv_heads, head_size, intermediate;
  float epsilon;
  const float *cosines, *sines; /* by position and place in a head; the first half of the sines is negative */
  const float *norm;
  const layer *layer;
  const layer_adapter *adapter; /* by layer; null: there is none */
  matrix head;
} network;

/* One call of the forward pass: `count` new tokens behind the `start` that are in the KV cache. `keys_values`: shape
 * (layers, 2, KV heads, capacity, head size). */
typedef struct {
  int32_t threads, count, start, capacity, logits, half_precision;
  uint8_t *keys_values;
  float *hidden, *projected; /* the second: by row the queries, keys and values, later the gate and up projections */
  float *scores, *out;       /* the second: the logits of the last `logits` rows, and room for as many rows behind */
  rows input;                /* of the next matmul: room for rows of the widest matrix, and for two of each logit */
  float *low_rank;           /* what an adapter's `down` makes of it: by projection, by row */
  const int32_t *cancel; /* set by another thread: 1, or ABANDONED where some threads will never reach the barrier */
  volatile int32_t items_taken, arrived, phase, stopped; /* all 0 */
} call;

enum { ABANDONED = 2, MAX_SPINS = 4000, QUERY_BLOCK = 4, TOKEN_BLOCK = 32, UP_TILES = 16 };
#define MASKED -1e30f

INLINE void cpu_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

INLINE int32_t cancel_state(const call *c) { return __atomic_load_n(c->cancel, __ATOMIC_RELAXED); }

/* Waits until all threads have come to the end of a stage. Returns whether to go on: the last thread to arrive looks
 * whether the call is cancelled. */
static int barrier(call *c) {
  int32_t phase = __atomic_load_n(&c->phase, __ATOMIC_ACQUIRE);
  if (__atomic_add_fetch(&c->arrived, 1, __ATOMIC_ACQ_REL) == c->threads) {
    c->arrived = 0;
    c->items_taken = 0;
    c->stopped = cancel_state(c);
    __atomic_store_n(&c->phase, phase + 1, __ATOMIC_RELEASE);
  } else {
    for (int spins = 0; __atomic_load_n(&c->phase, __ATOMIC_ACQUIRE) == phase;)
      if (cancel_state(c) == ABANDONED) return 0;
      else if (spins < MAX_SPINS) cpu_relax(), spins++;
      else yield_thread();
  }
  return !c->stopped;
}

/* The next item of this stage that no thread has taken; a number beyond all of them where the call is cancelled. */
INLINE int32_t next_item(call *c) {
  if (cancel_state(c)) return INT32_MAX;
  return __atomic_fetch_add(&c->items_taken, 1, __ATOMIC_RELAXED);
}

#define FOR_EACH_ITEM(item, count) for (int32_t item; (item = next_item(c)) < (count);)

/* e to the power of at most 0: 2 to a whole power times a polynomial of the remainder (Cephes, `expf`). */
INLINE f32x8 exp8(f32x8 x) {
  x = __builtin_elementwise_max(x, splat(-87.0f));
  f32x8 whole = __builtin_elementwise_rint(x * splat(1.44269504f));
  f32x8 remainder = fma8(whole, splat(2.12194440e-4f), fma8(whole, splat(-0.693359375f), x));
  f32x8 sum = splat(1.9875691500e-4f);
  const float coefficients[] = {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 0.5f, 1, 1};
  for (int i = 0; i < 7; i++) sum = fma8(sum, remainder, splat(coefficients[i]));
  return (f32x8)((i32x8)sum + (__builtin_convertvector(whole, i32x8) << 23));
}

/* Root mean square normalisation of a row (Zhang and Sennrich 2019). */
INLINE void normalize(const network *n, const float *values, const float *weight, float *to) {
  const int64_t width = n->hidden;
  f32x8 squares = splat(0);
  for (int64_t i = 0; i < width; i += LANES) squares = fma8(load(values + i), load(values + i), squares);
  f32x8 factor = splat(1 / __builtin_sqrtf(sum8(squares) / (float)width + n->epsilon));
  for (int64_t i = 0; i < width; i += LANES) store(to + i, load(values + i) * factor * load(weight + i));
}

/* The rows of `hidden`, normalised, as the input of `next`. */
static int rms_norm(call *c, const network *n, const float *weight, const matrix *next) {
  FOR_EACH_ITEM(row, c->count) {
    normalize(n, c->hidden + row * (int64_t)n->hidden, weight, c->input.values + row * (int64_t)n->hidden);
    quantize(&c->input, row, next);
  }
  return barrier(c);
}

/* Of each `down`, the tiles, beginning with those of the first projection. */
static void multiply_down(call *c, const low_rank *a, int32_t count, int32_t item) {
  const int32_t rank = a->up.inputs, tile = item % (rank / TILE);
  const matrix *down = a->down + item / (rank / TILE);
  float *out = c->low_rank + (down - a->down) * (int64_t)count * rank;
  if (down->data) multiply(down, &c->input, count, out, 0, tile, tile + 1);
}

/* Adds `up` to the outputs of the tiles from `first` to `last`. */
static void add_up(call *c, const low_rank *a, int32_t count, float *out, int32_t first, int32_t last) {
  for (int32_t number = 0; number < a->stacked && first < last; number++) {
    const int32_t end = a->end[number] < last ? a->end[number] : last;
    if (end <= first) continue;
    const rows input = {.values = c->low_rank + number * (int64_t)count * a->up.inputs};
    if (a->down[number].data) multiply(&a->up, &input, count, out, 1, first, end);
    first = end;
  }
}

/* The product with a matrix, and with what an adapter, if there is one, adds to it. */
static int matmul(call *c, const matrix *m, const low_rank *a, int32_t count, float *out, int add) {
  const int32_t tiles = m->outputs / TILE, tiles_per_item = count > 1 ? 2 : 8;
  const int adapted = a && a->stacked;
  const int32_t downs = adapted ? a->stacked * (a->up.inputs / TILE) : 0; /* first, since each takes longer */
  FOR_EACH_ITEM(item, downs + (tiles + tiles_per_item - 1) / tiles_per_item) {
    if (item < downs) {
      multiply_down(c, a, count, item);
      continue;
    }
    int32_t first = (item - downs) * tiles_per_item, last = first + tiles_per_item;
    multiply(m, &c->input, count, out, add, first, last < tiles ? last : tiles);
  }
  if (!barrier(c)) return 0;
  if (!adapted) return 1;
  FOR_EACH_ITEM(item, (tiles + UP_TILES - 1) / UP_TILES) {
    int32_t first = item * UP_TILES, last = first + UP_TILES;
    add_up(c, a, count, out, first, last < tiles ? last : tiles);
  }
  return barrier(c);
}

INLINE void store_kv(const call *c, int64_t at, f32x8 values) {
  if (c->half_precision) *(f16x8u *)(c->keys_values + 2 * at) = __builtin_convertvector(values, f16x8u);
  else store((float *)c->keys_values + at, values);
}

INLINE f32x8 load_kv(const call *c, int64_t at, int half_precision) {
  if (half_precision) return __builtin_convertvector(*(const f16x8u *)(c->keys_values + 2 * at), f32x8);
  return load((const float *)c->keys_values + at);
}

/* The index in `keys_values` of the first key (`which` 0) or value (1) of a head. */
INLINE int64_t kv_offset(const call *c, const network *n, int32_t layer, int which, int32_t head) {
  return (((int64_t)(2 * layer + which) * n->kv_heads + head) * c->capacity) * n->head_size;
}

/* Rotary position embedding of queries and keys (Su et al. 2021); writes the keys and values to the KV cache. */
static int rope(call *c, const network *n, int32_t layer) {
  const int32_t size = n->head_size, heads = n->heads + 2 * n->kv_heads;
  FOR_EACH_ITEM(row, c->count) {
    const float *cosines = n->cosines + (int64_t)(c->start + row) * size;
    const float *sines = n->sines + (int64_t)(c->start + row) * size;
    for (int32_t head = 0; head < heads; head++) {
      float *values = c->projected + ((int64_t)row * heads + head) * size;
      const int32_t kv = head - n->heads, is_value = kv >= n->kv_heads;
      int64_t to = kv < 0 ? 0 : kv_offset(c, n, layer, is_value, kv % n->kv_heads) + (int64_t)(c->start + row) * size;
      for (int32_t i = 0; i < size / 2; i += LANES) {
        f32x8 low = load(values + i), high = load(values + i + size / 2);
        f32x8 rotated_low = fma8(high, load(sines + i), low * load(cosines + i));
        f32x8 rotated_high = fma8(low, load(sines + i + size / 2), high * load(cosines + i + size / 2));
        if (kv < 0) store(values + i, rotated_low), store(values + i + size / 2, rotated_high);
        else if (is_value) store_kv(c, to + i, low), store_kv(c, to + i + size / 2, high);
        else store_kv(c, to + i, rotated_low), store_kv(c, to + i + size / 2, rotated_high);
      }
    }
  }
  return barrier(c);
}

/* The softmax of `count` scores in place; as many more as fill the last lanes become 0. */
INLINE void softmax(float *scores, int64_t count) {
  for (int64_t i = count; i < (count + LANES - 1) / LANES * LANES; i++) scores[i] = MASKED;
  f32x8 maxima = splat(MASKED), total = splat(0);
  for (int64_t i = 0; i < count; i += LANES) maxima = __builtin_elementwise_max(maxima, load(scores + i));
  float maximum = maxima[0];
  for (int lane = 1; lane < LANES; lane++) maximum = maxima[lane] > maximum ? maxima[lane] : maximum;
  for (int64_t i = 0; i < count; i += LANES) {
    f32x8 weight = exp8(load(scores + i) - splat(maximum));
    weight = (f32x8)((i32x8)weight & (load(scores + i) > splat(MASKED)));
    store(scores + i, weight);
    total += weight;
  }
  float inverse = 1 / sum8(total);
  for (int64_t i = 0; i < count; i += LANES) store(scores + i, load(scores + i) * splat(inverse));
}

/* The attention of one head for R rows from `row` on. `scores`: room for R rows of `score_stride` numbers. */
INLINE void attend(int R, int half, const call *c, const network *n, int32_t layer, int32_t head, int32_t row,
                   float *scores, int64_t score_stride) {
  const int32_t size = n->head_size, kv = head / (n->heads / n->kv_heads);
  const int64_t first = c->start + row + 1, tokens = first + R - 1; /* how many the first row sees, and the last */
  const int64_t keys = kv_offset(c, n, layer, 0, kv), values = kv_offset(c, n, layer, 1, kv);
  const int64_t stride = (int64_t)(n->heads + 2 * n->kv_heads) * size, width = (int64_t)n->heads * size;
  const float *query = c->projected + row * stride + (int64_t)head * size;
  float *out = c->input.values + row * width + (int64_t)head * size;
  const float scale = 1 / __builtin_sqrtf((float)size);
  for (int64_t token = 0; token < tokens; token++) {
    f32x8 sums[QUERY_BLOCK] = {0};
    for (int32_t i = 0; i < size; i += LANES) {
      f32x8 key = load_kv(c, keys + token * size + i, half);
      for (int r = 0; r < R; r++) sums[r] = fma8(load(query + r * stride + i), key, sums[r]);
    }
    for (int r = 0; r < R; r++) scores[r * score_stride + token] = token < first + r ? sum8(sums[r]) * scale : MASKED;
  }
  for (int r = 0; r < R; r++) {
    softmax(scores + r * score_stride, tokens);
    for (int32_t i = 0; i < size; i += LANES) store(out + r * width + i, splat(0));
  }
  const int parts = R == 1 ? 2 : 1; /* vectors of a head at a time: two sums that do not wait for each other */
  for (int64_t block = 0; block < tokens; block += TOKEN_BLOCK)
    for (int32_t i = 0; i < size; i += parts * LANES) {
      f32x8 sums[QUERY_BLOCK][2];
      for (int r = 0; r < R; r++)
        for (int part = 0; part < parts; part++) sums[r][part] = load(out + r * width + i + part * LANES);
      for (int64_t token = block; token < tokens && token < block + TOKEN_BLOCK; token++)
        for (int part = 0; part < parts; part++) {
          f32x8 value = load_kv(c, values + token * size + i + part * LANES, half);
          for (int r = 0; r < R; r++) {
            f32x8 weight = splat(scores[r * score_stride + token]);
            sums[r][part] = fma8(weight, value, sums[r][part]);
          }
        }
      for (int r = 0; r < R; r++)
        for (int part = 0; part < parts; part++) store(out + r * width + i + part * LANES, sums[r][part]);
    }
}

static int attention(call *c, const network *n, int32_t layer, int32_t thread) {
  const int32_t blocks = (c->count + QUERY_BLOCK - 1) / QUERY_BLOCK;
  const int64_t score_stride = (c->start + c->count + LANES - 1) / LANES * LANES;
  float *scores = c->scores + thread * QUERY_BLOCK * score_stride;
  FOR_EACH_ITEM(item, blocks * n->heads) {
    int32_t head = item / blocks, row = item % blocks * QUERY_BLOCK, last = row + QUERY_BLOCK;
    if (last <= c->count) {
      if (c->half_precision) attend(QUERY_BLOCK, 1, c, n, layer, head, row, scores, score_stride);
      else attend(QUERY_BLOCK, 0, c, n, layer, head, row, scores, score_stride);
    } else {
      for (; row < c->count; row++)
        if (c->half_precision) attend(1, 1, c, n, layer, head, row, scores, score_stride);
        else attend(1, 0, c, n, layer, head, row, scores, score_stride);
    }
  }
  if (!barrier(c)) return 0;
  FOR_EACH_ITEM(row, c->count) quantize(&c->input, row, &n->layer[layer].output);
  return barrier(c);
}

/* silu(gate) * up (Shazeer 2020), as the input of `next`. */
static int swiglu(call *c, const network *n, const matrix *next) {
  const int64_t width = n->intermediate;
  FOR_EACH_ITEM(row, c->count) {
    const float *gate = c->projected + 2 * row * width, *up = gate + width;
    float *to = c->input.values + row * width;
    for (int64_t i = 0; i < width; i += LANES) {
      f32x8 value = load(gate + i), decay = exp8(-__builtin_elementwise_abs(value)); /* never overflows */
      f32x8 inverse = 1 / (1 + decay);
      i32x8 positive = value > splat(0);
      f32x8 sigmoid = (f32x8)(((i32x8)inverse & positive) | ((i32x8)(decay * inverse) & ~positive));
      store(to + i, value * sigmoid * load(up + i));
    }
    quantize(&c->input, row, next);
  }
  return barrier(c);
}

/* The logits of the last rows. They decide between tokens, and 8 bits of an input are too few for that: what rounding
 * leaves of a row is the next row of the input, whose logits are added to its own. */
static int head(call *c, const network *n) {
  const int64_t width = n->hidden, outputs = n->head.outputs;
  const float *last = c->hidden + (c->count - c->logits) * width;
  FOR_EACH_ITEM(row, c->logits) {
    normalize(n, last + row * width, n->norm, c->input.values + 2 * row * width);
    quantize(&c->input, 2 * row, &n->head);
    leave_rest(&c->input, 2 * row, &n->head);
    quantize(&c->input, 2 * row + 1, &n->head);
  }
  if (!barrier(c) || !matmul(c, &n->head, 0, 2 * c->logits, c->out, 0)) return 0;
  FOR_EACH_ITEM(tile, n->head.outputs / TILE) {
    for (int32_t row = 0; row < c->logits; row++)
      for (int32_t i = tile * TILE; i < (tile + 1) * TILE; i += LANES) {
        const float *both = c->out + 2 * row * outputs + i;
        store(c->out + row * outputs + i, load(both) + load(both + outputs));
      }
  }
  return barrier(c);
}

/* One of the threads of a call, from 0. Returns whether the call is complete: not where it was cancelled. */
EXPORT int32_t seekline_forward(const network *n, call *c, int32_t thread) {
  for (int32_t number = 0; number < n->layers; number++) {
    const layer *l = n->layer + number;
    const layer_adapter *a = n->adapter ? n->adapter + number : 0;
    if (!rms_norm(c, n, l->attention_norm, &l->qkv)) return 0;
    if (!matmul(c, &l->qkv, a ? &a->qkv : 0, c->count, c->projected, 0)) return 0;
    if (!rope(c, n, number)) return 0;
    if (!attention(c, n, number, thread)) return 0;
    if (!matmul(c, &l->output, a ? &a->output : 0, c->count, c->hidden, 1)) return 0;
    if (!rms_norm(c, n, l->mlp_norm, &l->gate_up)) return 0;
    if (!matmul(c, &l->gate_up, a ? &a->gate_up : 0, c->count, c->projected, 0)) return 0;
    if (!swiglu(c, n, &l->down)) return 0;
    if (!matmul(c, &l->down, a ? &a->down : 0, c->count, c->hidden, 1)) return 0;
  }
  return head(c, n);
}

/* What Python compares with its own, so that a library compiled earlier is not called with newer structures. */
EXPORT int32_t seekline_sizes(void) { return (int32_t)(sizeof(call) * 1000 + sizeof(network)); }
