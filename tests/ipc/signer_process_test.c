/*
 * The signer as the keeper starts it: own namespaces, sandbox closed, spoken to by frames alone. A
 * system call that its table lacks would end it, and with it the test. Also what it says when it
 * can't start: a person has to be able to act on it.
 */
#include "conf/conf.h"
#include "ipc/audit_signer.h"
#include "ipc/edge_signer.h"
#include "ipc/keeper_role.h"
#include "ipc/ring.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "sys/spawn.h"
#include "tests/unit/check.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#define IS_SANITIZED __has_feature(address_sanitizer)
#else
#define IS_SANITIZED 0
#endif

enum { TEST_UID = 61103, WAIT_MS = 10000, RESEED = 1 << 16 };

static const char *program;

struct life {
	char dir[40];
	EVP_PKEY *key;
	pid_t pid;
	int dir_fd, keeper, pidfd, edge, audit, image;
	uint8_t buf[FRAME_MAX];
	struct frame f; /* the last one received */
};

static void path_in(const struct life *l, char path[128], const char *name)
{
	(void)snprintf(path, 128, "%s/%s", l->dir, name);
}

static FILE *make_file(const struct life *l, const char *name)
{
	char path[128];
	FILE *f = NULL;

	path_in(l, path, name);
	f = fopen(path, "w");
	assert_non_null(f);
	return f;
}

static void make_certificate(struct life *l)
{
	X509 *x = X509_new();
	X509_EXTENSION *san = NULL;
	FILE *f = NULL;

	l->key = EVP_EC_gen("P-256");
	X509_set_version(x, 2);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, l->key);
	san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:www.test");
	X509_add_ext(x, san, -1);
	assert_true(X509_sign(x, l->key, EVP_sha256()) > 0);
	f = make_file(l, "www.pem");
	PEM_write_X509(f, x);
	fclose(f);
	f = make_file(l, "www.key");
	PEM_write_PrivateKey(f, l->key, NULL, NULL, 0, NULL, NULL);
	(void)fchmod(fileno(f), 0600);
	fclose(f);
	f = make_file(l, "sluis.yaml");
	fputs("listeners:\n  - {name: a, address: \"127.0.0.1:1\", certificates: [www]}\n"
	      "certificates:\n  - {name: www, chain: www.pem, key: www.key}\n"
	      "backends:\n  - {name: b, servers: [\"127.0.0.1:2\"]}\n"
	      "routes:\n  - {hosts: [www.test], backend: b}\n",
	      f);
	fclose(f);
	X509_EXTENSION_free(san);
	X509_free(x);
}

static int setup(void **state)
{
	struct life *l = calloc(1, sizeof *l);
	char path[128];

	strcpy(l->dir, "/tmp/signer_process_XXXXXX");
	assert_non_null(mkdtemp(l->dir));
	make_certificate(l);
	path_in(l, path, "keys");
	assert_int_equal(mkdir(path, 0700), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(path, TEST_UID, TEST_UID), 0);
	l->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	l->keeper = l->pidfd = l->edge = l->audit = l->image = -1;
	*state = l;
	return 0;
}

/* How it ended: the exit status, or 1000 + signal; -1 when it has not. */
static int ended(struct life *l)
{
	struct pollfd wait = { .fd = l->pidfd, .events = POLLIN };
	int status = 0;

	if (poll(&wait, 1, WAIT_MS) != 1 || waitpid(l->pid, &status, 0) != l->pid)
		return -1;
	l->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int teardown(void **state)
{
	struct life *l = *state;
	char command[128];

	l->keeper = fd_close(l->keeper);
	if (l->pid && ended(l) == -1)
		(void)kill(l->pid, SIGKILL);
	l->edge = fd_close(l->edge);
	l->audit = fd_close(l->audit);
	l->pidfd = fd_close(l->pidfd);
	l->dir_fd = fd_close(l->dir_fd);
	l->image = fd_close(l->image);
	static const char *const names[] = { "keys/audit.key", "keys/audit.pub", "keys/audit.new",
					     "www.pem",	       "www.key",	 "sluis.yaml" };
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		path_in(l, command, names[i]);
		(void)unlink(command);
	}
	path_in(l, command, "keys");
	(void)rmdir(command);
	(void)rmdir(l->dir);
	EVP_PKEY_free(l->key);
	free(l);
	return 0;
}

static void tell(struct life *l, uint8_t type, struct view body, const int *fds, unsigned n)
{
	CHECK_OK(frame_send(l->keeper, type, 0, body, fds, n));
}

static void on_diagnostic(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	if (level == DIAG_ERROR)
		print_error("%s\n", text);
}

