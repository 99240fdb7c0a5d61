/* What a library is asked before anything else in it is called. Compiled for every processor, so that asking never
 * traps; NEEDS_AVX512 says whether the rest is compiled for those instructions. */
#include "export.h"
#if defined(__AVX__) || (defined(__ARM_FEATURE_DOTPROD) && !defined(__APPLE__))
#error "This file is compiled for the baseline of the instruction set: see setup.py."
#endif
#ifndef SOURCES_HASH
#error "SOURCES_HASH is to be defined: see setup.py."
#endif

/* Of the C files that this library was compiled from. */
EXPORT uint64_t seekline_sources(void) { return SOURCES_HASH; }

#if defined(__x86_64__)
#include <cpuid.h>
#ifndef bit_LZCNT
#define bit_LZCNT (1 << 5)
#endif

/* Vector registers that the system keeps when it changes threads. */
static uint32_t kept_registers(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

static int has(uint32_t bits, uint32_t wanted) { return (bits & wanted) == wanted; }

EXPORT int32_t seekline_supported(void) {
  uint32_t a, b, c, d;
  if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !has(c, bit_LZCNT)) return 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  if (!has(c, bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C | bit_MOVBE | bit_POPCNT)) return 0;
  if (!has(kept_registers(), 0x06) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
#ifdef NEEDS_AVX512
  const uint32_t wide = bit_AVX512F | bit_AVX512VL | bit_AVX512BW | bit_AVX512DQ | bit_AVX512CD;
  if (!has(kept_registers(), 0xe6) || !has(b, wide) || !has(c, bit_AVX512VNNI)) return 0;
#endif
  return has(b, bit_AVX2 | bit_BMI | bit_BMI2);
}
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#ifndef HWCAP_ASIMDDP
#define HWCAP_ASIMDDP (1 << 20)
#endif

EXPORT int32_t seekline_supported(void) { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }
#elif defined(__aarch64__) && defined(_WIN32)
__declspec(dllimport) int __stdcall IsProcessorFeaturePresent(unsigned long);

EXPORT int32_t seekline_supported(void) { return IsProcessorFeaturePresent(43) != 0; } /* dot products */
#else
EXPORT int32_t seekline_supported(void) { return 1; } /* all arm64 processors of Apple have them */
#endif
