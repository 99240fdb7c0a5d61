/* Copies of what followed the same bytes elsewhere. copy_index.c sorts the places of each text by the bytes before
 * them; copy_candidates.c reads what followed the places that agree longest with the bytes before the cursor.
 *
 * A cache model of unbounded order (Grave et al. 2017, "Unbounded Cache Model for Online Language Modeling"; Liu et al.
 * 2024, "Infini-gram"). Nothing here knows of tokens but their numbers, or checks what it is given beyond what is said:
 * the caller owns all memory, and each text begins with LONGEST bytes of what stands before it, zeros where nothing
 * does, so that comparing backwards from a place never leaves the text. */
#pragma once
#include "export.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Bytes before a place are compared as little-endian numbers."
#endif

enum {
  LONGEST = 64, /* bytes of a context that are compared */
  ORDERS = 14,  /* lengths of contexts that are told apart; see copy_candidates.c */
  SOURCES = 3,  /* the document before the cursor, the document behind it, other texts */
  MOST_TOKENS = 256
};

/* `text`: `size` bytes, of which the first LONGEST stand before the text itself. `order`: its `places`, each from
 * LONGEST to below `size`, as `copy_sort` sorts them. `start`: where the text begins in its document. */
typedef struct {
  const uint8_t *text;
  const int32_t *order;
  int32_t places, size;
  int32_t source, start; /* the first: below SOURCES */
} copy_text;

/* First tokens of words, by the hash of the word: open addressing, linear probing, a key of 0 is free. `mask`: the
 * number of slots, a power of two, less 1. The owner keeps it at most half full. */
typedef struct {
  uint64_t *keys;
  int32_t *tokens; /* of words that have no token: -1 */
  int32_t mask;
} word_table;

typedef struct {
  const copy_text *texts;
  int32_t count;  /* of texts; those beyond 2048 are not looked at */
  int32_t least;  /* bytes that must agree */
  int32_t most;   /* places that are looked at */
  int32_t cursor; /* where the cursor stands in the document */
} copy_group;

/* What speaks for each token, and words whose token is not known yet. The caller sets both counts to 0. */
typedef struct {
  int32_t count; /* of tokens */
  int32_t token[MOST_TOKENS];
  float counts[MOST_TOKENS][ORDERS][SOURCES]; /* places of each source that agree in so many bytes or more */
  int32_t longest[MOST_TOKENS][SOURCES];      /* bytes that agree */
  float distance[MOST_TOKENS];                /* bytes from the cursor to the nearest place of the longest agreement */
  int32_t unknown;                            /* count of words */
  int32_t word_size[MOST_TOKENS];
  uint8_t word[MOST_TOKENS][LONGEST];
  uint64_t word_key[MOST_TOKENS];
} copy_candidates;

/* A hash that is never 0. */
EXPORT uint64_t copy_hash(const uint8_t *bytes, int32_t size);
