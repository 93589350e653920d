/*
 * Ways are followed one after the other from a stack of places to go on from. A value is a number,
 * or some bits of a word of the arguments, or anything. A branch on bits goes both ways unless what
 * is known about the word decides it; each way keeps what it has learnt: bits, bounds, and numbers
 * that the word is not. Branches lead forward only, so every way ends.
 */
#include "tool/blast_bpf.h"

#include <linux/seccomp.h>
#include <stdlib.h>

enum {
	BPF_MEMORY = BPF_MEMWORDS,
	BPF_WORDS = 14, /* low and high half of six arguments, and of the instruction pointer */
	BPF_IP_WORD = 12,
	BPF_NOTS = 24,
	BPF_PLACES = 512,
	BPF_ARGS_AT = 16, /* struct seccomp_data */
	BPF_DATA = 64
};

enum bpf_kind { BPF_NUMBER, BPF_BITS, BPF_ANYTHING };

struct bpf_value {
	uint8_t kind, word;
	uint32_t k; /* the number, or which bits of the word */
};

/* What a way has learnt about a word. */
struct bpf_word {
	uint32_t mask, value; /* bits that are known */
	uint32_t low, high;
};

struct bpf_not {
	uint8_t word;
	uint32_t mask, k; /* (word & mask) != k */
};

/* A place to go on from. */
struct bpf_place {
	uint32_t filter, pc;
	struct bpf_value a, x, m[BPF_MEMORY];
	struct bpf_word word[BPF_WORDS];
	struct bpf_not not [BPF_NOTS];
	uint32_t not_n;
};

struct blast_bpf {
	struct bpf_place place[BPF_PLACES];
	size_t place_n;
	uint32_t steps;
	bool was_refused, was_allowed;
	const struct blast_bpf_stack *stack;
	const struct blast_bpf_ask *ask;
	struct blast_bpf_answer answer;
};

const char *blast_bpf_word(unsigned verdict)
{
	static const char *const words[] = { "never", "sometimes", "always" };

	return words[verdict];
}

struct blast_bpf *blast_bpf_new(void)
{
	return calloc(1, sizeof(struct blast_bpf));
}

void blast_bpf_free(struct blast_bpf *b)
{
	free(b);
}

/* ---- the rules of the kernel (seccomp_check_filter, bpf_check_classic) ---- */

static const uint16_t bpf_codes[] = {
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_W | BPF_LEN,
	BPF_LDX | BPF_W | BPF_LEN,
	BPF_RET | BPF_K,
	BPF_RET | BPF_A,
	BPF_ALU | BPF_ADD | BPF_K,
	BPF_ALU | BPF_ADD | BPF_X,
	BPF_ALU | BPF_SUB | BPF_K,
	BPF_ALU | BPF_SUB | BPF_X,
	BPF_ALU | BPF_MUL | BPF_K,
	BPF_ALU | BPF_MUL | BPF_X,
	BPF_ALU | BPF_DIV | BPF_K,
	BPF_ALU | BPF_DIV | BPF_X,
	BPF_ALU | BPF_AND | BPF_K,
	BPF_ALU | BPF_AND | BPF_X,
	BPF_ALU | BPF_OR | BPF_K,
	BPF_ALU | BPF_OR | BPF_X,
	BPF_ALU | BPF_XOR | BPF_K,
	BPF_ALU | BPF_XOR | BPF_X,
	BPF_ALU | BPF_LSH | BPF_K,
	BPF_ALU | BPF_LSH | BPF_X,
	BPF_ALU | BPF_RSH | BPF_K,
	BPF_ALU | BPF_RSH | BPF_X,
	BPF_ALU | BPF_NEG,
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
	BPF_JMP | BPF_JGE | BPF_X,
	BPF_JMP | BPF_JGT | BPF_K,
	BPF_JMP | BPF_JGT | BPF_X,
	BPF_JMP | BPF_JSET | BPF_K,
	BPF_JMP | BPF_JSET | BPF_X,
};

static bool bpf_is_code(uint16_t code)
{
	for (size_t i = 0; i < sizeof bpf_codes / sizeof *bpf_codes; i++)
		if (bpf_codes[i] == code)
			return true;
	return false;
}

static bool bpf_is_memory(uint16_t code)
{
	return code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM) || code == BPF_ST ||
	       code == BPF_STX;
}

static bool bpf_is_constant_good(const struct sock_filter *i)
{
	switch (i->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return i->k < BPF_DATA && i->k % 4 == 0;
	case BPF_ALU | BPF_DIV | BPF_K:
		return i->k != 0;
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_K:
		return i->k < 32;
	default:
		return !bpf_is_memory(i->code) || i->k < BPF_MEMORY;
	}
}

