/*
 * /proc/PID/pagemap says which pages there are: roles reserve much more than they use. Pieces
 * overlap by the longest needle, so nothing is missed that lies across two of them.
 */
#include "tool/blast_memory.h"

#include "base/proc_maps.h"
#include "sys/fd.h"
#include "tool/blast_map.h"
#include "tool/proc_file.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	MEMORY_PAGE = 4096,
	MEMORY_PIECE = 1 << 20,
	MEMORY_PAGES = MEMORY_PIECE / MEMORY_PAGE,
	MEMORY_MAPS = 16 << 20,
	MEMORY_OVERLAP = BLAST_SEARCH_MOST
};

#define MEMORY_MOST (UINT64_C(1) << 38) /* of one mapping */

struct memory {
	const struct blast_search *search;
	struct blast_memory *to;
	int mem, pagemap; /* pagemap -1: it may not be read, every page is */
	uint64_t present[MEMORY_PAGES];
	size_t n; /* bytes in buf that follow each other */
	uint8_t buf[MEMORY_OVERLAP + MEMORY_PIECE];
};

/* ---- forms ---- */

static const struct view memory_hashes[] = { VIEW_INIT("$argon2id$v=19$m="),
					     VIEW_INIT("$2y$"),
					     VIEW_INIT("$2b$"),
					     VIEW_INIT("$6$"),
					     VIEW_INIT("$5$"),
					     VIEW_INIT("$y$"),
					     VIEW_INIT("$apr1$") };
static const struct view memory_texts[] = { VIEW_INIT("-----BEGIN PRIVATE KEY-----\nM"),
					    VIEW_INIT("-----BEGIN RSA PRIVATE KEY-----\nM"),
					    VIEW_INIT("-----BEGIN EC PRIVATE KEY-----\nM") };

enum { MEMORY_HASH = 30 /* characters of a hash, at least */ };

static bool memory_is_crypt(uint8_t c)
{
	return (c >= '.' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '$' || c == ',' || c == '=' || c == '+';
}

static bool memory_is_hash(struct view text)
{
	size_t n = 0, digits = 0;

	while (n < text.n && memory_is_crypt(text.p[n])) {
		digits += text.p[n] >= '0' && text.p[n] <= '9';
		n++;
	}
	return n >= MEMORY_HASH && digits != 0;
}

static void memory_form(struct view text, struct blast_memory *m)
{
	for (size_t i = 0; i < sizeof memory_hashes / sizeof *memory_hashes; i++)
		if (view_starts(text, memory_hashes[i]))
			m->hashes += memory_is_hash(view_slice(text, memory_hashes[i].n, text.n));
	for (size_t i = 0; i < sizeof memory_texts / sizeof *memory_texts; i++)
		m->holds_pem |= view_starts(text, memory_texts[i]);
}

void blast_memory_forms(struct view text, size_t before, struct blast_memory *m)
{
	for (size_t at = 0; at < text.n && at < before; at++) {
		uint8_t c = text.p[at];

		if (c == '$' || c == '-')
			memory_form(view_slice(text, at, text.n), m);
	}
}

/* ---- pages ---- */

/* What is in the buffer, and room for what follows it. Forms count where they begin, once. */
static void memory_flush(struct memory *m, bool is_end)
{
	struct view text = view_of(m->buf, m->n);
	size_t keep = is_end || m->n < MEMORY_OVERLAP ? 0 : MEMORY_OVERLAP;
	struct wbuf w = wbuf_of(m->buf, sizeof m->buf);
	uint8_t tail[MEMORY_OVERLAP];
	struct wbuf t = wbuf_of(tail, sizeof tail);

	if (m->search)
		blast_search_find(m->search, text, &m->to->keys);
	blast_memory_forms(text, m->n - keep, m->to);
	wbuf_view_put(&t, view_slice(text, m->n - keep, keep));
	wbuf_view_put(&w, wbuf_view(&t));
	m->n = w.n;
	secret_wipe(tail, sizeof tail);
}

static void memory_page(struct memory *m, uint64_t at)
{
	ssize_t got = 0;

	if (m->n + MEMORY_PAGE > sizeof m->buf)
		memory_flush(m, false);
	got = pread(m->mem, &m->buf[m->n], MEMORY_PAGE, (off_t)at);
	if (got != MEMORY_PAGE) {
		m->to->is_partial = true;
		return;
	}
	m->n += MEMORY_PAGE;
	m->to->bytes += MEMORY_PAGE;
}

static bool memory_is_there(const struct memory *m, size_t page)
{
	return m->pagemap < 0 || m->present[page] >> 62;
}

static void memory_piece(struct memory *m, uint64_t from, size_t pages)
{
	ssize_t want = (ssize_t)(pages * sizeof *m->present);

	if (m->pagemap >= 0 && pread(m->pagemap, m->present, (size_t)want,
				     (off_t)(from / MEMORY_PAGE * sizeof *m->present)) != want) {
		m->to->is_partial = true;
		return;
	}
	for (size_t i = 0; i < pages; i++) {
		if (memory_is_there(m, i))
			memory_page(m, from + i * MEMORY_PAGE);
		else if (m->n)
			memory_flush(m, true);
	}
}

static void memory_map(struct memory *m, const struct proc_map *map)
{
	uint64_t bytes = map->to - map->from;

	if (!(map->flags & PROC_MAP_READ) || bytes > MEMORY_MOST ||
	    map->from >= UINT64_C(1) << 47 || view_starts(map->path, VIEW("[vvar")) ||
	    blast_map_is_hidden(map->path))
		return;
	for (uint64_t at = map->from; at < map->to; at += MEMORY_PIECE) {
		uint64_t left = map->to - at;

		memory_piece(m, at,
			     (size_t)(left < MEMORY_PIECE ? left : MEMORY_PIECE) / MEMORY_PAGE);
	}
	if (m->n)
		memory_flush(m, true);
}

static enum err memory_maps(struct memory *m, int pid)
{
	struct proc_file f = { 0 };
	struct proc_map map = { 0 };
	struct view text = { 0 };
	enum err e = proc_file_read(pid, "maps", MEMORY_MAPS, &f);

	text = view_of(f.p, f.n);
	while (e == E_OK) {
		e = proc_maps_next(&text, &map);
		if (e == E_OK)
			memory_map(m, &map);
	}
	m->to->is_partial |= f.is_cut;
	proc_file_done(&f);
	return e == E_AGAIN ? E_OK : e;
}

enum err blast_memory_look(int pid, const struct blast_search *s, struct blast_memory *ret)
{
	struct memory *m = calloc(1, sizeof *m);
	AUTO_FD mem = -1;
	AUTO_FD pagemap = -1;
	enum err e = m ? proc_file_open(pid, "mem", &mem) : E_NOMEM;

	*ret = (struct blast_memory){ 0 };
	if (e == E_OK) {
		if (proc_file_open(pid, "pagemap", &pagemap) != E_OK)
			pagemap = -1;
		m->search = s;
		m->to = ret;
		m->mem = mem;
		m->pagemap = pagemap;
		e = memory_maps(m, pid);
		ret->is_known = e == E_OK;
		secret_wipe(m, sizeof *m);
	}
	free(m);
	return e;
}
