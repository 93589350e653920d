/*
 * The config role as the keeper starts it, sandbox and all: every case of tests/unit/conf/cases
 * says the same as without a sandbox (so no system call is missing from its table), images come
 * sealed and keep slots and generations, files it may not read are told with its uid, and a keeper
 * whose messages are wrong (A20) gets no image.
 */
#include "ipc/keeper_role.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "sys/spawn.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEST_UID = 61198, SAID_MAX = 1 << 20 };

static const char *program;
static char folder[] = "/tmp/sluis-config-XXXXXX";

/* What one life of the role came to. */
struct outcome {
	bool is_ready;
	bool has_failed; /* it said FAILED */
	int image_fd;	 /* -1: none */
	int document_fd; /* likewise */
	uint32_t generation;
	int status; /* as waitpid gives it */
	char said[SAID_MAX];
	size_t said_n;
};

static struct outcome outcome;

struct life {
	pid_t pid;
	int keeper, pidfd;
};

static void tell(struct life *l, uint8_t type, struct view body, const int *fds, unsigned n)
{
	enum err e = frame_send(l->keeper, type, 0, body, fds, n);

	assert_true(e == E_OK || e == E_CLOSED); /* it may have gone already */
}

static struct life birth(void)
{
	static const uint8_t identity[11] = { ROLE_CONFIG };
	struct spawn_spec spec = { .program = program,
				   .argv0 = "sluis-config",
				   .uid = TEST_UID,
				   .gid = TEST_UID,
				   .cgroup_fd = -1 };
	struct life l = { 0 };
	const char *why = NULL;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	spec.channel_fd = pair[1];
	assert_int_equal(spawn_role(&spec, &l.pid, &l.pidfd, &why), E_OK);
	fd_close(pair[1]);
	l.keeper = pair[0];
	tell(&l, KEEPER_IDENTITY, view_of(identity, sizeof identity), NULL, 0);
	return l;
}

static void tell_path(struct life *l, const char *path)
{
	uint8_t body[1000];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_str16(&w, view_str(path));
	tell(l, KEEPER_PATH, wbuf_view(&w), NULL, 0);
}

static void tell_image(struct life *l, uint32_t generation, int fd)
{
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, generation);
	tell(l, KEEPER_IMAGE, wbuf_view(&w), &fd, 1);
}

static void hear(struct frame *f)
{
	struct view in = f->body, text = { 0 };
	struct wbuf w = { .p = (uint8_t *)outcome.said, .n = outcome.said_n, .cap = SAID_MAX };
	uint8_t level = 0;

	switch (f->type) {
	case ROLE_READY:
		outcome.is_ready = true;
		break;
	case ROLE_DIAGNOSTIC:
		assert_true(outcome.is_ready);
		CHECK_OK(view_u8(&in, &level));
		CHECK_OK(view_str16(&in, &text));
		CHECK_OK(view_end(&in));
		assert_true(level == DIAG_ERROR || level == DIAG_WARNING || level == DIAG_CHANGE);
		wbuf_view_put(&w, text);
		WBUF_LIT(&w, "\n");
		outcome.said_n = w.n;
		break;
	case ROLE_FAILED:
		outcome.has_failed = true;
		break;
	case ROLE_DOCUMENT:
		CHECK_OK(view_u8(&in, &level));
		if (level == DOCUMENT_MADE)
			outcome.document_fd = frame_take_fd(f, 0);
		else
			assert_int_equal(level, DOCUMENT_DIFF);
		break;
	case ROLE_IMAGE:
		CHECK_OK(view_u32(&in, &outcome.generation));
		outcome.image_fd = frame_take_fd(f, 0);
		break;
	default:
		fail_msg("type %u", f->type);
	}
	frame_done(f);
}

/* Hears the role until it has ended. */
static void death(struct life *l)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = E_OK;

	outcome = (struct outcome){ .image_fd = -1, .document_fd = -1 };
	for (;;) {
		e = frame_receive(l->keeper, buf, &f);
		if (e != E_OK)
			break;
		hear(&f);
	}
	assert_true(e == E_CLOSED || e == E_SYS);
	assert_int_equal(waitpid(l->pid, &outcome.status, 0), l->pid);
	fd_close(l->keeper);
	fd_close(l->pidfd);
}

static bool has_exited(int code)
{
	return WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == code;
}

