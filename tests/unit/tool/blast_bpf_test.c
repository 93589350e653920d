/* Filters followed without knowing the arguments: what gets through, when, and what no filter is.
 * (P5, drill of A20: what an intruder may ask of the kernel.) */
#include "tool/blast_bpf.h"
#include "tool/blast_calls.h"

#include "tests/fuzz/reference_bpf.h"
#include "tests/unit/guard.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cmocka.h>

#define COUNT_OF(a)	   (sizeof(a) / sizeof *(a))
#define LOAD(at)	   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at)
#define ARG_LOW(i)	   LOAD(16 + 8 * (i))
#define ARG_HIGH(i)	   LOAD(20 + 8 * (i))
#define IF(op, k, yes, no) BPF_JUMP(BPF_JMP | BPF_##op | BPF_K, k, yes, no)
#define RET(action)	   BPF_STMT(BPF_RET | BPF_K, action)
#define ALLOW		   RET(SECCOMP_RET_ALLOW)
#define KILL		   RET(SECCOMP_RET_KILL_PROCESS)

enum { NUMBER = 0, ARCH = 4 };

static struct blast_bpf *bpf;

static int setup(void **state)
{
	(void)state;
	bpf = blast_bpf_new();
	return bpf ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	blast_bpf_free(bpf);
	return 0;
}

static struct blast_bpf_answer ask(const struct sock_filter *code, size_t n, uint32_t number)
{
	struct blast_bpf_stack s = { .filter = { { code, n } }, .n = 1 };
	struct blast_bpf_ask a = { .number = number, .arch = AUDIT_ARCH_X86_64 };

	assert_int_equal(blast_bpf_check(&s.filter[0]), E_OK);
	return blast_bpf_ask(bpf, &s, &a);
}

static void test_no_filter(void **state)
{
	struct blast_bpf_stack s = { .n = 0 };
	struct blast_bpf_ask a = { .number = SYS_execve, .arch = AUDIT_ARCH_X86_64 };

	(void)state;
	assert_int_equal(blast_bpf_ask(bpf, &s, &a).verdict, BLAST_BPF_ALWAYS);
}

static void test_numbers(void **state)
{
	static const struct sock_filter list[] = {
		LOAD(ARCH),
		IF(JEQ, AUDIT_ARCH_X86_64, 1, 0),
		KILL,
		LOAD(NUMBER),
		IF(JGE, 0x40000000, 0, 1),
		KILL,
		IF(JEQ, SYS_read, 1, 0),
		IF(JEQ, SYS_close, 0, 1),
		ALLOW,
		KILL,
	};
	struct blast_bpf_stack s = { .filter = { { list, COUNT_OF(list) } }, .n = 1 };
	struct blast_bpf_ask other = { .number = SYS_read, .arch = AUDIT_ARCH_I386 };

	(void)state;
	assert_int_equal(ask(list, COUNT_OF(list), SYS_read).verdict, BLAST_BPF_ALWAYS);
	assert_int_equal(ask(list, COUNT_OF(list), SYS_close).verdict, BLAST_BPF_ALWAYS);
	assert_int_equal(ask(list, COUNT_OF(list), SYS_execve).verdict, BLAST_BPF_NEVER);
	assert_int_equal(ask(list, COUNT_OF(list), SYS_read | 0x40000000).verdict, BLAST_BPF_NEVER);
	assert_int_equal(blast_bpf_ask(bpf, &s, &other).verdict, BLAST_BPF_NEVER);
}

/* As libseccomp writes "argument 0 is 2": both halves. */
static const struct sock_filter inet_only[] = {
	LOAD(NUMBER), IF(JEQ, SYS_socket, 0, 5), ARG_HIGH(0), IF(JEQ, 0, 0, 3),
	ARG_LOW(0),   IF(JEQ, AF_INET, 0, 1),	 ALLOW,	      KILL,
};

