/* Reading a whole log: fields, times, which segments are passed over, and what a hostile file says.
 */
#include "tool/log_scan.h"

#include "tests/unit/guard.h"
#include "tests/unit/tool/log_folder.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { SEEN_MAX = 800, DAY_S = 86400, START_S = 1784246400 /* 17 July 2026 */ };

#define S_US INT64_C(1000000)

/* What was shown, for a test to look at. */
struct seen {
	uint64_t n;
	char object[SEEN_MAX][12]; /* of the first */
	int64_t time_us;
	uint64_t stop_after;
	enum err stop;
	uint64_t told, total;
	bool is_beyond; /* more was done than there is */
};

static enum err on_line(void *arg, const struct log_line *l)
{
	struct seen *s = arg;

	struct view object = view_slice(l->field[LOG_OBJECT], 0, 11);

	if (s->n < SEEN_MAX)
		memcpy(s->object[s->n], object.p, object.n);
	s->n++;
	s->time_us = l->time_us;
	return s->stop_after && s->n == s->stop_after ? s->stop : E_OK;
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct seen *s = arg;

	s->told++;
	s->total = total;
	s->is_beyond |= done > total;
}

static const char *text_of(int64_t at_s)
{
	static char text[32];
	time_t t = (time_t)at_s;
	struct tm tm = { 0 };

	gmtime_r(&t, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	return text;
}

static void put(struct log_folder *f, int64_t at_s, const char *object, const char *more)
{
	fprintf(f->file,
		"{\"time\":\"%s.000006Z\",\"id\":\"1-1-1\",\"seq\":1,\"kind\":\"access\","
		"\"action\":"
		"\"GET\",\"object\":\"%s\",\"result\":\"200\",\"origin\":\"192.0.2.1:4711\","
		"\"actor\":\"-\"%s" LOG_FOLDER_PREV "\n",
		text_of(at_s), object, more);
}

static struct log_scan_result scan(struct log_folder *f, struct seen *s, int64_t since_s,
				   int64_t until_s)
{
	struct log_scan scan = { .dir_fd = f->dir_fd,
				 .since_us = since_s * S_US,
				 .until_us = until_s * S_US,
				 .on_line = on_line,
				 .arg = s };
	struct log_scan_result r = { 0 };

	log_folder_end(f);
	*s = (struct seen){ 0 };
	CHECK_OK(log_scan_run(&scan, &r));
	return r;
}

static enum err on_fields(void *arg, const struct log_line *l)
{
	struct view *copy = arg;

	for (size_t i = 0; i < LOG_FIELDS; i++)
		if (l->field[i].p)
			copy[i] = view_str(strndup((const char *)l->field[i].p, l->field[i].n));
	return E_OK;
}

static void test_fields(void **state)
{
	static const char *const wanted[LOG_FIELDS] = {
		[LOG_TIME] = "2026-07-17T00:00:00.000006Z",
		[LOG_ID] = "1-1-1",
		[LOG_SEQ] = "1",
		[LOG_KIND] = "access",
		[LOG_ACTION] = "GET",
		[LOG_OBJECT] = "o",
		[LOG_RESULT] = "200",
		[LOG_ORIGIN] = "192.0.2.1:4711",
		[LOG_ACTOR] = "-",
		[LOG_WRITER] = "edge[0]",
		[LOG_LISTENER] = "public",
		[LOG_ROUTE] = "a/b",
		[LOG_POOL] = "web",
		[LOG_BYTES_IN] = "18446744073709551615",
		[LOG_BYTES_OUT] = "0",
		[LOG_USER_AGENT] = "a \\\"b\\\" \\u001b",
		[LOG_SNI] = "",
		[LOG_DETAIL] = "why",
		[LOG_SESSION] = "17",
	};
	struct view got[LOG_FIELDS] = { 0 };
	struct log_folder f = log_folder_new();
	struct log_scan s = { .dir_fd = f.dir_fd, .on_line = on_fields, .arg = got };
	struct log_scan_result r = { 0 };

	(void)state;
	log_folder_segment(&f, 1);
	put(&f, START_S, "o",
	    ",\"writer\":\"edge[0]\",\"tag_77\":5,\"listener\":\"public\",\"route\":\"a/"
	    "b\",\"pool\":"
	    "\"web\",\"bytes_in\":18446744073709551615,\"bytes_out\":0,\"duration_us\":5,"
	    "\"user_agent\":\"a \\\"b\\\" \\u001b\",\"is_x\":true,\"session\":17,\"sni\":\"\","
	    "\"detail\":\"why\",\"tag_77\":6");
	log_folder_end(&f);
	CHECK_OK(log_scan_run(&s, &r));
	assert_int_equal(r.records, 1);
	assert_int_equal(r.strange, 0);
	for (size_t i = 0; i < LOG_FIELDS; i++) {
		assert_int_equal(got[i].p != NULL, wanted[i] != NULL);
		if (wanted[i])
			CHECK_VIEW(got[i], wanted[i]);
		free((void *)(uintptr_t)got[i].p);
	}
	log_folder_done(&f);
}

static void test_time(void **state)
{
	struct log_folder f = log_folder_new();
	struct seen s = { 0 };

	(void)state;
	log_folder_segment(&f, 1);
	for (int i = 0; i < 10; i++)
		put(&f, START_S + i, (char[]){ (char)('0' + i), 0 }, "");
	assert_int_equal(scan(&f, &s, 0, 0).records, 10);
	assert_int_equal(s.n, 10);
	assert_true(s.time_us == (START_S + 9) * S_US + 6);
	/* since <= time < until; the records are at 6 us past the second */
	assert_int_equal(scan(&f, &s, START_S + 3, START_S + 6).records, 10);
	assert_int_equal(s.n, 3);
	assert_string_equal(s.object[0], "3");
	assert_string_equal(s.object[2], "5");
	log_folder_done(&f);
}

/* One segment a day; what lies wholly outside is not read, and nothing that was asked is missed. */
static void test_segments(void **state)
{
	struct log_folder f = log_folder_new();
	struct seen s = { 0 };
	struct log_scan_result r = { 0 };

	(void)state;
	for (int i = 0; i < 10; i++) {
		log_folder_segment(&f, 1 + 100u * (unsigned)i);
		put(&f, START_S + i * DAY_S, "first", "");
		put(&f, START_S + i * DAY_S + 5, "x", "");
		/* A writer's clock may be behind audit's: the next segment holds it */
		put(&f, START_S + i * DAY_S - 3000, "late", "");
		put(&f, START_S + (i + 1) * DAY_S + 50, "early", "");
	}
	r = scan(&f, &s, START_S + 5 * DAY_S, START_S + 6 * DAY_S - 4000);
	assert_int_equal(r.segments, 2); /* of day 4 for its early one, and 5 */
	assert_int_equal(s.n, 3);
	assert_string_equal(s.object[0], "early");
	/* ... also when the next segment began before that moment */
	r = scan(&f, &s, START_S + 5 * DAY_S + 30, START_S + 6 * DAY_S - 4000);
	assert_int_equal(r.segments, 2);
	assert_int_equal(s.n, 1);
	r = scan(&f, &s, START_S + 5 * DAY_S, START_S + 6 * DAY_S);
	assert_int_equal(r.segments, 3);
	assert_int_equal(s.n, 4);
	assert_string_equal(s.object[3], "late");
	assert_int_equal(scan(&f, &s, START_S + 50 * DAY_S, 0).segments, 1); /* the last is open */
	assert_int_equal(scan(&f, &s, 0, START_S - DAY_S).segments, 0);
	log_folder_done(&f);
}

/* More segments than one look into the directory brings, in whatever order they lie there. */
static void test_many_segments(void **state)
{
	struct log_folder f = log_folder_new();
	struct seen s = { 0 };
	char object[8];

	(void)state;
	for (unsigned i = 0; i < 700; i++) {
		unsigned at = i * 277 % 700;

		log_folder_segment(&f, 1 + at);
		snprintf(object, sizeof object, "%u", at);
		put(&f, START_S, object, "");
	}
	assert_int_equal(scan(&f, &s, 0, 0).segments, 700);
	assert_int_equal(s.n, 700);
	for (unsigned i = 0; i < 700; i++)
		assert_int_equal(atoi(s.object[i]), i);
	log_folder_done(&f);
}

struct strange {
	const char *name, *text;
};

static const struct strange strange[] = {
	{ "empty", "" },
	{ "garbage", "\x1b]0;owned\x07" },
	{ "JSON that is none of ours", "{\"time\":\"2026-07-17T00:00:00.000006Z\"}" },
#define LINE(time, rest)                                                                           \
	"{\"time\":\"" time "\",\"id\":\"1\",\"seq\":1,\"kind\":\"access\",\"action\":\"GET\","    \
	"\"object\":\"o\",\"result\":\"200\",\"origin\":\"-\",\"actor\":\"-\"" rest                \
		LOG_FOLDER_PREV
	{ "month 13", LINE("2026-13-17T00:00:00.000006Z", "") },
	{ "30 February", LINE("2026-02-30T00:00:00.000006Z", "") },
	{ "no zone", LINE("2026-07-17T00:00:00.000006", "") },
	{ "a sign", LINE("2026-07-17T00:00:00.-00006Z", "") },
	{ "empty time", LINE("", "") },
	{ "a field twice", LINE("2026-07-17T00:00:00Z", ",\"route\":\"a\",\"route\":\"b\"") },
	{ "a fixed field again", LINE("2026-07-17T00:00:00Z", ",\"actor\":\"b\"") },
	{ "the hash again", LINE("2026-07-17T00:00:00Z", ",\"prev\":\"b\"") },
	{ "text for a number", LINE("2026-07-17T00:00:00Z", ",\"bytes_in\":\"5\"") },
	{ "number for a text", LINE("2026-07-17T00:00:00Z", ",\"route\":5") },
	{ "2^64", LINE("2026-07-17T00:00:00Z", ",\"bytes_in\":18446744073709551616") },
	{ "an object", LINE("2026-07-17T00:00:00Z", ",\"a\":{}") },
	{ "raw escape", LINE("2026-07-17T00:00:00Z", ",\"a\":\"\x1b[2J\"") },
	{ "raw markup", LINE("2026-07-17T00:00:00Z", ",\"a\":\"<b>\"") },
	{ "upper-case escape", LINE("2026-07-17T00:00:00Z", ",\"a\":\"\\u001B\"") },
	{ "C1 control", LINE("2026-07-17T00:00:00Z", ",\"a\":\"\xc2\x9b\"") },
};

/* Each is counted, shown to nobody, and the record behind it is read. */
static void test_strange(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(strange); i++) {
		struct log_folder f = log_folder_new();
		struct seen s = { 0 };
		struct log_scan_result r = { 0 };

		log_folder_segment(&f, 1);
		fprintf(f.file, "%s\n", strange[i].text);
		put(&f, START_S, "behind", "");
		r = scan(&f, &s, 0, 0);
		CHECK_ROW(strange[i].name, r.strange == 1 && r.records == 1 && s.n == 1);
		CHECK_ROW(strange[i].name, strcmp(s.object[0], "behind") == 0);
		log_folder_done(&f);
	}
}