static void compile(const char *path, int previous_fd)
{
	struct life l = birth();

	if (previous_fd >= 0)
		tell_image(&l, 0, previous_fd);
	tell_path(&l, path);
	tell(&l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
	death(&l);
}

static const char *in_folder(const char *name)
{
	static char path[300];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void put_file(const char *name, const char *text, mode_t mode)
{
	AUTO_FD fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, view_str(text)), E_OK);
}

static const char site[] =
	"listeners: [{name: l, address: \"127.0.0.1:80\", protocol: http}]\n"
	"backends: [{name: web, servers: [\"127.0.0.1:1\", \"127.0.0.1:2\"]}]\n"
	"routes: [{hosts: [\"*\"], rules: [{match: {path_regex: \"^/a|b+\"}, backend: web}]}]\n";

static void test_an_image(void **state)
{
	struct image im = { 0 };
	const char *why = "";
	void *p = NULL;
	size_t n = 0;

	(void)state;
	put_file("site.yaml", site, 0644);
	compile(in_folder("site.yaml"), -1);
	assert_true(outcome.is_ready && !outcome.has_failed && has_exited(0));
	assert_int_equal(outcome.generation, 1);
	assert_true(shm_is_sealed(outcome.image_fd));
	assert_int_equal(shm_map(outcome.image_fd, false, &p, &n), E_OK);
	assert_int_equal(image_check(view_of(p, n), &im, &why), E_OK);
	assert_int_equal(im.header->generation, 1);
	shm_unmap(p, n);
	fd_close(outcome.image_fd);
}

static void test_the_image_before(void **state)
{
	int first = -1, second = -1;
	struct image im = { 0 };
	const char *why = "";
	void *p = NULL;
	size_t n = 0;

	(void)state;
	put_file("site.yaml", site, 0644);
	compile(in_folder("site.yaml"), -1);
	first = outcome.image_fd;
	compile(in_folder("site.yaml"), first);
	second = outcome.image_fd;
	assert_int_equal(outcome.generation, 2);
	assert_int_equal(shm_map(second, false, &p, &n), E_OK);
	assert_int_equal(image_check(view_of(p, n), &im, &why), E_OK);
	assert_int_equal(image_server_at(&im, 1)->slot, 1);
	assert_int_equal(image_server_at(&im, 1)->slot_gen, 1);
	shm_unmap(p, n);
	fd_close(first);
	fd_close(second);
}

/* P2: what only root may read stays closed to this role, also when root started it. */
static void test_files_of_others(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	put_file("secret.yaml", site, 0600);
	compile(in_folder("secret.yaml"), -1);
	assert_true(outcome.has_failed && outcome.image_fd < 0 && has_exited(1));
	assert_non_null(
		strstr(outcome.said, "Permission denied: it must be readable by uid 61198"));
}

static void test_no_file(void **state)
{
	(void)state;
	compile(in_folder("nowhere.yaml"), -1);
	assert_true(outcome.is_ready && outcome.has_failed && has_exited(1));
	assert_non_null(strstr(outcome.said, "nowhere.yaml: error: "));
}

/* The folder's name taken out of what was said: what a case expects has none. */
static void forget_folder(void)
{
	struct view in = view_of(outcome.said, outcome.said_n), name = view_str(folder);
	size_t n = 0;

	while (in.n) {
		if (view_starts(in, name) && in.n > name.n) {
			in = view_slice(in, name.n + 1, in.n);
			continue;
		}
		outcome.said[n++] = (char)in.p[0];
		in = view_slice(in, 1, in.n);
	}
	outcome.said[n] = '\0';
	outcome.said_n = n;
}

static void check_case(const char *name)
{
	static char expect[SAID_MAX];
	char path[300];
	struct wbuf w = wbuf_of(expect, sizeof expect - 1);
	int fd = -1;

	compile(in_folder(name), -1);
	forget_folder();
	(void)snprintf(path, sizeof path, "%s/%.200s.expect", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_read_all(fd, &w), E_OK);
	fd_close(fd);
	expect[w.n] = '\0';
	if (strncmp(expect, outcome.said, outcome.said_n) != 0)
		fail_msg("%s: expected\n%s said\n%s", name, expect, outcome.said);
	if (strncmp(expect + outcome.said_n, "accepted", 8) == 0) {
		CHECK_ROW(name, outcome.image_fd >= 0 && has_exited(0));
		fd_close(outcome.image_fd);
	} else {
		CHECK_ROW(name, strncmp(expect + outcome.said_n, "refused", 7) == 0);
		CHECK_ROW(name, outcome.image_fd < 0 && outcome.has_failed && has_exited(1));
	}
}

