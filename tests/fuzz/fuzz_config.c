/*
 * Any text as a whole configuration: it is refused with at least one error, or becomes an image
 * that image_check accepts (conf.c insists on that itself) and whose bytes are the same when it is
 * compiled again, with the first image as the one before.
 */
#include "conf/conf.h"
#include "fuzz.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <stdio.h>
#include <sys/mman.h>

struct told {
	unsigned errors, warnings;
};

static void on_problem(void *arg, enum diag_level level, const char *text)
{
	struct told *t = arg;

	t->errors += level == DIAG_ERROR;
	t->warnings += level == DIAG_WARNING;
	for (const char *c = text; *c; c++)
		INVARIANT((uint8_t)*c >= 0x20 && *c != 0x7f); /* THREATS A27 */
}

/* The image that the text at path becomes; false: refused. */
static bool compile(const char *path, const struct image *previous, struct image *ret,
		    size_t *ret_n)
{
	struct told told = { 0 };
	struct conf_input in = {
		.path = path, .previous = previous, .sink = on_problem, .arg = &told
	};
	struct conf_result result = { 0 };
	AUTO_FD fd = -1;
	enum err e = conf_check_file(&in, &result, &fd);
	const char *why = "";
	void *p = NULL;

	INVARIANT(e == E_OK || e == E_PROTO);
	INVARIANT((e == E_OK) == (result.errors == 0));
	INVARIANT((told.errors == 0) == (result.errors == 0));
	if (e != E_OK)
		return false;
	INVARIANT(shm_is_sealed(fd) && shm_map(fd, false, &p, ret_n) == E_OK);
	INVARIANT(image_check(view_of(p, *ret_n), ret, &why) == E_OK);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FD text = memfd_create("yaml", MFD_CLOEXEC);
	char path[40];
	struct image first = { 0 }, second = { 0 };
	size_t n = 0, m = 0;

	if (text < 0 || fd_write_all(text, view_of(data, size)) != E_OK)
		abort();
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", text);
	if (!compile(path, NULL, &first, &n))
		return 0;
	INVARIANT(compile(path, &first, &second, &m) && n == m);
	INVARIANT(first.header->generation == 1 && second.header->generation == 2);
	/* the same configuration again: every server keeps its slot, so nothing else differs */
	INVARIANT(first.header->digest == second.header->digest);
	shm_unmap((void *)(uintptr_t)first.header, n);
	shm_unmap((void *)(uintptr_t)second.header, m);
	return 0;
}
