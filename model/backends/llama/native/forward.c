/* The layers of a Llama, over keys and values that stay where they are (Touvron et al. 2023).
 *
 * Each thread of a call runs `seekline_forward` as a whole. Its parts are cut into items, which the threads claim one
 * by one, and wait for each other at the end of a part: so a thread that the system holds up holds up one item. */
#include "kernels.h"
#ifdef _WIN32
__declspec(dllimport) int __stdcall SwitchToThread(void); /* windows.h would bring names that are ours */
#define give_way() SwitchToThread()
#else
#include <sched.h>
#define give_way() sched_yield()
#endif

typedef struct {
  const float *attention_norm, *mlp_norm;
  matrix qkv, output, gate_up, down;
} layer;

typedef struct {
  int32_t layers, hidden, heads, kv_heads, head_size, intermediate;
  float epsilon;
  const float *cosines, *sines; /* by position and place in a head; the first half of the sines is negative */
  const float *norm;
  const layer *layer;
  matrix head;
} network;

/* What one call computes, and where. `keys_values`: shape (layers, 2, KV heads, capacity, head size). */
typedef struct {
  int32_t threads, count, start, capacity, logits, half_precision;
  uint8_t *keys_values;
  float *hidden, *wide, *scores, *out; /* the last: the logits of the last `logits` rows */
  rows input;                          /* of the next product: room for rows of the widest matrix */
  const int32_t *cancel; /* set by another thread: to 1, or to ABANDONED where some of the threads never come */
  volatile int32_t next, arrived, turn, stopped; /* all 0 */
} call;

typedef _Float16 f16x8u __attribute__((vector_size(16), aligned(2)));

enum { ABANDONED = 2, SPINS = 4000, QUERIES = 4, BLOCK = 32 };
#define MASKED -1e30f

