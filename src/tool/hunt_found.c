/* Counting; values that clients choose are hashed under a key of this run. */
#include "tool/hunt_found.h"

#include "base/hash.h"
#include "sys/secret.h"

#include <stdlib.h>

enum { FOUND_START = 1 << 12 };

enum err hunt_found_new(const struct hunt_set *s, size_t records, struct hunt_found *ret)
{
	*ret = (struct hunt_found){ .set = s, .records = records, .seen_size = FOUND_START };
	ret->row = calloc(s->indicator_n + 1, sizeof *ret->row);
	ret->seen = calloc(FOUND_START, sizeof *ret->seen);
	secret_random(ret->key, sizeof ret->key);
	if (ret->row && ret->seen)
		return E_OK;
	hunt_found_done(ret);
	return E_NOMEM;
}

void hunt_found_done(struct hunt_found *f)
{
	for (size_t i = 0; f->row && i < f->set->indicator_n; i++) {
		while (f->row[i].record) {
			struct hunt_found_record *r = f->row[i].record;

			f->row[i].record = r->next;
			free(r);
		}
	}
	free(f->row);
	free(f->seen);
	f->row = NULL;
	f->seen = NULL;
}

static bool found_put(uint64_t *seen, size_t size, uint64_t h)
{
	size_t at = h & (size - 1);

	while (seen[at] && seen[at] != h)
		at = (at + 1) & (size - 1);
	if (seen[at])
		return false;
	seen[at] = h;
	return true;
}

static enum err found_grow(struct hunt_found *f)
{
	size_t size = 2 * f->seen_size;
	uint64_t *grown = calloc(size, sizeof *grown);

	if (!grown)
		return E_NOMEM;
	for (size_t i = 0; i < f->seen_size; i++)
		if (f->seen[i])
			(void)found_put(grown, size, f->seen[i]);
	free(f->seen);
	f->seen = grown;
	f->seen_size = size;
	return E_OK;
}

static enum err found_distinct(struct hunt_found *f, uint32_t indicator, enum hunt_found_who who,
			       uint64_t value)
{
	uint64_t h = hash_mix(value ^ hash_mix(f->key[0] ^ ((uint64_t)indicator << 2 | who)));

	if (f->seen_n >= HUNT_FOUND_DISTINCT) {
		f->is_over = true;
		return E_OK;
	}
	if (2 * f->seen_n >= f->seen_size)
		TRY(found_grow(f));
	if (found_put(f->seen, f->seen_size, h ? h : 1)) {
		f->seen_n++;
		f->row[indicator].distinct[who]++;
	}
	return E_OK;
}

static enum err found_keep(struct hunt_found *f, struct hunt_found_row *row, struct view text)
{
	struct hunt_found_record *r = NULL;
	struct wbuf w = { 0 };

	if (row->record_n == f->records)
		return E_OK;
	if (text.n > HUNT_FOUND_RECORD_BYTES - f->record_bytes) {
		f->is_cut = true;
		return E_OK;
	}
	r = malloc(sizeof *r + text.n);
	if (!r)
		return E_NOMEM;
	*r = (struct hunt_found_record){ .n = text.n };
	w = wbuf_of(r->text, text.n);
	wbuf_view_put(&w, text);
	f->record_bytes += text.n;
	if (row->last)
		row->last->next = r;
	else
		row->record = r;
	row->last = r;
	row->record_n++;
	return E_OK;
}

/* Without the port: a source is an address. */
static struct view found_source(struct view origin)
{
	if (origin.n && origin.p[0] == '[')
		return view_slice(origin, 0, view_find(origin, ']'));
	return view_slice(origin, 0, view_find(origin, ':'));
}

static void found_time(struct hunt_found_row *row, const struct hunt_indicator *i, int64_t us)
{
	if (row->hits == 0 || us < row->first_us)
		row->first_us = us;
	if (row->hits == 0 || us > row->last_us)
		row->last_us = us;
	row->outside += (i->from_us && us < i->from_us) || (i->until_us && us >= i->until_us);
}

enum err hunt_found_add(struct hunt_found *f, const struct log_line *line,
			const uint32_t *indicators, size_t n)
{
	struct view actor = line->field[LOG_ACTOR];
	struct view who[HUNT_WHOS] = {
		[HUNT_USERS] = view_eq(actor, VIEW("-")) ? (struct view){ 0 } : actor,
		[HUNT_SOURCES] = found_source(line->field[LOG_ORIGIN]),
		[HUNT_HOSTS] = hunt_match_host(line),
	};
	uint64_t hash[HUNT_WHOS] = { 0 };

	for (unsigned w = 0; n && w < HUNT_WHOS; w++)
		hash[w] = hash_keyed(f->key, who[w]);
	f->matched += n > 0;
	for (size_t i = 0; i < n; i++) {
		struct hunt_found_row *row = &f->row[indicators[i]];

		found_time(row, &f->set->indicator[indicators[i]], line->time_us);
		f->matching += row->hits++ == 0;
		for (unsigned w = 0; w < HUNT_WHOS; w++)
			if (who[w].n)
				TRY(found_distinct(f, indicators[i], (enum hunt_found_who)w,
						   hash[w]));
		TRY(found_keep(f, row, line->text));
	}
	return E_OK;
}
