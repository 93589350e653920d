/* argon2id by libargon2: the cost, and comparisons that take the same time for everybody. */
#include "role/verifier/password.h"

#include "base/ct.h"
#include "role/verifier/phc.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/secret.h"

#include <argon2.h>
#include <sys/mman.h>

enum { PASSWORD_MEASURE = 3 };

/* libargon2's callbacks carry no argument: docs/invariants.md */
static struct {
	uint8_t *p;
	size_t n;
	bool is_used;
} password_memory;

static int password_allocate(uint8_t **memory, size_t n)
{
	INVARIANT(!password_memory.is_used); /* one at a time */
	if (n > password_memory.n)
		return ARGON2_MEMORY_ALLOCATION_ERROR;
	password_memory.is_used = true;
	*memory = password_memory.p;
	return ARGON2_OK;
}

/* libargon2 has wiped it. */
static void password_free(uint8_t *memory, size_t n)
{
	(void)n;
	INVARIANT(memory == password_memory.p);
	password_memory.is_used = false;
}

static enum err password_reserve(struct password *p, size_t n)
{
	void *m = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);

	if (m == MAP_FAILED)
		return log_errno("memory for passwords");
	if (madvise(m, n, MADV_DONTDUMP) < 0) {
		enum err e = log_errno("keeping the memory for passwords out of core dumps");

		(void)munmap(m, n);
		return e;
	}
	password_memory.p = m;
	password_memory.n = n;
	p->bytes = n;
	/* pages are locked as they are used first, and stay */
	p->is_locked = mlock2(m, n, MLOCK_ONFAULT) == 0;
	return E_OK;
}

/* A password's bytes are only read; libargon2's interface doesn't say so. */
static uint8_t *password_bytes(struct view v)
{
	return (uint8_t *)(uintptr_t)v.p;
}

static enum err password_derive(const struct password_cost *c, struct view password,
				struct view salt, struct wbuf *tag)
{
	argon2_context x = { .out = tag->p,
			     .outlen = (uint32_t)tag->cap,
			     .pwd = password_bytes(password),
			     .pwdlen = (uint32_t)password.n,
			     .salt = password_bytes(salt),
			     .saltlen = (uint32_t)salt.n,
			     .t_cost = c->passes,
			     .m_cost = c->kib,
			     .lanes = 1,
			     .threads = 1, /* in this thread: there is no other */
			     .version = ARGON2_VERSION_13,
			     .allocate_cbk = password_allocate,
			     .free_cbk = password_free,
			     .flags = ARGON2_DEFAULT_FLAGS };

	tag->n = 0;
	if (argon2id_ctx(&x) != ARGON2_OK)
		return E_SYS;
	tag->n = tag->cap;
	return E_OK;
}

/* The time of one pass over PASSWORD_KIB, the best of a few: others use the machine too. */
static enum err password_measure(uint64_t *ret_us)
{
	static const struct password_cost once = { PASSWORD_KIB, 1 };
	uint8_t room[PASSWORD_TAG];
	struct wbuf tag = wbuf_of(room, sizeof room);
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < PASSWORD_MEASURE; i++) {
		uint64_t began = clock_mono_ns(), us = 0;

		TRY(password_derive(&once, VIEW("measure"), VIEW("measuring salt"), &tag));
		us = (clock_mono_ns() - began) / 1000;
		best = us < best ? us : best;
	}
	*ret_us = best;
	return E_OK;
}

struct password_cost password_tune(uint64_t pass_us)
{
	uint64_t budget_us = PASSWORD_MS * 1000, passes = budget_us / (pass_us ? pass_us : 1);
	uint64_t kib = PASSWORD_KIB;

	if (passes < PASSWORD_PASSES_MIN) { /* too slow for all of it: less memory, in MiB */
		passes = PASSWORD_PASSES_MIN;
		kib = PASSWORD_KIB * budget_us / (pass_us * PASSWORD_PASSES_MIN) / 1024 * 1024;
	}
	if (kib < PASSWORD_KIB_MIN)
		kib = PASSWORD_KIB_MIN;
	if (passes > PASSWORD_PASSES_MAX)
		passes = PASSWORD_PASSES_MAX;
	return (struct password_cost){ (uint32_t)kib, (uint32_t)passes };
}

