/* Products of rows with the matrices of a Llama, and its layers, for one CPU. See products.c and forward.c. */
#pragma once
#include "export.h"
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define INLINE static inline __attribute__((always_inline))

/* A matrix is kept in tiles of so many outputs, one in each lane, and these in groups of so many inputs. */
enum { TILE = 16, GROUP = 64, HALF = 32, LANES = 8 };

typedef float f32x8 __attribute__((vector_size(32)));
typedef float f32x8u __attribute__((vector_size(32), aligned(4)));
typedef int32_t i32x8 __attribute__((vector_size(32)));
typedef _Float16 f16x8u __attribute__((vector_size(16), aligned(2)));

INLINE f32x8 load(const float *from) { return *(const f32x8u *)from; }
INLINE void store(float *to, f32x8 values) { *(f32x8u *)to = values; }
INLINE f32x8 splat(float value) { return (f32x8){value, value, value, value, value, value, value, value}; }
#if !__has_builtin(__builtin_elementwise_rint) /* gcc has them of single numbers only, and some as calls of a library */
INLINE f32x8 fma_lanes(f32x8 a, f32x8 b, f32x8 c) {
#if defined(__FMA__)
  return (f32x8)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
  for (int i = 0; i < LANES; i++) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return c;
#endif
}
INLINE f32x8 rint_lanes(f32x8 x) {
  for (int i = 0; i < LANES; i++) x[i] = __builtin_rintf(x[i]);
  return x;
}
INLINE f32x8 max_lanes(f32x8 a, f32x8 b) {
  i32x8 larger = a > b;
  return (f32x8)(((i32x8)a & larger) | ((i32x8)b & ~larger));
}
INLINE f32x8 abs_lanes(f32x8 x) { return (f32x8)((i32x8)x & 0x7fffffff); }
INLINE float max_of(float a, float b) { return a > b ? a : b; }
INLINE float min_of(float a, float b) { return a < b ? a : b; }
#define __builtin_elementwise_fma fma_lanes
#define __builtin_elementwise_rint rint_lanes
#define __builtin_elementwise_max max_lanes
#define __builtin_elementwise_abs abs_lanes
#define __builtin_fmaxf max_of
#define __builtin_fminf min_of
#endif

/* Said and never implied: a row's result shall not depend on how the compiler treated the rows beside it. */
INLINE f32x8 fma8(f32x8 a, f32x8 b, f32x8 c) { return __builtin_elementwise_fma(a, b, c); }
INLINE float sum8(f32x8 v) { return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7])); }

/* The last two are as files have them: with scales of 16 bits for each HALF of a group, and without zero points. */
enum format { FLOAT32, BFLOAT16, INT8, INT4, INT4_BY_32, INT4_BY_32_SYMMETRIC };

/* Shape (outputs, inputs), `data` as native_matrices.py packs it. `order`: of codes, which input of a row the next one
 * multiplies; null: they stand in the order of the inputs. */
typedef struct {
  int32_t format, outputs, inputs;
  const uint8_t *data;
  const int32_t *order;
} matrix;

/* Rows of one width, and what an integer product wants of them: by half of a group codes, a scale, and the codes' scaled
 * sum. */
typedef struct {
  float *values;
  int8_t *codes;
  float *scales, *sums;
} rows;

/* Rounds row number `row` to codes, for the product with `next`. */
void quantize(const rows *x, int64_t row, const matrix *next);

/* Makes the values of the row behind number `row` what its codes leave of it; 0 where `next` multiplies no codes. */
void leave_rest(const rows *x, int64_t row, const matrix *next);

/* Tiles `first` to `last` of the outputs of `count` rows: out[row * outputs + output], added to it where `add`. */
void multiply(const matrix *m, const rows *x, int32_t count, float *out, int add, int32_t first, int32_t last);