static int compile(struct life *l)
{
	char path[128];
	struct conf_input in = { .path = path, .sink = on_diagnostic };
	struct conf_result result = { 0 };
	int fd = -1;

	path_in(l, path, "sluis.yaml");
	CHECK_OK(conf_check_file(&in, &result, &fd));
	return fd;
}

static int tell_channel(struct life *l, enum role peer)
{
	uint8_t body[3] = { (uint8_t)peer, 0, 0 };
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	tell(l, KEEPER_CHANNEL, view_of(body, 3), &ends[1], 1);
	close(ends[1]);
	return ends[0];
}

static void tell_ring(struct life *l)
{
	uint8_t body[7] = { 0, 0, 0, 1, ROLE_SIGNER, 0, 0 };
	void *data = NULL;
	size_t bytes = 0;
	int fds[2];

	CHECK_OK(shm_new("ring", ring_data_bytes(RING_BYTES_SMALL), &fds[0]));
	CHECK_OK(shm_new("cursor", sizeof(struct ring_cursor), &fds[1]));
	CHECK_OK(shm_map(fds[0], true, &data, &bytes));
	ring_init(data, RING_BYTES_SMALL);
	shm_unmap(data, bytes);
	tell(l, KEEPER_RING, view_of(body, 7), fds, 2);
	close(fds[0]);
	close(fds[1]);
}

static void spawn(struct life *l)
{
	struct spawn_spec spec = { .program = program,
				   .argv0 = "sluis-signer",
				   .uid = TEST_UID,
				   .gid = TEST_UID,
				   .wants_read_any = true,
				   .memlock = 64u << 20,
				   .cgroup_fd = -1 };
	uint8_t body[11] = { ROLE_SIGNER };
	const char *why = "";
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	spec.channel_fd = ends[1];
	if (spawn_role(&spec, &l->pid, &l->pidfd, &why) != E_OK)
		fail_msg("spawn_role: %s", why);
	close(ends[1]);
	l->keeper = ends[0];
	tell(l, KEEPER_IDENTITY, view_of(body, sizeof body), NULL, 0);
}

static enum err receive(struct life *l, int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	if (poll(&wait, 1, WAIT_MS) != 1)
		return E_AGAIN;
	return frame_receive(fd, l->buf, &l->f);
}

