/*
 * The verifier as the keeper starts it, sandbox and all: every question in it (a system call that
 * its table lacks would end it), an authority that has been taken over (A20), bytes of strangers
 * that claim more than there is (A22), and what is left of a password in its memory (A10).
 */
#include "ipc/keeper_role.h"
#include "ipc/ring.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "sys/spawn.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"
#include "tests/unit/role/verifier/soft_key.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEST_UID = 61197, WAIT_MS = 20000 };

static const char *program;

struct life {
	pid_t pid;
	int keeper, pidfd, authority;
	struct ring_reader log;
	uint8_t buf[FRAME_MAX];
	struct frame f; /* the last answer */
};

static void tell(struct life *l, uint8_t type, struct view body, const int *fds, unsigned n)
{
	enum err e = frame_send(l->keeper, type, 0, body, fds, n);

	assert_true(e == E_OK || e == E_CLOSED);
}

static void tell_image(struct life *l)
{
	static const uint8_t body[4] = { 0 };
	static const char yaml[] =
		"listeners:\n  - {name: a, address: \"127.0.0.1:80\", protocol: http}\n"
		"backends:\n  - {name: w, servers: [\"127.0.0.1:1\"]}\n"
		"routes:\n  - {hosts: [\"*\"], backend: w}\n";
	char path[64];
	AUTO_FD text = memfd_create("yaml", 0), fd = -1;
	struct conf_input in = { .path = path, .sink = make_image_print };
	struct conf_result result = { 0 };

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", text);
	assert_int_equal(fd_write_all(text, view_str(yaml)), E_OK);
	assert_int_equal(conf_check_file(&in, &result, &fd), E_OK);
	tell(l, KEEPER_IMAGE, view_of(body, sizeof body), &fd, 1);
}

static void tell_ring(struct life *l)
{
	static const uint8_t body[7] = { 0, 0, 0, 1, ROLE_VERIFIER, 0, 0 };
	struct ring_data *data = NULL;
	size_t bytes = 0;
	int fds[2];

	assert_int_equal(shm_new("ring", ring_data_bytes(RING_BYTES_SMALL), &fds[0]), E_OK);
	assert_int_equal(shm_new("cursor", sizeof(struct ring_cursor), &fds[1]), E_OK);
	assert_int_equal(shm_map(fds[0], true, (void **)&data, &bytes), E_OK);
	ring_init(data, RING_BYTES_SMALL);
	shm_unmap(data, bytes);
	assert_int_equal(ring_reader_map(fds[0], fds[1], &l->log), E_OK);
	tell(l, KEEPER_RING, view_of(body, sizeof body), fds, 2);
	fd_close(fds[0]);
	fd_close(fds[1]);
}

/* A channel as the authority has it; our end. */
static int tell_authority(struct life *l)
{
	static const uint8_t body[3] = { ROLE_AUTHORITY, 0, 0 };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	tell(l, KEEPER_CHANNEL, view_of(body, sizeof body), &pair[1], 1);
	fd_close(pair[1]);
	return pair[0];
}

static void spawn(struct life *l)
{
	static const uint8_t identity[11] = { ROLE_VERIFIER, 0, 0, 0, 0, 0, 1 };
	struct spawn_spec spec = { .program = program,
				   .argv0 = "sluis-verifier",
				   .uid = TEST_UID,
				   .gid = TEST_UID,
				   .memlock = 256u << 20,
				   .cgroup_fd = -1 };
	const char *why = NULL;
	int pair[2];

	*l = (struct life){ .keeper = -1, .pidfd = -1, .authority = -1 };
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	spec.channel_fd = pair[1];
	assert_int_equal(spawn_role(&spec, &l->pid, &l->pidfd, &why), E_OK);
	fd_close(pair[1]);
	l->keeper = pair[0];
	tell(l, KEEPER_IDENTITY, view_of(identity, sizeof identity), NULL, 0);
}

static enum err receive(struct life *l, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	return frame_receive(fd, l->buf, &l->f);
}

