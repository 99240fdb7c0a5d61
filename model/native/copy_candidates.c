/* What followed the places that agree longest with the bytes before the cursor, as first tokens of words. */
#include "copying.h"
#include <string.h>

/* Bytes that agree, from which on a place counts for an order. */
static const int32_t order_lengths[ORDERS] = {1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48};

enum { MOST_TEXTS = 2048, BEHIND = 40 }; /* the second: bytes behind a place that are read */
enum { NO_TOKEN = -1, UNKNOWN = -2, NO_WORD = -1 };
#define FAR 1e7f

/* What one search asks for. */
typedef struct {
  const copy_group *group;
  const word_table *words;
  const uint8_t *context_end, *must;
  int32_t must_size, newline;
} search;

enum { WORD = 8 };

/* The bytes before a place as a number, of which the nearest is the most significant. */
static uint64_t load_before(const uint8_t *place) {
  uint64_t bytes;
  memcpy(&bytes, place - WORD, sizeof bytes);
  return bytes;
}

/* How the `length` bytes before a place compare with the last ones of the context, from the nearest on. */
static int compare(const uint8_t *place, const uint8_t *context_end, int32_t length) {
  for (; length > 0; length -= WORD, place -= WORD, context_end -= WORD) {
    const int shift = length < WORD ? 8 * (WORD - length) : 0;
    const uint64_t own = load_before(place) >> shift, wanted = load_before(context_end) >> shift;
    if (own != wanted) return own < wanted ? -1 : 1;
  }
  return 0;
}

static int32_t agreeing(const uint8_t *place, const uint8_t *context_end) {
  int32_t n = 0;
  while (n < LONGEST && place[-n - 1] == context_end[-n - 1]) n++;
  return n;
}

