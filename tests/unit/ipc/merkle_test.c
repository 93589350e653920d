/*
 * The tree against a second one that is written down as RFC 9162 §2.1.1, §2.1.3.1 and §2.1.4.1
 * define it, recursively over all leaves, for every leaf and every older size of small trees, made
 * from every place where a pass may begin; and against the roots that the Certificate Transparency
 * project publishes for RFC 6962.
 */
#include "tests/unit/check.h"

#include "ipc/merkle_plan.h"

enum { MODEL_N = 37 };

typedef struct audit_line_hash hash_t;

static struct audit_hash digest;
static hash_t leaves[MODEL_N];

static uint64_t model_split(uint64_t n)
{
	uint64_t k = 1;

	while (2 * k < n)
		k *= 2;
	return k;
}

/* MTH(D[from:to]) */
static hash_t model_root(uint64_t from, uint64_t to)
{
	hash_t ret = { 0 }, left = { 0 }, right = { 0 };

	if (to - from == 1)
		return leaves[from];
	left = model_root(from, from + model_split(to - from));
	right = model_root(from + model_split(to - from), to);
	CHECK_OK(audit_hash_node(&digest, &left, &right, &ret));
	return ret;
}

static void model_add(struct merkle_proof *p, hash_t h)
{
	p->node[p->n++] = h;
}

/* PATH(m, D[from:to]) */
static void model_path(uint64_t m, uint64_t from, uint64_t to, struct merkle_proof *p)
{
	uint64_t k = 0;

	if (to - from == 1)
		return;
	k = model_split(to - from);
	if (m < k) {
		model_path(m, from, from + k, p);
		model_add(p, model_root(from + k, to));
	} else {
		model_path(m - k, from + k, to, p);
		model_add(p, model_root(from, from + k));
	}
}

/* SUBPROOF(m, D[from:to], b) */
static void model_subproof(uint64_t m, uint64_t from, uint64_t to, bool b, struct merkle_proof *p)
{
	uint64_t k = 0;

	if (m == to - from) {
		if (!b)
			model_add(p, model_root(from, to));
		return;
	}
	k = model_split(to - from);
	if (m <= k) {
		model_subproof(m, from, from + k, b, p);
		model_add(p, model_root(from + k, to));
	} else {
		model_subproof(m - k, from + k, to, false, p);
		model_add(p, model_root(from, from + k));
	}
}

static struct merkle_frontier frontier_at(uint64_t size)
{
	struct merkle_frontier f = { 0 };

	for (uint64_t i = 0; i < size; i++)
		CHECK_OK(merkle_append(&digest, &f, &leaves[i]));
	return f;
}

/* The proof of a plan by a pass that begins at that size. */
static struct merkle_proof run_plan(const struct merkle_plan *plan, uint64_t begin)
{
	struct merkle_plan p = *plan;
	struct merkle_frontier f = frontier_at(begin);
	struct merkle_proof proof = { 0 };

	merkle_plan_begin(&p, &f);
	while (f.size < p.size)
		CHECK_OK(merkle_plan_append(&p, &digest, &f, &leaves[f.size]));
	CHECK_OK(merkle_plan_end(&p, &digest, &f, &proof));
	return proof;
}

static void check_same(const struct merkle_proof *a, const struct merkle_proof *b)
{
	assert_int_equal(a->n, b->n);
	for (unsigned i = 0; i < a->n; i++)
		assert_true(merkle_eq(&a->node[i], &b->node[i]));
}

static int setup(void **state)
{
	(void)state;
	CHECK_OK(audit_hash_init(&digest));
	for (uint8_t i = 0; i < MODEL_N; i++)
		CHECK_OK(audit_hash_leaf(&digest, view_of(&i, 1), &leaves[i]));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	audit_hash_done(&digest);
	return 0;
}