static void test_one_argument(void **state)
{
	struct blast_bpf_answer r = ask(inet_only, COUNT_OF(inet_only), SYS_socket);
	struct blast_bpf_stack s = { .filter = { { inet_only, COUNT_OF(inet_only) } }, .n = 1 };
	struct blast_bpf_ask a = {
		.number = SYS_socket, .arch = AUDIT_ARCH_X86_64, .known = 1, .args = { AF_UNIX }
	};

	(void)state;
	assert_int_equal(r.verdict, BLAST_BPF_SOMETIMES);
	assert_int_equal(r.way_n, 1);
	assert_true(r.way[0].mask[0] == UINT64_MAX && r.way[0].value[0] == AF_INET);
	assert_true(r.way[0].mask[1] == 0 && !r.is_unclear);
	assert_int_equal(blast_bpf_ask(bpf, &s, &a).verdict, BLAST_BPF_NEVER);
	a.args[0] = AF_INET;
	assert_int_equal(blast_bpf_ask(bpf, &s, &a).verdict, BLAST_BPF_ALWAYS);
	/* The upper half counts: 2 in the lower one is not 2 */
	a.args[0] = UINT64_C(1) << 32 | AF_INET;
	assert_int_equal(blast_bpf_ask(bpf, &s, &a).verdict, BLAST_BPF_NEVER);
}

/* mmap without PROT_EXEC: (argument 2 & 4) == 0 */
static void test_masked(void **state)
{
	static const struct sock_filter list[] = {
		ARG_LOW(2), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 4), IF(JEQ, 0, 0, 1), ALLOW, KILL,
	};
	static const struct sock_filter set[] = { ARG_LOW(2), IF(JSET, 4, 0, 1), KILL, ALLOW };
	struct blast_bpf_answer r = ask(list, COUNT_OF(list), SYS_mmap);

	(void)state;
	assert_int_equal(r.verdict, BLAST_BPF_SOMETIMES);
	assert_true(r.way[0].mask[2] == 4 && r.way[0].value[2] == 0);
	r = ask(set, COUNT_OF(set), SYS_mmap);
	assert_int_equal(r.verdict, BLAST_BPF_SOMETIMES);
	assert_true(r.way[0].mask[2] == 4 && r.way[0].value[2] == 0);
}

/* What one branch has learnt decides the next: a way that can't be is not taken. */
static void test_contradictions(void **state)
{
	static const struct sock_filter twice[] = { ARG_LOW(0), IF(JEQ, 1, 0, 3),
						    ARG_LOW(0), IF(JEQ, 2, 0, 1),
						    ALLOW,	KILL };
	static const struct sock_filter bounds[] = { ARG_LOW(0), IF(JGT, 10, 0, 2),
						     IF(JGE, 11, 1, 0), ALLOW, KILL };
	static const struct sock_filter not [] = { ARG_LOW(0), IF(JEQ, 7, 2, 0), IF(JEQ, 7, 0, 1),
						   ALLOW, KILL };
	static const struct sock_filter bits[] = { ARG_LOW(0), IF(JSET, 8, 0, 2), IF(JEQ, 3, 0, 1),
						   ALLOW, KILL };
	static const struct sock_filter less[] = { ARG_LOW(0), IF(JGE, 5, 2, 0), IF(JGT, 4, 0, 1),
						   ALLOW, KILL };

	(void)state;
	assert_int_equal(ask(twice, COUNT_OF(twice), 0).verdict, BLAST_BPF_NEVER);
	assert_int_equal(ask(bounds, COUNT_OF(bounds), 0).verdict, BLAST_BPF_NEVER);
	assert_int_equal(ask(not, COUNT_OF(not ), 0).verdict, BLAST_BPF_NEVER);
	assert_int_equal(ask(bits, COUNT_OF(bits), 0).verdict, BLAST_BPF_NEVER);
	assert_int_equal(ask(less, COUNT_OF(less), 0).verdict, BLAST_BPF_NEVER);
}

/* All filters have to agree, also about the same argument. */
static void test_stack(void **state)
{
	static const struct sock_filter low[] = { ARG_LOW(0), IF(JGT, 10, 0, 1), KILL, ALLOW };
	static const struct sock_filter high[] = { ARG_LOW(0), IF(JGT, 20, 1, 0), KILL, ALLOW };
	static const struct sock_filter all[] = { ALLOW };
	struct blast_bpf_stack s = { .filter = { { low, 4 }, { high, 4 } }, .n = 2 };
	struct blast_bpf_ask a = { .arch = AUDIT_ARCH_X86_64 };

	(void)state;
	assert_int_equal(blast_bpf_ask(bpf, &s, &a).verdict, BLAST_BPF_NEVER);
	s.filter[1] = (struct blast_bpf_filter){ all, 1 };
	assert_int_equal(blast_bpf_ask(bpf, &s, &a).verdict, BLAST_BPF_SOMETIMES);
	s.filter[0] = s.filter[1];
	assert_int_equal(blast_bpf_ask(bpf, &s, &a).verdict, BLAST_BPF_ALWAYS);
}

