/* The mixture of a model's next token with what copying proposes: interpolated backoff over the lengths of contexts,
 * with the model as the shortest (Ney et al. 1994; Grave et al. 2017), then a small network that ranks the best of both
 * anew. */
#include "copying.h"
#include <math.h>
#include <string.h>

#define OF_MODEL 12 /* best tokens of the model that are ranked */
#define OF_COPIES 24
#define MOST_RANKED (OF_MODEL + OF_COPIES)
#define FEATURES 63
#define MOST_HIDDEN 64

/* What a token's bytes say. */
typedef struct {
  float size, opens, closes, quotes, ends_word, starts_word, starts_space;
} token_facts;

typedef struct {
  int32_t vocabulary, hidden, newline, end_count;
  const token_facts *facts;
  const int64_t *ends; /* tokens that end a line or the text */
  const float *weight; /* [ORDERS][SOURCES] */
  const float *constant, *per_kind; /* [ORDERS]: how much the shorter contexts count */
  const float *mean, *scale;        /* [FEATURES] */
  const float *first, *first_bias;  /* [FEATURES][hidden], [hidden] */
  const float *second;              /* [hidden] */
  float second_bias, base, plain;   /* plain: the share of the model alone */
} mixture;

/* The line that is written, as far as it is known. */
typedef struct {
  const uint8_t *line;
  int32_t size;
  int32_t tokens;    /* that were written of it */
  int32_t must_size; /* bytes that the next token has to write again */
} line_state;

static int in_word(uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c >= 128;
}

static float clipped(float x, float most) { return x > most ? most : x < -most ? -most : x; }

/* The logarithms of the model's probabilities among the allowed tokens, those that end the line as one: `newline`.
 * Returns the one of them that the model likes best; -1 where none is allowed. */
static int64_t log_probabilities(const mixture *m, const float *logits, const int64_t *allowed, int32_t count,
                                 float *out) {
  float most = -INFINITY, sum = 0;
  if (allowed) {
    for (int32_t n = 0; n < m->vocabulary; n++) out[n] = -INFINITY;
    for (int32_t n = 0; n < count; n++) out[allowed[n]] = logits[allowed[n]];
  } else
    memcpy(out, logits, m->vocabulary * sizeof *out);
  for (int32_t n = 0; n < m->vocabulary; n++)
    if (out[n] > most) most = out[n];
  for (int32_t n = 0; n < m->vocabulary; n++) sum += expf(out[n] - most);
  float total = most + logf(sum);
  for (int32_t n = 0; n < m->vocabulary; n++) out[n] -= total;
  int64_t best = -1;
  float ends = 0;
  for (int32_t n = 0; n < m->end_count; n++) {
    int64_t end = m->ends[n];
    if (out[end] == -INFINITY) continue;
    if (best < 0 || logits[end] > logits[best]) best = end;
    ends += expf(out[end]);
    out[end] = -INFINITY;
  }
  if (best >= 0) out[m->newline] = logf(ends + 1e-30f);
  return best;
}

/* Interpolated backoff: the probability of each candidate; and by what the model's own share of all others shrinks. */
static float backoff(const mixture *m, const copy_candidates *found, const float *lp, float *p) {
  float total[ORDERS] = {0}, rest = 1;
  int32_t kinds[ORDERS][SOURCES] = {{0}};
  for (int32_t n = 0; n < found->count; n++) {
    if (lp[found->token[n]] == -INFINITY) continue;
    for (int o = 0; o < ORDERS; o++)
      for (int s = 0; s < SOURCES; s++) {
        total[o] += m->weight[o * SOURCES + s] * found->counts[n][o][s];
        kinds[o][s] += found->counts[n][o][s] > 0;
      }
  }
  for (int32_t n = 0; n < found->count; n++) p[n] = expf(lp[found->token[n]]);
  for (int o = 0; o < ORDERS; o++) {
    if (total[o] <= 0) continue;
    int32_t most = kinds[o][0];
    for (int s = 1; s < SOURCES; s++)
      if (kinds[o][s] > most) most = kinds[o][s];
    float shorter = m->constant[o] + m->per_kind[o] * (float)most, all = total[o] + shorter;
    for (int32_t n = 0; n < found->count; n++) {
      float own = 0;
      for (int s = 0; s < SOURCES; s++) own += m->weight[o * SOURCES + s] * found->counts[n][o][s];
      p[n] = (own + shorter * p[n]) / all;
    }
    rest *= shorter / all;
  }
  return rest;
}

static const int told_orders[4] = {2, 5, 7, 9};

/* What is mixed: a token, its candidate or -1, and its probability by backoff. */
typedef struct {
  int32_t token, candidate;
  float backoff;
} ranked;