static int setup(void **state)
{
	static struct life life;
	struct life *l = &life;

	spawn(l);
	tell_image(l);
	tell_ring(l);
	tell(l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
	assert_int_equal(receive(l, l->keeper), E_OK);
	assert_int_equal(l->f.type, ROLE_READY);
	l->authority = tell_authority(l);
	*state = l;
	return 0;
}

static int end(struct life *l)
{
	int status = 0;

	for (unsigned i = 0; waitpid(l->pid, &status, WNOHANG) == 0; i++) {
		if (i == WAIT_MS / 10)
			kill(l->pid, SIGKILL);
		usleep(10 * 1000);
	}
	fd_close(l->keeper);
	fd_close(l->pidfd);
	if (l->authority >= 0)
		fd_close(l->authority);
	if (l->log.data)
		ring_reader_unmap(&l->log);
	return status;
}

static int teardown(void **state)
{
	static const uint8_t body[4] = { 0, 0, 0, 1 };
	struct life *l = *state;

	tell(l, KEEPER_DRAIN, view_of(body, sizeof body), NULL, 0);
	assert_int_equal(end(l), 0); /* it lived to the end, and left in order */
	return 0;
}

static void ask(struct life *l, uint8_t type, const struct wbuf *w, uint8_t want)
{
	assert_false(w->bad);
	assert_int_equal(frame_send(l->authority, type, 7, wbuf_view(w), NULL, 0), E_OK);
	assert_int_equal(receive(l, l->authority), E_OK);
	assert_int_equal(l->f.type, want);
	assert_int_equal(l->f.seq, 7);
}

static struct verified_password ask_password(struct life *l, struct view encoded, const char *text)
{
	struct verify_password q = { encoded, view_str(text) };
	struct verified_password a = { 0 };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	(void)verify_password_put(&w, &q);
	ask(l, VERIFY_PASSWORD, &w, VERIFIED_PASSWORD);
	assert_int_equal(verified_password_get(l->f.body, &a), E_OK);
	return a;
}

static struct wbuf ask_hash(struct life *l, const char *text, uint8_t encoded[256])
{
	struct verify_hash q = { view_str(text) };
	struct verified_hash a = { 0 };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body), ret = wbuf_of(encoded, 256);

	(void)verify_hash_put(&w, &q);
	ask(l, VERIFY_HASH, &w, VERIFIED_HASH);
	assert_int_equal(verified_hash_get(l->f.body, &a), E_OK);
	wbuf_view_put(&ret, a.encoded);
	return ret;
}

/* Whether the process has these bytes anywhere in memory that it may write. */
static bool memory_has(struct life *l, const char *needle)
{
	char path[64], line[512];
	FILE *maps = NULL;
	bool found = false;
	int mem = -1;

	(void)snprintf(path, sizeof path, "/proc/%d/mem", l->pid);
	mem = open(path, O_RDONLY);
	(void)snprintf(path, sizeof path, "/proc/%d/maps", l->pid);
	maps = fopen(path, "r");
	assert_non_null(maps);
	while (fgets(line, sizeof line, maps)) {
		unsigned long from = 0, to = 0;
		char rights[8] = "";

		if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3 || rights[1] != 'w')
			continue;
		for (unsigned long at = from; at < to && !found; at += 1 << 20) {
			static char block[(1 << 20) + 64];
			size_t n = to - at < sizeof block ? to - at : sizeof block;
			ssize_t got = pread(mem, block, n, (off_t)at);

			found = got > 0 && memmem(block, (size_t)got, needle, strlen(needle));
		}
	}
	fclose(maps);
	close(mem);
	return found;
}

static void test_password(void **state)
{
	static const char secret[] = "a-passphrase-that-is-only-here";
	struct life *l = *state;
	uint8_t encoded[256];
	struct wbuf w = ask_hash(l, secret, encoded);

	assert_true(ask_password(l, wbuf_view(&w), secret).is_right);
	assert_false(ask_password(l, wbuf_view(&w), "wrong").is_right);
	assert_false(ask_password(l, (struct view){ 0 }, secret).is_right);
	/* the process may not be looked into by others, not even here, unless the test is root */
	if (geteuid() == 0) {
		assert_false(memory_has(l, secret));
		assert_true(memory_has(l, "verifier")); /* the search works: log_role */
	}
}