/* RFC 6962 §2.1, RFC 9162 §2.1.1: the leaves and roots of the reference implementation's tests. */
static void test_known_roots(void **state)
{
	static const char *const texts[] = { "",
					     "00",
					     "10",
					     "2021",
					     "3031",
					     "40414243",
					     "5051525354555657",
					     "606162636465666768696a6b6c6d6e6f" };
	static const char *const roots[] = {
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
	};
	struct merkle_frontier f = { 0 };
	hash_t root = { 0 }, want = { 0 }, leaf = { 0 };

	(void)state;
	CHECK_OK(merkle_root(&digest, &f, &root));
	CHECK_OK(audit_line_get_hex(
		VIEW("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), want.b,
		32));
	assert_true(merkle_eq(&root, &want));
	for (size_t i = 0; i < COUNT_OF(roots); i++) {
		struct view hex = view_str(texts[i]);
		uint8_t bytes[16];

		CHECK_OK(audit_line_get_hex(hex, bytes, hex.n / 2));
		CHECK_OK(audit_hash_leaf(&digest, view_of(bytes, hex.n / 2), &leaf));
		CHECK_OK(merkle_append(&digest, &f, &leaf));
		CHECK_OK(merkle_root(&digest, &f, &root));
		CHECK_OK(audit_line_get_hex(view_str(roots[i]), want.b, 32));
		CHECK_ROW(roots[i], merkle_eq(&root, &want));
	}
}

static void test_roots(void **state)
{
	struct merkle_frontier f = { 0 };
	hash_t root = { 0 }, want = { 0 };

	(void)state;
	for (uint64_t n = 1; n <= MODEL_N; n++) {
		CHECK_OK(merkle_append(&digest, &f, &leaves[n - 1]));
		CHECK_OK(merkle_root(&digest, &f, &root));
		want = model_root(0, n);
		assert_true(merkle_eq(&root, &want));
	}
	f.size = MERKLE_SIZE_MAX;
	CHECK_ERR(merkle_append(&digest, &f, &leaves[0]), E_LIMIT);
}

static void test_frontier_text(void **state)
{
	uint8_t text[MERKLE_FRONTIER_TEXT];

	(void)state;
	for (uint64_t n = 0; n <= MODEL_N; n++) {
		struct merkle_frontier f = frontier_at(n), again = { 0 };
		struct wbuf w = wbuf_of(text, sizeof text);
		hash_t a = { 0 }, b = { 0 };

		merkle_put(&w, &f);
		CHECK_OK(merkle_get(n, wbuf_view(&w), &again));
		CHECK_OK(merkle_root(&digest, &f, &a));
		CHECK_OK(merkle_root(&digest, &again, &b));
		assert_true(merkle_eq(&a, &b));
		if (n == 0)
			continue;
		CHECK_ERR(merkle_get(n, view_slice(wbuf_view(&w), 1, w.n), &again), E_PROTO);
		CHECK_ERR(merkle_get(2 * n + 1, wbuf_view(&w), &again), E_PROTO);
		text[0] = 'G';
		CHECK_ERR(merkle_get(n, wbuf_view(&w), &again), E_PROTO);
	}
	CHECK_ERR(merkle_get(0, VIEW("00"), &(struct merkle_frontier){ 0 }), E_PROTO);
	CHECK_ERR(merkle_get(UINT64_MAX, VIEW(""), &(struct merkle_frontier){ 0 }), E_LIMIT);
}

/* Nothing but the very proof is taken for one. */
static void check_wrong_inclusion(const struct merkle_place *place,
				  const struct merkle_proof *proof)
{
	struct merkle_place p = *place;
	struct merkle_proof q = *proof;

	p.index = (p.index + 1) % p.size;
	if (p.size > 1)
		CHECK_ERR(merkle_check_inclusion(&digest, &p, proof), E_DENIED);
	p = *place;
	p.leaf.b[3] ^= 1;
	CHECK_ERR(merkle_check_inclusion(&digest, &p, proof), E_DENIED);
	p = *place;
	p.root.b[31] ^= 0x80;
	CHECK_ERR(merkle_check_inclusion(&digest, &p, proof), E_DENIED);
	p = *place;
	p.index = p.size;
	CHECK_ERR(merkle_check_inclusion(&digest, &p, proof), E_DENIED);
	q.n++;
	CHECK_ERR(merkle_check_inclusion(&digest, place, &q), E_DENIED);
	for (unsigned i = 0; i < proof->n; i++) {
		q = *proof;
		q.node[i].b[0] ^= 1;
		CHECK_ERR(merkle_check_inclusion(&digest, place, &q), E_DENIED);
	}
	if (proof->n) {
		q = *proof;
		q.n--;
		CHECK_ERR(merkle_check_inclusion(&digest, place, &q), E_DENIED);
	}
}

/* RFC 9162 §2.1.3.1 and §2.1.3.2 */
static void test_inclusion(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= MODEL_N; n++) {
		hash_t root = model_root(0, n);

		for (uint64_t i = 0; i < n; i++) {
			struct merkle_place place = { i, n, leaves[i], root };
			struct merkle_proof want = { 0 };
			struct merkle_plan plan = { 0 };

			model_path(i, 0, n, &want);
			CHECK_OK(merkle_plan_inclusion(&plan, i, n));
			for (uint64_t begin = 0; begin <= i; begin++) {
				struct merkle_proof got = run_plan(&plan, begin);

				check_same(&got, &want);
			}
			CHECK_OK(merkle_check_inclusion(&digest, &place, &want));
			check_wrong_inclusion(&place, &want);
		}
	}
}