static int32_t choose(const mixture *m, const copy_candidates *found, const float *lp, ranked *chosen) {
  float p[MOST_TOKENS], rest = backoff(m, found, lp, p);
  uint8_t taken[MOST_TOKENS] = {0};
  int32_t count = 0;
  while (count < OF_COPIES) {
    int32_t best = -1;
    for (int32_t n = 0; n < found->count; n++)
      if (!taken[n] && lp[found->token[n]] > -INFINITY && (best < 0 || p[n] > p[best])) best = n;
    if (best < 0) break;
    taken[best] = 1;
    chosen[count++] = (ranked){found->token[best], best, p[best]};
  }
  int32_t top[OF_MODEL], tops = 0, of_copies = count;
  for (int32_t n = 0; n < m->vocabulary; n++) {
    if (lp[n] <= -29 || (tops == OF_MODEL && lp[n] <= lp[top[tops - 1]])) continue;
    int32_t at = tops < OF_MODEL ? tops++ : tops - 1;
    for (; at > 0 && lp[top[at - 1]] < lp[n]; at--) top[at] = top[at - 1];
    top[at] = n;
  }
  for (int32_t n = 0; n < tops; n++) {
    int32_t known = 0, candidate = -1;
    for (int32_t k = 0; k < of_copies && !known; k++) known = chosen[k].token == top[n];
    if (known) continue;
    for (int32_t k = 0; k < found->count && candidate < 0; k++)
      if (found->token[k] == top[n]) candidate = k;
    chosen[count++] = (ranked){top[n], candidate, candidate < 0 ? rest * expf(lp[top[n]]) : p[candidate]};
  }
  return count;
}

/* What is the same for all tokens that are ranked. */
typedef struct {
  float best_model, best_backoff, longest[SOURCES], totals[4][SOURCES];
  float inside_word, depth, quotes, length, tokens, must;
  int32_t line_length;
} place_facts;

static place_facts facts_of_place(const copy_candidates *found, const float *lp, const line_state *state,
                                  const ranked *chosen, int32_t count) {
  place_facts facts = {.best_model = -INFINITY, .best_backoff = -INFINITY};
  for (int32_t n = 0; n < count; n++) {
    if (lp[chosen[n].token] > facts.best_model) facts.best_model = lp[chosen[n].token];
    float score = logf(chosen[n].backoff + 1e-9f);
    if (score > facts.best_backoff) facts.best_backoff = score;
  }
  for (int32_t n = 0; n < found->count; n++) {
    if (lp[found->token[n]] == -INFINITY) continue;
    for (int s = 0; s < SOURCES; s++) {
      if ((float)found->longest[n][s] > facts.longest[s]) facts.longest[s] = (float)found->longest[n][s];
      for (int o = 0; o < 4; o++) facts.totals[o][s] += found->counts[n][told_orders[o]][s];
    }
  }
  int32_t known = state->size - state->must_size, first = 0, last = known;
  while (first < known && (state->line[first] == ' ' || state->line[first] == '\t')) first++;
  while (last > first && (state->line[last - 1] == ' ' || state->line[last - 1] == '\t')) last--;
  for (int32_t n = first; n < last; n++) {
    uint8_t c = state->line[n];
    if (c == '(' || c == '[' || c == '{') facts.depth++;
    if (c == ')' || c == ']' || c == '}') facts.depth--;
    if (c == '"' || c == '\'' || c == '`') facts.quotes++;
  }
  facts.inside_word = known > 0 && in_word(state->line[known - 1]);
  facts.line_length = last - first + state->must_size;
  facts.tokens = (float)state->tokens;
  facts.must = (float)state->must_size;
  return facts;
}

