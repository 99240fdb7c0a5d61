/* Rows times a matrix. Codes of 4 bits are multiplied as integers: each output in a lane of its own, so that no lanes
 * are ever added up, and by group, whose scale then takes the sum to floating point. */
#include "kernels.h"
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

typedef uint8_t u8x32 __attribute__((vector_size(32)));
typedef uint8_t u8x32u __attribute__((vector_size(32), aligned(1)));
typedef uint16_t u16x8u __attribute__((vector_size(16), aligned(2)));
typedef uint32_t u32x8 __attribute__((vector_size(32)));

/* `partial`: sums of 8 lanes, exact for the 8 calls of half a group of `dot`, which adds the product of 4 codes from 0 to
 * 15 in each lane with the same 4 signed codes. */
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
typedef i32x8 partial;
INLINE partial dot(partial sum, u8x32 codes, int32_t four) {
  return (i32x8)_mm256_dpbusd_epi32((__m256i)sum, (__m256i)codes, _mm256_set1_epi32(four));
}
INLINE i32x8 widen(partial sum) { return sum; }
#elif defined(__AVX2__)
typedef int16_t partial __attribute__((vector_size(32)));
INLINE partial dot(partial sum, u8x32 codes, int32_t four) {
  return sum + (partial)_mm256_maddubs_epi16((__m256i)codes, _mm256_set1_epi32(four));
}
INLINE i32x8 widen(partial sum) { return (i32x8)_mm256_madd_epi16((__m256i)sum, _mm256_set1_epi16(1)); }
#elif defined(__ARM_FEATURE_DOTPROD)
typedef struct { int32x4_t low, high; } partial;
INLINE partial dot(partial sum, u8x32 codes, int32_t four) {
  int8x16_t repeated = vreinterpretq_s8_s32(vdupq_n_s32(four));
  int8x16x2_t halves;
  memcpy(&halves, &codes, sizeof halves);
  return (partial){vdotq_s32(sum.low, halves.val[0], repeated), vdotq_s32(sum.high, halves.val[1], repeated)};
}
INLINE i32x8 widen(partial sum) {
  i32x8 whole;
  memcpy(&whole, &sum, sizeof whole);
  return whole;
}
#else
typedef i32x8 partial;
INLINE partial dot(partial sum, u8x32 codes, int32_t four) {
  int8_t with[4];
  memcpy(with, &four, 4);
  for (int lane = 0; lane < LANES; lane++)
    for (int i = 0; i < 4; i++) sum[lane] += codes[4 * lane + i] * with[i];
  return sum;
}
INLINE i32x8 widen(partial sum) { return sum; }
#endif

enum { PLANE_BYTES = TILE * GROUP / 2 }; /* bytes of a group's codes of four bits */

INLINE f32x8 from_bfloat16(const uint8_t *from) {
  return (f32x8)(__builtin_convertvector(*(const u16x8u *)from, u32x8) << 16);
}

INLINE f32x8 from_float16(const uint8_t *from) { return __builtin_convertvector(*(const f16x8u *)from, f32x8); }

/* Adds the products of 4-bit codes, those of half a group, with those of R rows to `sums`, by row and half of the tile.
 * A byte has the codes of two inputs that stand 4 apart; 64 bytes have 8 inputs of all outputs. */
INLINE void add_half(int R, const uint8_t *plane, const int8_t *codes, int64_t width, int factor, int half,
                     i32x8 (*sums)[2]) {
  partial part[4][2];
  memset(part, 0, sizeof part);
  for (int j = half * HALF / 8; j < (half + 1) * HALF / 8; j++) {
    u8x32 low = *(const u8x32u *)(plane + 64 * j), high = *(const u8x32u *)(plane + 64 * j + 32);
    u8x32 nibbles[2][2] = {{low & 15, high & 15}, {low >> 4, high >> 4}};
    for (int r = 0; r < R; r++)
      for (int nibble = 0; nibble < 2; nibble++) {
        int32_t four;
        memcpy(&four, codes + r * width + 8 * j + 4 * nibble, 4);
        part[r][0] = dot(part[r][0], nibbles[nibble][0], four);
        part[r][1] = dot(part[r][1], nibbles[nibble][1], four);
      }
  }
  for (int r = 0; r < R; r++)
    for (int side = 0; side < 2; side++) sums[r][side] += widen(part[r][side]) * factor;
}

/* Stores the sums of one tile for R rows, or adds them to what is there. */
INLINE void store_tile(int R, const matrix *m, int64_t row, int32_t tile, const f32x8 (*sums)[2], float *out, int add) {
  for (int r = 0; r < R; r++)
    for (int side = 0; side < 2; side++) {
      float *to = out + (row + r) * m->outputs + tile * TILE + LANES * side;
      store(to, add ? load(to) + sums[r][side] : sums[r][side]);
    }
}

/* One tile for R rows from `row` on. A group is its codes (of 8 bits the low four of each, then the high four), then 16
 * scales and, unless it is symmetric, 16 zero points, in some formats once more for its second half: a weight is code *
 * scale + zero where these are of halves, else (code - centre) * scale + zero. */
