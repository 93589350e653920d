/*
 * Filters out of a process that may be an intruder's: whatever passes the check is followed to an
 * end, and never to a better answer than the plain machine gives. For any arguments: what all
 * filters let through is not called "never", and what is called "always" they let through. With all
 * arguments known (and the place of the call looked at by none) there is no "sometimes" but for
 * what is said to be unclear (P5, A20). Input: a byte of options (1: raw instructions, else each
 * code is one that exists), which arguments are known, six arguments of eight bytes, a number; then
 * filters, each a count and instructions.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reference_bpf.h"

#include "base/wbuf.h"
#include "tool/blast_bpf.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

enum { FILTERS = 4, INSTRUCTIONS = 256, ARGUMENTS = 6 };

static const uint16_t codes[] = {
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_W | BPF_LEN,
	BPF_LDX | BPF_W | BPF_LEN,
	BPF_RET | BPF_K,
	BPF_RET | BPF_A,
	BPF_ALU | BPF_AND | BPF_K,
	BPF_ALU | BPF_AND | BPF_X,
	BPF_ALU | BPF_ADD | BPF_K,
	BPF_ALU | BPF_DIV | BPF_X,
	BPF_ALU | BPF_NEG,
	BPF_ALU | BPF_LSH | BPF_X,
	BPF_ALU | BPF_RSH | BPF_K,
	BPF_LD | BPF_IMM,
	BPF_LDX | BPF_IMM,
	BPF_MISC | BPF_TAX,
	BPF_MISC | BPF_TXA,
	BPF_LD | BPF_MEM,
	BPF_LDX | BPF_MEM,
	BPF_ST,
	BPF_STX,
	BPF_JMP | BPF_JA,
	BPF_JMP | BPF_JEQ | BPF_K,
	BPF_JMP | BPF_JEQ | BPF_X,
	BPF_JMP | BPF_JGE | BPF_K,
	BPF_JMP | BPF_JGT | BPF_K,
	BPF_JMP | BPF_JSET | BPF_K,
	BPF_JMP | BPF_JSET | BPF_X,
};

static const uint32_t actions[] = { SECCOMP_RET_ALLOW,	    SECCOMP_RET_KILL_PROCESS,
				    SECCOMP_RET_ERRNO | 1,  SECCOMP_RET_LOG,
				    SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE };

struct filters {
	struct sock_filter code[FILTERS][INSTRUCTIONS];
	struct blast_bpf_stack stack;
};

/* One that the kernel might take: its jumps stay inside, its constants are small ones mostly. */
static struct sock_filter shaped(struct sock_filter i, size_t left)
{
	i.code = codes[i.code % (sizeof codes / sizeof *codes)];
	if (i.code == (BPF_LD | BPF_W | BPF_ABS))
		i.k = i.k % 16 * 4;
	else if (i.code == (BPF_RET | BPF_K))
		i.k = actions[i.k % (sizeof actions / sizeof *actions)];
	else if (i.code == (BPF_JMP | BPF_JA))
		i.k = left ? i.k % (uint32_t)left : 0;
	else if (i.k & 0x80)
		i.k &= 0x1f;
	if (i.code == BPF_ST || i.code == BPF_STX || i.code == (BPF_LD | BPF_MEM) ||
	    i.code == (BPF_LDX | BPF_MEM))
		i.k %= BPF_MEMWORDS;
	if (i.code == (BPF_ALU | BPF_RSH | BPF_K))
		i.k %= 32;
	i.jt = (uint8_t)(left ? i.jt % left : 0);
	i.jf = (uint8_t)(left ? i.jf % left : 0);
	return i;
}

static struct sock_filter take(struct view *in)
{
	struct sock_filter i = { 0 };
	struct wbuf w = wbuf_of(&i, sizeof i);
	struct view v = { 0 };

	if (view_take(in, sizeof i, &v) == E_OK)
		wbuf_view_put(&w, v);
	else
		*in = (struct view){ 0 };
	return i;
}

static void read_filters(struct view *in, bool is_raw, struct filters *f)
{
	uint8_t n = 0;

	while (f->stack.n < FILTERS && view_u8(in, &n) == E_OK) {
		struct sock_filter *code = f->code[f->stack.n];
		size_t count = n;
		struct blast_bpf_filter one = { code, count + 1 };

		for (size_t i = 0; i < count; i++) {
			code[i] = take(in);
			if (!is_raw)
				code[i] = shaped(code[i], count - i);
		}
		code[count] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, actions[n % 4]);
		if (blast_bpf_check(&one) == E_OK)
			f->stack.filter[f->stack.n++] = one;
	}
}

/* What the kernel would do; *ret_asks: a supervisor decides. */
static bool lets_through(const struct blast_bpf_stack *s, const struct blast_bpf_ask *ask,
			 bool *ret_asks)
{
	for (size_t i = 0; i < s->n; i++) {
		uint32_t action = reference_bpf_run(&s->filter[i], ask) & SECCOMP_RET_ACTION_FULL;

		if (action == SECCOMP_RET_USER_NOTIF)
			*ret_asks = true;
		else if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG)
			return false;
	}
	return true;
}

/* Where the call comes from is known to neither: the plain machine says 0. */
static bool looks_at_place(const struct blast_bpf_stack *s)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->filter[i].n; k++)
			if (s->filter[i].code[k].code == (BPF_LD | BPF_W | BPF_ABS) &&
			    (s->filter[i].code[k].k & ~4U) == 8)
				return true;
	return false;
}

static void hold(struct blast_bpf *b, const struct filters *f, const struct blast_bpf_ask *ask)
{
	struct blast_bpf_answer r = blast_bpf_ask(b, &f->stack, ask);
	struct blast_bpf_ask all = *ask;
	bool asks = false, passes = lets_through(&f->stack, ask, &asks);

	INVARIANT(r.way_n <= BLAST_BPF_WAYS);
	INVARIANT(!passes || r.verdict != BLAST_BPF_NEVER);
	INVARIANT(r.verdict != BLAST_BPF_ALWAYS || (passes && !r.is_unclear));
	all.known = 0x3f;
	r = blast_bpf_ask(b, &f->stack, &all);
	INVARIANT(r.is_unclear || looks_at_place(&f->stack) ||
		  r.verdict == (passes ? BLAST_BPF_ALWAYS : BLAST_BPF_NEVER));
	INVARIANT(!passes || !asks || r.is_unclear);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	struct filters *f = calloc(1, sizeof *f);
	struct blast_bpf *b = blast_bpf_new();
	struct blast_bpf_ask ask = { .arch = AUDIT_ARCH_X86_64 };
	uint8_t options = 0;

	INVARIANT(f && b);
	if (view_u8(&in, &options) == E_OK && view_u8(&in, &ask.known) == E_OK) {
		for (unsigned i = 0; i < ARGUMENTS; i++)
			if (view_u64(&in, &ask.args[i]) != E_OK)
				break;
		if (view_u32(&in, &ask.number) == E_OK) {
			ask.number %= 512;
			read_filters(&in, options & 1, f);
			hold(b, f, &ask);
		}
	}
	blast_bpf_free(b);
	free(f);
	return 0;
}