static void features_of(const mixture *m, const copy_candidates *found, const place_facts *place, const ranked *one,
                        float lp, float *f) {
  static const float none[ORDERS][SOURCES];
  static const int32_t nowhere[SOURCES];
  const float(*counts)[SOURCES] = one->candidate < 0 ? none : found->counts[one->candidate];
  const int32_t *longest = one->candidate < 0 ? nowhere : found->longest[one->candidate];
  float distance = one->candidate < 0 ? 1e7f : found->distance[one->candidate], score = logf(one->backoff + 1e-9f);
  const token_facts *token = &m->facts[one->token];
  int32_t all = 0;
  for (int s = 0; s < SOURCES; s++)
    if (longest[s] > all) all = longest[s];
  *f++ = lp / 4, *f++ = expf(lp), *f++ = (lp - place->best_model) / 4;
  *f++ = score / 4, *f++ = expf(score), *f++ = (score - place->best_backoff) / 4;
  *f++ = place->best_model / 4, *f++ = place->best_backoff / 4;
  for (int s = 0; s < SOURCES; s++) {
    *f++ = log1pf((float)longest[s]) / 2;
    *f++ = longest[s] > 0 && (float)longest[s] == place->longest[s];
    *f++ = log1pf(place->longest[s]) / 2;
    for (int o = 0; o < 4; o++) {
      float count = counts[told_orders[o]][s];
      *f++ = log1pf(count) / 2, *f++ = count / (place->totals[o][s] + 1);
    }
  }
  float depth = clipped(place->depth, 3);
  *f++ = logf(distance + 1) / 8, *f++ = one->candidate >= 0, *f++ = one->token == m->newline;
  *f++ = token->ends_word, *f++ = token->starts_word, *f++ = token->starts_space;
  *f++ = place->inside_word, *f++ = place->inside_word * token->starts_word;
  *f++ = (place->tokens < 10 ? place->tokens : 10) / 5, *f++ = place->tokens == 0;
  *f++ = token->size / 8, *f++ = place->must > 0;
  *f++ = place->must > 0 ? clipped(token->size - place->must, 8) / 8 : 0;
  *f++ = depth / 2, *f++ = token->opens, *f++ = token->closes, *f++ = (depth + token->opens - token->closes) / 2;
  *f++ = all > place->line_length, *f++ = log1pf((float)place->line_length) / 4;
  *f++ = token->quotes, *f++ = fmodf(place->quotes, 2), *f++ = fmodf(place->quotes + token->quotes, 2);
}

/* One score for each token that is ranked: its log-probability by backoff, and what a layer of rectified units adds. */
static float score_of(const mixture *m, const float *features, float backoff) {
  float units[MOST_HIDDEN], sum = m->second_bias + m->base * logf(backoff + 1e-9f);
  memcpy(units, m->first_bias, m->hidden * sizeof *units);
  for (int n = 0; n < FEATURES; n++) {
    const float *row = m->first + n * m->hidden, x = (features[n] - m->mean[n]) * m->scale[n];
    for (int32_t h = 0; h < m->hidden; h++) units[h] += row[h] * x;
  }
  for (int32_t h = 0; h < m->hidden; h++)
    if (units[h] > 0) sum += units[h] * m->second[h];
  return sum;
}

/* Writes the logarithms of the mixed probabilities of all tokens to `out`; tokens that are not allowed have -infinity.
 * `allowed`: null allows all. Of the tokens that end the line, the one that the model likes best stands for all.
 * Returns how many were ranked, at most MOST_RANKED; where `features` is not null, their features, each row ending with the
 * logarithm of the backoff's probability, and their tokens are written too, for whoever fits the weights. */
EXPORT int32_t copy_mix(const mixture *m, const float *logits, const int64_t *allowed, int32_t allowed_count,
            const copy_candidates *found, const line_state *state, float *out, float *features, int32_t *tokens) {
  ranked chosen[MOST_RANKED];
  float scores[MOST_RANKED], f[FEATURES], most = -INFINITY, sum = 0;
  int64_t end = log_probabilities(m, logits, allowed, allowed_count, out);
  int32_t count = choose(m, found, out, chosen);
  if (count == 0) return 0;
  place_facts place = facts_of_place(found, out, state, chosen, count);
  for (int32_t n = 0; n < count; n++) {
    features_of(m, found, &place, &chosen[n], out[chosen[n].token], f);
    if (features) {
      float *row = features + n * (FEATURES + 1);
      memcpy(row, f, sizeof f);
      row[FEATURES] = logf(chosen[n].backoff + 1e-9f);
      tokens[n] = chosen[n].token;
    }
    scores[n] = score_of(m, f, chosen[n].backoff);
    if (scores[n] > most) most = scores[n];
  }
  for (int32_t n = 0; n < count; n++) sum += expf(scores[n] - most);
  float total = most + logf(sum), share = logf(m->plain);
  for (int32_t n = 0; n < m->vocabulary; n++) out[n] += share;
  for (int32_t n = 0; n < count; n++) {
    int32_t token = chosen[n].token;
    out[token] = logf((1 - m->plain) * expf(scores[n] - total) + expf(out[token]));
  }
  if (end >= 0 && end != m->newline) out[end] = out[m->newline], out[m->newline] = -INFINITY;
  return count;
}

/* What Python compares with its own, so that a library compiled earlier is not called with newer structures. */
EXPORT int32_t copy_sizes(void) {
  const size_t texts = sizeof(copy_text) + sizeof(copy_group) + sizeof(word_table);
  return (int32_t)(10000 * sizeof(copy_candidates) + 40 * sizeof(mixture) + sizeof(line_state) + texts);
}
