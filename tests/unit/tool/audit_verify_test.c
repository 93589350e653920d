/*
 * audit verify against every kind of tampering: each is found, with the file and line where it was
 * done (P9). The logs are made by the audit role itself.
 */
#include "base/rng.h"
#include "sys/fd.h"
#include "tests/unit/check.h"
#include "tests/unit/role/audit_rig.h"
#include "tool/audit_verify.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MAX = 8, FOUND_MAX = 64, FILE_MAX = 1 << 20 };

/* A log in memory, which a test changes and writes back. */
struct file {
	char name[64];
	char *text;
	size_t n;
};

struct found {
	char file[64], what[256];
	uint64_t line;
};

struct fixture {
	struct audit_rig rig;
	struct file file[FILES_MAX]; /* segments in order, then head */
	size_t n;
	struct found found[FOUND_MAX];
	size_t found_n;
	struct audit_verify_result result;
	bool is_live;
	struct view known_head, known_note;
};

static void on_finding(void *arg, const struct audit_verify_finding *f)
{
	struct fixture *x = arg;
	struct found *to = &x->found[x->found_n < FOUND_MAX - 1 ? x->found_n : FOUND_MAX - 1];

	*to = (struct found){ .line = f->line };
	memcpy(to->file, f->file.p, f->file.n < 63 ? f->file.n : 63);
	memcpy(to->what, f->what.p, f->what.n < 255 ? f->what.n : 255);
	x->found_n++;
}

static enum err verify(struct fixture *x)
{
	struct audit_verify_options o = { .dir_fd = x->rig.dir_fd,
					  .key = { x->rig.key },
					  .key_n = 1,
					  .is_live = x->is_live,
					  .known_head = x->known_head,
					  .known_note = x->known_note,
					  .on_finding = on_finding,
					  .arg = x };

	x->found_n = 0;
	return audit_verify_run(&o, &x->result);
}