enum err blast_bpf_check(const struct blast_bpf_filter *f)
{
	if (f->n == 0 || f->n > BPF_MAXINSNS || BPF_CLASS(f->code[f->n - 1].code) != BPF_RET)
		return E_PROTO;
	for (size_t at = 0; at < f->n; at++) {
		const struct sock_filter *i = &f->code[at];
		size_t left = f->n - at - 1;

		if (!bpf_is_code(i->code) || !bpf_is_constant_good(i))
			return E_PROTO;
		if (BPF_CLASS(i->code) != BPF_JMP)
			continue;
		if (BPF_OP(i->code) == BPF_JA ? i->k >= left : i->jt >= left || i->jf >= left)
			return E_PROTO;
	}
	return E_OK;
}

/* ---- numbers ---- */

static uint32_t bpf_alu(uint16_t op, uint32_t a, uint32_t k)
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

static bool bpf_compare(uint16_t op, uint32_t a, uint32_t k)
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

static struct bpf_value bpf_number(uint32_t k)
{
	return (struct bpf_value){ .kind = BPF_NUMBER, .k = k };
}

/* ---- what is known about a word ---- */

/* Bits that are all known are a number. */
static struct bpf_value bpf_settle(const struct bpf_place *p, struct bpf_value v)
{
	const struct bpf_word *w = &p->word[v.word];

	if (v.kind == BPF_BITS && (v.k & ~w->mask) == 0)
		return bpf_number(w->value & v.k);
	return v;
}

static bool bpf_is_not(const struct bpf_place *p, struct bpf_value v, uint32_t k)
{
	for (uint32_t i = 0; i < p->not_n; i++)
		if (p->not [i].word == v.word && p->not [i].mask == v.k && p->not [i].k == k)
			return true;
	return false;
}

/* Whether these bits may be k, or anything else. */
static bool bpf_may_equal(const struct bpf_place *p, struct bpf_value v, uint32_t k, bool is_true)
{
	const struct bpf_word *w = &p->word[v.word];
	bool is_whole = v.k == UINT32_MAX;

	if (!is_true)
		return !is_whole || w->low != w->high || w->low != k;
	if ((k & ~v.k) != 0 || ((w->value ^ k) & w->mask & v.k) != 0)
		return false;
	return k <= w->high && (!is_whole || k >= w->low) && !bpf_is_not(p, v, k);
}

/* Whether a comparison of these bits may come out like this. */
static bool bpf_may(const struct bpf_place *p, struct bpf_value v, const struct sock_filter *i,
		    bool is_true)
{
	const struct bpf_word *w = &p->word[v.word];
	uint32_t bits = v.k & i->k, high = v.k < w->high ? v.k : w->high;
	uint32_t low = v.k == UINT32_MAX ? w->low : 0;

	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return bpf_may_equal(p, v, i->k, is_true);
	case BPF_JSET:
		return is_true ? (bits & ~w->mask) || (bits & w->value)
			       : (bits & w->mask & w->value) == 0;
	case BPF_JGT:
		return is_true ? high > i->k : low <= i->k;
	default:
		return is_true ? high >= i->k : low < i->k;
	}
}

static void bpf_learn_bits(struct bpf_word *w, uint32_t mask, uint32_t value)
{
	w->mask |= mask;
	w->value = (w->value & ~mask) | (value & mask);
}

static void bpf_learn_equal(struct bpf_place *p, struct bpf_value v, uint32_t k, bool is_true)
{
	if (is_true)
		bpf_learn_bits(&p->word[v.word], v.k, k);
	else if (p->not_n < BPF_NOTS)
		p->not [p->not_n++] = (struct bpf_not){ v.word, v.k, k };
}

static void bpf_learn(struct bpf_place *p, struct bpf_value v, const struct sock_filter *i,
		      bool is_true)
{
	struct bpf_word *w = &p->word[v.word];
	uint32_t bits = v.k & i->k, edge = 0;

	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		bpf_learn_equal(p, v, i->k, is_true);
		return;
	case BPF_JSET:
		if (!is_true)
			bpf_learn_bits(w, bits, 0);
		else if ((bits & (bits - 1)) == 0)
			bpf_learn_bits(w, bits, bits);
		return;
	default:
		if (v.k != UINT32_MAX)
			return;
		/* a > k: from k + 1 on; a >= k: from k on */
		edge = i->k + (BPF_OP(i->code) == BPF_JGT);
		if (is_true && edge > w->low)
			w->low = edge;
		if (!is_true && edge - 1 < w->high)
			w->high = edge - 1;
	}
}

/* ---- one way ---- */

