/*
 * The audit process as the keeper starts it, sandbox and all, with a keeper that the test plays:
 * whole lives of it (records, kill, restart, drain), and every way a keeper's message can be wrong
 * (THREATS A20, P5, P11).
 */
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "sys/spawn.h"
#include "tests/unit/check.h"
#include "tests/unit/role/audit_rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEST_UID = 61198, WAIT_MS = 5000 };

static const char *program;

struct life {
	struct audit_rig rig; /* its directory and its signer; the role is a process */
	pid_t pid;
	int keeper, pidfd, signer;
	char report[600];
};

static void open_log(struct life *l)
{
	*l = (struct life){ .keeper = -1, .pidfd = -1, .signer = -1 };
	audit_rig_open(&l->rig);
	if (geteuid() == 0)
		assert_int_equal(chown(l->rig.dir, TEST_UID, TEST_UID), 0);
}

static void spawn(struct life *l)
{
	struct spawn_spec spec = { .program = program,
				   .argv0 = "sluis-audit",
				   .uid = TEST_UID,
				   .gid = TEST_UID,
				   .cgroup_fd = -1 };
	const char *why = NULL;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	spec.channel_fd = pair[1];
	assert_int_equal(spawn_role(&spec, &l->pid, &l->pidfd, &why), E_OK);
	fd_close(pair[1]);
	l->keeper = pair[0];
}

static void tell(struct life *l, uint8_t type, struct view body, const int *fds, unsigned n)
{
	/* A role that has already refused is gone: that is what the test then sees. */
	enum err e = frame_send(l->keeper, type, 0, body, fds, n);

	assert_true(e == E_OK || e == E_CLOSED);
}

static void tell_identity(struct life *l, uint32_t boot_id)
{
	uint8_t body[11];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u8(&w, ROLE_AUDIT);
	wbuf_u16(&w, 0);
	wbuf_u32(&w, boot_id);
	wbuf_u32(&w, 0);
	tell(l, KEEPER_IDENTITY, wbuf_view(&w), NULL, 0);
}

static void tell_ring(struct life *l, const struct audit_rig_ring *g)
{
	uint8_t body[7];
	struct wbuf w = wbuf_of(body, sizeof body);
	int fds[2] = { -1, g->cursor_fd };

	assert_int_equal(shm_reopen_readonly(g->data_fd, &fds[0]), E_OK);
	wbuf_u32(&w, g->id);
	wbuf_u8(&w, ROLE_EDGE);
	wbuf_u16(&w, 3);
	tell(l, KEEPER_RING, wbuf_view(&w), fds, 2);
	fd_close(fds[0]);
}

static void tell_signer(struct life *l)
{
	static const uint8_t body[3] = { ROLE_SIGNER, 0, 0 };
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	tell(l, KEEPER_CHANNEL, view_of(body, sizeof body), &pair[1], 1);
	fd_close(pair[1]);
	fd_close(l->rig.signer_fd);
	l->rig.signer_fd = pair[0];
}

/* The next frame from the role, while the test goes on being its signer. */
static enum err hear(struct life *l, struct frame *f)
{
	static uint8_t buf[FRAME_MAX];
	uint64_t until = clock_mono_ms() + WAIT_MS;

	while (clock_mono_ms() < until) {
		struct pollfd p[2] = { { .fd = l->keeper, .events = POLLIN },
				       { .fd = l->rig.signer_fd, .events = POLLIN } };

		audit_rig_sign(&l->rig);
		if (poll(p, 2, 20) > 0 && p[0].revents)
			return frame_receive(l->keeper, buf, f);
	}
	return E_AGAIN;
}