INLINE void integer_tile(int R, int format, const matrix *m, const rows *x, int64_t row, int32_t tile, float *out,
                         int add) {
  const int bits = format == INT8 ? 8 : 4, by_half = format == INT4_BY_32 || format == INT4_BY_32_SYMMETRIC;
  const int symmetric = format == INT4_BY_32_SYMMETRIC, code_bytes = PLANE_BYTES * bits / 4;
  const int scale_bytes = (symmetric ? 2 : 4) * TILE, bytes = code_bytes + (by_half ? 2 : 1) * scale_bytes;
  const int64_t width = m->inputs, groups = width / GROUP;
  const uint8_t *block = m->data + tile * groups * bytes;
  f32x8 total[4][2] = {0};
  for (int64_t group = 0; group < groups; group++, block += bytes) {
    const int8_t *codes = x->codes + row * width + group * GROUP;
    for (int half = 0; half < 2; half++) {
      i32x8 sums[4][2] = {0};
      add_half(R, block, codes, width, 1, half, sums);
      if (bits == 8) add_half(R, block + PLANE_BYTES, codes, width, 16, half, sums);
      const uint8_t *scales = block + code_bytes + (by_half ? half : 0) * scale_bytes, *zeros = scales + 2 * TILE;
      for (int side = 0; side < 2; side++) {
        f32x8 scale = by_half ? from_float16(scales + 16 * side) : from_bfloat16(scales + 16 * side), offset;
        if (symmetric) offset = scale * splat(-8);
        else if (by_half) offset = from_float16(zeros + 16 * side);
        else offset = fma8(scale, splat(bits == 8 ? -128 : -8), from_bfloat16(zeros + 16 * side));
        for (int r = 0; r < R; r++) {
          int64_t at = 2 * ((row + r) * groups + group) + half;
          f32x8 sum = __builtin_convertvector(sums[r][side], f32x8) * splat(x->scales[at]);
          total[r][side] = fma8(offset, splat(x->sums[at]), fma8(scale, sum, total[r][side]));
        }
      }
    }
  }
  store_tile(R, m, row, tile, total, out, add);
}

/* The same for weights in floating point: 16 of one input, then of the next. */
INLINE void float_tile(int R, int bytes, const matrix *m, const rows *x, int64_t row, int32_t tile, float *out,
                       int add) {
  const int64_t width = m->inputs;
  const uint8_t *weights = m->data + tile * width * TILE * bytes;
  const float *values = x->values + row * width;
  f32x8 total[4][2] = {0};
  for (int64_t input = 0; input < width; input++, weights += TILE * bytes)
    for (int side = 0; side < 2; side++) {
      const uint8_t *from = weights + LANES * bytes * side;
      f32x8 weight = bytes == 2 ? from_bfloat16(from) : load((const float *)from);
      for (int r = 0; r < R; r++) total[r][side] = fma8(weight, splat(values[r * width + input]), total[r][side]);
    }
  store_tile(R, m, row, tile, total, out, add);
}

INLINE void tile_rows(int R, const matrix *m, const rows *x, int64_t row, int32_t tile, float *out, int add) {
  switch (m->format) {
    case FLOAT32: float_tile(R, 4, m, x, row, tile, out, add); break;
    case BFLOAT16: float_tile(R, 2, m, x, row, tile, out, add); break;
    case INT8: integer_tile(R, INT8, m, x, row, tile, out, add); break;
    case INT4: integer_tile(R, INT4, m, x, row, tile, out, add); break;
    case INT4_BY_32: integer_tile(R, INT4_BY_32, m, x, row, tile, out, add); break;
    default: integer_tile(R, INT4_BY_32_SYMMETRIC, m, x, row, tile, out, add);
  }
}

void multiply(const matrix *m, const rows *x, int32_t count, float *out, int add, int32_t first, int32_t last) {
  int32_t row = 0;
  for (; row + 4 <= count; row += 4)
    for (int32_t tile = first; tile < last; tile++) tile_rows(4, m, x, row, tile, out, add);
  for (; row + 2 <= count; row += 2)
    for (int32_t tile = first; tile < last; tile++) tile_rows(2, m, x, row, tile, out, add);
  for (; row < count; row++)
    for (int32_t tile = first; tile < last; tile++) tile_rows(1, m, x, row, tile, out, add);
}

void quantize(const rows *x, int64_t row, const matrix *next) {
  const int64_t width = next->inputs, start = row * width;
  for (int64_t input = 0; input < width; input += HALF) {
    float values[HALF], largest = 0;
    for (int i = 0; i < HALF; i++) values[i] = x->values[start + (next->order ? next->order[input + i] : input + i)];
    for (int i = 0; i < HALF; i++) largest = __builtin_fmaxf(largest, __builtin_fabsf(values[i]));
    const float scale = largest / 127, inverse = largest > 1e-36f ? 127 / largest : 0;
    int32_t sum = 0;
    for (int i = 0; i < HALF; i++) {
      int8_t code = (int8_t)__builtin_fmaxf(-127, __builtin_fminf(127, __builtin_rintf(values[i] * inverse)));
      x->codes[start + input + i] = code;
      sum += code;
    }
    x->scales[(start + input) / HALF] = scale;
    x->sums[(start + input) / HALF] = scale * (float)sum;
  }
}

void leave_rest(const rows *x, int64_t row, const matrix *next) {
  const int64_t width = next->inputs, start = row * width;
  const int has_codes = next->format != FLOAT32 && next->format != BFLOAT16;
  for (int64_t i = 0; i < width; i++) {
    int64_t from = start + (next->order ? next->order[i] : i);
    float rest = x->values[from] - x->scales[(start + i) / HALF] * x->codes[start + i];
    x->values[from + width] = has_codes ? rest : 0;
  }
}

/* One product by itself: of rows that are not rounded yet, by one thread. */
EXPORT void seekline_product(const matrix *m, const rows *x, int32_t count, float *out) {
  for (int32_t row = 0; row < count; row++) quantize(x, row, m);
  multiply(m, x, count, out, 0, 0, m->outputs / TILE);
}