/* Of everything that a filter may say only two let a call through; a supervisor may. */
static void test_actions(void **state)
{
	static const struct {
		uint32_t action;
		enum blast_bpf_verdict verdict;
	} rows[] = {
		{ SECCOMP_RET_ALLOW, BLAST_BPF_ALWAYS },
		{ SECCOMP_RET_LOG, BLAST_BPF_ALWAYS },
		{ SECCOMP_RET_USER_NOTIF, BLAST_BPF_SOMETIMES },
		{ SECCOMP_RET_TRACE, BLAST_BPF_NEVER },
		{ SECCOMP_RET_ERRNO | EPERM, BLAST_BPF_NEVER },
		{ SECCOMP_RET_TRAP, BLAST_BPF_NEVER },
		{ SECCOMP_RET_KILL_THREAD, BLAST_BPF_NEVER },
		{ SECCOMP_RET_KILL_PROCESS, BLAST_BPF_NEVER },
		{ 0x12340000, BLAST_BPF_NEVER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sock_filter code[] = { RET(rows[i].action) };

		assert_int_equal(ask(code, 1, 0).verdict, rows[i].verdict);
	}
}

/* Numbers through memory, X and every operation; what is computed from an argument is anything. */
static void test_machine(void **state)
{
	static const struct sock_filter sum[] = {
		BPF_STMT(BPF_LD | BPF_IMM, 7),
		BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_LDX | BPF_MEM, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 1),
		BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 2),
		BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 4),
		BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 0x100),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 1),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 1),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 2),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_ALU | BPF_NEG, 0),
		BPF_STMT(BPF_MISC | BPF_TXA, 0),
		IF(JEQ, 0x91, 0, 1),
		ALLOW,
		KILL,
	};
	static const struct sock_filter computed[] = {
		ARG_LOW(0), BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1), IF(JEQ, 3, 0, 1), ALLOW, KILL,
	};
	static const struct sock_filter divided[] = {
		BPF_STMT(BPF_LDX | BPF_IMM, 0),
		BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
		ALLOW,
	};
	static const struct sock_filter maybe[] = {
		ARG_LOW(0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
		ALLOW,
	};
	static const struct sock_filter accumulator[] = {
		ARG_LOW(0),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct blast_bpf_filter f = { sum, COUNT_OF(sum) };
	struct blast_bpf_ask a = { .arch = AUDIT_ARCH_X86_64 };

	(void)state;
	assert_int_equal(ask(sum, COUNT_OF(sum), 0).verdict, BLAST_BPF_ALWAYS);
	assert_int_equal(reference_bpf_run(&f, &a), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(computed, COUNT_OF(computed), 0).verdict, BLAST_BPF_SOMETIMES);
	assert_int_equal(ask(divided, COUNT_OF(divided), 0).verdict, BLAST_BPF_NEVER);
	assert_int_equal(ask(maybe, COUNT_OF(maybe), 0).verdict, BLAST_BPF_SOMETIMES);
	assert_true(ask(accumulator, COUNT_OF(accumulator), 0).is_unclear);
}

/* More ways than anybody follows: counted as let through, and said. */
static void test_too_many(void **state)
{
	static struct sock_filter code[3 * 200 + 1];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		code[n++] = (struct sock_filter)ARG_LOW(i % 6);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, i);
		code[n++] = (struct sock_filter)IF(JGT, i, 0, 0);
	}
	code[n++] = (struct sock_filter)KILL;
	assert_true(ask(code, n, 0).is_unclear);
	assert_int_equal(ask(code, n, 0).verdict, BLAST_BPF_SOMETIMES);
}

struct wrong {
	const char *name;
	struct sock_filter code[3];
	size_t n;
};