static void check_wrong_consistency(const struct merkle_head *older,
				    const struct merkle_head *newer,
				    const struct merkle_proof *proof)
{
	struct merkle_head o = *older, w = *newer;
	struct merkle_proof q = *proof;

	o.root.b[0] ^= 1;
	CHECK_ERR(merkle_check_consistency(&digest, &o, newer, proof), E_DENIED);
	w.root.b[0] ^= 1;
	CHECK_ERR(merkle_check_consistency(&digest, older, &w, proof), E_DENIED);
	q.n++;
	CHECK_ERR(merkle_check_consistency(&digest, older, newer, &q), E_DENIED);
	o = *older;
	o.size = newer->size + 1;
	CHECK_ERR(merkle_check_consistency(&digest, &o, newer, proof), E_DENIED);
	for (unsigned i = 0; i < proof->n; i++) {
		q = *proof;
		q.node[i].b[7] ^= 4;
		CHECK_ERR(merkle_check_consistency(&digest, older, newer, &q), E_DENIED);
	}
	if (proof->n) {
		q = *proof;
		q.n--;
		CHECK_ERR(merkle_check_consistency(&digest, older, newer, &q), E_DENIED);
	}
}

/* RFC 9162 §2.1.4.1 and §2.1.4.2 */
static void test_consistency(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= MODEL_N; n++) {
		struct merkle_head newer = { n, model_root(0, n) };

		for (uint64_t m = 1; m <= n; m++) {
			struct merkle_head older = { m, model_root(0, m) };
			struct merkle_proof want = { 0 };
			struct merkle_plan plan = { 0 };

			model_subproof(m, 0, n, true, &want);
			CHECK_OK(merkle_plan_consistency(&plan, m, n));
			for (uint64_t begin = 0; begin <= m; begin++) {
				struct merkle_proof got = run_plan(&plan, begin);

				check_same(&got, &want);
			}
			CHECK_OK(merkle_check_consistency(&digest, &older, &newer, &want));
			check_wrong_consistency(&older, &newer, &want);
		}
	}
}

static void test_empty_older(void **state)
{
	struct merkle_head none = { 0 }, newer = { 3, model_root(0, 3) };
	struct merkle_proof proof = { 0 };
	struct merkle_plan plan = { 0 };

	(void)state;
	CHECK_OK(merkle_plan_consistency(&plan, 0, 3));
	assert_int_equal(plan.n, 0);
	CHECK_OK(merkle_check_consistency(&digest, &none, &newer, &proof));
	proof.n = 1;
	CHECK_ERR(merkle_check_consistency(&digest, &none, &newer, &proof), E_DENIED);
	CHECK_ERR(merkle_plan_consistency(&plan, 4, 3), E_LIMIT);
	CHECK_ERR(merkle_plan_inclusion(&plan, 3, 3), E_LIMIT);
	CHECK_ERR(merkle_plan_inclusion(&plan, 3, UINT64_MAX), E_LIMIT);
}

/* A pass that begins behind what is to be proved can't make the proof, and says so. */
static void test_begun_too_late(void **state)
{
	struct merkle_frontier f = frontier_at(8);
	struct merkle_plan plan = { 0 };
	struct merkle_proof proof = { 0 };

	(void)state;
	CHECK_OK(merkle_plan_inclusion(&plan, 2, 8));
	merkle_plan_begin(&plan, &f);
	CHECK_ERR(merkle_plan_end(&plan, &digest, &f, &proof), E_PROTO);
	f = frontier_at(7);
	CHECK_ERR(merkle_plan_end(&plan, &digest, &f, &proof), E_PROTO);
}

/* The largest trees: no overflow, and never more hashes than a proof holds. */
static void test_large(void **state)
{
	struct merkle_plan plan = { 0 };

	(void)state;
	CHECK_OK(merkle_plan_inclusion(&plan, MERKLE_SIZE_MAX - 1, MERKLE_SIZE_MAX));
	assert_int_equal(plan.n, 62);
	CHECK_OK(merkle_plan_consistency(&plan, MERKLE_SIZE_MAX - 1, MERKLE_SIZE_MAX));
	assert_true(plan.n <= MERKLE_PROOF_MAX);
	CHECK_OK(merkle_plan_consistency(&plan, 1, MERKLE_SIZE_MAX));
	assert_int_equal(plan.n, 62);
	CHECK_ERR(merkle_plan_consistency(&plan, 1, MERKLE_SIZE_MAX + 1), E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_roots),    cmocka_unit_test(test_roots),
		cmocka_unit_test(test_frontier_text),  cmocka_unit_test(test_inclusion),
		cmocka_unit_test(test_consistency),    cmocka_unit_test(test_empty_older),
		cmocka_unit_test(test_begun_too_late), cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