static void test_bad_hash(void **state)
{
	static const char *const rows[] = { "x", "$argon2id$v=19$m=262144,t=1,p=1$c2FsdHNhbHQ$AAAA",
					    "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA" };
	struct life *l = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct verify_password q = { view_str(rows[i]), VIEW("pw") };
		uint8_t body[FRAME_BODY_MAX];
		struct wbuf w = wbuf_of(body, sizeof body);

		(void)verify_password_put(&w, &q);
		ask(l, VERIFY_PASSWORD, &w, VERIFIED_NOT);
	}
}

static struct verified_credential ask_attestation(struct life *l, const struct soft_out *o)
{
	struct verified_credential a = { 0 };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	(void)verify_attestation_put(&w, &o->attestation);
	ask(l, VERIFY_ATTESTATION, &w, VERIFIED_CREDENTIAL);
	assert_int_equal(verified_credential_get(l->f.body, &a), E_OK);
	return a;
}

static struct verified_assertion ask_assertion(struct life *l, const struct soft_out *o)
{
	struct verified_assertion a = { 0 };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	(void)verify_assertion_put(&w, &o->assertion);
	ask(l, VERIFY_ASSERTION, &w, VERIFIED_ASSERTION);
	assert_int_equal(verified_assertion_get(l->f.body, &a), E_OK);
	return a;
}

/* All algorithms and formats, in the sandbox, on the heap of fixed size; often. */
static void test_passkeys(void **state)
{
	static struct soft_out o;
	struct life *l = *state;

	for (enum soft_kind kind = SOFT_ES256; kind < SOFT_KINDS; kind++) {
		struct soft_key k;

		soft_key_open(&k, kind);
		for (unsigned i = 0; i < 150; i++) {
			struct soft_how how = { .format = (enum soft_format)(i % 3) },
					bad = { .breaks_signature = true };
			uint8_t key[GATE_KEY_MAX];
			struct wbuf w = wbuf_of(key, sizeof key);
			struct verified_credential v = { 0 };

			soft_key_make(&k, &how, &o);
			v = ask_attestation(l, &o);
			if (!v.is_right)
				fail_msg("%.*s", (int)v.why.n, v.why.p);
			wbuf_view_put(&w, v.key);
			soft_key_show(&k, &how, wbuf_view(&w), &o);
			assert_true(ask_assertion(l, &o).is_right);
			soft_key_show(&k, &bad, wbuf_view(&w), &o);
			assert_false(ask_assertion(l, &o).is_right);
		}
		soft_key_close(&k);
	}
}

/* CBOR that claims what is not there, or is deeper than any stack. */
static void test_bombs(void **state)
{
	static const struct {
		const char *head;
		size_t n;
		int fill;
	} rows[] = {
		{ "\x9b\xff\xff\xff\xff\xff\xff\xff\xff", 9, 0 },
		{ "\xbb\x00\x00\x00\x01\x00\x00\x00\x00", 9, 0 },
		{ "\x9a\xff\xff\xff\xff", 5, 0 },
		{ "\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", 9, 0 },
		{ "\x9a\x00\x08\x00\x00", 5, 0x9a },
		{ "", 0, 0x81 },
		{ "", 0, 0x9f },
		{ "", 0, 0xa1 },
		{ "", 0, 0xc1 },
		{ "", 0, 0x5f },
		{ "", 0, 0xff },
	};
	static struct soft_out o;
	struct life *l = *state;
	struct soft_how how = { 0 };
	struct soft_key k;

	soft_key_open(&k, SOFT_ES256);
	soft_key_make(&k, &how, &o);
	for (size_t i = 0; i < COUNT_OF(rows) * 20; i++) {
		const char *head = rows[i % COUNT_OF(rows)].head;

		memset(o.object, rows[i % COUNT_OF(rows)].fill, sizeof o.object);
		memcpy(o.object, head, rows[i % COUNT_OF(rows)].n);
		o.attestation.attestation = view_of(o.object, 2300);
		assert_false(ask_attestation(l, &o).is_right);
	}
	soft_key_make(&k, &how, &o); /* and all of it is there again */
	assert_true(ask_attestation(l, &o).is_right);
	soft_key_close(&k);
}