/* A line with a NUL; lines longer than any record, one of them longer than any buffer. */
static void test_long_lines(void **state)
{
	static const size_t sizes[] = { AUDIT_LINE_MAX - 1, AUDIT_LINE_MAX, AUDIT_FILE_BUFFER - 1,
					AUDIT_FILE_BUFFER, 3 * AUDIT_FILE_BUFFER + 17 };
	struct log_folder f = log_folder_new();
	struct seen s = { 0 };
	struct log_scan_result r = { 0 };

	(void)state;
	log_folder_segment(&f, 1);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		for (size_t j = 0; j < sizes[i]; j++)
			fputc('a', f.file);
		fputc('\n', f.file);
		put(&f, START_S, "behind", "");
	}
	fwrite("{\"time\":\"\0\"}\n", 1, 13, f.file);
	put(&f, START_S, "behind", "");
	/* The file ends within such a line: there is no end of it to be found. */
	for (size_t j = 0; j < 2 * AUDIT_FILE_BUFFER; j++)
		fputc('b', f.file);
	log_folder_segment(&f, 2);
	put(&f, START_S, "next", "");
	r = scan(&f, &s, 0, 0);
	assert_int_equal(r.strange, COUNT_OF(sizes) + 2);
	assert_int_equal(r.records, COUNT_OF(sizes) + 2);
	assert_int_equal(r.segments, 2);
	assert_string_equal(s.object[s.n - 1], "next");
	log_folder_done(&f);
}

