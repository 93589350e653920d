/*
 * Rows found by a keyed hash (whoever fills a log can't choose where they fall), their texts one
 * behind the other in one block. Both are reserved at once and touched as they fill.
 */
#include "tool/reached_table.h"

#include "base/hash.h"
#include "sys/log.h"
#include "tool/audit_match.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

enum { TABLE_INDEX = 2 * REACHED_ROWS, TABLE_INDEX_MASK = TABLE_INDEX - 1 };

static const struct view table_methods[REACHED_METHODS] = {
	VIEW_INIT("GET"),     VIEW_INIT("HEAD"),  VIEW_INIT("OPTIONS"), VIEW_INIT("TRACE"),
	VIEW_INIT("POST"),    VIEW_INIT("PUT"),	  VIEW_INIT("PATCH"),	VIEW_INIT("DELETE"),
	VIEW_INIT("connect"), VIEW_INIT("other"),
};

static void *table_reserve(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

enum err reached_table_init(struct reached_table *t)
{
	*t = (struct reached_table){ .rows_max = REACHED_ROWS, .text_max = REACHED_TEXT };
	t->row = table_reserve(sizeof t->row[0] * REACHED_ROWS);
	t->index = table_reserve(sizeof t->index[0] * TABLE_INDEX);
	t->text = table_reserve(REACHED_TEXT);
	if (!t->row || !t->index || !t->text)
		return E_NOMEM;
	return getrandom(t->key, sizeof t->key, 0) == (ssize_t)sizeof t->key
		       ? E_OK
		       : log_errno("asking for random bytes");
}

void reached_table_done(struct reached_table *t)
{
	if (t->row)
		(void)munmap(t->row, sizeof t->row[0] * REACHED_ROWS);
	if (t->index)
		(void)munmap(t->index, sizeof t->index[0] * TABLE_INDEX);
	if (t->text)
		(void)munmap(t->text, REACHED_TEXT);
	*t = (struct reached_table){ 0 };
}

struct view reached_method_name(size_t i)
{
	return table_methods[i];
}

uint64_t reached_sum_writes(const struct reached_sum *s)
{
	uint64_t n = 0;

	for (size_t i = REACHED_SAFE; i < REACHED_METHODS; i++)
		n += s->method[i];
	return n;
}

uint64_t reached_sum_requests(const struct reached_sum *s)
{
	uint64_t n = reached_sum_writes(s);

	for (size_t i = 0; i < REACHED_SAFE; i++)
		n += s->method[i];
	return n;
}

/* A host in one spelling (RFC 9110 §4.2.3: without case), the source without its port. */
static struct view table_lower(struct view v, struct wbuf *w)
{
	for (size_t i = 0; i < v.n && wbuf_room(w); i++)
		wbuf_u8(w, v.p[i] >= 'A' && v.p[i] <= 'Z' ? v.p[i] | 0x20 : v.p[i]);
	return wbuf_view(w);
}

static struct view table_source(struct view origin, struct wbuf *w)
{
	struct ip ip = { 0 };

	if (audit_match_address(origin, &ip) != E_OK)
		return origin;
	ip_put(w, &ip);
	return wbuf_view(w);
}

static bool table_same(const struct view a[REACHED_BY], const struct view b[REACHED_BY])
{
	for (size_t i = 0; i < REACHED_BY; i++)
		if (!view_eq(a[i], b[i]))
			return false;
	return true;
}

static struct view table_keep(struct reached_table *t, struct view v)
{
	struct wbuf w = wbuf_of(t->text, t->text_max);
	size_t at = t->text_n;

	w.n = at;
	wbuf_view_put(&w, v);
	t->text_n = w.n;
	return view_slice(wbuf_view(&w), at, v.n);
}

/* Its row; what has none any more goes to the others. */
static struct reached_sum *table_find(struct reached_table *t, const struct view by[REACHED_BY])
{
	uint64_t h = 0;
	size_t n = 0, at = 0;

	for (size_t i = 0; i < REACHED_BY; i++) {
		h = hash_mix(h ^ hash_keyed(t->key, by[i]));
		n += by[i].n;
	}
	for (at = h & TABLE_INDEX_MASK; t->index[at]; at = (at + 1) & TABLE_INDEX_MASK) {
		struct reached_row *r = &t->row[t->index[at] - 1];

		if (table_same(r->by, by))
			return &r->sum;
	}
	if (t->rows >= t->rows_max || n > t->text_max - t->text_n)
		return &t->other;
	for (size_t i = 0; i < REACHED_BY; i++)
		t->row[t->rows].by[i] = table_keep(t, by[i]);
	t->index[at] = (uint32_t)++t->rows;
	return &t->row[t->rows - 1].sum;
}

/* What a hostile log claims may be any number: sums stay at the largest one. */
static void table_add_number(uint64_t *to, struct view field)
{
	uint64_t x = 0;

	if (field.p && log_scan_number(field, &x) == E_OK && __builtin_add_overflow(*to, x, to))
		*to = UINT64_MAX;
}

static uint64_t *table_result(struct reached_sum *s, struct view result)
{
	uint64_t status = 0;

	if (result.n != 3 || view_dec(result, &status) != E_OK)
		return view_eq(result, VIEW("ok")) ? &s->ok : &s->failed;
	if (status == 401 || status == 403)
		return &s->refused;
	return status >= 100 && status < 400 ? &s->ok : &s->failed;
}

static void table_count(struct reached_sum *s, const struct log_line *l)
{
	size_t method = 0;

	while (method < REACHED_METHODS - 1 &&
	       !view_eq(l->field[LOG_ACTION], table_methods[method]))
		method++;
	if (reached_sum_requests(s) == 0 || l->time_us < s->first_us)
		s->first_us = l->time_us;
	if (reached_sum_requests(s) == 0 || l->time_us > s->last_us)
		s->last_us = l->time_us;
	s->method[method]++;
	++*table_result(s, l->field[LOG_RESULT]);
	table_add_number(&s->bytes_in, l->field[LOG_BYTES_IN]);
	table_add_number(&s->bytes_out, l->field[LOG_BYTES_OUT]);
}

void reached_table_add(struct reached_table *t, const struct log_line *l)
{
	uint8_t host[1024], source[64];
	struct wbuf host_buf = wbuf_of(host, sizeof host),
		    source_buf = wbuf_of(source, sizeof source);
	struct view by[REACHED_BY] = {
		[REACHED_HOST] = table_lower(audit_match_host(l->field[LOG_OBJECT]), &host_buf),
		[REACHED_ROUTE] = l->field[LOG_ROUTE],
		[REACHED_USER] = l->field[LOG_ACTOR],
		[REACHED_SOURCE] = table_source(l->field[LOG_ORIGIN], &source_buf),
	};

	for (size_t i = 0; i < REACHED_BY; i++)
		if (by[i].n == 0)
			by[i] = VIEW("-");
	table_count(table_find(t, by), l);
	table_count(&t->all, l);
}

static int table_compare_text(struct view a, struct view b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++)
		if (a.p[i] != b.p[i])
			return a.p[i] < b.p[i] ? -1 : 1;
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

static int table_compare(const void *a, const void *b)
{
	const struct reached_row *x = a, *y = b;
	int c = 0;

	for (size_t i = 0; i < REACHED_BY && c == 0; i++)
		c = table_compare_text(x->by[i], y->by[i]);
	return c;
}

void reached_table_sort(struct reached_table *t)
{
	if (t->rows)
		qsort(t->row, t->rows, sizeof t->row[0], table_compare);
}
