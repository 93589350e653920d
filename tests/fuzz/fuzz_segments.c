/*
 * A log's folder with any files in it: segments are found, listed and read in their order, whatever
 * else lies there; each line is given once, one that is too long is passed over, and nothing more.
 *
 * Input: N files: a number, or LEN bytes of a name; then lines: LEN bytes, or (255) one that is too
 * long; then a number to look from.
 */
#include "ipc/audit_file.h"
#include "sys/fd.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILES = 8, LINES = 24, TOO_LONG = 255, ROOM = 1 << 19 };

struct want {
	uint64_t first[FILES];
	unsigned n, lines, long_lines;
	size_t bytes;
};

static void add(struct want *w, uint64_t first)
{
	unsigned at = 0;

	while (at < w->n && w->first[at] < first)
		at++;
	if (at < w->n && w->first[at] == first)
		return;
	for (unsigned i = w->n++; i > at; i--)
		w->first[i] = w->first[i - 1];
	w->first[at] = first;
}

/* One file, which may be a segment by its name. */
static void make_file(struct view *in, struct want *want)
{
	char name[64] = { 0 };
	struct wbuf w = wbuf_of(name, sizeof name - 1);
	uint8_t how = fuzz_u8(in);
	uint64_t first = 0;
	AUTO_FD fd = -1;

	if (how & 1)
		audit_file_put_name(&w, how & 2 ? fuzz_u64(in) % 10000000000000000000u : how);
	else
		wbuf_view_put(&w, fuzz_some(in, 40));
	if (view_find(wbuf_view(&w), '/') < w.n || view_find(wbuf_view(&w), 0) < w.n || w.n == 0)
		return;
	fd = openat(fuzz_folder(), name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && audit_file_get_name(wbuf_view(&w), &first) == E_OK)
		add(want, first);
}

static void check_order(const struct want *w, uint64_t from)
{
	uint64_t got = 0, all[FILES], few[2];
	size_t n = 0;
	unsigned above = 0, below = 0;
	int dir = fuzz_folder();

	for (unsigned i = 0; i < w->n; i++) {
		above += w->first[i] >= from;
		below += w->first[i] < from;
	}
	INVARIANT(audit_file_find(dir, from, &got) == (above ? E_OK : E_CLOSED));
	INVARIANT(!above || got == w->first[below]);
	INVARIANT(audit_file_before(dir, from, &got) == (below ? E_OK : E_CLOSED));
	INVARIANT(!below || got == w->first[below - 1]);
	INVARIANT(audit_file_list(dir, from, all, FILES, &n) == E_OK && n == above);
	for (size_t i = 0; i < n; i++)
		INVARIANT(all[i] == w->first[below + i]);
	INVARIANT(audit_file_list(dir, from, few, 2, &n) == E_OK && n == (above < 2 ? above : 2));
	for (size_t i = 0; i < n; i++)
		INVARIANT(few[i] == w->first[below + i]);
}

static void put_lines(struct view *in, struct wbuf *w, struct want *want)
{
	for (unsigned i = 0; i < LINES && in->n; i++) {
		uint8_t n = fuzz_u8(in);
		struct view v = view_slice(*in, 0, n);

		if (n == TOO_LONG) {
			for (size_t k = 0; k < AUDIT_LINE_MAX; k++)
				wbuf_u8(w, 'x');
			want->long_lines++;
		} else {
			*in = view_slice(*in, v.n, in->n);
			for (size_t k = 0; k < v.n; k++)
				wbuf_u8(w, v.p[k] == '\n' ? ' ' : v.p[k]);
			want->lines++;
		}
		WBUF_LIT(w, "\n");
	}
	wbuf_view_put(w, VIEW("torn")); /* it is being written */
}

static void check_lines(struct view text, const struct want *want)
{
	static uint8_t buf[AUDIT_FILE_BUFFER];
	struct audit_file_reader r = { .buf = buf };
	struct view line = { 0 };
	unsigned lines = 0, long_lines = 0;
	AUTO_FD fd = -1;
	enum err e = E_OK;

	fd = openat(fuzz_folder(), "lines", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	INVARIANT(fd >= 0 && fd_write_all(fd, text) == E_OK && lseek(fd, 0, SEEK_SET) == 0);
	r.fd = fd;
	while ((e = audit_file_next(&r, &line)) == E_OK || e == E_LIMIT) {
		lines += e == E_OK;
		long_lines += e == E_LIMIT;
		if (e == E_LIMIT)
			INVARIANT(audit_file_skip(&r) == E_OK);
	}
	INVARIANT(e == E_AGAIN && view_eq(line, VIEW("torn")));
	INVARIANT(lines == want->lines && long_lines == want->long_lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[ROOM * 4];
	struct wbuf text = wbuf_of(room, sizeof room);
	struct view in = view_of(data, size);
	struct want want = { 0 };
	unsigned n = fuzz_u8(&in) % FILES;
	int fd = -1;

	fuzz_folder();
	fuzz_folder_empty();
	for (unsigned i = 0; i < n; i++)
		make_file(&in, &want);
	check_order(&want, fuzz_u8(&in));
	check_order(&want, fuzz_u64(&in));
	check_order(&want, UINT64_MAX);
	put_lines(&in, &text, &want);
	INVARIANT(!text.bad);
	check_lines(wbuf_view(&text), &want);
	INVARIANT(audit_file_open(fuzz_folder(), VIEW("none"), &fd) == E_CLOSED);
	return 0;
}