static void test_every_case(void **state)
{
	DIR *dir = opendir(folder);
	const struct dirent *e = NULL;
	unsigned n = 0;

	(void)state;
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		char expect[300];

		(void)snprintf(expect, sizeof expect, "%s/%.200s.expect", folder, e->d_name);
		if (access(expect, R_OK) != 0)
			continue;
		check_case(e->d_name);
		n++;
	}
	closedir(dir);
	assert_true(n > 30);
}

/* One wrong message, then GO: no image, and an orderly end. */
struct wrong {
	const char *name;
	void (*say)(struct life *l);
};

static void say_nothing(struct life *l)
{
	(void)l;
}

static void say_relative_path(struct life *l)
{
	tell_path(l, "site.yaml");
}

static void say_path_with_nul(struct life *l)
{
	tell(l, KEEPER_PATH, view_of("\0\4/a\0b", 6), NULL, 0);
}

static void say_short_path(struct life *l)
{
	tell(l, KEEPER_PATH, view_of("\0\7/a", 4), NULL, 0);
}

static void say_empty_path(struct life *l)
{
	tell(l, KEEPER_PATH, (struct view){ 0 }, NULL, 0);
}

static void say_path_with_descriptor(struct life *l)
{
	int fd = STDERR_FILENO;

	tell(l, KEEPER_PATH, view_of("\0\2/a", 4), &fd, 1);
}

static void say_long_path(struct life *l)
{
	static uint8_t body[FRAME_BODY_MAX];

	memset(body, 'a', sizeof body);
	body[0] = (uint8_t)((sizeof body - 2) >> 8);
	body[1] = (uint8_t)(sizeof body - 2);
	body[2] = '/';
	tell(l, KEEPER_PATH, view_of(body, sizeof body), NULL, 0);
	tell_path(l, "/");
	tell(l, KEEPER_SECRET, view_of(body, 80), NULL, 0);
}

static void say_secret(struct life *l)
{
	static const uint8_t body[80];

	tell_path(l, in_folder("site.yaml"));
	tell(l, KEEPER_SECRET, view_of(body, sizeof body), NULL, 0);
}

static void say_image_that_can_change(struct life *l)
{
	AUTO_FD fd = -1;

	assert_int_equal(shm_new("open", 4096, &fd), E_OK);
	tell_path(l, in_folder("site.yaml"));
	tell_image(l, 1, fd);
}

static void say_image_of_zeros(struct life *l)
{
	AUTO_FD fd = -1;

	assert_int_equal(shm_new("zeros", 4096, &fd), E_OK);
	assert_int_equal(shm_seal(fd), E_OK);
	tell_path(l, in_folder("site.yaml"));
	tell_image(l, 1, fd);
}

static void say_image_without_descriptor(struct life *l)
{
	tell_path(l, in_folder("site.yaml"));
	tell(l, KEEPER_IMAGE, view_of("\0\0\0\1", 4), NULL, 0);
}

static void say_image_too_long(struct life *l)
{
	int fd = STDERR_FILENO;

	tell_path(l, in_folder("site.yaml"));
	tell(l, KEEPER_IMAGE, view_of("\0\0\0\1\0", 5), &fd, 1);
}

static int sealed(const char *text)
{
	int fd = -1;
	void *p = NULL;
	struct wbuf w = { 0 };

	CHECK_OK(shm_new("text", view_str(text).n, &fd));
	CHECK_OK(shm_map(fd, true, &p, NULL));
	w = wbuf_of(p, view_str(text).n);
	wbuf_str(&w, text);
	shm_unmap(p, w.cap);
	CHECK_OK(shm_seal(fd));
	return fd;
}

static void tell_document(struct life *l, uint8_t kind, int fd)
{
	tell(l, KEEPER_DOCUMENT, view_of(&kind, 1), &fd, 1);
}

static void say_document_that_can_change(struct life *l)
{
	AUTO_FD fd = -1;

	CHECK_OK(shm_new("open", 4096, &fd));
	tell_path(l, in_folder("site.yaml"));
	tell_document(l, DOCUMENT_RUNNING, fd);
}

static void say_document_of_no_kind(struct life *l)
{
	AUTO_FD fd = sealed("x");

	tell_path(l, in_folder("site.yaml"));
	tell_document(l, DOCUMENT_MADE, fd);
}

static void say_document_twice(struct life *l)
{
	AUTO_FD fd = sealed("x");

	tell_path(l, in_folder("site.yaml"));
	tell_document(l, DOCUMENT_EDIT, fd);
	tell_document(l, DOCUMENT_EDIT, fd);
}

