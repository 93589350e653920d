/*
 * access_decide against a model: thousands of generated policies and facts. The model is written
 * otherwise on purpose: recursive, over the tree as it was generated and not as it was compiled,
 * two questions ("is it surely so?", "is it surely not so?") instead of three truths, a table of
 * minutes instead of borders, all sets of factors instead of costs.
 */
#include "access/access.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#include <string.h>

enum {
	IMAGES = 200,
	APPS = 25, /* policies of one image */
	FACTS = 12,
	NODES = 40,
	CHILDREN = 4,
	DEPTH = 6,
	WEEK = 7 * 24 * 60,
	YAML_BYTES = 1 << 20
};

enum kind { ALL, ANY, NONE, GROUP, USER, ZONE, FACTOR, CERTIFICATE, TIME, EVERYONE, KINDS };

struct tree {
	enum kind kind;
	unsigned what; /* which group, user, zone; the factor's bit */
	unsigned days, from, to;
	struct tree *child[CHILDREN];
	unsigned n;
};

struct policy {
	struct tree nodes[2 * NODES];
	unsigned n;
	struct tree *allow, *deny; /* NULL: none */
};

struct facts {
	unsigned user, groups; /* number; bits */
	unsigned address;      /* which of addresses; 0: not known */
	unsigned factors, enrolled;
	unsigned second; /* of the week; more: not known */
	bool has_certificate;
};

static uint64_t seed = 0x9e3779b97f4a7c15u;

static unsigned draw(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 11) % n);
}

/* Zones 0, 1, 2, and which of them an address lies in. */
static const char zones[] =
	"zones: [{name: z0, networks: [10.0.0.0/8]}, {name: z1, networks: "
	"[10.1.0.0/16, \"2001:db8::/32\"]}, {name: z2, networks: [0.0.0.0/0]}]\n";
static const struct {
	const char *text;
	unsigned zones;
} addresses[] = { { NULL, 0 },		{ "10.1.2.3", 7 },  { "10.2.2.3", 5 },
		  { "2001:db8::9", 2 }, { "192.0.2.7", 4 }, { "2001:db9::1", 0 } };