static void boot(struct life *l)
{
	uint8_t generation[4] = { 0 };

	if (l->image < 0)
		l->image = compile(l);
	spawn(l);
	tell(l, KEEPER_IMAGE, view_of(generation, 4), &l->image, 1);
	tell(l, KEEPER_PATH, (struct view){ 0 }, &l->dir_fd, 1);
	tell_ring(l);
	l->edge = tell_channel(l, ROLE_EDGE);
	l->audit = tell_channel(l, ROLE_AUDIT);
	tell(l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
	CHECK_OK(receive(l, l->keeper));
}

static void ask(struct life *l, int fd, uint32_t seq)
{
	static const char context[] = "TLS 1.3, server CertificateVerify";
	uint8_t body[256];
	struct wbuf w = wbuf_of(body, sizeof body);

	(void)l;
	wbuf_u32(&w, 0);
	wbuf_u16(&w, 0x0403);
	wbuf_u16(&w, 64 + sizeof context + 32);
	for (int i = 0; i < 64; i++)
		wbuf_u8(&w, 0x20);
	wbuf_put(&w, context, sizeof context);
	for (int i = 0; i < 32; i++)
		wbuf_u8(&w, (uint8_t)i);
	CHECK_OK(frame_send(fd, EDGE_SIGN, seq, wbuf_view(&w), NULL, 0));
}

static void must_sign(struct life *l, int fd)
{
	ask(l, fd, 9);
	CHECK_OK(receive(l, fd));
	assert_int_equal(l->f.type, SIGNER_SIGNED);
	assert_int_equal(l->f.seq, 9);
}

static void must_be_ready(struct life *l)
{
	struct view in = l->f.body, text = { 0 };

	CHECK_OK(view_str16(&in, &text));
	if (l->f.type != ROLE_READY)
		fail_msg("%.*s", (int)text.n, (const char *)text.p);
}

/* The generator of nonces is seeded again after 2^16 uses: inside the sandbox too. */
static void test_signs_for_long(void **state)
{
	struct life *l = *state;
	unsigned signed_n = 0;

	boot(l);
	must_be_ready(l);
	/* its rate limit refuses some of them */
	while (signed_n < RESEED + 1000) {
		for (uint32_t k = 0; k < 50; k++)
			ask(l, l->edge, k);
		for (uint32_t k = 0; k < 50; k++) {
			CHECK_OK(receive(l, l->edge));
			assert_int_equal(l->f.seq, k);
			signed_n += l->f.type == SIGNER_SIGNED;
		}
	}
	CHECK_OK(frame_send(l->audit, AUDIT_PUBLIC_KEY, 1, (struct view){ 0 }, NULL, 0));
	CHECK_OK(receive(l, l->audit));
	assert_int_equal(l->f.type, SIGNER_PUBLIC_KEY);
	l->keeper = fd_close(l->keeper);
	assert_int_equal(ended(l), 0);
}

static void test_locked_and_sealed(void **state)
{
	struct life *l = *state;
	char path[64], line[256];
	unsigned long locked = 0;
	unsigned seccomp = 0;
	FILE *f = NULL;

	boot(l);
	must_be_ready(l);
	(void)snprintf(path, sizeof path, "/proc/%d/status", l->pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		if (strncmp(line, "VmLck:", 6) == 0)
			locked = strtoul(line + 6, NULL, 10);
		if (strncmp(line, "Seccomp:", 8) == 0)
			seccomp = (unsigned)strtoul(line + 8, NULL, 10);
	}
	fclose(f);
	if (!IS_SANITIZED)		    /* its mlock does nothing */
		assert_true(locked > 2048); /* kB: the heap for one key and the guarded part */
	assert_int_equal(seccomp, 2);
}

static void test_new_channels(void **state)
{
	struct life *l = *state;
	uint8_t generation[4] = { 0 };
	int second = -1;

	boot(l);
	must_be_ready(l);
	must_sign(l, l->edge);
	l->edge = fd_close(l->edge); /* an edge that died */
	second = tell_channel(l, ROLE_EDGE);
	must_sign(l, second);
	/* a boot message is gone for ever */
	tell(l, KEEPER_IMAGE, view_of(generation, 4), &l->image, 1);
	assert_int_equal(ended(l), 0);
	close(second);
}

/* An old generation's signer: it ends by itself when nobody is left who could ask. */
static void test_ends_with_its_last_channel(void **state)
{
	struct life *l = *state;

	boot(l);
	must_be_ready(l);
	l->edge = fd_close(l->edge);
	CHECK_OK(frame_send(l->audit, AUDIT_PUBLIC_KEY, 1, (struct view){ 0 }, NULL, 0));
	CHECK_OK(receive(l, l->audit));
	l->audit = fd_close(l->audit);
	assert_int_equal(ended(l), 0);
}

static void must_fail(struct life *l, const char *const words[], size_t n)
{
	struct view in = { 0 }, text = { 0 };
	char line[1024] = { 0 };

	boot(l);
	assert_int_equal(l->f.type, ROLE_FAILED);
	in = l->f.body;
	CHECK_OK(view_str16(&in, &text));
	memcpy(line, text.p, text.n < sizeof line ? text.n : sizeof line - 1);
	for (size_t i = 0; i < n; i++)
		if (!strstr(line, words[i]))
			fail_msg("does not say \"%s\": %s", words[i], line);
	assert_int_equal(ended(l), 1);
}

static void test_missing_key(void **state)
{
	static const char *const words[] = { "certificate www", "www.key", "No such file" };
	struct life *l = *state;
	char path[128];

	l->image = compile(l); /* the file went after the check */
	path_in(l, path, "www.key");
	assert_int_equal(unlink(path), 0);
	must_fail(l, words, COUNT_OF(words));
}

static void test_wrong_key(void **state)
{
	static const char *const words[] = { "certificate www", "www.key",
					     "not the key of that certificate" };
	struct life *l = *state;
	EVP_PKEY *other = EVP_EC_gen("P-256");
	FILE *f = make_file(l, "www.key");

	PEM_write_PrivateKey(f, other, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	EVP_PKEY_free(other);
	must_fail(l, words, COUNT_OF(words));
}

static void test_key_is_a_directory(void **state)
{
	static const char *const words[] = { "www.key", "no regular file" };
	struct life *l = *state;
	char path[128];

	l->image = compile(l); /* the file went after the check */
	path_in(l, path, "www.key");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	must_fail(l, words, COUNT_OF(words));
	assert_int_equal(rmdir(path), 0);
}

static void test_huge_key(void **state)
{
	static const char *const words[] = { "www.key", "64 kB" };
	struct life *l = *state;
	char path[128];

	path_in(l, path, "www.key");
	assert_int_equal(truncate(path, 1 << 20), 0);
	must_fail(l, words, COUNT_OF(words));
}

static void test_foreign_audit_key(void **state)
{
	static const char *const words[] = { "audit.key", "chmod 0600" };
	struct life *l = *state;
	int fd = openat(l->dir_fd, "audit.key", O_CREAT | O_WRONLY, 0600);

	assert_int_equal(fchmod(fd, 0644), 0);
	close(fd);
	must_fail(l, words, COUNT_OF(words));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_signs_for_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_locked_and_sealed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_channels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends_with_its_last_channel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_key_is_a_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_huge_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_audit_key, setup, teardown),
	};

	if (argc < 2)
		return 2;
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