static void say_go_with_body(struct life *l)
{
	tell_path(l, in_folder("site.yaml"));
	tell(l, KEEPER_GO, view_of("x", 1), NULL, 0);
}

static void say_unknown(struct life *l)
{
	tell_path(l, in_folder("site.yaml"));
	tell(l, 200, (struct view){ 0 }, NULL, 0);
}

static void test_wrong_messages(void **state)
{
	static const struct wrong rows[] = {
		{ "nothing", say_nothing },
		{ "a path that is not absolute", say_relative_path },
		{ "a path with a NUL", say_path_with_nul },
		{ "a path that runs past its end", say_short_path },
		{ "a path of nothing", say_empty_path },
		{ "a path with a descriptor", say_path_with_descriptor },
		{ "a long path, then more", say_long_path },
		{ "a secret", say_secret },
		{ "an image that can change", say_image_that_can_change },
		{ "an image of zeros", say_image_of_zeros },
		{ "an image without descriptor", say_image_without_descriptor },
		{ "an image with a tail", say_image_too_long },
		{ "a document that can change", say_document_that_can_change },
		{ "a document of no kind", say_document_of_no_kind },
		{ "a document twice", say_document_twice },
		{ "GO with a body", say_go_with_body },
		{ "a type that is none", say_unknown },
	};

	(void)state;
	put_file("site.yaml", site, 0644);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct life l = birth();

		rows[i].say(&l);
		tell(&l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
		death(&l);
		CHECK_ROW(rows[i].name, !outcome.is_ready && outcome.image_fd < 0 && has_exited(1));
	}
}

/* A change on what the first life made of the files; and documents that are none. */
static void test_documents(void **state)
{
	static const struct {
		const char *name, *edit, *said;
		bool is_good;
	} rows[] = {
		{ "a change", "- {at: [backends, web, servers, \"127.0.0.1:2\"], do: remove}",
		  "- backends/web/servers/127.0.0.1:2\n", true },
		{ "a change that is none", "- {at: [backends, z], do: remove}",
		  "run-time change: backends/z: error: ", false },
		{ "what can't be read", "\1\2", "error: ", false },
	};
	int running = -1;

	(void)state;
	put_file("site.yaml", site, 0644);
	compile(in_folder("site.yaml"), -1);
	fd_close(outcome.image_fd);
	running = outcome.document_fd;
	assert_true(shm_is_sealed(running));
	put_file("site.yaml", "half edited", 0644); /* a change is made on what is in force */
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct life l = birth();
		AUTO_FD edit = sealed(rows[i].edit);

		tell_document(&l, DOCUMENT_RUNNING, running);
		tell_document(&l, DOCUMENT_EDIT, edit);
		tell_path(&l, in_folder("site.yaml"));
		tell(&l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
		death(&l);
		outcome.said[outcome.said_n] = '\0';
		CHECK_ROW(rows[i].name, (outcome.image_fd >= 0) == rows[i].is_good &&
						(outcome.document_fd >= 0) == rows[i].is_good &&
						strstr(outcome.said, rows[i].said));
		fd_close(outcome.image_fd);
		fd_close(outcome.document_fd);
	}
	fd_close(running);
	running = sealed("SLUISDOC, more or less");
	for (uint8_t kind = DOCUMENT_RUNNING; kind <= DOCUMENT_TARGET; kind++) {
		struct life l = birth();

		tell_document(&l, kind, running);
		tell_path(&l, in_folder("site.yaml"));
		tell(&l, KEEPER_GO, (struct view){ 0 }, NULL, 0);
		death(&l);
		CHECK_ROW("no document", outcome.image_fd < 0 && outcome.has_failed);
	}
	fd_close(running);
}

static int run_tool(const char *tool, const char *option, const char *from, const char *to)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		execlp(tool, tool, option, from, to, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

/* The cases in a folder that everybody may read, whatever the tree's own rights are. */
static int open_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || run_tool("cp", "-rT", CASES, folder) != 0)
		return -1;
	return run_tool("chmod", "-R", "a+rX", folder);
}

static int close_folder(void **state)
{
	(void)state;
	return run_tool("rm", "-rf", "--", folder);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_image),	cmocka_unit_test(test_the_image_before),
		cmocka_unit_test(test_files_of_others), cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_every_case),	cmocka_unit_test(test_documents),
		cmocka_unit_test(test_wrong_messages),
	};

	program = argc == 2 ? argv[1] : "";
	return cmocka_run_group_tests(tests, open_folder, close_folder);
}