/* The first place from `low` to `high` that compares with the context above `bound`, which is -1 or 0. */
static int32_t first_above(int bound, const copy_text *text, const uint8_t *context_end, int32_t length, int32_t low,
                           int32_t high) {
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    if (compare(text->text + text->order[middle], context_end, length) <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* Narrows a range of places to those whose last `length` bytes are the context's. */
static void narrow(const copy_text *text, const uint8_t *context_end, int32_t length, int32_t *low, int32_t *high) {
  *low = first_above(-1, text, context_end, length, *low, *high);
  *high = first_above(0, text, context_end, length, *low, *high);
}

static int is_word(uint8_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80; }
static int is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

/* Bytes of the word that begins a text, with the space before it; 0 for the end of the line, NO_WORD for the mark of an
 * indentation. */
static int32_t word_length(const uint8_t *text, int32_t size) {
  int32_t spaces = 0;
  while (spaces < size && text[spaces] == ' ') spaces++;
  int32_t blank = spaces;
  while (blank < size && (text[blank] == ' ' || text[blank] == '\t')) blank++;
  if (blank == size || text[blank] == '\n' || text[blank] == 0) return 0;
  if (text[0] < 4) return NO_WORD;
  if (spaces > 1) return spaces - 1;
  int32_t n = spaces;
  if (is_word(text[n])) {
    while (n < size && is_word(text[n])) n++;
    return n;
  }
  if (is_digit(text[n])) return n + 1;
  if (text[n] == '\t' || text[n] == '\r') return spaces ? spaces : 1;
  int32_t first = n;
  while (n < size && n < first + 4 && text[n] > ' ' && !is_word(text[n]) && !is_digit(text[n])) n++;
  return n > first ? n : 1;
}

/* The slot of a key, or else the free one where it belongs; -1 where it is not there and no slot is free. */
static int64_t slot_of_key(const word_table *words, uint64_t key) {
  const uint64_t mask = (uint32_t)words->mask;
  for (uint64_t probe = 0; probe <= mask; probe++) {
    uint64_t at = (key + probe) & mask;
    if (words->keys[at] == key || !words->keys[at]) return (int64_t)at;
  }
  return -1;
}

static int32_t look_up(const word_table *words, uint64_t key) {
  int64_t at = slot_of_key(words, key);
  return at >= 0 && words->keys[at] ? words->tokens[at] : UNKNOWN;
}

/* Notes the first token of a word. In a full table it takes the place of another. */
EXPORT void copy_learn(word_table *words, uint64_t key, int32_t token) {
  int64_t at = slot_of_key(words, key);
  if (at < 0) at = (int64_t)(key & (uint32_t)words->mask);
  words->keys[at] = key;
  words->tokens[at] = token;
}

/* Asks for the token of a word; what there is no room for is found again when the others are known. */
static void ask(copy_candidates *found, uint64_t key, const uint8_t *word, int32_t size) {
  for (int32_t n = 0; n < found->unknown; n++)
    if (found->word_key[n] == key) return;
  if (found->unknown == MOST_TOKENS) return;
  int32_t n = found->unknown++;
  found->word_key[n] = key;
  found->word_size[n] = size;
  memcpy(found->word[n], word, (size_t)size);
}

/* The token that a place speaks for; NO_TOKEN where there is none, and UNKNOWN where it is asked for now. */
static int32_t token_at(const search *s, const copy_text *text, int32_t place, copy_candidates *found) {
  uint8_t word[LONGEST + BEHIND];
  int32_t behind = text->size - place < BEHIND ? text->size - place : BEHIND;
  if (s->must_size) memcpy(word, s->must, (size_t)s->must_size);
  memcpy(word + s->must_size, text->text + place, (size_t)behind);
  int32_t size = word_length(word, s->must_size + behind);
  if (size == NO_WORD || (size == 0 && s->must_size)) return NO_TOKEN;
  int32_t written = size > s->must_size ? size - s->must_size : 0;
  if (text->source == 0 && place - LONGEST + text->start + written >= s->group->cursor)
    return NO_TOKEN; /* a word that reaches to the cursor is still typed */
  if (size == 0) return s->newline;
  if (size > LONGEST) size = LONGEST;
  uint64_t key = copy_hash(word, size);
  int32_t token = look_up(s->words, key);
  if (token == UNKNOWN) ask(found, key, word, size);
  return token;
}

/* The number of a token among the candidates, which it joins if need be; -1 where there is no room. */
static int32_t candidate_of(copy_candidates *found, int32_t token) {
  for (int32_t n = 0; n < found->count; n++)
    if (found->token[n] == token) return n;
  if (found->count == MOST_TOKENS) return -1;
  int32_t n = found->count++;
  found->token[n] = token;
  memset(found->counts[n], 0, sizeof found->counts[n]);
  memset(found->longest[n], 0, sizeof found->longest[n]);
  found->distance[n] = FAR;
  return n;
}

/* Adds what one place speaks for. */
static void add(const search *s, const copy_text *text, int32_t place, copy_candidates *found) {
  const int32_t length = agreeing(text->text + place, s->context_end), source = text->source;
  if (length < s->group->least || length < s->must_size) return;
  int32_t token = token_at(s, text, place, found);
  if (token < 0) return;
  int32_t n = candidate_of(found, token);
  if (n < 0) return;
  for (int order = 0; order < ORDERS && order_lengths[order] <= length; order++) found->counts[n][order][source]++;
  int32_t *longest = found->longest[n];
  const int32_t before = longest[0] > longest[1] ? longest[0] : longest[1]; /* in the document */
  if (length > longest[source]) longest[source] = length;
  if (source > 1 || length < before) return;
  int32_t between = place - LONGEST + text->start - s->group->cursor;
  float distance = (float)(between < 0 ? -between : between);
  if (length > before || distance < found->distance[n]) found->distance[n] = distance < FAR ? distance : FAR;
}

/* Adds what a group of texts says to `found`. `context`: LONGEST bytes before the cursor. `must`: of these the last
 * `must_size`, which the next token writes again; more than LONGEST are found nowhere. `newline`: the token of the end
 * of a line; below 0: none. */
EXPORT void copy_find(const copy_group *group, const word_table *words, const uint8_t *context, const uint8_t *must,
                      int32_t must_size, int32_t newline, copy_candidates *found) {
  const search s = {group, words, context + LONGEST, must, must_size, newline};
  const int32_t count = group->count < MOST_TEXTS ? group->count : MOST_TEXTS;
  int32_t low[MOST_TEXTS], high[MOST_TEXTS], length = group->least > 0 ? group->least : 0;
  if (length > LONGEST || must_size < 0 || must_size > LONGEST) return;
  if (must_size > length) length = must_size;
  for (int32_t n = 0; n < count; n++) low[n] = 0, high[n] = group->texts[n].places;
  int64_t total;
  for (;; length++) {
    total = 0;
    for (int32_t n = 0; n < count; n++) {
      if (low[n] < high[n]) narrow(&group->texts[n], s.context_end, length, &low[n], &high[n]);
      total += high[n] - low[n];
    }
    if (total <= group->most || length == LONGEST) break;
  }
  /* Contexts that agree in all LONGEST bytes are in the order of the text: the last ones stay. */
  int64_t skipped = total > group->most ? total - group->most : 0;
  for (int32_t n = 0; n < count; n++)
    for (int32_t at = low[n]; at < high[n]; at++)
      if (skipped > 0) skipped--;
      else add(&s, &group->texts[n], group->texts[n].order[at], found);
}
