/* `sluis audit` as it is typed: options, what it prints, its exit status; and that no byte of a log
 * moves the terminal (A27). */
#include "sys/fd.h"
#include "tests/unit/check.h"
#include "tests/unit/role/audit_rig.h"
#include "tool/audit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS_MAX = 16, OUT_MAX = 1 << 16 };

struct fixture {
	struct audit_rig rig;
	char out[OUT_MAX];
	int status;
};

/* Runs the command with standard output caught; words are split at spaces, %s is the directory. */
static const char *run(struct fixture *x, const char *command)
{
	char text[512], *argv[ARGS_MAX] = { 0 }, *save = NULL;
	int argc = 0, out = memfd_create("out", MFD_CLOEXEC), keep = dup(STDOUT_FILENO);
	ssize_t n = 0;

	snprintf(text, sizeof text, "audit %s --directory %s", command, x->rig.dir);
	for (char *w = strtok_r(text, " ", &save); w && argc < ARGS_MAX - 1;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	x->status = tool_audit(argc, argv);
	fflush(stdout);
	dup2(keep, STDOUT_FILENO);
	n = pread(out, x->out, OUT_MAX - 1, 0);
	x->out[n > 0 ? n : 0] = '\0';
	fd_close(out);
	fd_close(keep);
	return x->out;
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static int set_up(void **state)
{
	struct fixture *x = calloc(1, sizeof *x);
	struct audit_rig_ring g = audit_rig_ring_new(1, RING_BYTES_SMALL);
	char object[64];

	audit_rig_open(&x->rig);
	audit_rig_boot(&x->rig, 1);
	audit_rig_attach(&x->rig, &g, "edge[0]");
	assert_int_equal(audit_rig_start(&x->rig), E_OK);
	for (unsigned i = 0; i < 30; i++) {
		snprintf(object, sizeof object, "object-%u", i);
		assert_true(audit_rig_put(&g, 1700000000000000u + i, object));
		audit_rig_turn(&x->rig, false);
		if (i == 14)
			x->rig.a->segment.bytes = SEGMENT_BYTES;
	}
	audit_rig_stop(&x->rig);
	audit_rig_ring_done(&g);
	*state = x;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *x = *state;

	audit_rig_close(&x->rig);
	free(x);
	return 0;
}

static void test_tail(void **state)
{
	struct fixture *x = *state;
	const char *out = run(x, "tail -n 4");

	assert_int_equal(x->status, 0);
	assert_int_equal(lines(out), 4);
	assert_true(has(
		out, " access GET object-29 200 192.0.2.1:4711 - writer=edge[0] bytes_out=1234 "));
	assert_true(has(out, " checkpoint audit.checkpoint "));
	/* Over the rotation, in order. */
	out = run(x, "tail -n 25");
	assert_int_equal(lines(out), 25);
	assert_true(strstr(out, "object-10 ") < strstr(out, "object-20 "));
	assert_true(has(out, "object-10 ") && !has(out, "object-5 "));
	assert_int_equal(lines(run(x, "tail -n 1000")), 34);
	assert_int_equal(lines(run(x, "tail -n 0")), 0);
	assert_int_equal(lines(run(x, "tail")), 10);
}

static void test_tail_filters(void **state)
{
	struct fixture *x = *state;

	assert_int_equal(lines(run(x, "tail -n 1000 --kind access")), 30);
	assert_int_equal(lines(run(x, "tail -n 1000 --kind segment")), 2);
	assert_int_equal(lines(run(x, "tail -n 2 --kind segment")), 2);
	assert_int_equal(lines(run(x, "tail -n 1000 --action GET --result 200")), 30);
	assert_int_equal(lines(run(x, "tail -n 1000 --result 404")), 0);
	assert_int_equal(lines(run(x, "tail -n 1000 --origin 192.0.2.1:4711")), 30);
	assert_int_equal(lines(run(x, "tail -n 1000 --grep object-2\"")), 1);
	assert_int_equal(lines(run(x, "tail -n 1000 --grep object-2")), 11);
}

static void test_tail_json(void **state)
{
	struct fixture *x = *state;
	const char *out = run(x, "tail --json -n 1 --kind access");

	assert_int_equal(strncmp(out, "{\"time\":\"2023-11-14T", 20), 0);
	assert_true(has(out, "\"object\":\"object-29\""));
	assert_true(has(out, "\"}\n"));
}

/* A log edited to hold control bytes: none of them comes out. */
static void test_tail_is_safe(void **state)
{
	static const char evil[] =
		"\x1b]0;owned\x07\x9b 2J\r\xe2\x80\xae\n{\"time\":\"\x1b[31m\"\n";
	struct fixture *x = *state;
	int fd = openat(x->rig.dir_fd, "audit-00000000000000009999.jsonl",
			O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, evil, sizeof evil - 1), sizeof evil - 1);
	fd_close(fd);
	for (unsigned json = 0; json < 2; json++) {
		const char *out = run(x, json ? "tail --json" : "tail");

		assert_true(has(out, "owned"));
		assert_true(json || has(out, "(no audit record) "));
		for (const char *p = out; *p; p++)
			assert_true(*p == '\n' || ((unsigned char)*p >= 0x20 && *p != 0x7f &&
						   (unsigned char)*p < 0x80));
	}
	assert_int_equal(lines(run(x, "tail --kind access")), 10);
	unlinkat(x->rig.dir_fd, "audit-00000000000000009999.jsonl", 0);
}

/* Follows over a rotation that happens meanwhile. */
static void test_tail_follows(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(1, RING_BYTES_SMALL);
	struct audit_rig r;
	char *out = calloc(1, OUT_MAX), *argv[] = { (char[]){ "audit" },
						    (char[]){ "tail" },
						    (char[]){ "-f" },
						    (char[]){ "-n" },
						    (char[]){ "1" },
						    (char[]){ "--directory" },
						    r.dir,
						    NULL };
	int pipe_fd[2];
	pid_t pid = 0;
	size_t n = 0;

	(void)state;
	audit_rig_open(&r);
	audit_rig_boot(&r, 1);
	audit_rig_attach(&r, &g, "edge[0]");
	assert_int_equal(audit_rig_start(&r), E_OK);
	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(pipe_fd[1], STDOUT_FILENO);
		_exit(tool_audit(7, argv));
	}
	close(pipe_fd[1]);
	for (unsigned i = 0; i < 6; i++) {
		char object[32];

		snprintf(object, sizeof object, "followed-%u", i);
		audit_rig_put(&g, 1, object);
		audit_rig_turn(&r, false);
		usleep(100 * 1000);
		r.a->segment.bytes = i % 2 ? SEGMENT_BYTES : 0;
	}
	while (!has(out, "followed-5")) {
		ssize_t got = read(pipe_fd[0], out + n, OUT_MAX - 1 - n);

		assert_true(got > 0);
		n += (size_t)got;
		out[n] = '\0';
	}
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	close(pipe_fd[0]);
	for (unsigned i = 0; i < 6; i++) {
		char object[32], *at = NULL;

		snprintf(object, sizeof object, "followed-%u", i);
		at = strstr(out, object);
		assert_true(at && !strstr(at + 1, object));
	}
	free(out);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

static void test_verify(void **state)
{
	struct fixture *x = *state;
	const char *out = run(x, "verify");

	assert_int_equal(x->status, 0);
	assert_true(has(
		out, "whole: 34 records in 2 segments (1 to 34), 2 checkpoints, signed up to 33"));
	assert_true(has(out, "note: the public key came from the log's own directory"));
	out = run(x, "verify --json");
	assert_true(has(
		out, "{\"findings\":[],\n \"is_whole\":true,\"findings_total\":0,\"records\":34,"));
	run(x, "verify --public-key /nonexistent");
	assert_int_equal(x->status, 1);
	run(x, "verify --head /nonexistent");
	assert_int_equal(x->status, 1);
	assert_int_equal(renameat(x->rig.dir_fd, "head", x->rig.dir_fd, "elsewhere"), 0);
	out = run(x, "verify");
	assert_int_equal(x->status, 1);
	assert_true(has(out, "head: is missing") && has(out, "NOT WHOLE"));
	out = run(x, "verify --json");
	assert_true(has(out, "{\"file\":\"head\",\"line\":0,\"what\":\"is missing"));
	assert_true(has(out, "\"is_whole\":false,\"findings_total\":1,"));
	assert_int_equal(renameat(x->rig.dir_fd, "elsewhere", x->rig.dir_fd, "head"), 0);
}

static void test_usage(void **state)
{
	static const char *const wrong[] = { "",
					     "nothing",
					     "tail -n x",
					     "tail --nothing",
					     "verify --nothing",
					     "verify extra",
					     "tail extra" };
	struct fixture *x = *state;
	int keep = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDERR_FILENO); /* the usage text is expected there */
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		run(x, wrong[i]);
		CHECK_ROW(wrong[i], x->status == 2);
	}
	dup2(keep, STDERR_FILENO);
	assert_true(has(run(x, "--help"), "usage: sluis audit tail"));
	assert_int_equal(x->status, 0);
	assert_true(has(run(x, "tail --help"), "usage: "));
	assert_int_equal(x->status, 0);
	assert_true(has(run(x, "verify --help"), "usage: "));
	assert_int_equal(x->status, 0);
	fd_close(keep);
	fd_close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tail),	     cmocka_unit_test(test_tail_filters),
		cmocka_unit_test(test_tail_json),    cmocka_unit_test(test_tail_is_safe),
		cmocka_unit_test(test_tail_follows), cmocka_unit_test(test_verify),
		cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests_name("audit_command", tests, set_up, tear_down);
}
