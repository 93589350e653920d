/*
 * A log of unknown origin, read as a whole: what is shown of a record is what `audit verify` reads
 * in the same line, every line is either a record or counted as strange, and no text of one has a
 * byte that a terminal obeys (A27).
 * Input: the bytes of one segment; its first byte also says from which time on.
 */
#include "tests/fuzz/fuzz.h"

#include "ipc/audit_file.h"
#include "sys/fd.h"
#include "tool/audit_match.h"
#include "tool/log_scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct shown {
	uint64_t n;
	const struct log_scan *s;
};

static void check_text(struct view field)
{
	uint8_t text[256];
	struct wbuf w = wbuf_of(text, sizeof text), again = wbuf_of(text, sizeof text);
	uint64_t number = 0;

	for (size_t i = 0; i < field.n; i++)
		INVARIANT(field.p[i] >= 0x20 && field.p[i] != 0x7f && field.p[i] != '<');
	INVARIANT((log_scan_text(field, &w) == E_OK) == !w.bad);
	INVARIANT(w.n <= field.n);
	if (!w.bad && view_find(field, '\\') == field.n)
		INVARIANT(view_eq(wbuf_view(&w), field));
	if (log_scan_number(field, &number) == E_OK && field.n < 20) {
		again.n = 0;
		wbuf_dec_pad(&again, number, (unsigned)field.n);
		INVARIANT(view_eq(wbuf_view(&again), field));
	}
}

static enum err on_line(void *arg, const struct log_line *l)
{
	struct shown *s = arg;
	struct audit_line a = { 0 };
	const char *why = NULL;
	struct ip ip = { 0 };
	struct view host = audit_match_host(l->field[LOG_OBJECT]);

	s->n++;
	INVARIANT(audit_line_parse(l->text, &a, &why) == E_OK);
	INVARIANT(view_eq(a.time, l->field[LOG_TIME]) && view_eq(a.actor, l->field[LOG_ACTOR]));
	INVARIANT(view_eq(a.object, l->field[LOG_OBJECT]) && a.seq_text.n);
	INVARIANT(l->time_us >= s->s->since_us || s->s->since_us == 0);
	INVARIANT(host.n == 0 ||
		  (host.p >= l->field[LOG_OBJECT].p && host.n <= l->field[LOG_OBJECT].n));
	if (audit_match_address(l->field[LOG_ORIGIN], &ip) == E_OK)
		INVARIANT(l->field[LOG_ORIGIN].n >= 2);
	for (size_t i = 0; i < LOG_FIELDS; i++)
		check_text(l->field[i]);
	return E_OK;
}

/* Lines of the input, as anybody would count them; what lies behind the last one is none. */
static uint64_t lines(struct view in)
{
	uint64_t n = 0;

	for (size_t i = 0; i < in.n; i++)
		n += in.p[i] == '\n';
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char name[] = "audit-00000000000000000001.jsonl";
	char dir_name[] = "/tmp/sluis-fuzz-XXXXXX";
	struct log_scan s = { .since_us = size && data[0] & 1 ? INT64_C(1784246400000000) : 0,
			      .on_line = on_line };
	struct shown shown = { .s = &s };
	struct log_scan_result r = { 0 };
	struct view in = view_of(data, size);
	int fd = -1;

	INVARIANT(mkdtemp(dir_name));
	s.dir_fd = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s.arg = &shown;
	INVARIANT(s.dir_fd >= 0);
	fd = openat(s.dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	INVARIANT(fd >= 0 && fd_write_all(fd, in) == E_OK);
	fd_close(fd);
	INVARIANT(log_scan_run(&s, &r) == E_OK && r.segments == 1);
	/* One more when the file ends within a line that is longer than any. */
	INVARIANT(r.records + r.strange == lines(in) ||
		  (size > AUDIT_LINE_MAX && r.records + r.strange == lines(in) + 1));
	INVARIANT(shown.n <= r.records && (s.since_us || shown.n == r.records));
	INVARIANT(unlinkat(s.dir_fd, name, 0) == 0);
	fd_close(s.dir_fd);
	INVARIANT(rmdir(dir_name) == 0);
	return 0;
}
