/* sys/code_map.c: code that is writable, of no file, or another than before is seen, in any text
 * that /proc can give (P5). */
#include "sys/code_map.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CODE "5500-5600 r-xp 00001000 fe:00 77    /usr/libexec/sluis/sluis-edge\n"
#define DATA "5600-5700 rw-p 00002000 fe:00 77    /usr/libexec/sluis/sluis-edge\n"
#define HEAP "6000-7000 rw-p 00000000 00:00 0 \n"
#define VDSO "7f00-7f10 r-xp 00000000 00:00 0     [vdso]\n"

static struct code_map of(const char *text, enum err want)
{
	struct code_map c = { 0 };
	FILE *f = tmpfile();

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fflush(f), 0);
	assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
	assert_int_equal(code_map_read(fileno(f), &c), want);
	assert_int_equal(fclose(f), 0);
	return c;
}

static const struct row {
	const char *name, *text;
	enum code_map_fault fault;
	bool is_same; /* the same code as CODE alone */
} rows[] = {
	{ "as built", CODE DATA HEAP VDSO, CODE_MAP_NONE, true },
	{ "other data", CODE HEAP HEAP, CODE_MAP_NONE, true },
	{ "a probe of the administrator's", CODE "7f20-7f30 --xp 00000000 00:00 0 [uprobes]\n",
	  CODE_MAP_NONE, true },
	{ "writable code of a file", "5500-5600 rwxp 00001000 fe:00 77 /usr/libexec/sluis/e\n",
	  CODE_MAP_WRITABLE, false },
	{ "writable code of none", CODE "6000-7000 rwxp 00000000 00:00 0 \n", CODE_MAP_WRITABLE,
	  false },
	{ "shared writable code", CODE "6000-7000 rwxs 00000000 00:01 9 /memfd:x (deleted)\n",
	  CODE_MAP_WRITABLE, false },
	{ "code of no file", CODE "6000-7000 r-xp 00000000 00:00 0 \n", CODE_MAP_NO_FILE, false },
	{ "on the stack", CODE "6000-7000 r-xp 00000000 00:00 0 [stack]\n", CODE_MAP_NO_FILE,
	  false },
	{ "under a name of its own", CODE "6000-7000 r-xp 00000000 00:00 0 [anon:vdso]\n",
	  CODE_MAP_NO_FILE, false },
	{ "a file that is called as the kernel's", CODE "6000-7000 r-xp 00000000 fe:00 9 [vdso]\n",
	  CODE_MAP_NONE, false },
	{ "code of a memory file", CODE "6000-7000 r-xs 00000000 00:01 9 /memfd:x (deleted)\n",
	  CODE_MAP_NO_FILE, false },
	{ "code of hidden memory", CODE "6000-7000 r-xs 00000000 00:01 9 /secretmem (deleted)\n",
	  CODE_MAP_NO_FILE, false },
	{ "code of shared memory", CODE "6000-7000 r-xs 00000000 00:01 9 /SYSV00000000 (deleted)\n",
	  CODE_MAP_NO_FILE, false },
	{ "a library more", CODE "6000-7000 r-xp 00000000 fe:00 78 /usr/lib/evil.so\n",
	  CODE_MAP_NONE, false },
	{ "elsewhere", "5500-5601 r-xp 00001000 fe:00 77 /usr/libexec/sluis/sluis-edge\n",
	  CODE_MAP_NONE, false },
	{ "of another file", "5500-5600 r-xp 00001000 fe:00 78 /usr/libexec/sluis/sluis-edge\n",
	  CODE_MAP_NONE, false },
	{ "of another device", "5500-5600 r-xp 00001000 fe:01 77 /usr/libexec/sluis/sluis-edge\n",
	  CODE_MAP_NONE, false },
	{ "another part of it", "5500-5600 r-xp 00002000 fe:00 77 /usr/libexec/sluis/sluis-edge\n",
	  CODE_MAP_NONE, false },
	{ "none", DATA, CODE_MAP_NONE, false },
	{ "a line in a name", CODE "6000-7000 r--p 00000000 fe:00 9 /a\\0126-7 rwxp 0 00:00 0\n",
	  CODE_MAP_NONE, true },
};

static void test_rows(void **state)
{
	uint64_t built = of(CODE, E_OK).digest;

	(void)state;
	assert_int_not_equal(built, 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct code_map c = of(rows[i].text, E_OK);

		CHECK_ROW(rows[i].name, c.fault == rows[i].fault);
		CHECK_ROW(rows[i].name, (c.digest == built) == rows[i].is_same);
		CHECK_ROW(rows[i].name, !c.fault || c.from == 0x6000 || c.from == 0x5500);
	}
}

/* Thousands of lines, in pieces that end anywhere, and one mapping among them. */
static void test_many(void **state)
{
	enum { LINES = 5000, MOST = 200 };
	static char text[LINES * MOST];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < LINES; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
				      "%x-%x rw%cp 00000000 00:00 0 %*s\n", 0x10000 + i * 16,
				      0x10010 + i * 16, i == 4321 ? 'x' : '-', (int)(i % 100), "");
	assert_int_equal(of(text, E_OK).fault, CODE_MAP_WRITABLE);
	assert_int_equal(of(text, E_OK).from, 0x10000 + 4321 * 16);
	assert_int_equal(of(text, E_OK).n, 1);
}

static void test_not_understood(void **state)
{
	static char line[20000];

	(void)state;
	(void)of("", E_SYS);
	(void)of("x\n", E_PROTO);
	(void)of(CODE "5500-5600 r-xp", E_PROTO);
	memset(line, 'a', sizeof line - 1);
	(void)of(line, E_PROTO);
}

static void test_live(void **state)
{
	struct code_map before = { 0 }, after = { 0 };
	int status = 0;
	void *p = NULL;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(code_map_of(pid, &after), E_SYS); /* it is gone */
	assert_int_equal(code_map_of(getpid(), &before), E_OK);
	assert_int_equal(before.fault, CODE_MAP_NONE);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		 0);
	if (p == MAP_FAILED)
		return; /* a machine that forbids it to everybody */
	assert_int_equal(code_map_of(getpid(), &after), E_OK);
	assert_int_equal(after.fault, CODE_MAP_WRITABLE);
	assert_true(before.digest != after.digest);
	assert_int_equal(munmap(p, 4096), 0);
	assert_int_equal(code_map_of(getpid(), &after), E_OK);
	assert_true(before.digest == after.digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows),
					    cmocka_unit_test(test_many),
					    cmocka_unit_test(test_not_understood),
					    cmocka_unit_test(test_live) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
