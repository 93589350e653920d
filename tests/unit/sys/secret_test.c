/* sys/secret.c: what lies there no other process reads, root included, where the kernel can hide it
 * (P2, P6); children do not have it, core dumps neither. */
#include "sys/secret.h"

#include "tests/unit/check.h"
#include "tests/unit/sys/dies.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static const char marker[] = "this is seen by nobody else";

static void touch(void *p)
{
	*(volatile uint8_t *)p = 1;
}

/* Does a child find the marker at p, in the memory of its parent? 0 yes, 1 it may not read, 2 it
 * reads and it is not there. */
static int child_reads(const void *p, bool by_file)
{
	pid_t parent = getpid(), pid = fork();
	int status = -1;

	if (pid == 0) {
		char text[sizeof marker] = "", path[32];
		struct iovec here = { text, sizeof text },
			     there = { (void *)(uintptr_t)p, sizeof text };
		ssize_t n = 0;
		int fd = -1;

		snprintf(path, sizeof path, "/proc/%d/mem", (int)parent);
		fd = open(path, O_RDONLY);
		n = by_file ? pread(fd, text, sizeof text, (off_t)(uintptr_t)p)
			    : process_vm_readv(parent, &here, 1, &there, 1, 0);
		if (n < 0)
			_exit(1);
		_exit(memcmp(text, marker, sizeof text) == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void test_hidden(void **state)
{
	void *p = NULL;
	bool is_hidden = false;
	static char open_one[sizeof marker];

	(void)state;
	if (secret_map(10000, false, &p, &is_hidden) != E_OK) {
		print_message("skipped: this kernel has no memfd_secret\n");
		return;
	}
	assert_true(is_hidden);
	memcpy(p, marker, sizeof marker);
	memcpy(open_one, marker, sizeof marker);
	if (child_reads(open_one, true) != 0 || child_reads(open_one, false) != 0) {
		print_message("skipped: processes here can't read each other at all\n");
		return;
	}
	assert_int_equal(child_reads(p, true), 1);
	assert_int_equal(child_reads(p, false), 1);
	assert_memory_equal(p, marker, sizeof marker);
	assert_int_equal(dies_of(touch, p), SIGSEGV); /* a child has no such memory */
	assert_int_equal(dies_of(touch, (uint8_t *)p - 1), SIGSEGV);
	assert_int_equal(dies_of(touch, (uint8_t *)p + 3 * 4096), SIGSEGV);
}

/* The flags of the mapping that p lies in. */
static bool map_has(const void *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[4096];
	bool is_there = false, has = false;

	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		unsigned long from = 0, to = 0;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			is_there = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (is_there && strncmp(line, "VmFlags:", 8) == 0)
			has = strstr(line, flag) != NULL;
	}
	assert_int_equal(fclose(f), 0);
	return has;
}

static void test_new_and_done(void **state)
{
	struct secret s = { 0 };
	void *at = NULL;

	(void)state;
	assert_int_equal(secret_new(100, &s), E_OK);
	assert_int_equal(s.n, 100);
	s.p[0] = s.p[99] = 7;
	assert_true(map_has(s.p, " dd"));
	assert_true(map_has(s.p, " lo"));
	at = s.p;
	secret_done(&s);
	assert_null(s.p);
	assert_int_equal(dies_of(touch, at), SIGSEGV);
	secret_done(&s);
}

static void test_home(void **state)
{
	uint8_t *p = secret_home(50000);

	(void)state;
	assert_non_null(p);
	assert_int_equal(p[0] + p[49999], 0);
	assert_true(map_has(p, " dd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_hidden),
					    cmocka_unit_test(test_new_and_done),
					    cmocka_unit_test(test_home) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