static const char *const factor_words[] = { "?", "password", "totp", "?", "passkey" };
static const char *const day_words[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static struct tree *grow(struct policy *p, unsigned depth, unsigned budget)
{
	struct tree *t = &p->nodes[p->n++];
	bool is_leaf = depth + 1 >= DEPTH || budget < 3 || draw(3) == 0;

	*t = (struct tree){ .kind = is_leaf ? GROUP + draw(KINDS - GROUP) : (enum kind)draw(3) };
	t->what = draw(3);
	if (t->kind == FACTOR)
		t->what = 1u << t->what;
	t->days = 1 + draw(127);
	t->from = draw(1440);
	t->to = draw(1441);
	if (draw(4) == 0)
		t->to = 1440;
	if (t->to == t->from)
		t->to++;
	for (unsigned i = 1 + draw(CHILDREN); !is_leaf && i > 0; i--)
		t->child[t->n++] = grow(p, depth + 1, budget / CHILDREN);
	return t;
}

static void write_time(struct wbuf *w, const struct tree *t)
{
	char text[80] = "";
	const char *between = "";

	WBUF_LIT(w, "{time: {days: [");
	for (unsigned d = 0; d < 7; d++) {
		if (!(t->days & 1u << d))
			continue;
		wbuf_str(w, between);
		wbuf_str(w, day_words[d]);
		between = ", ";
	}
	(void)snprintf(text, sizeof text, "], from: \"%02u:%02u\", to: \"%02u:%02u\"}}",
		       t->from / 60, t->from % 60, t->to / 60, t->to % 60);
	wbuf_str(w, text);
}

/* As people would write it. */
static void write_tree(struct wbuf *w, const struct tree *t)
{
	static const char *const begins[] = { [ALL] = "{all: [",
					      [ANY] = "{any: [",
					      [NONE] = "{none: [",
					      [GROUP] = "{group: g",
					      [USER] = "{user: u",
					      [ZONE] = "{zone: z",
					      [FACTOR] = "{factor: ",
					      [CERTIFICATE] = "{client_certificate: true",
					      [EVERYONE] = "{everyone: true" };

	if (t->kind == TIME) {
		write_time(w, t);
		return;
	}
	wbuf_str(w, begins[t->kind]);
	for (unsigned i = 0; i < t->n; i++) {
		wbuf_str(w, i ? ", " : "");
		write_tree(w, t->child[i]);
	}
	if (t->kind == GROUP || t->kind == USER || t->kind == ZONE)
		wbuf_dec(w, t->what);
	if (t->kind == FACTOR)
		wbuf_str(w, factor_words[t->what]);
	wbuf_str(w, t->kind <= NONE ? "]}" : "}");
}

static bool is_time(const struct tree *t, unsigned minute)
{
	for (unsigned d = 0; d < 7; d++) {
		unsigned long_n = t->to > t->from ? t->to - t->from : t->to + 1440 - t->from;
		unsigned begin = d * 1440 + t->from;

		if (t->days & 1u << d && (minute + WEEK - begin) % WEEK < long_n)
			return true;
	}
	return false;
}

static bool is_not(const struct tree *t, const struct facts *f);

/* Surely true. */
static bool is_so(const struct tree *t, const struct facts *f)
{
	switch (t->kind) {
	case ALL:
		for (unsigned i = 0; i < t->n; i++)
			if (!is_so(t->child[i], f))
				return false;
		return true;
	case ANY:
		for (unsigned i = 0; i < t->n; i++)
			if (is_so(t->child[i], f))
				return true;
		return false;
	case NONE:
		for (unsigned i = 0; i < t->n; i++)
			if (!is_not(t->child[i], f))
				return false;
		return true;
	case GROUP:
		return f->groups >> t->what & 1;
	case USER:
		return f->user == t->what;
	case ZONE:
		return f->address && addresses[f->address].zones >> t->what & 1;
	case FACTOR:
		return f->factors & t->what || (t->what == GATE_TOTP && f->factors & GATE_RECOVERY);
	case CERTIFICATE:
		return f->has_certificate;
	case TIME:
		return f->second < WEEK * 60 && is_time(t, f->second / 60);
	case EVERYONE:
	case KINDS:
	default:
		return true;
	}
}

/* Surely false. */
static bool is_not(const struct tree *t, const struct facts *f)
{
	bool every = true, some = false;

	for (unsigned i = 0; i < t->n; i++) {
		bool x = t->kind == NONE ? is_so(t->child[i], f) : is_not(t->child[i], f);

		every &= x;
		some |= x;
	}
	if (t->kind == ANY)
		return every;
	if (t->kind == ALL || t->kind == NONE)
		return some;
	if ((t->kind == ZONE && !f->address) || (t->kind == TIME && f->second >= WEEK * 60))
		return false;
	return !is_so(t, f);
}

static bool model_allows(const struct policy *p, const struct facts *f)
{
	return p->allow && is_so(p->allow, f) && (!p->deny || is_not(p->deny, f));
}

static unsigned bits(unsigned x)
{
	return (unsigned)__builtin_popcount(x);
}

/* The least number of factors that are missing, of a set of factors; 9: none would do. */
static unsigned model_least(const struct policy *p, const struct facts *f, unsigned of)
{
	unsigned least = 9;

	for (unsigned more = 0; more < 8; more++) {
		struct facts then = *f;

		if (more & ~of)
			continue;
		then.factors |= more;
		if (model_allows(p, &then) && bits(more & ~f->factors) < least)
			least = bits(more & ~f->factors);
	}
	return least;
}

static struct access_facts real_facts(const struct facts *f, char groups[64])
{
	static const char *const users[] = { "u0", "u1", "u2", "u3" };
	struct access_facts r = { .user = view_str(users[f->user]),
				  .factors = (uint8_t)f->factors,
				  .enrolled = (uint8_t)f->enrolled,
				  .has_certificate = f->has_certificate };
	struct wbuf w = wbuf_of(groups, 64);

	for (unsigned g = 0; g < 4; g++)
		if (f->groups >> g & 1) {
			WBUF_LIT(&w, "g");
			wbuf_dec(&w, g);
			WBUF_LIT(&w, "\n");
		}
	r.groups = wbuf_view(&w);
	if (f->address) {
		r.has_source = true;
		assert_int_equal(ip_parse(view_str(addresses[f->address].text), &r.source), E_OK);
	}
	if (f->second < WEEK * 60)
		r.clock = (struct access_clock){ .minute = (uint16_t)(f->second / 60 % 1440),
						 .weekday = (uint8_t)(f->second / 86400 + 1),
						 .left_s = (uint8_t)(60 - f->second % 60),
						 .steady_s = UINT32_MAX };
	return r;
}

static struct facts draw_facts(void)
{
	struct facts f = { .user = draw(4),
			   .groups = draw(16),
			   .address = draw(COUNT_OF(addresses)),
			   .factors = draw(16),
			   .enrolled = draw(8),
			   .second = draw(WEEK * 60 + WEEK * 6),
			   .has_certificate = draw(2) };

	f.enrolled |= f.factors & 7;
	return f;
}

static void check_step_up(const struct policy *p, const struct facts *f,
			  const struct access_answer *a)
{
	unsigned own = model_least(p, f, f->enrolled), all = model_least(p, f, 7);
	struct facts then = *f;

	if (all == 9) {
		assert_int_equal(a->verdict, GATE_DENIED);
		assert_int_equal(a->factors, 0);
		return;
	}
	assert_int_equal(a->verdict, GATE_STEP_UP);
	assert_int_equal(a->factors & f->factors, 0);
	then.factors |= a->factors;
	assert_true(model_allows(p, &then));
	assert_int_equal(bits(a->factors), own != 9 ? own : all);
	assert_true(own == 9 || (a->factors & ~f->enrolled) == 0);
}

/* Before the answer is over it is the same: at its last second, and somewhere before. */
static unsigned check_holds(const struct image *im, const struct image_app *app,
			    const struct facts *f, const struct access_answer *a)
{
	char groups[64];
	const unsigned far = WEEK * 60 - 1;
	unsigned last = a->holds_s == ACCESS_FOR_EVER ? far : a->holds_s - 1;

	if (f->second >= WEEK * 60)
		return 0;
	assert_true(a->holds_s > 0);
	for (unsigned i = 0; i < 4; i++) {
		struct facts then = *f;
		struct access_facts r = { 0 };
		struct access_answer b = { 0 };

		then.second = (f->second + (i ? draw(last + 1) : last)) % (WEEK * 60);
		r = real_facts(&then, groups);
		b = access_decide(im, app, &r);
		assert_int_equal(a->verdict, b.verdict);
		assert_int_equal(a->factors, b.factors);
	}
	return a->holds_s != ACCESS_FOR_EVER;
}

static struct made_image make_policies(struct policy *policies, char *yaml)
{
	struct wbuf w = wbuf_of(yaml, YAML_BYTES - 1);

	wbuf_str(&w,
		 "listeners: [{name: l, address: \"127.0.0.1:443\", certificates: [www], "
		 "isolation: cell, default_certificate: true}]\n"
		 "certificates: [{name: www, chain: " CERTS "/www.crt, key: " CERTS "/dummy.key}]\n"
		 "backends: [{name: b, servers: [\"127.0.0.1:8080\"]}]\n"
		 "gateway: {host: login.example.nl}\n");
	wbuf_str(&w, zones);
	WBUF_LIT(&w, "apps:\n");
	for (unsigned i = 0; i < APPS; i++) {
		struct policy *p = &policies[i];

		*p = (struct policy){ 0 };
		p->allow = draw(20) ? grow(p, 0, NODES) : NULL;
		p->deny = draw(2) ? grow(p, 0, NODES) : NULL;
		WBUF_LIT(&w, "  - {name: a");
		wbuf_dec(&w, i);
		WBUF_LIT(&w, ", host: a");
		wbuf_dec(&w, i);
		WBUF_LIT(&w, ".example.nl, backend: b, access: {");
		wbuf_str(&w, p->allow ? "allow: " : "");
		if (p->allow)
			write_tree(&w, p->allow);
		wbuf_str(&w, p->allow && p->deny ? ", deny: " : p->deny ? "deny: " : "");
		if (p->deny)
			write_tree(&w, p->deny);
		WBUF_LIT(&w, "}}\n");
	}
	assert_false(w.bad);
	yaml[w.n] = '\0';
	return make_image(yaml, NULL, 0);
}

static void test_decisions_are_the_models(void **state)
{
	static struct policy policies[APPS];
	static char yaml[YAML_BYTES];
	unsigned verdicts[GATE_VERDICTS] = { 0 }, timed = 0;

	(void)state;
	for (unsigned n = 0; n < IMAGES; n++) {
		struct made_image made = make_policies(policies, yaml);

		for (unsigned i = 0; i < APPS * FACTS; i++) {
			const struct policy *p = &policies[i / FACTS];
			const struct image_app *app = image_app_at(&made.im, i / FACTS);
			struct facts f = draw_facts();
			char groups[64];
			struct access_facts r = real_facts(&f, groups);
			struct access_answer a = access_decide(&made.im, app, &r);

			assert_int_equal(a.verdict == GATE_OK, model_allows(p, &f));
			if (a.verdict != GATE_OK)
				check_step_up(p, &f, &a);
			timed += check_holds(&made.im, app, &f, &a);
			verdicts[a.verdict]++;
		}
		unmake_image(&made);
	}
	print_message("%u allowed, %u denied, %u to step up, %u with an end\n", verdicts[GATE_OK],
		      verdicts[GATE_DENIED], verdicts[GATE_STEP_UP], timed);
	/* the generator reaches all of them often */
	assert_true(verdicts[GATE_OK] > 1000 && verdicts[GATE_DENIED] > 1000 &&
		    verdicts[GATE_STEP_UP] > 500 && timed > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_decisions_are_the_models) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