static struct bpf_value bpf_load(const struct blast_bpf *b, const struct bpf_place *p, uint32_t at)
{
	struct bpf_value v = { .kind = BPF_BITS, .k = UINT32_MAX };

	if (at == 0)
		return bpf_number(b->ask->number);
	if (at == 4)
		return bpf_number(b->ask->arch);
	v.word = (uint8_t)(at < BPF_ARGS_AT ? BPF_IP_WORD + (at - 8) / 4 : (at - BPF_ARGS_AT) / 4);
	return bpf_settle(p, v);
}

static struct bpf_value bpf_compute(uint16_t op, struct bpf_value a, struct bpf_value k)
{
	if (a.kind == BPF_NUMBER && k.kind == BPF_NUMBER)
		return bpf_number(bpf_alu(op, a.k, k.k));
	if (op == BPF_AND && a.kind == BPF_BITS && k.kind == BPF_NUMBER)
		return (struct bpf_value){ .kind = BPF_BITS, .word = a.word, .k = a.k & k.k };
	return (struct bpf_value){ .kind = BPF_ANYTHING };
}

static void bpf_on_load(const struct blast_bpf *b, struct bpf_place *p, const struct sock_filter *i)
{
	struct bpf_value v = bpf_number(i->k);

	if (BPF_MODE(i->code) == BPF_ABS)
		v = bpf_load(b, p, i->k);
	else if (BPF_MODE(i->code) == BPF_LEN)
		v = bpf_number(BPF_DATA);
	else if (BPF_MODE(i->code) == BPF_MEM)
		v = bpf_settle(p, p->m[i->k % BPF_MEMORY]);
	if (BPF_CLASS(i->code) == BPF_LD)
		p->a = v;
	else
		p->x = v;
}

static bool bpf_push(struct blast_bpf *b, const struct bpf_place *p)
{
	if (b->place_n == BPF_PLACES)
		return false;
	b->place[b->place_n++] = *p;
	return true;
}

/* Both ways, where nothing that is known decides: p goes on along the one, the other waits. */
static bool bpf_fork(struct blast_bpf *b, struct bpf_place *p, const struct sock_filter *i)
{
	struct bpf_place other = *p;

	if (p->a.kind == BPF_BITS) {
		bpf_learn(p, p->a, i, true);
		bpf_learn(&other, other.a, i, false);
	}
	p->pc += i->jt;
	other.pc += i->jf;
	return bpf_push(b, &other);
}

static bool bpf_on_jump(struct blast_bpf *b, struct bpf_place *p, const struct sock_filter *i)
{
	struct sock_filter by = *i;
	bool may = true, may_not = true;

	if (BPF_OP(i->code) == BPF_JA) {
		p->pc += i->k;
		return true;
	}
	p->a = bpf_settle(p, p->a);
	p->x = bpf_settle(p, p->x);
	if (BPF_SRC(i->code) == BPF_X) {
		/* Compared with what is not known: anything may come out, and nothing is learnt */
		if (p->x.kind != BPF_NUMBER)
			p->a = (struct bpf_value){ .kind = BPF_ANYTHING };
		by.k = p->x.k;
	}
	if (p->a.kind == BPF_NUMBER) {
		may = bpf_compare(BPF_OP(i->code), p->a.k, by.k);
		may_not = !may;
	} else if (p->a.kind == BPF_BITS) {
		may = bpf_may(p, p->a, &by, true);
		may_not = bpf_may(p, p->a, &by, false);
	}
	if (may && may_not)
		return bpf_fork(b, p, &by);
	if (p->a.kind == BPF_BITS)
		bpf_learn(p, p->a, &by, may);
	p->pc += may ? i->jt : i->jf;
	return true;
}

/* A division by zero ends the filter with 0, which refuses; by what is not known, it may. */
static bool bpf_on_alu(struct blast_bpf *b, struct bpf_place *p, const struct sock_filter *i,
		       uint32_t *ret)
{
	struct bpf_value k = BPF_SRC(i->code) == BPF_X ? bpf_settle(p, p->x) : bpf_number(i->k);

	b->was_refused |= BPF_OP(i->code) == BPF_DIV && k.kind != BPF_NUMBER;
	if (BPF_OP(i->code) == BPF_DIV && k.kind == BPF_NUMBER && k.k == 0) {
		*ret = 0;
		return true;
	}
	p->a = bpf_compute(BPF_OP(i->code), bpf_settle(p, p->a), k);
	return false;
}

