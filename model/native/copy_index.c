/* Makes texts comparable, cuts them into pieces, and sorts the places of a piece by the bytes before them. */
#include "copying.h"
#include <stdlib.h>
#include <string.h>

/* Bytes that stand for an indentation, compared with that of the line above. */
enum { SAME = 1, DEEPER = 2, SHALLOWER = 3 };

enum { WORD = 8, FEW = 32 }; /* bytes of a sort key; so many items are sorted by insertion */

/* The last byte, which is nearest to the place behind it, is the most significant one. */
static uint64_t load_bytes(const uint8_t *bytes) {
  uint64_t value;
  memcpy(&value, bytes, WORD);
  return value;
}

typedef struct {
  uint64_t key;
  int32_t place;
} keyed;

/* Sorts by the most significant byte in which keys differ, then each part by the next ones, and few items by inserting
 * each where it belongs. Equals stay in their order. `spare`: room for `count` items. */
static void sort_keys(keyed *items, keyed *spare, int32_t count) {
  if (count <= FEW) {
    for (int32_t n = 1; n < count; n++) {
      const keyed item = items[n];
      int32_t at = n;
      for (; at > 0 && items[at - 1].key > item.key; at--) items[at] = items[at - 1];
      items[at] = item;
    }
    return;
  }
  uint64_t differing = 0;
  for (int32_t n = 1; n < count; n++) differing |= items[n].key ^ items[0].key;
  if (!differing) return;
  int shift = 64 - 8;
  while (!(differing >> shift)) shift -= 8;
  int32_t places[256] = {0}, next = 0; /* of each byte: how many items, then where the next one goes, then their end */
  for (int32_t n = 0; n < count; n++) places[(items[n].key >> shift) & 255]++;
  for (int byte = 0; byte < 256; byte++) {
    const int32_t size = places[byte];
    places[byte] = next;
    next += size;
  }
  for (int32_t n = 0; n < count; n++) spare[places[(items[n].key >> shift) & 255]++] = items[n];
  memcpy(items, spare, (size_t)count * sizeof *items);
  for (int32_t start = 0, end; start < count; start = end) {
    end = places[(items[start].key >> shift) & 255];
    sort_keys(items + start, spare, end - start);
  }
}

/* Sorts places that agree in the `depth` bytes before them by what stands before those. */
static void sort_run(const uint8_t *text, keyed *items, keyed *spare, int32_t count, int depth) {
  if (depth >= LONGEST) return;
  for (int32_t n = 0; n < count; n++) items[n].key = load_bytes(text + items[n].place - depth - WORD);
  sort_keys(items, spare, count);
  for (int32_t start = 0, end; start < count; start = end) {
    for (end = start + 1; end < count && items[end].key == items[start].key;) end++;
    if (end - start > 1) sort_run(text, items + start, spare, end - start, depth + WORD);
  }
}

/* Fills `order` with the places of `count` texts of these sizes, each of which follows LONGEST bytes that stand before it.
 * Equal contexts stay in the order of the texts. Returns 0 where there is no memory for it. */
EXPORT int32_t copy_sort(const uint8_t *text, const int32_t *sizes, int32_t count, int32_t *order) {
  int64_t places = 0;
  for (int32_t n = 0; n < count; n++) places += sizes[n];
  if (places <= 0) return 1;
  if (places + (int64_t)count * LONGEST > INT32_MAX) return 0;
  keyed *items = malloc((size_t)places * 2 * sizeof *items); /* the second half: room to sort into */
  if (!items) return 0;
  keyed *next = items;
  for (int32_t n = 0, place = 0; n < count; n++) {
    place += LONGEST;
    for (const int32_t end = place + sizes[n]; place < end; place++) (next++)->place = place;
  }
  sort_run(text, items, items + places, (int32_t)places, 0);
  for (int32_t n = 0; n < places; n++) order[n] = items[n].place;
  free(items);
  return 1;
}

static int is_blank(uint8_t c) { return c == ' ' || c == '\t'; }

/* Writes a text as it is compared: without white space at the ends of lines, and with one byte for the indentation of a
 * line, which says how it compares with that of the line above.
 *
 * `starts_line`: the text begins with the start of a line. `last_is_open`: its last line is still typed, so what that
 * line ends with counts, and it has an indentation even where it is empty. `indent`: columns of the line above; those
 * of the last line come back. Returns the bytes written: at most `size` + the number of newlines + 1, for each line has
 * one more byte, the empty one behind a last newline included. That must be below 2^31. */
EXPORT int32_t copy_normalize(const uint8_t *text, int32_t size, int32_t starts_line, int32_t last_is_open,
                              int32_t *indent, uint8_t *out) {
  int32_t written = 0, above = *indent, is_start = starts_line, end;
  for (int32_t first = 0; first < size; first = end + 1, is_start = 1) {
    const uint8_t *newline = memchr(text + first, '\n', (size_t)(size - first));
    end = newline ? (int32_t)(newline - text) : size;
    int32_t last = end, is_open = !newline && last_is_open;
    if (is_start) {
      int32_t columns = 0;
      for (; first < end && is_blank(text[first]); first++) columns = (text[first] == '\t' ? columns | 7 : columns) + 1;
      if ((first < end && text[first] != '\r') || is_open) {
        out[written++] = columns == above ? SAME : columns > above ? DEEPER : SHALLOWER;
        above = columns;
      }
    }
    while (!is_open && last > first && (is_blank(text[last - 1]) || text[last - 1] == '\r')) last--;
    memcpy(out + written, text + first, (size_t)(last - first));
    written += last - first;
    if (newline) out[written++] = '\n';
  }
  int32_t ends_open = last_is_open && (size > 0 ? text[size - 1] == '\n' : starts_line);
  if (ends_open) {
    out[written++] = above == 0 ? SAME : SHALLOWER;
    above = 0;
  }
  *indent = above;
  return written;
}

static uint64_t mixed(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
  return hash ^ (hash >> 29);
}

uint64_t copy_hash(const uint8_t *bytes, int32_t size) {
  uint64_t hash = UINT64_C(0x243F6A8885A308D3) ^ (uint64_t)size, rest = 0;
  int32_t at = 0;
  for (; size - at >= WORD; at += WORD) hash = mixed(hash, load_bytes(bytes + at));
  if (at < size) memcpy(&rest, bytes + at, (size_t)(size - at));
  hash = mixed(hash, rest);
  return hash ? hash : 1;
}

/* Cuts a text behind lines that are chosen by what they say, so that an edit moves no far cut. All pieces but the last
 * have `shortest` bytes or more, 1 at least; none goes on behind a line that takes it to `longest`. Returns the number
 * of pieces, and writes where they end to `ends`, which has room for `size` / `shortest` + 1. */
EXPORT int32_t copy_cut(const uint8_t *text, int32_t size, int32_t shortest, int32_t longest, int32_t *ends) {
  if (longest < shortest) longest = shortest;
  int32_t count = 0, start = 0, end;
  for (int32_t at = 0; at < size; at = end) {
    const uint8_t *newline = memchr(text + at, '\n', (size_t)(size - at));
    end = newline ? (int32_t)(newline - text) + 1 : size;
    int32_t length = end - start;
    int is_cut = length >= longest || (length >= shortest && copy_hash(text + at, end - at) % 16 == 0);
    if (is_cut || end == size) ends[count++] = start = end;
  }
  return count;
}