enum err password_open(struct password *p, const struct password_cost *wanted)
{
	uint32_t kib = wanted->kib > PASSWORD_KIB ? wanted->kib : PASSWORD_KIB;
	uint64_t us = 0;

	if (kib > PASSWORD_KIB_MAX || wanted->passes > PASSWORD_PASSES_MAX)
		return E_LIMIT;
	TRY(password_reserve(p, (size_t)kib * 1024));
	p->cost = *wanted;
	if (wanted->kib && wanted->passes)
		return E_OK;
	TRY(password_measure(&us));
	if (wanted->kib) /* memory is said: how often over it? */
		us = us * wanted->kib / PASSWORD_KIB;
	p->cost = password_tune(us);
	if (wanted->kib)
		p->cost.kib = wanted->kib;
	if (wanted->passes)
		p->cost.passes = wanted->passes;
	return E_OK;
}

void password_done(struct password *p)
{
	if (password_memory.p)
		(void)munmap(password_memory.p, password_memory.n);
	password_memory.p = NULL;
	password_memory.n = 0;
	*p = (struct password){ 0 };
}

enum err password_hash(const struct password *p, struct view password, struct wbuf *ret_encoded)
{
	struct phc h = { .kib = p->cost.kib, .passes = p->cost.passes };
	enum err e = E_OK;

	secret_random(h.salt, PASSWORD_SALT);
	h.salt_n = PASSWORD_SALT;
	h.tag_n = PASSWORD_TAG;
	{
		struct wbuf tag = wbuf_of(h.tag, h.tag_n);

		e = password_derive(&p->cost, password, view_of(h.salt, h.salt_n), &tag);
	}
	if (e == E_OK) {
		phc_put(ret_encoded, &h);
		e = wbuf_check(ret_encoded);
	}
	secret_wipe(&h, sizeof h);
	return e;
}

static uint64_t password_work(const struct password_cost *c)
{
	return (uint64_t)c->kib * c->passes;
}

/* What a cheap hash left of today's time: spent, so that nobody sees which accounts are old. */
static enum err password_spend(const struct password *p, uint64_t done, struct view password)
{
	uint64_t work = password_work(&p->cost), left = work > done ? work - done : 0;
	struct password_cost c = { p->cost.kib, (uint32_t)(left / p->cost.kib) };
	uint8_t room[PASSWORD_TAG];
	struct wbuf tag = wbuf_of(room, sizeof room);

	if (c.passes == 0) {
		c = (struct password_cost){ (uint32_t)left, 1 };
		if (c.kib < PHC_KIB_MIN)
			return E_OK;
	}
	TRY(password_derive(&c, password, VIEW("salt of nobody"), &tag));
	secret_wipe(room, sizeof room);
	return E_OK;
}

static enum err password_compare(const struct password *p, const struct phc *h,
				 struct view password, struct password_verdict *ret)
{
	struct password_cost c = { h->kib, h->passes };
	uint8_t room[PHC_TAG_MAX];
	struct wbuf tag = wbuf_of(room, h->tag_n);
	bool is_right = false;
	enum err e = password_derive(&c, password, view_of(h->salt, h->salt_n), &tag);

	if (e == E_OK)
		e = password_spend(p, password_work(&c), password);
	if (e == E_OK) {
		is_right = ct_equal(wbuf_view(&tag), view_of(h->tag, h->tag_n));
		*ret = (struct password_verdict){
			is_right, is_right && (c.kib < p->cost.kib || c.passes < p->cost.passes)
		};
	}
	secret_wipe(room, sizeof room);
	return e;
}

enum err password_check(const struct password *p, struct view encoded, struct view password,
			struct password_verdict *ret)
{
	struct phc h = { 0 };
	enum err e = E_OK;

	if (!encoded.n) {
		TRY(password_spend(p, 0, password));
		*ret = (struct password_verdict){ 0 };
		return E_OK;
	}
	TRY(phc_get(encoded, &h));
	if ((size_t)h.kib * 1024 > p->bytes || h.passes > PASSWORD_PASSES_MAX)
		return E_PROTO;
	e = password_compare(p, &h, password, ret);
	secret_wipe(&h, sizeof h);
	return e;
}