/* A torn end is no record; that of the newest segment may be being written and is not counted. */
static void test_torn(void **state)
{
	struct log_folder f = log_folder_new();
	struct seen s = { 0 };
	struct log_scan_result r = { 0 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		log_folder_segment(&f, 1 + i);
		put(&f, START_S, "whole", "");
		fputs("{\"time\":\"2026-07-1", f.file);
	}
	r = scan(&f, &s, 0, 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(r.records, 2);
	assert_int_equal(r.strange, 1);
	log_folder_done(&f);
}

/* What is no file of ours: other names, a pipe, a link, nothing at all. */
static void test_odd_files(void **state)
{
	struct log_folder f = log_folder_new();
	struct seen s = { 0 };
	struct log_scan scan_of = { .dir_fd = f.dir_fd, .on_line = on_line, .arg = &s };
	struct log_scan_result r = { 0 };

	(void)state;
	CHECK_ERR(log_scan_run(&scan_of, &r), E_CLOSED);
	assert_int_equal(mknodat(f.dir_fd, "audit-00000000000000000001.jsonl", S_IFIFO | 0600, 0),
			 0);
	assert_int_equal(mknodat(f.dir_fd, "audit-1.jsonl", S_IFREG | 0600, 0), 0);
	log_folder_segment(&f, 2);
	log_folder_segment(&f, 3);
	put(&f, START_S, "o", "");
	r = scan(&f, &s, START_S, START_S + 1);
	assert_int_equal(r.segments, 3);
	assert_int_equal(r.records, 1);
	assert_int_equal(symlinkat("audit-00000000000000000003.jsonl", f.dir_fd,
				   "audit-00000000000000000004.jsonl"),
			 0);
	CHECK_ERR(log_scan_run(&scan_of, &r), E_SYS);
	log_folder_done(&f);
}

static void test_stop_and_progress(void **state)
{
	struct log_folder f = log_folder_new();
	struct seen s = { 0 };
	static const enum err stops[] = { E_DENIED, E_AGAIN, E_CLOSED, E_LIMIT, E_SYS };
	struct log_scan scan_of = {
		.dir_fd = f.dir_fd, .on_line = on_line, .on_progress = on_progress, .arg = &s
	};
	struct log_scan_result r = { 0 };
	char more[4096];

	(void)state;
	snprintf(more, sizeof more, ",\"a\":\"%04000d\"", 5);
	for (unsigned i = 0; i < 2; i++) {
		log_folder_segment(&f, 1 + i);
		for (unsigned j = 0; j < 2000; j++)
			put(&f, START_S, "o", more);
	}
	log_folder_end(&f);
	for (size_t i = 0; i < COUNT_OF(stops); i++) {
		s = (struct seen){ .stop_after = 3, .stop = stops[i] };
		CHECK_ERR(log_scan_run(&scan_of, &r), stops[i]);
		assert_int_equal(s.n, 3);
		assert_int_equal(r.records, 3);
	}
	s = (struct seen){ 0 };
	CHECK_OK(log_scan_run(&scan_of, &r));
	assert_int_equal(s.n, 4000);
	assert_true(s.told >= 3 && !s.is_beyond && s.total > UINT64_C(16) << 20);
	log_folder_done(&f);
}

/* RFC 8259 §7: what was escaped comes back; RFC 3629 §3: a lone surrogate is no character. */
static void test_text(void **state)
{
	static const struct {
		const char *name, *in, *out;
	} rows[] = {
		{ "nothing", "", "" },
		{ "plain", "GET /a", "GET /a" },
		{ "two-character", "\\\"\\\\", "\"\\" },
		{ "control", "a\\u001bb",
		  "a\x1b"
		  "b" },
		{ "Latin-1", "\\u00ff", "\xc3\xbf" },
		{ "three bytes", "\\u202e", "\xe2\x80\xae" },
		{ "a pair", "\\udb40\\udc41.", "\xf3\xa0\x81\x81." },
		{ "half a pair", "\\udb40.", "\xef\xbf\xbd." },
		{ "two first halves", "\\udb40\\udb40", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "second half", "\\udc41", "\xef\xbf\xbd" },
		{ "half and another escape", "\\udb40\\\"", "\xef\xbf\xbd\"" },
		{ "UTF-8 stays", "ca\xc3\xaf", "ca\xc3\xaf" },
		{ "cut short", "a\\", "a\\" },
	};
	struct guard g = guard_new(64);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t text[64];
		struct wbuf w = wbuf_of(text, sizeof text);
		struct view in = guard_put(&g, view_str(rows[i].in));

		CHECK_ROW(rows[i].name, log_scan_text(in, &w) == E_OK);
		CHECK_ROW(rows[i].name, view_eq(wbuf_view(&w), view_str(rows[i].out)));
		for (size_t room = 0; room < view_str(rows[i].out).n; room++) {
			struct wbuf less = wbuf_of(text, room);

			CHECK_ROW(rows[i].name, log_scan_text(in, &less) == E_LIMIT);
			CHECK_ROW(rows[i].name,
				  view_starts(view_str(rows[i].out), wbuf_view(&less)));
		}
	}
	guard_done(&g);
}

static void test_number(void **state)
{
	static const struct {
		const char *text;
		enum err e;
		uint64_t n;
	} rows[] = { { "0", E_OK, 0 },
		     { "18446744073709551615", E_OK, UINT64_MAX },
		     { "18446744073709551616", E_DENIED, 0 },
		     { "99999999999999999999", E_DENIED, 0 },
		     { "", E_DENIED, 0 },
		     { "-1", E_DENIED, 0 },
		     { "5x", E_DENIED, 0 },
		     { "true", E_DENIED, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t n = 0;

		CHECK_ROW(rows[i].text, log_scan_number(view_str(rows[i].text), &n) == rows[i].e);
		CHECK_ROW(rows[i].text, n == rows[i].n);
	}
	CHECK_ERR(log_scan_number((struct view){ 0 }, &(uint64_t){ 0 }), E_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_many_segments),
		cmocka_unit_test(test_strange),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_odd_files),
		cmocka_unit_test(test_stop_and_progress),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