static void test_wrong(void **state)
{
	static const struct wrong rows[] = {
		{ "empty", { ALLOW }, 0 },
		{ "no end", { LOAD(0) }, 1 },
		{ "jump to the end", { IF(JEQ, 0, 1, 0), ALLOW }, 2 },
		{ "jump behind it", { BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW }, 2 },
		{ "jump far", { BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX), ALLOW }, 2 },
		{ "crooked load", { LOAD(2), ALLOW }, 2 },
		{ "load behind the data", { LOAD(64), ALLOW }, 2 },
		{ "a byte", { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), ALLOW }, 2 },
		{ "memory 16", { BPF_STMT(BPF_ST, 16), ALLOW }, 2 },
		{ "division by zero", { BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), ALLOW }, 2 },
		{ "shift by 32", { BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), ALLOW }, 2 },
		{ "modulo", { BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), ALLOW }, 2 },
		{ "garbage", { BPF_STMT(0xffff, 0), ALLOW }, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct guard g = guard_new(sizeof rows[i].code);
		struct view v = guard_put(
			&g, view_of(rows[i].code, rows[i].n * sizeof(struct sock_filter)));
		struct blast_bpf_filter f = { (const struct sock_filter *)(const void *)v.p,
					      rows[i].n };

		if (blast_bpf_check(&f) != E_PROTO)
			fail_msg("%s", rows[i].name);
		guard_done(&g);
	}
}

/* The table of powers: of a process under inet_only nothing is left but socket(AF_INET). */
static void test_calls(void **state)
{
	struct blast_bpf_stack s = { .filter = { { inet_only, COUNT_OF(inet_only) } }, .n = 1 };
	static struct blast_calls c;
	char name[64];
	struct wbuf w = wbuf_of(name, sizeof name);

	(void)state;
	assert_int_equal(blast_calls_look(&s, &c), E_OK);
	assert_true(c.is_known && c.has_filters && !c.is_unclear);
	assert_int_equal(c.always, 0);
	assert_int_equal(c.sometimes, 1);
	assert_int_equal(c.of[SYS_socket], BLAST_BPF_SOMETIMES);
	for (unsigned i = 0; i < BLAST_POWERS; i++)
		assert_int_equal(c.power[i],
				 i == BLAST_POWER_INET ? BLAST_BPF_ALWAYS : BLAST_BPF_NEVER);
	s.n = 0;
	assert_int_equal(blast_calls_look(&s, &c), E_OK);
	assert_true(!c.has_filters && c.is_foreign && c.always == c.total && c.total > 350);
	assert_true(blast_calls_name(462, &w) && view_eq(wbuf_view(&w), VIEW("mseal")));
	w.n = 0;
	assert_true(blast_calls_name(SYS_execve, &w) && view_eq(wbuf_view(&w), VIEW("execve")));
	assert_false(blast_calls_name(400, &w));
}

/* In words: which arguments. */
static void test_when(void **state)
{
	static const struct sock_filter list[] = {
		LOAD(NUMBER), IF(JEQ, SYS_mount, 0, 6),
		ARG_LOW(2),   IF(JSET, 4, 4, 0),
		ARG_HIGH(1),  IF(JEQ, 0, 0, 2),
		ARG_LOW(1),   IF(JEQ, 0x20000, 1, 0),
		KILL,	      ALLOW,
	};
	struct blast_bpf_stack s = { .filter = { { list, COUNT_OF(list) } }, .n = 1 };
	static struct blast_calls c;

	(void)state;
	assert_int_equal(blast_calls_look(&s, &c), E_OK);
	for (size_t i = 0; i < c.act_n; i++)
		if (c.act[i].number == SYS_mount)
			assert_string_equal(c.act[i].when,
					    "argument 1 is 0x20000, argument 2 & 4 is 0");
		else
			assert_int_equal(c.act[i].verdict, BLAST_BPF_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_filter),      cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_one_argument),   cmocka_unit_test(test_masked),
		cmocka_unit_test(test_contradictions), cmocka_unit_test(test_stack),
		cmocka_unit_test(test_actions),	       cmocka_unit_test(test_machine),
		cmocka_unit_test(test_too_many),       cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_calls),	       cmocka_unit_test(test_when),
	};

	return cmocka_run_group_tests_name("tool-blast-bpf", tests, setup, teardown);
}