static void bpf_note_way(struct blast_bpf *b, const struct bpf_place *p)
{
	struct blast_bpf_answer *r = &b->answer;

	b->was_allowed = true;
	if (r->way_n == BLAST_BPF_WAYS) {
		r->more++;
		return;
	}
	for (unsigned i = 0; i < BLAST_BPF_ARGS; i++) {
		const struct bpf_word *w = &p->word[2 * i];

		r->way[r->way_n].mask[i] = (uint64_t)w[1].mask << 32 | w[0].mask;
		r->way[r->way_n].value[i] = (uint64_t)w[1].value << 32 | w[0].value;
	}
	r->way_n++;
}

/* The next filter, or the end of the way; false: there is no next. */
static bool bpf_on_return(struct blast_bpf *b, struct bpf_place *p, uint32_t value)
{
	uint32_t action = value & SECCOMP_RET_ACTION_FULL;

	if (action == SECCOMP_RET_USER_NOTIF)
		b->answer.is_unclear = true;
	else if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG) {
		b->was_refused = true;
		return false;
	}
	if (p->filter + 1 >= b->stack->n) {
		bpf_note_way(b, p);
		return false;
	}
	p->filter++;
	p->pc = 0;
	p->a = p->x = bpf_number(0);
	for (unsigned i = 0; i < BPF_MEMORY; i++)
		p->m[i] = bpf_number(0);
	return true;
}

/* What a RET says; not a number: anything. */
static bool bpf_on_end(struct blast_bpf *b, struct bpf_place *p, const struct sock_filter *i)
{
	struct bpf_value v = BPF_RVAL(i->code) == BPF_A ? bpf_settle(p, p->a) : bpf_number(i->k);

	if (v.kind != BPF_NUMBER) {
		b->answer.is_unclear = true;
		v = bpf_number(SECCOMP_RET_ALLOW);
	}
	return bpf_on_return(b, p, v.k);
}

/* One instruction; false: the way has ended. */
static bool bpf_step(struct blast_bpf *b, struct bpf_place *p)
{
	const struct blast_bpf_filter *f = &b->stack->filter[p->filter];
	const struct sock_filter *i = &f->code[p->pc];
	uint32_t value = 0;

	p->pc++;
	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
	case BPF_LDX:
		bpf_on_load(b, p, i);
		return true;
	case BPF_ST:
		p->m[i->k % BPF_MEMORY] = p->a;
		return true;
	case BPF_STX:
		p->m[i->k % BPF_MEMORY] = p->x;
		return true;
	case BPF_ALU:
		return bpf_on_alu(b, p, i, &value) ? bpf_on_return(b, p, value) : true;
	case BPF_JMP:
		if (!bpf_on_jump(b, p, i))
			b->answer.is_unclear = true;
		return true;
	case BPF_MISC:
		if (BPF_MISCOP(i->code) == BPF_TAX)
			p->x = p->a;
		else
			p->a = p->x;
		return true;
	default:
		return bpf_on_end(b, p, i);
	}
}

static struct bpf_place bpf_begin(const struct blast_bpf_ask *ask)
{
	struct bpf_place p = { 0 };

	for (unsigned i = 0; i < BPF_WORDS; i++)
		p.word[i].high = UINT32_MAX;
	for (unsigned i = 0; i < BLAST_BPF_ARGS; i++)
		if (ask->known >> i & 1) {
			bpf_learn_bits(&p.word[2 * i], UINT32_MAX, (uint32_t)ask->args[i]);
			bpf_learn_bits(&p.word[2 * i + 1], UINT32_MAX,
				       (uint32_t)(ask->args[i] >> 32));
		}
	return p;
}

struct blast_bpf_answer blast_bpf_ask(struct blast_bpf *b, const struct blast_bpf_stack *s,
				      const struct blast_bpf_ask *ask)
{
	struct bpf_place p = bpf_begin(ask);

	b->stack = s;
	b->ask = ask;
	b->steps = 0;
	b->was_refused = b->was_allowed = false;
	b->answer = (struct blast_bpf_answer){ 0 };
	b->place_n = 0;
	if (s->n == 0)
		bpf_note_way(b, &p);
	else
		(void)bpf_push(b, &p);
	while (b->place_n && b->steps < BLAST_BPF_STEPS) {
		p = b->place[--b->place_n];
		while (b->steps < BLAST_BPF_STEPS && bpf_step(b, &p))
			b->steps++;
		b->steps++;
	}
	if (b->steps >= BLAST_BPF_STEPS)
		b->answer.is_unclear = true;
	if (b->was_allowed && !b->was_refused && !b->answer.is_unclear)
		b->answer.verdict = BLAST_BPF_ALWAYS;
	else if (b->was_allowed || b->answer.is_unclear)
		b->answer.verdict = BLAST_BPF_SOMETIMES;
	return b->answer;
}
