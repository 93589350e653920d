/*
 * The shipper's reader and its messages: lines in order over the ends of segments, whatever grows
 * and goes meanwhile; places that are kept, and files that are none; RFC 5424 and RFC 5425 around
 * hostile lines.
 */
#include "tests/unit/check.h"

#include "role/shipper/shipper.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/sluis-shipper-XXXXXX";
static int dir_fd = -1;
static uint8_t buffer[AUDIT_FILE_BUFFER];

static int setup(void **state)
{
	(void)state;
	memcpy(dir, "/tmp/sluis-shipper-XXXXXX", sizeof dir);
	assert_non_null(mkdtemp(dir));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0;
}

static int teardown(void **state)
{
	DIR *d = fdopendir(dir_fd);

	(void)state;
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return rmdir(dir);
}

static void put(uint64_t first, struct view text)
{
	uint8_t name[AUDIT_FILE_NAME + 1] = { 0 };
	struct wbuf w = wbuf_of(name, AUDIT_FILE_NAME);
	int fd = -1;

	audit_file_put_name(&w, first);
	fd = openat(dir_fd, (const char *)name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	CHECK_OK(fd_write_all(fd, text));
	close(fd);
}

static void drop(uint64_t first)
{
	uint8_t name[AUDIT_FILE_NAME + 1] = { 0 };
	struct wbuf w = wbuf_of(name, AUDIT_FILE_NAME);

	audit_file_put_name(&w, first);
	assert_int_equal(unlinkat(dir_fd, (const char *)name, 0), 0);
}

static struct reader reader_at(const struct place *from, uint64_t want_skipped)
{
	struct reader r = { .file = { .fd = -1, .buf = buffer } };
	uint64_t skipped = 0;

	CHECK_OK(reader_open(&r, dir_fd, from, &skipped));
	assert_true(skipped == want_skipped);
	return r;
}

static void next_is(struct reader *r, const char *text)
{
	struct view line = { 0 };

	CHECK_OK(reader_next(r, dir_fd, &line));
	CHECK_VIEW(line, text);
}

static void no_more(struct reader *r)
{
	struct view line = { 0 };

	CHECK_ERR(reader_next(r, dir_fd, &line), E_AGAIN);
}

static void test_over_segments(void **state)
{
	struct place none = { 0 }, at = { 0 };
	struct reader r = { .file = { .fd = -1, .buf = buffer } };
	uint64_t skipped = 0;

	(void)state;
	CHECK_ERR(reader_open(&r, dir_fd, &none, &skipped), E_AGAIN); /* no log yet */
	put(1, VIEW("a\nb\n"));
	r = reader_at(&none, 0);
	next_is(&r, "a");
	at = r.at;
	next_is(&r, "b");
	no_more(&r);
	put(1, VIEW("c")); /* a line that is being written */
	no_more(&r);
	put(1, VIEW("c\n"));
	next_is(&r, "cc");
	put(1, VIEW("d\ntorn"));
	put(5, VIEW("e\n"));
	next_is(&r, "d"); /* what came before the next segment was looked for */
	next_is(&r, "e"); /* and a torn end is none */
	no_more(&r);
	assert_true(r.at.first == 5 && r.at.seq == 5 && r.lost == 0);
	(void)fd_close(r.file.fd);
	r = reader_at(&at, 0); /* from a place that was kept */
	next_is(&r, "b");
	(void)fd_close(r.file.fd);
}

static void test_what_is_gone(void **state)
{
	struct place none = { 0 }, at = { 0 };
	struct reader r = { 0 };

	(void)state;
	put(1, VIEW("a\nb\n"));
	put(3, VIEW("c\n"));
	put(4, VIEW("d\n"));
	r = reader_at(&none, 0);
	next_is(&r, "a");
	at = r.at;
	drop(3); /* retention, while an outage lasts */
	next_is(&r, "b");
	next_is(&r, "d");
	assert_true(r.lost == 1); /* never silently */
	(void)fd_close(r.file.fd);
	drop(1);
	r = reader_at(&at, 2); /* b and c */
	next_is(&r, "d");
	(void)fd_close(r.file.fd);
}

static void test_too_long(void **state)
{
	static uint8_t text[2 * AUDIT_LINE_MAX];
	struct place none = { 0 };
	struct reader r = { 0 };
	struct view line = { 0 };

	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\n';
	put(1, VIEW("a\n"));
	put(1, view_of(text, sizeof text));
	put(1, VIEW("b\n"));
	r = reader_at(&none, 0);
	next_is(&r, "a");
	CHECK_ERR(reader_next(&r, dir_fd, &line), E_LIMIT);
	next_is(&r, "b");
	(void)fd_close(r.file.fd);
}

static void test_places(void **state)
{
	static const char *const false_ones[] = { "",
						  "sluis ship v1\n",
						  "sluis ship v2\n1\n2\n3\nr\n",
						  "sluis ship v1\n1\n-2\n3\nr\n",
						  "sluis ship v1\n1\n2\n3\nother\n",
						  "sluis ship v1\n1\n2\n3\nr\nmore\n",
						  "sluis ship v1\n1\n9999999999999999999\n3\nr\n" };
	struct place p = { .first = 7, .offset = 1234, .seq = 99 }, again = { 0 };

	(void)state;
	assert_false(reader_load(dir_fd, "cursor", VIEW("r"), &again));
	CHECK_OK(reader_save(dir_fd, "cursor", VIEW("r"), &p));
	assert_true(reader_load(dir_fd, "cursor", VIEW("r"), &again));
	assert_true(again.first == 7 && again.offset == 1234 && again.seq == 99);
	assert_false(reader_load(dir_fd, "cursor", VIEW("another"), &again));
	for (size_t i = 0; i < COUNT_OF(false_ones); i++) {
		int fd = openat(dir_fd, "cursor", O_WRONLY | O_TRUNC | O_CLOEXEC);

		CHECK_OK(fd_write_all(fd, view_str(false_ones[i])));
		close(fd);
		CHECK_ROW(false_ones[i], !reader_load(dir_fd, "cursor", VIEW("r"), &again));
	}
}

#define HEAD "{\"time\":\"2026-01-02T03:04:05.000006Z\",\"id\":\"x\",\"seq\":1,\"kind\":\""
#define TAIL                                                                                       \
	"\",\"action\":\"a\",\"object\":\"-\",\"result\":\"-\",\"origin\":\"-\",\"actor\":\"-\","  \
	"\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\"}"

/* RFC 5424 §6, RFC 5425 §4.3.1 */
static void test_messages(void **state)
{
	static const struct {
		const char *line, *message;
	} rows[] = {
		{ HEAD "access" TAIL,
		  "<110>1 2026-01-02T03:04:05.000006Z h sluis - access - " HEAD "access" TAIL },
		{ HEAD "alarm" TAIL,
		  "<105>1 2026-01-02T03:04:05.000006Z h sluis - alarm - " HEAD "alarm" TAIL },
		{ HEAD "gap" TAIL,
		  "<108>1 2026-01-02T03:04:05.000006Z h sluis - gap - " HEAD "gap" TAIL },
		{ HEAD "event" TAIL,
		  "<109>1 2026-01-02T03:04:05.000006Z h sluis - event - " HEAD "event" TAIL },
		{ HEAD "a b" TAIL, /* a field that would make two */
		  "<109>1 2026-01-02T03:04:05.000006Z h sluis - - - " HEAD "a b" TAIL },
		{ "<13>1 - - - - - - \x1b[31m",
		  "<109>1 - h sluis - - - <13>1 - - - - - - \x1b[31m" },
		{ "", "<109>1 - h sluis - - - " },
	};
	static struct shipper x = { .host = "h" };
	static uint8_t room[SHIPPER_PLAIN];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct wbuf w = wbuf_of(room, sizeof room);
		uint8_t want_room[1024];
		struct wbuf want = wbuf_of(want_room, sizeof want_room);

		line_put(&x, &w, view_str(rows[i].line));
		wbuf_dec(&want, strlen(rows[i].message));
		WBUF_LIT(&want, " ");
		wbuf_str(&want, rows[i].message);
		CHECK_ROW(rows[i].message, view_eq(wbuf_view(&w), wbuf_view(&want)));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_over_segments), TEST(test_what_is_gone), TEST(test_too_long),
		TEST(test_places),	  TEST(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