/* Each row of the table with a wrong type, length or descriptor: that channel ends, no other does.
 */
static void test_hostile(void **state)
{
	static const struct {
		uint8_t type;
		uint16_t n;
		bool has_fd;
	} rows[] = {
		{ 0, 0, false },
		{ 5, 64, false },
		{ 255, 64, false },
		{ VERIFY_HASH, 0, false },
		{ VERIFY_HASH, 1, false },
		{ VERIFY_HASH, 3, false },
		{ VERIFY_HASH, FRAME_BODY_MAX, false },
		{ VERIFY_HASH, 2, true },
		{ VERIFY_PASSWORD, 3, false },
		{ VERIFY_PASSWORD, 5, false },
		{ VERIFY_PASSWORD, 4, true },
		{ VERIFY_ATTESTATION, 39, false },
		{ VERIFY_ATTESTATION, 41, false },
		{ VERIFY_ASSERTION, 47, false },
		{ VERIFY_ASSERTION, 49, false },
		{ VERIFY_ASSERTION, FRAME_BODY_MAX, false },
	};
	static const uint8_t body[FRAME_BODY_MAX];
	struct life *l = *state;
	uint8_t record[RING_RECORD_MAX];
	struct view v = { 0 };
	int null = open("/dev/null", O_RDONLY);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int fd = tell_authority(l);

		assert_int_equal(frame_send(fd, rows[i].type, 1, view_of(body, rows[i].n), &null,
					    rows[i].has_fd),
				 E_OK);
		if (receive(l, fd) != E_CLOSED)
			fail_msg("row %zu was answered", i);
		assert_int_equal(ring_get(&l->log, record, &v), E_OK);
		ring_release(&l->log);
		close(fd);
	}
	close(null);
	assert_false(ask_password(l, (struct view){ 0 }, "pw").is_right); /* the first one stands */
}

/* More authorities than there are: refused, and the one that works is not disturbed. */
static void test_room(void **state)
{
	struct life *l = *state;
	int fds[8];

	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = tell_authority(l);
	assert_int_equal(receive(l, fds[COUNT_OF(fds) - 1]), E_CLOSED);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
	assert_false(ask_password(l, (struct view){ 0 }, "pw").is_right);
}

/* One that asks and never reads waits alone. */
static void test_stuck(void **state)
{
	static struct soft_out o;
	struct life *l = *state;
	struct soft_how how = { 0 };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct soft_key k;
	int fd = tell_authority(l);
	unsigned asked = 0, got = 0;

	soft_key_open(&k, SOFT_ES256);
	soft_key_make(&k, &how, &o);
	(void)verify_attestation_put(&w, &o.attestation);
	assert_int_equal(fd_set_nonblocking(fd), E_OK);
	for (unsigned before = 1; asked != before; usleep(100 * 1000)) {
		before = asked;
		while (frame_send(fd, VERIFY_ATTESTATION, asked, wbuf_view(&w), NULL, 0) == E_OK)
			asked++;
	}
	assert_false(ask_password(l, (struct view){ 0 }, "pw").is_right);
	while (got < asked && receive(l, fd) == E_OK)
		assert_int_equal(l->f.seq, got++);
	assert_int_equal(got, asked);
	close(fd);
	soft_key_close(&k);
}

static void test_boot(void **state)
{
	static const uint8_t edge[3] = { ROLE_EDGE, 0, 0 };
	struct life l;
	int pair[2];

	(void)state;
	spawn(&l); /* no image */
	tell(&l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
	assert_int_equal(receive(&l, l.keeper), E_OK);
	assert_int_equal(l.f.type, ROLE_FAILED);
	assert_int_equal(WEXITSTATUS(end(&l)), 1);
	spawn(&l); /* an edge has nothing to ask here */
	tell_image(&l);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	tell(&l, KEEPER_CHANNEL, view_of(edge, sizeof edge), &pair[1], 1);
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(WEXITSTATUS(end(&l)), 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_password, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_hash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_passkeys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bombs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stuck, setup, teardown),
		cmocka_unit_test(test_boot),
	};

	if (argc != 2)
		return 2;
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