INLINE void rest(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

INLINE int32_t asked(const call *c) { return __atomic_load_n(c->cancel, __ATOMIC_RELAXED); }

/* Waits for all threads. Whether to go on: the last one to come looks whether the call is cancelled. */
static int all_here(call *c) {
  int32_t turn = __atomic_load_n(&c->turn, __ATOMIC_ACQUIRE);
  if (__atomic_add_fetch(&c->arrived, 1, __ATOMIC_ACQ_REL) == c->threads) {
    c->arrived = 0;
    c->next = 0;
    c->stopped = asked(c);
    __atomic_store_n(&c->turn, turn + 1, __ATOMIC_RELEASE);
  } else {
    for (int spins = 0; __atomic_load_n(&c->turn, __ATOMIC_ACQUIRE) == turn;)
      if (asked(c) == ABANDONED) return 0;
      else if (spins < SPINS) rest(), spins++;
      else give_way();
  }
  return !c->stopped;
}

/* The next item of this part; none is left of a cancelled call. */
INLINE int32_t claim(call *c) { return asked(c) ? INT32_MAX : __atomic_fetch_add(&c->next, 1, __ATOMIC_RELAXED); }

#define EACH(item, count) (int32_t item; (item = claim(c)) < (count);)

/* e to the power of at most 0: 2 to a whole power times a polynomial of the rest (Cephes, `expf`). */
INLINE f32x8 exponential(f32x8 x) {
  x = __builtin_elementwise_max(x, splat(-87.0f));
  f32x8 whole = __builtin_elementwise_rint(x * splat(1.44269504f));
  f32x8 part = fma8(whole, splat(2.12194440e-4f), fma8(whole, splat(-0.693359375f), x));
  f32x8 sum = splat(1.9875691500e-4f);
  const float coefficients[] = {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 0.5f, 1, 1};
  for (int i = 0; i < 7; i++) sum = fma8(sum, part, splat(coefficients[i]));
  return (f32x8)((i32x8)sum + (__builtin_convertvector(whole, i32x8) << 23));
}

/* The rows of `from`, each by its root mean square and `weight`, as rows to multiply. */
static int normed(call *c, const network *n, const float *from, const float *weight, int32_t count) {
  const int64_t width = n->hidden;
  for EACH(row, count) {
    const float *values = from + row * width;
    float *to = c->input.values + row * width;
    f32x8 squares = splat(0);
    for (int64_t i = 0; i < width; i += LANES) squares = fma8(load(values + i), load(values + i), squares);
    f32x8 factor = splat(1 / __builtin_sqrtf(sum8(squares) / (float)width + n->epsilon));
    for (int64_t i = 0; i < width; i += LANES) store(to + i, load(values + i) * factor * load(weight + i));
    quantize(&c->input, row, (int32_t)width);
  }
  return all_here(c);
}

static int product(call *c, const matrix *m, int32_t count, float *out, int add) {
  const int32_t tiles = m->outputs / TILE, several = count > 1 ? 2 : 8;
  for EACH(item, (tiles + several - 1) / several) {
    int32_t last = (item + 1) * several;
    multiply(m, &c->input, count, out, add, item * several, last < tiles ? last : tiles);
  }
  return all_here(c);
}

INLINE void keep(const call *c, int64_t at, f32x8 values) {
  if (c->half_precision) *(f16x8u *)(c->keys_values + 2 * at) = __builtin_convertvector(values, f16x8u);
  else store((float *)c->keys_values + at, values);
}

INLINE f32x8 kept(const call *c, int64_t at, int half_precision) {
  if (half_precision) return __builtin_convertvector(*(const f16x8u *)(c->keys_values + 2 * at), f32x8);
  return load((const float *)c->keys_values + at);
}

/* Where the keys (0) or values (1) of a head stand in `keys_values`. */
INLINE int64_t place(const call *c, const network *n, int32_t layer, int which, int32_t head) {
  return (((int64_t)(2 * layer + which) * n->kv_heads + head) * c->capacity) * n->head_size;
}

/* Turns queries and keys by their position (Su et al. 2021), and keeps the keys and values. */
static int turned(call *c, const network *n, int32_t layer) {
  const int32_t size = n->head_size, heads = n->heads + 2 * n->kv_heads;
  for EACH(row, c->count) {
    const float *cosines = n->cosines + (int64_t)(c->start + row) * size;
    const float *sines = n->sines + (int64_t)(c->start + row) * size;
    for (int32_t head = 0; head < heads; head++) {
      float *values = c->wide + ((int64_t)row * heads + head) * size;
      const int32_t kv = head - n->heads, is_value = kv >= n->kv_heads;
      int64_t to = kv < 0 ? 0 : place(c, n, layer, is_value, kv % n->kv_heads) + (int64_t)(c->start + row) * size;
      for (int32_t i = 0; i < size / 2; i += LANES) {
        f32x8 low = load(values + i), high = load(values + i + size / 2);
        f32x8 turned_low = fma8(high, load(sines + i), low * load(cosines + i));
        f32x8 turned_high = fma8(low, load(sines + i + size / 2), high * load(cosines + i + size / 2));
        if (kv < 0) store(values + i, turned_low), store(values + i + size / 2, turned_high);
        else if (is_value) keep(c, to + i, low), keep(c, to + i + size / 2, high);
        else keep(c, to + i, turned_low), keep(c, to + i + size / 2, turned_high);
      }
    }
  }
  return all_here(c);
}

/* The softmax of `count` scores in place; as many more as fill the last lanes become 0. */
INLINE void softmax(float *scores, int64_t count) {
  for (int64_t i = count; i < (count + LANES - 1) / LANES * LANES; i++) scores[i] = MASKED;
  f32x8 most = splat(MASKED), total = splat(0);
  for (int64_t i = 0; i < count; i += LANES) most = __builtin_elementwise_max(most, load(scores + i));
  float largest = most[0];
  for (int lane = 1; lane < LANES; lane++) largest = most[lane] > largest ? most[lane] : largest;
  for (int64_t i = 0; i < count; i += LANES) {
    f32x8 weight = exponential(load(scores + i) - splat(largest));
    weight = (f32x8)((i32x8)weight & (load(scores + i) > splat(MASKED)));
    store(scores + i, weight);
    total += weight;
  }
  float each = 1 / sum8(total);
  for (int64_t i = 0; i < count; i += LANES) store(scores + i, load(scores + i) * splat(each));
}

/* The attention of one head for R rows from `row` on. `scores`: room for R rows of `room` numbers. */
INLINE void attend(int R, int half, const call *c, const network *n, int32_t layer, int32_t head, int32_t row,
                   float *scores, int64_t room) {
  const int32_t size = n->head_size, kv = head / (n->heads / n->kv_heads);
  const int64_t first = c->start + row + 1, tokens = first + R - 1; /* what the first row sees, and the last */
  const int64_t keys = place(c, n, layer, 0, kv), values = place(c, n, layer, 1, kv);
  const int64_t stride = (int64_t)(n->heads + 2 * n->kv_heads) * size, width = (int64_t)n->heads * size;
  const float *query = c->wide + row * stride + (int64_t)head * size;
  float *out = c->input.values + row * width + (int64_t)head * size;
  const float scale = 1 / __builtin_sqrtf((float)size);
  for (int64_t token = 0; token < tokens; token++) {
    f32x8 sums[QUERIES] = {0};
    for (int32_t i = 0; i < size; i += LANES) {
      f32x8 key = kept(c, keys + token * size + i, half);
      for (int r = 0; r < R; r++) sums[r] = fma8(load(query + r * stride + i), key, sums[r]);
    }
    for (int r = 0; r < R; r++) scores[r * room + token] = token < first + r ? sum8(sums[r]) * scale : MASKED;
  }
  for (int r = 0; r < R; r++) {
    softmax(scores + r * room, tokens);
    for (int32_t i = 0; i < size; i += LANES) store(out + r * width + i, splat(0));
  }
  const int parts = R == 1 ? 2 : 1; /* of a head at a time: sums that do not wait for each other */
  for (int64_t block = 0; block < tokens; block += BLOCK)
    for (int32_t i = 0; i < size; i += parts * LANES) {
      f32x8 sums[QUERIES][2];
      for (int r = 0; r < R; r++)
        for (int part = 0; part < parts; part++) sums[r][part] = load(out + r * width + i + part * LANES);
      for (int64_t token = block; token < tokens && token < block + BLOCK; token++)
        for (int part = 0; part < parts; part++) {
          f32x8 value = kept(c, values + token * size + i + part * LANES, half);
          for (int r = 0; r < R; r++) sums[r][part] = fma8(splat(scores[r * room + token]), value, sums[r][part]);
        }
      for (int r = 0; r < R; r++)
        for (int part = 0; part < parts; part++) store(out + r * width + i + part * LANES, sums[r][part]);
    }
}

static int attention(call *c, const network *n, int32_t layer, int32_t thread) {
  const int32_t blocks = (c->count + QUERIES - 1) / QUERIES;
  const int64_t room = (c->start + c->count + LANES - 1) / LANES * LANES;
  float *scores = c->scores + thread * QUERIES * room;
  for EACH(item, blocks * n->heads) {
    int32_t head = item / blocks, row = item % blocks * QUERIES, last = row + QUERIES;
    if (last <= c->count) {
      if (c->half_precision) attend(QUERIES, 1, c, n, layer, head, row, scores, room);
      else attend(QUERIES, 0, c, n, layer, head, row, scores, room);
    } else {
      for (; row < c->count; row++)
        if (c->half_precision) attend(1, 1, c, n, layer, head, row, scores, room);
        else attend(1, 0, c, n, layer, head, row, scores, room);
    }
  }
  if (!all_here(c)) return 0;
  for EACH(row, c->count) quantize(&c->input, row, n->heads * n->head_size);
  return all_here(c);
}

/* silu(gate) * up, as rows to multiply. */
static int gated(call *c, const network *n) {
  const int64_t width = n->intermediate;
  for EACH(row, c->count) {
    const float *gate = c->wide + 2 * row * width, *up = gate + width;
    float *to = c->input.values + row * width;
    for (int64_t i = 0; i < width; i += LANES) {
      f32x8 value = load(gate + i), small = exponential(-__builtin_elementwise_abs(value));
      f32x8 share = 1 / (1 + small);
      i32x8 positive = value > splat(0);
      f32x8 sigmoid = (f32x8)(((i32x8)share & positive) | ((i32x8)(small * share) & ~positive));
      store(to + i, value * sigmoid * load(up + i));
    }
    quantize(&c->input, row, (int32_t)width);
  }
  return all_here(c);
}

/* One of the threads of a call, from 0. Returns whether the call is complete: not where it was cancelled. */
EXPORT int32_t seekline_forward(const network *n, call *c, int32_t thread) {
  for (int32_t number = 0; number < n->layers; number++) {
    const layer *l = n->layer + number;
    if (!normed(c, n, c->hidden, l->attention_norm, c->count)) return 0;
    if (!product(c, &l->qkv, c->count, c->wide, 0)) return 0;
    if (!turned(c, n, number)) return 0;
    if (!attention(c, n, number, thread)) return 0;
    if (!product(c, &l->output, c->count, c->hidden, 1)) return 0;
    if (!normed(c, n, c->hidden, l->mlp_norm, c->count)) return 0;
    if (!product(c, &l->gate_up, c->count, c->wide, 0)) return 0;
    if (!gated(c, n)) return 0;
    if (!product(c, &l->down, c->count, c->hidden, 1)) return 0;
  }
  const float *last = c->hidden + (int64_t)(c->count - c->logits) * n->hidden;
  return normed(c, n, last, n->norm, c->logits) && product(c, &n->head, c->logits, c->out, 0);
}

/* What Python compares with its own, so that a library compiled earlier is not called with newer structures. */
EXPORT int32_t seekline_sizes(void) { return (int32_t)(sizeof(call) * 1000 + sizeof(network)); }
