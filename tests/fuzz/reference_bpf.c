/* Instruction by instruction, as the kernel's own interpreter of classic BPF has it. */
#include "tests/fuzz/reference_bpf.h"

enum { ARGS_AT = 16, DATA = 64 /* struct seccomp_data */ };

static uint32_t reference_alu(uint16_t op, uint32_t a, uint32_t k)
{
	switch (op) {
	case BPF_ADD:
		return a + k;
	case BPF_SUB:
		return a - k;
	case BPF_MUL:
		return a * k;
	case BPF_DIV:
		return k ? a / k : 0;
	case BPF_AND:
		return a & k;
	case BPF_OR:
		return a | k;
	case BPF_XOR:
		return a ^ k;
	case BPF_LSH:
		return a << (k & 31);
	case BPF_RSH:
		return a >> (k & 31);
	default:
		return 0 - a; /* BPF_NEG */
	}
}

static bool reference_compare(uint16_t op, uint32_t a, uint32_t k)
{
	switch (op) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default:
		return (a & k) != 0; /* BPF_JSET */
	}
}

struct reference_machine {
	uint32_t a, x, m[BPF_MEMWORDS];
};

static uint32_t reference_data(const struct blast_bpf_ask *ask, uint32_t at)
{
	uint64_t arg = 0;

	if (at == 0)
		return ask->number;
	if (at == 4)
		return ask->arch;
	if (at < ARGS_AT || at >= DATA)
		return 0;
	arg = ask->args[(at - ARGS_AT) / 8];
	return (uint32_t)(at % 8 ? arg >> 32 : arg);
}

static uint32_t reference_fetch(const struct reference_machine *r, const struct sock_filter *i,
				const struct blast_bpf_ask *ask)
{
	switch (BPF_MODE(i->code)) {
	case BPF_ABS:
		return reference_data(ask, i->k);
	case BPF_LEN:
		return DATA;
	case BPF_MEM:
		return r->m[i->k % BPF_MEMWORDS];
	default:
		return i->k;
	}
}

/* false: divided by zero */
static bool reference_move(struct reference_machine *r, const struct sock_filter *i,
			   const struct blast_bpf_ask *ask)
{
	uint32_t k = BPF_SRC(i->code) == BPF_X ? r->x : i->k;

	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		r->a = reference_fetch(r, i, ask);
		break;
	case BPF_LDX:
		r->x = reference_fetch(r, i, ask);
		break;
	case BPF_ST:
		r->m[i->k % BPF_MEMWORDS] = r->a;
		break;
	case BPF_STX:
		r->m[i->k % BPF_MEMWORDS] = r->x;
		break;
	case BPF_ALU:
		if (BPF_OP(i->code) == BPF_DIV && k == 0)
			return false;
		r->a = reference_alu(BPF_OP(i->code), r->a, k);
		break;
	default:
		if (BPF_MISCOP(i->code) == BPF_TAX)
			r->x = r->a;
		else
			r->a = r->x;
	}
	return true;
}

static size_t reference_jump(const struct reference_machine *r, const struct sock_filter *i)
{
	uint32_t k = BPF_SRC(i->code) == BPF_X ? r->x : i->k;

	if (BPF_OP(i->code) == BPF_JA)
		return i->k;
	return reference_compare(BPF_OP(i->code), r->a, k) ? i->jt : i->jf;
}

uint32_t reference_bpf_run(const struct blast_bpf_filter *f, const struct blast_bpf_ask *ask)
{
	struct reference_machine r = { 0 };

	for (size_t at = 0; at < f->n; at++) {
		const struct sock_filter *i = &f->code[at];

		if (BPF_CLASS(i->code) == BPF_RET)
			return BPF_RVAL(i->code) == BPF_A ? r.a : i->k;
		if (BPF_CLASS(i->code) == BPF_JMP)
			at += reference_jump(&r, i);
		else if (!reference_move(&r, i, ask))
			return 0;
	}
	return 0;
}