static void load_file(struct fixture *x, const char *name)
{
	struct file *f = &x->file[x->n++];
	int fd = openat(x->rig.dir_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	snprintf(f->name, sizeof f->name, "%s", name);
	f->text = calloc(1, FILE_MAX);
	n = read(fd, f->text, FILE_MAX - 1);
	assert_true(n > 0 && n < FILE_MAX - 1);
	f->n = (size_t)n;
	close(fd);
}

static void load(struct fixture *x)
{
	uint64_t first = 0;

	for (uint64_t at = 0; audit_file_find(x->rig.dir_fd, at, &first) == E_OK; at = first + 1) {
		char name[AUDIT_FILE_NAME + 1] = "";
		struct wbuf w = wbuf_of(name, AUDIT_FILE_NAME);

		audit_file_put_name(&w, first);
		load_file(x, name);
	}
	load_file(x, "head");
}

static void store(struct fixture *x, const char *name, const char *text, size_t n)
{
	int fd = openat(x->rig.dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

/* Back to the log as it was made. */
static void restore(struct fixture *x)
{
	for (size_t i = 0; i < x->n; i++)
		store(x, x->file[i].name, x->file[i].text, x->file[i].n);
	x->is_live = false;
	x->known_head = (struct view){ 0 };
}

/* Two runs: a crash between them leaves a torn line; the second is stopped in order, and rotated.
 */
static int set_up(void **state)
{
	struct fixture *x = calloc(1, sizeof *x);
	struct audit_rig_ring g = audit_rig_ring_new(1, RING_BYTES_SMALL);
	char object[64];

	audit_rig_open(&x->rig);
	for (unsigned run = 0; run < 2; run++) {
		audit_rig_boot(&x->rig, 0xb001 + run);
		audit_rig_attach(&x->rig, &g, "edge[0]");
		assert_int_equal(audit_rig_start(&x->rig), E_OK);
		for (unsigned i = 0; i < 40; i++) {
			snprintf(object, sizeof object, "https://www.example.nl/%u/%u", run, i);
			assert_true(audit_rig_put(&g, 1700000000000000u + i, object));
			audit_rig_turn(&x->rig, i % 10 == 9);
			if (run == 1 && i == 20)
				x->rig.a->segment.bytes = SEGMENT_BYTES; /* rotate */
		}
		if (run == 0) {
			char name[AUDIT_FILE_NAME + 1] = "";
			struct wbuf w = wbuf_of(name, AUDIT_FILE_NAME);
			int fd = -1;

			audit_file_put_name(&w, x->rig.a->segment.first);
			audit_rig_kill(&x->rig);
			fd = openat(x->rig.dir_fd, name, O_WRONLY | O_APPEND | O_CLOEXEC);
			assert_int_equal(write(fd, "{\"time\":\"2026-", 14), 14);
			close(fd);
		} else {
			audit_rig_stop(&x->rig);
		}
	}
	audit_rig_ring_done(&g);
	load(x);
	*state = x;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *x = *state;

	for (size_t i = 0; i < x->n; i++)
		free(x->file[i].text);
	audit_rig_close(&x->rig);
	free(x);
	return 0;
}

/* The nth line (from 1) of a file's text: position, and length with its newline. */
static size_t line_at(const struct file *f, unsigned number, size_t *ret_n)
{
	const char *at = f->text;

	for (unsigned i = 1; i < number; i++)
		at = strchr(at, '\n') + 1;
	*ret_n = (size_t)(strchr(at, '\n') + 1 - at);
	return (size_t)(at - f->text);
}

static unsigned lines_of(const struct file *f)
{
	unsigned n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->text[i] == '\n';
	return n;
}

static void expect(struct fixture *x, const char *file, uint64_t line, const char *what)
{
	assert_int_equal(verify(x), E_OK);
	for (size_t i = 0; i < x->found_n && i < FOUND_MAX; i++)
		if (strcmp(x->found[i].file, file) == 0 && x->found[i].line == line &&
		    strstr(x->found[i].what, what))
			return;
	for (size_t i = 0; i < x->found_n && i < FOUND_MAX; i++)
		print_message("found %s:%llu: %s\n", x->found[i].file,
			      (unsigned long long)x->found[i].line, x->found[i].what);
	fail_msg("not found: %s:%llu: %s", file, (unsigned long long)line, what);
}

static void test_whole(void **state)
{
	struct fixture *x = *state;

	restore(x);
	assert_int_equal(verify(x), E_OK);
	for (size_t i = 0; i < x->found_n; i++)
		print_message("%s:%llu: %s\n", x->found[i].file,
			      (unsigned long long)x->found[i].line, x->found[i].what);
	assert_int_equal(x->found_n, 0);
	assert_int_equal(x->result.segments, 3);
	assert_int_equal(x->result.first_seq, 1);
	assert_int_equal(x->result.crashes, 1);
	assert_true(x->result.is_stopped);
	assert_true(x->result.checkpoints >= 9);
	assert_int_equal(x->result.covered + 1, x->result.last_seq);
}

static void test_edit(void **state)
{
	struct fixture *x = *state;
	struct file *f = &x->file[1];
	size_t n = 0, at = line_at(f, 5, &n);
	char *text = strdup(f->text), *place = strstr(text + at, "\"result\":\"200\"");

	restore(x);
	place[11] = '4';
	store(x, f->name, text, f->n);
	expect(x, f->name, 5, "was changed");
	free(text);
}

/* The editor also mends the next line's hash: then that line gives him away, and so on to the end.
 */
static void test_edit_with_new_hashes(void **state)
{
	struct fixture *x = *state;
	struct file *f = &x->file[1];
	struct audit_hash digest = { 0 };
	size_t n = 0, at = line_at(f, 5, &n);
	char *text = strdup(f->text);

	restore(x);
	assert_int_equal(audit_hash_init(&digest), E_OK);
	memcpy(strstr(text + at, "\"result\":\"200\"") + 10, "403", 3);
	while (text[at]) {
		size_t line_n = (size_t)(strchr(text + at, '\n') - (text + at));
		struct audit_line_hash h = { 0 };
		uint8_t hex[64];
		struct wbuf w = wbuf_of(hex, sizeof hex);

		assert_int_equal(audit_hash_of(&digest, view_of(text + at, line_n), &h), E_OK);
		wbuf_hex(&w, view_of(h.b, sizeof h.b));
		at += line_n + 1;
		if (text[at])
			memcpy(strstr(text + at, "\"prev\":\"") + 8, hex, 64);
	}
	store(x, f->name, text, f->n);
	assert_int_equal(verify(x), E_OK);
	assert_true(x->found_n >= 2);
	assert_non_null(strstr(x->found[0].what, "the log was rewritten"));
	assert_string_equal(x->found[0].file, f->name);
	audit_hash_done(&digest);
	free(text);
}

static void test_removed_line(void **state)
{
	struct fixture *x = *state;
	struct file *f = &x->file[2];
	size_t n = 0, at = line_at(f, 4, &n);
	char *text = strdup(f->text);

	restore(x);
	memmove(text + at, text + at + n, f->n - at - n);
	store(x, f->name, text, f->n - n);
	expect(x, f->name, 4, "are missing before this line");
	free(text);
}

static void test_inserted_line(void **state)
{
	struct fixture *x = *state;
	struct file *f = &x->file[2];
	size_t n = 0, at = line_at(f, 4, &n);
	char *text = malloc(f->n + n);

	restore(x);
	memcpy(text, f->text, at + n);
	memcpy(text + at + n, f->text + at, f->n - at);
	store(x, f->name, text, f->n + n);
	expect(x, f->name, 5, "out of order, or put in");
	free(text);
}

static void test_swapped_lines(void **state)
{
	struct fixture *x = *state;
	struct file *f = &x->file[0];
	size_t n = 0, m = 0, at = line_at(f, 6, &n), next = line_at(f, 7, &m);
	char *text = strdup(f->text);

	restore(x);
	memcpy(text + at, f->text + next, m);
	memcpy(text + at + m, f->text + at, n);
	store(x, f->name, text, f->n);
	expect(x, f->name, 6, "missing before this line");
	expect(x, f->name, 7, "out of order");
	free(text);
}

/* A cut tail, with and without the head file put back to what the rest of the log says. */
static void test_cut_tail(void **state)
{
	struct fixture *x = *state;
	struct file *f = &x->file[2];
	unsigned last = lines_of(f);

	for (unsigned keep = 1; keep < last; keep++) {
		size_t n = 0, end = line_at(f, keep + 1, &n);

		restore(x);
		store(x, f->name, f->text, end);
		expect(x, f->name, keep, "ends here without a stop checkpoint");
		unlinkat(x->rig.dir_fd, "head", 0);
		expect(x, f->name, keep, "ends here without a stop checkpoint");
	}
	restore(x);
	x->is_live = true; /* a running instance has no stop; its head gives the cut away */
	store(x, f->name, f->text, line_at(f, 3, &(size_t){ 0 }));
	expect(x, "head", 0, "its tail was cut");
}

/* Half of the last line is gone. */
static void test_torn_tail(void **state)
{
	struct fixture *x = *state;
	struct file *f = &x->file[2];

	restore(x);
	store(x, f->name, f->text, f->n - 10);
	expect(x, f->name, lines_of(f) - 1, "bytes of a torn line");
}

static void test_missing_segment(void **state)
{
	struct fixture *x = *state;

	restore(x);
	unlinkat(x->rig.dir_fd, x->file[1].name, 0);
	expect(x, x->file[2].name, 1, "are missing before this segment");
	restore(x);
	unlinkat(x->rig.dir_fd, x->file[0].name, 0);
	expect(x, x->file[1].name, 1, "no signed retention record");
	restore(x);
	unlinkat(x->rig.dir_fd, x->file[2].name, 0);
	expect(x, x->file[1].name, lines_of(&x->file[1]), "without a stop checkpoint");
	expect(x, "head", 0, "its tail was cut");
	restore(x);
}

static void test_torn_line_accounted(void **state)
{
	struct fixture *x = *state;
	struct file *f = &x->file[0];

	restore(x);
	store(x, f->name, f->text, f->n - 1); /* 13 of the 14 torn bytes */
	expect(x, x->file[1].name, 1, "ends in 13 torn bytes, but 14");
	restore(x);
	store(x, f->name, f->text, f->n - 14);
	expect(x, x->file[1].name, 1, "ends in 0 torn bytes, but 14");
	restore(x);
}

static void test_false_signature(void **state)
{
	struct fixture *x = *state;
	struct file *f = &x->file[1];
	char *text = strdup(f->text), *place = strstr(text, "\"signature\":\"") + 20;
	unsigned line = 1;

	restore(x);
	*place = *place == 'A' ? 'B' : 'A';
	for (const char *p = text; p < place; p++)
		line += *p == '\n';
	store(x, f->name, text, f->n);
	expect(x, f->name, line, "signature is false");
	free(text);
}

static void test_other_key(void **state)
{
	struct fixture *x = *state;
	struct audit_key keep = x->rig.key;

	restore(x);
	x->rig.key.b[0] ^= 1;
	assert_int_equal(verify(x), E_OK);
	assert_true(x->result.checkpoints == 0 && x->found_n > 5);
	assert_non_null(strstr(x->found[0].what, "key that was not given"));
	x->rig.key = keep;
}

static void test_head(void **state)
{
	struct fixture *x = *state;
	struct file *h = &x->file[3];
	char *old = strstr(x->file[1].text, "\"kind\":\"checkpoint\"");
	size_t n = 0, at = 0;
	unsigned number = 1;

	for (const char *p = x->file[1].text; p < old; p++)
		number += *p == '\n';
	at = line_at(&x->file[1], number, &n);
	restore(x);
	unlinkat(x->rig.dir_fd, "head", 0);
	expect(x, "head", 0, "is missing");
	store(x, "head", h->text, h->n / 2);
	expect(x, "head", 1, "is not an audit record");
	/* An older head is what a crash leaves: it is true, only not the newest. */
	store(x, "head", x->file[1].text + at, n);
	assert_int_equal(verify(x), E_OK);
	assert_int_equal(x->found_n, 0);
	restore(x);
}

/* The whole last run is taken back, head included: only a head kept elsewhere can tell. */
static void test_known_head(void **state)
{
	struct fixture *x = *state;
	struct file *h = &x->file[3];

	restore(x);
	x->known_head = view_of(h->text, h->n - 1);
	assert_int_equal(verify(x), E_OK);
	assert_int_equal(x->found_n, 0);
	unlinkat(x->rig.dir_fd, x->file[2].name, 0);
	unlinkat(x->rig.dir_fd, "head", 0);
	x->known_head = view_of(h->text, h->n - 1);
	expect(x, "the head kept elsewhere", 0, "its tail was cut");
	restore(x);
}

/* Property: no single changed byte anywhere in the log goes unnoticed. */
static void test_every_byte(void **state)
{
	struct fixture *x = *state;
	struct rng g = { .s = { 3, 1, 4, 1 } };

	for (unsigned i = 0; i < 400; i++) {
		struct file *f = &x->file[rng_below(&g, (uint32_t)x->n)];
		size_t at = rng_below(&g, (uint32_t)f->n);
		char *text = malloc(f->n), to = (char)rng_next(&g);

		memcpy(text, f->text, f->n);
		text[at] = to != text[at] ? to : (char)(to ^ 1);
		/* Torn bytes are no record: only their number counts. */
		if (f == &x->file[0] && at >= f->n - 14 && text[at] != '\n') {
			free(text);
			continue;
		}
		restore(x);
		store(x, f->name, text, f->n);
		assert_int_equal(verify(x), E_OK);
		if (x->found_n == 0)
			fail_msg("%s byte %zu: '%c' became '%c' unnoticed", f->name, at,
				 f->text[at], text[at]);
		free(text);
	}
	restore(x);
}

/* What retention took away is accounted for; what anybody else takes away is not. */
static void test_retention(void **state)
{
	struct fixture *x = calloc(1, sizeof *x);
	struct audit_rig_ring g = audit_rig_ring_new(1, RING_BYTES_SMALL);
	uint64_t first = 0;
	char name[AUDIT_FILE_NAME + 1] = "";
	struct wbuf w = wbuf_of(name, AUDIT_FILE_NAME);

	(void)state;
	audit_rig_open(&x->rig);
	audit_rig_boot(&x->rig, 9);
	audit_rig_attach(&x->rig, &g, "edge[0]");
	assert_int_equal(audit_rig_start(&x->rig), E_OK);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(audit_rig_put(&g, 1, "x"));
		audit_rig_turn(&x->rig, false);
		x->rig.a->segment.bytes = SEGMENT_BYTES;
		audit_rig_turn(&x->rig, true);
	}
	usleep(1100 * 1000);
	x->rig.a->retention_s = 1;
	for (unsigned i = 0; i < 4; i++) { /* two of the five go */
		x->rig.a->retention.due_ms = i < 2 ? 0 : UINT64_MAX;
		audit_rig_turn(&x->rig, true);
	}
	x->rig.a->retention_s = 0;
	audit_rig_stop(&x->rig);
	assert_int_equal(audit_file_find(x->rig.dir_fd, 0, &first), E_OK);
	assert_true(first > 1);
	assert_int_equal(verify(x), E_OK);
	assert_int_equal(x->found_n, 0);
	assert_true(x->result.first_seq == first && x->result.is_stopped);
	audit_file_put_name(&w, first);
	assert_int_equal(unlinkat(x->rig.dir_fd, name, 0), 0);
	assert_int_equal(verify(x), E_OK);
	assert_int_equal(x->found_n, 1);
	assert_non_null(strstr(x->found[0].what, "no signed retention record"));
	audit_rig_close(&x->rig);
	audit_rig_ring_done(&g);
	free(x);
}

/* An audit role that was taken over chains its lines in order, and has something else signed as
 * their tree; or begins a segment with a tree that is not that of the lines. */
static void test_lying_tree(void **state)
{
	static const char *const said[] = { "the checkpoint's tree is not",
					    "the segment's tree is not", "another size" };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(said); i++) {
		struct fixture *x = calloc(1, sizeof *x);
		bool is_found = false;

		audit_rig_open(&x->rig);
		audit_rig_boot(&x->rig, 5);
		CHECK_OK(audit_rig_start(&x->rig));
		audit_rig_turn(&x->rig, true);
		if (i == 2)
			CHECK_OK(merkle_append(&x->rig.a->chain.digest, &x->rig.a->chain.tree,
					       &x->rig.a->chain.hash));
		else
			for (unsigned k = 0; k < MERKLE_LEVELS; k++)
				x->rig.a->chain.tree.node[k].b[9] ^= 1;
		if (i == 1)
			x->rig.a->segment.bytes = SEGMENT_BYTES;
		x->rig.a->checkpoints.worth = UINT64_MAX;
		audit_rig_turn(&x->rig, i != 1);
		audit_rig_stop(&x->rig);
		CHECK_OK(verify(x));
		for (size_t n = 0; n < x->found_n; n++)
			is_found |= strstr(x->found[n].what, said[i]) != NULL;
		CHECK_ROW(said[i], is_found);
		audit_rig_close(&x->rig);
		free(x);
	}
}

/* A signed checkpoint of the tree that was kept elsewhere, as a witness has it (P9). */
static void test_known_note(void **state)
{
	struct fixture *x = *state;
	char note[1024] = "", false_note[1024] = "";
	int fd = openat(x->rig.dir_fd, "checkpoint", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, note, sizeof note - 1);

	close(fd);
	assert_true(n > 0);
	restore(x);
	x->known_note = view_of(note, (size_t)n);
	assert_int_equal(verify(x), E_OK);
	assert_int_equal(x->found_n, 0);
	assert_true(x->result.tree_size == x->result.last_seq);
	unlinkat(x->rig.dir_fd, x->file[2].name, 0);
	expect(x, "the checkpoint kept elsewhere", 0, "its tail was cut");
	restore(x);
	memcpy(false_note, note, sizeof note);
	*strchr(false_note, '=') = 'A';
	x->known_note = view_of(false_note, (size_t)n);
	expect(x, "the checkpoint kept elsewhere", 0, "is no signed checkpoint");
	x->known_note = (struct view){ 0 };
	restore(x);
}

static void test_empty(void **state)
{
	struct fixture *x = calloc(1, sizeof *x);

	(void)state;
	audit_rig_open(&x->rig);
	assert_int_equal(verify(x), E_CLOSED);
	audit_rig_close(&x->rig);
	free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_edit),
		cmocka_unit_test(test_edit_with_new_hashes),
		cmocka_unit_test(test_removed_line),
		cmocka_unit_test(test_inserted_line),
		cmocka_unit_test(test_swapped_lines),
		cmocka_unit_test(test_cut_tail),
		cmocka_unit_test(test_torn_tail),
		cmocka_unit_test(test_missing_segment),
		cmocka_unit_test(test_torn_line_accounted),
		cmocka_unit_test(test_false_signature),
		cmocka_unit_test(test_other_key),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_known_head),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_retention),
		cmocka_unit_test(test_lying_tree),
		cmocka_unit_test(test_known_note),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests_name("audit_verify", tests, set_up, tear_down);
}
