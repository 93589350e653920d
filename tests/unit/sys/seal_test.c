/* sys/seal.c: code can't be made, and what is code can't be changed, by the process itself (P5). In
 * children: a seal is for good. */
#include "sys/seal.h"

#include "tests/unit/check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

static const int constant = 1;

/* Each row's try: what it got is an errno, or 0 when it worked. */
static int try_mmap(void)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) == MAP_FAILED
		       ? errno
		       : 0;
}

static int try_gain(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, PAGE, PROT_READ | PROT_EXEC) < 0 ? errno : 0;
}

static void *page_of(const void *p)
{
	return (void *)((uintptr_t)p & ~(uintptr_t)(PAGE - 1));
}

static void *code(void)
{
	return page_of((const void *)(uintptr_t)&seal_memory);
}

static int try_code_writable(void)
{
	return mprotect(code(), PAGE, PROT_READ | PROT_WRITE) < 0 ? errno : 0;
}

static int try_code_away(void)
{
	return munmap(page_of(&constant), PAGE) < 0 ? errno : 0;
}

static int try_code_over(void)
{
	return mmap(code(), PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		    -1, 0) == MAP_FAILED
		       ? errno
		       : 0;
}

static int try_code_moved(void)
{
	return mremap(page_of(&constant), PAGE, (size_t)2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED
		       ? errno
		       : 0;
}

static int try_constant(void)
{
	return mprotect(page_of(&constant), PAGE, PROT_READ | PROT_WRITE) < 0 ? errno : 0;
}

static int try_data(void) /* what may be done, and has to work */
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED || mprotect(p, PAGE, PROT_NONE) < 0 || munmap(p, PAGE) < 0 ? errno
											  : 0;
}

static const struct row {
	const char *name;
	int (*run)(void);
	int error; /* with a seal */
	bool by_mdwe, by_seal;
} rows[] = {
	{ "writable code", try_mmap, EACCES, true, false },
	{ "data becomes code", try_gain, EACCES, true, false },
	{ "code becomes writable", try_code_writable, EPERM, false, true },
	{ "code is unmapped", try_code_away, EPERM, false, true },
	{ "code is mapped over", try_code_over, EPERM, false, true },
	{ "code is moved", try_code_moved, EPERM, false, true },
	{ "constants become writable", try_constant, EPERM, false, true },
	{ "data", try_data, 0, true, true },
};

static void run_row(const struct row *r, bool is_sealed)
{
	struct seal_report report = { 0 };

	(void)signal(SIGSEGV, SIG_DFL); /* the test's own handler would go on */
	if (is_sealed && seal_memory(&report) != E_OK)
		_exit(255);
	if (is_sealed && !((r->by_mdwe && report.has_mdwe) || (r->by_seal && report.sealed)))
		_exit(254);
	_exit(r->run());
}

static int ends(const struct row *r, bool is_sealed)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		run_row(r, is_sealed);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) ||
		    !is_sealed); /* whose code is gone without a seal ends so */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int got = ends(&rows[i], true);

		CHECK_ROW(rows[i].name, ends(&rows[i], false) == 0);
		if (got == 254)
			print_message("skipped: this kernel can't forbid it: %s\n", rows[i].name);
		else
			CHECK_ROW(rows[i].name, got == rows[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