static void ready(struct life *l, uint32_t boot_id, const struct audit_rig_ring *g)
{
	struct frame f = { 0 };

	spawn(l);
	tell_identity(l, boot_id);
	tell(l, KEEPER_PATH, (struct view){ 0 }, &l->rig.dir_fd, 1);
	tell_signer(l);
	if (g)
		tell_ring(l, g);
	tell(l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
	assert_int_equal(hear(l, &f), E_OK);
	snprintf(l->report, sizeof l->report, "%.*s", (int)(f.body.n < 500 ? f.body.n : 500),
		 (const char *)f.body.p + 2);
	if (f.type != ROLE_READY)
		fail_msg("not ready: %s", l->report);
}

static int ended(struct life *l)
{
	int status = 0;
	struct frame f = { 0 };

	while (l->keeper >= 0 && hear(l, &f) == E_OK)
		frame_done(&f);
	for (unsigned i = 0; waitpid(l->pid, &status, WNOHANG) == 0; i++) {
		assert_true(i < WAIT_MS / 10);
		audit_rig_sign(&l->rig);
		usleep(10 * 1000);
	}
	l->keeper = fd_close(l->keeper);
	l->pidfd = fd_close(l->pidfd);
	return status;
}

static void close_log(struct life *l)
{
	if (l->keeper >= 0) {
		kill(l->pid, SIGKILL);
		(void)ended(l);
	}
	fd_close(l->rig.signer_fd);
	audit_rig_close(&l->rig);
}

static int drain(struct life *l)
{
	static const uint8_t body[4] = { 0, 0, 0x10, 0 };

	tell(l, KEEPER_DRAIN, view_of(body, sizeof body), NULL, 0);
	return ended(l);
}

static void wait_for(struct life *l, const char *text, size_t n)
{
	for (unsigned i = 0; i < 200; i++) {
		audit_rig_sign(&l->rig);
		if (audit_rig_count(&l->rig, text) >= n)
			return;
		usleep(20 * 1000);
	}
	fail_msg("%zu times in the log, not %zu: %s", audit_rig_count(&l->rig, text), n, text);
}

/* Killed again and again under load, then drained: every record once, and a signed end. */
static void test_life(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES);
	struct life l;
	char object[64];
	unsigned total = 0;
	int status = 0;

	(void)state;
	open_log(&l);
	for (unsigned round = 0; round < 8; round++) {
		ready(&l, 77, &g);
		for (unsigned i = 0; i < 2000; i++) {
			snprintf(object, sizeof object, "object-%u-", total++);
			assert_true(audit_rig_put(&g, 1700000000000000u, object));
			if (i % 500 == 499)
				usleep(12 * 1000);
		}
		if (round == 7)
			break;
		kill(l.pid, SIGKILL);
		assert_true(WIFSIGNALED(ended(&l)));
	}
	status = drain(&l);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	for (unsigned i = 0; i < total; i += 997) {
		snprintf(object, sizeof object, "\"object-%u-\"", i);
		assert_int_equal(audit_rig_count(&l.rig, object), 1);
	}
	assert_int_equal(audit_rig_count(&l.rig, "\"kind\":\"access\""), total);
	assert_int_equal(audit_rig_count(&l.rig, "\"writer\":\"edge[3]\""), total);
	assert_int_equal(audit_rig_count(&l.rig, "\"is_stop\":true"), 1);
	assert_int_equal(audit_rig_count(&l.rig, "audit.broken"), 0);
	close_log(&l);
	audit_rig_ring_done(&g);
}

static void test_sandbox_is_whole(void **state)
{
	struct life l;

	(void)state;
	open_log(&l);
	ready(&l, 1, NULL);
	assert_non_null(strstr(l.report, "netns"));
	assert_non_null(strstr(l.report, "landlock"));
	assert_non_null(strstr(l.report, "seccomp"));
	/* A checkpoint, a head and the key file: all of the role's file operations have run. */
	wait_for(&l, "\"kind\":\"checkpoint\"", 1);
	close_log(&l);
}

/* Ring and signer that come and go in the run phase. */
static void test_run_phase(void **state)
{
	static const uint8_t id[4] = { 0, 0, 0, 9 };
	struct audit_rig_ring g = audit_rig_ring_new(9, RING_BYTES_SMALL);
	struct life l;
	struct frame f = { 0 };

	(void)state;
	open_log(&l);
	ready(&l, 1, NULL);
	tell_ring(&l, &g);
	audit_rig_put(&g, 1, "late ring");
	wait_for(&l, "\"late ring\"", 1);
	tell_signer(&l);
	audit_rig_put(&g, 1, "new signer");
	wait_for(&l, "\"new signer\"", 1);
	audit_rig_put(&g, 1, "last words");
	tell(&l, KEEPER_RING_END, view_of(id, sizeof id), NULL, 0);
	assert_int_equal(hear(&l, &f), E_OK);
	assert_int_equal(f.type, ROLE_RING_DONE);
	assert_true(view_eq(f.body, view_of(id, sizeof id)));
	assert_int_equal(audit_rig_count(&l.rig, "\"last words\""), 1);
	/* A ring that never was is done at once. */
	tell(&l, KEEPER_RING_END, view_of(id, sizeof id), NULL, 0);
	assert_int_equal(hear(&l, &f), E_OK);
	assert_int_equal(f.type, ROLE_RING_DONE);
	close_log(&l);
	audit_rig_ring_done(&g);
}

/* Without a signer the log ends unsigned, and the exit status says so. */
static void test_drain_without_signer(void **state)
{
	struct life l;
	int status = 0;

	(void)state;
	open_log(&l);
	ready(&l, 1, NULL);
	l.rig.signer_fd = fd_close(l.rig.signer_fd);
	status = drain(&l);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_int_equal(audit_rig_count(&l.rig, "\"is_stop\":true"), 0);
	close_log(&l);
}

static void test_keeper_gone(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(9, RING_BYTES_SMALL);
	struct life l;
	int status = 0;

	(void)state;
	open_log(&l);
	ready(&l, 1, &g);
	audit_rig_put(&g, 1, "the last record");
	l.keeper = fd_close(l.keeper);
	status = ended(&l);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(audit_rig_count(&l.rig, "\"the last record\""), 1);
	assert_int_equal(audit_rig_count(&l.rig, "\"is_stop\":true"), 1);
	close_log(&l);
	audit_rig_ring_done(&g);
}

struct bad_frame {
	const char *name;
	uint8_t type;
	uint16_t n;
	unsigned fds;
	bool in_run; /* sent after READY */
};

/* Each of these ends the role: the keeper that the design assumes hostile gets nothing. */
static const struct bad_frame bad_frames[] = {
	{ "unknown type", 200, 0, 0, false },
	{ "a second identity", KEEPER_IDENTITY, 11, 0, false },
	{ "drain before go", KEEPER_DRAIN, 4, 0, false },
	{ "swap, which is not audit's", KEEPER_SWAP, 4, 0, false },
	{ "go with a body", KEEPER_GO, 1, 0, false },
	{ "path without a descriptor", KEEPER_PATH, 0, 0, false },
	{ "path with two descriptors", KEEPER_PATH, 0, 2, false },
	{ "ring with one descriptor", KEEPER_RING, 7, 1, false },
	{ "ring with a short body", KEEPER_RING, 6, 2, false },
	{ "ring with a long body", KEEPER_RING, 8, 2, false },
	{ "channel of the config role", KEEPER_CHANNEL, 3, 1, false },
	{ "image that is not sealed", KEEPER_IMAGE, 4, 1, false },
	{ "image without a descriptor", KEEPER_IMAGE, 4, 0, false },
	{ "unknown type, later", 200, 0, 0, true },
	{ "path, later", KEEPER_PATH, 0, 1, true },
	{ "identity, later", KEEPER_IDENTITY, 11, 0, true },
	{ "go, later", KEEPER_GO, 0, 0, true },
	{ "drain with a short body", KEEPER_DRAIN, 3, 0, true },
	{ "drain with a descriptor", KEEPER_DRAIN, 4, 1, true },
	{ "ring end with a long body", KEEPER_RING_END, 5, 0, true },
	{ "secret, which is not audit's", KEEPER_SECRET, 80, 0, true },
	{ "channel of the config role, later", KEEPER_CHANNEL, 3, 1, true },
};

static void test_hostile_keeper(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_frames); i++) {
		const struct bad_frame *b = &bad_frames[i];
		uint8_t body[128] = { ROLE_CONFIG };
		struct life l;
		int fds[2], status = 0;

		open_log(&l);
		fds[0] = fds[1] = l.rig.dir_fd;
		if (b->in_run) {
			ready(&l, 1, NULL);
		} else {
			spawn(&l);
			tell_identity(&l, 1);
		}
		tell(&l, b->type, view_of(body, b->n), fds, b->fds);
		if (!b->in_run)
			tell(&l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
		status = ended(&l);
		/* Ends by itself; in the run phase after a signed end of the log. */
		CHECK_ROW(b->name, WIFEXITED(status));
		CHECK_ROW(b->name, WEXITSTATUS(status) == (b->in_run ? 0 : 1));
		close_log(&l);
	}
}

/* What is no ring is refused without harm: a worker that spoils its ring ends nobody else. */
static void test_spoilt_ring(void **state)
{
	struct audit_rig_ring bad = audit_rig_ring_new(1, RING_BYTES_SMALL),
			      good = audit_rig_ring_new(2, RING_BYTES_SMALL);
	struct life l;

	(void)state;
	bad.w.data->bytes = 12345;
	open_log(&l);
	ready(&l, 1, &bad);
	tell_ring(&l, &good);
	audit_rig_put(&good, 1, "goes on");
	wait_for(&l, "\"goes on\"", 1);
	close_log(&l);
	bad.w.data->bytes = RING_BYTES_SMALL;
	audit_rig_ring_done(&bad);
	audit_rig_ring_done(&good);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sandbox_is_whole),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_run_phase),
		cmocka_unit_test(test_drain_without_signer),
		cmocka_unit_test(test_keeper_gone),
		cmocka_unit_test(test_hostile_keeper),
		cmocka_unit_test(test_spoilt_ring),
	};

	assert_true(argc == 2);
	program = argv[1];
	return cmocka_run_group_tests_name("audit_hostile", tests, NULL, NULL);
}
