/*
 * An image whose zones, conditions, applications and combinations of factors are the input's: what
 * image_check accepts is decided about, with facts of the input's, in bounded time, and the answer
 * keeps what access.h promises. Everything else of the image is as small as image_check takes it.
 *
 * Input: facts (13 or 14 bytes), how many zones, conditions and applications (4 bytes),
 * applications (8 bytes each), conditions (7), zones (2), combinations of factors (1 each).
 */
#include "access/access.h"
#include "access/access_text.h"
#include "fuzz.h"

#include "base/wbuf.h"

enum {
	IMAGE_ROOM = 1 << 16,
	ZONES = 8,
	NODES = 300, /* more than a tree may have */
	APPS = 3,
	NETWORKS = 4,
	HEADER = (sizeof(struct image_header) + 7) / 8 * 8
};

/* Strings that the image has: "a", "ab", "abc", ... */
static const char bytes[] = "abcdefgh";

struct input {
	struct view rest;
};

/* Zero when the input is over. */
static unsigned take(struct input *in)
{
	uint8_t x = in->rest.n ? in->rest.p[0] : 0;

	in->rest = view_slice(in->rest, 1, in->rest.n);
	return x;
}

/* Below 512: two bytes. */
static unsigned take_two(struct input *in)
{
	unsigned low = take(in);

	return low | (take(in) & 1) << 8;
}

struct made {
	uint8_t *p;
	struct image_header *header;
	uint32_t at;
};

/* Room for a section behind those that are there. */
static void *section(struct made *m, enum image_section s, uint32_t n)
{
	uint32_t at = m->at;

	m->header->section[s] = (struct image_section_at){ .at = at, .n = n };
	m->at += (uint32_t)((n * image_section_size(s) + 7) / 8 * 8);
	INVARIANT(m->at <= IMAGE_ROOM);
	return m->p + at;
}

static struct image_str text(unsigned x)
{
	return (struct image_str){ 0, x % (unsigned)sizeof bytes };
}

static void make_networks(struct made *m)
{
	static const struct ip_net networks[NETWORKS] = {
		{ .ip.b = { [10] = 0xff, [11] = 0xff, [12] = 10 }, .bits = 104 },
		{ .ip.b = { [10] = 0xff, [11] = 0xff, [12] = 192 }, .bits = 97 },
		{ .ip.b = { 0x20, 1 }, .bits = 16 },
		{ .bits = 0 },
	};
	struct ip_net *to = section(m, IMAGE_NETWORK, NETWORKS);

	for (size_t i = 0; i < NETWORKS; i++)
		to[i] = networks[i];
}

static void make_pool(struct made *m)
{
	struct image_pool *p = section(m, IMAGE_POOL, 1);

	p->name = text(1);
	p->tls_client_certificate = IMAGE_NONE;
	p->protocol = IMAGE_HTTP;
	p->balance = IMAGE_LEAST_REQUESTS;
}

static void make_apps(struct made *m, struct input *in, uint32_t n)
{
	struct image_app *a = section(m, IMAGE_APP, n);

	for (uint32_t i = 0; i < n; i++, a++) {
		a->name = a->host = a->origin = a->audience = text(1);
		a->id = i + 1;
		a->allow.first = take_two(in);
		a->allow.n = take_two(in);
		a->deny.first = take_two(in);
		a->deny.n = take_two(in);
	}
}

static void make_conditions(struct made *m, struct input *in, uint32_t n)
{
	struct image_condition *c = section(m, IMAGE_CONDITION, n);

	for (uint32_t i = 0; i < n; i++, c++) {
		unsigned kind = take(in), size = take(in);

		c->kind = (uint8_t)(kind % 16);
		c->n = size & 128 ? size & 127 : size & 7;
		c->text = text(take(in));
		c->index = take(in);
		c->from = (uint16_t)(take(in) * 6);
		c->to = (uint16_t)(take(in) * 6);
		c->days = (uint8_t)take(in);
	}
}

static void make_zones(struct made *m, struct input *in, uint32_t n)
{
	struct image_zone *z = section(m, IMAGE_ZONE, n);

	for (uint32_t i = 0; i < n; i++, z++) {
		z->name = text(1);
		z->networks.first = take(in) % (NETWORKS + 1);
		z->networks.n = take(in) % (NETWORKS + 1);
	}
}

static void make_portal(struct image_header *h)
{
	h->gateway = (struct image_gateway){ .host = text(1),
					     .origin = text(1),
					     .title = text(1),
					     .factors = { 0, 2 },
					     .idle_s = 1,
					     .lifetime_s = 1,
					     .rotate_s = 1,
					     .step_up_s = 1,
					     .cells = 1,
					     .cells_per_address = 1,
					     .cells_before_login = 1,
					     .spawner_s = 1,
					     .binding = IMAGE_BINDING_OFF,
					     .on_mismatch = IMAGE_MISMATCH_END };
}

/* In the order of the sections, which is the order of the input too. */
static void make(struct made *m, struct input *in)
{
	uint32_t zones = take(in) % ZONES, nodes = take_two(in) % NODES,
		 apps = take(in) % (APPS + 1);
	uint32_t *factors = NULL;
	uint8_t *chars = NULL;

	m->header = (struct image_header *)(void *)m->p;
	m->at = HEADER;
	m->header->magic = IMAGE_MAGIC;
	m->header->version = IMAGE_VERSION;
	make_portal(m->header);
	m->header->isolation =
		(struct image_isolation){ .pilot = text(1), .to_open = 1, .to_close = 1 };
	chars = section(m, IMAGE_BYTES, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		chars[i] = (uint8_t)bytes[i];
	for (unsigned s = IMAGE_BYTES + 1; s < IMAGE_SECTIONS; s++)
		switch (s) {
		case IMAGE_NETWORK:
			make_networks(m);
			break;
		case IMAGE_POOL:
			make_pool(m);
			break;
		case IMAGE_APP:
			make_apps(m, in, apps);
			break;
		case IMAGE_CONDITION:
			make_conditions(m, in, nodes);
			break;
		case IMAGE_ZONE:
			make_zones(m, in, zones);
			break;
		case IMAGE_FACTORS:
			factors = section(m, IMAGE_FACTORS, 2);
			factors[0] = take(in);
			factors[1] = take(in);
			break;
		default:
			(void)section(m, (enum image_section)s, 0);
			break;
		}
	m->header->bytes = m->at;
}

static struct access_facts facts_of(struct input *in, struct view groups)
{
	struct access_facts f = { 0 };
	unsigned bits = 0;

	f.user = view_slice(VIEW("abcdefgh"), 0, take(in) % 9);
	f.groups = view_slice(groups, take(in) % 12, 12);
	bits = take(in);
	f.factors = (uint8_t)take(in);
	f.enrolled = (uint8_t)take(in);
	f.has_source = bits & 1;
	f.has_certificate = bits & 2;
	for (size_t i = 0; i < sizeof f.source.b; i += 4)
		f.source.b[i] = (uint8_t)take(in);
	if (bits & 4) {
		f.source = (struct ip){ .b = { [10] = 0xff, [11] = 0xff } };
		f.source.b[12] = (uint8_t)take(in);
	}
	f.clock.minute = (uint16_t)(take(in) * 6);
	f.clock.weekday = (uint8_t)(take(in) % 9);
	f.clock.left_s = (uint8_t)take(in);
	f.clock.steady_s = take(in) * 1000;
	return f;
}

struct seen {
	const struct image *im;
	const struct access_facts *f;
	uint32_t n, decides;
};

static void on_step(void *arg, const struct access_step *step)
{
	struct seen *s = arg;
	uint8_t said[ACCESS_TEXT_MAX];
	struct wbuf w = wbuf_of(said, sizeof said);

	INVARIANT(step->depth < IMAGE_CONDITION_DEPTH && step->truth <= ACCESS_TRUE);
	INVARIANT(step->index < image_count(s->im, IMAGE_CONDITION));
	access_text_put(&w, s->im, step, s->f);
	INVARIANT(!w.bad && w.n != 0);
	s->n++;
	s->decides += step->decides;
}

static void decide(const struct image *im, const struct image_app *app,
		   const struct access_facts *f)
{
	struct seen seen = { .im = im, .f = f };
	struct access_answer a = access_decide(im, app, f),
			     b = access_visit(im, app, f, on_step, &seen);
	struct access_facts then = *f;

	INVARIANT(a.verdict == b.verdict && a.factors == b.factors && a.condition == b.condition &&
		  a.holds_s == b.holds_s && a.holds_s > 0);
	INVARIANT(seen.n == app->allow.n + app->deny.n);
	INVARIANT(seen.decides == (a.condition != IMAGE_NONE));
	INVARIANT(a.verdict == GATE_OK || a.verdict == GATE_DENIED || a.verdict == GATE_STEP_UP);
	INVARIANT((a.factors != 0) == (a.verdict == GATE_STEP_UP));
	INVARIANT(a.verdict == GATE_DENIED || (app->allow.n && f->user.n));
	INVARIANT((a.factors & f->factors) == 0);
	then.factors |= a.factors;
	INVARIANT(a.verdict == GATE_DENIED || access_decide(im, app, &then).verdict == GATE_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .rest = view_of(data, size) };
	struct access_facts f = facts_of(&in, VIEW("a\nab\n\nabcd\nabcdefgh"));
	struct made m = { .p = aligned_alloc(8, IMAGE_ROOM) };
	struct image im = { 0 };
	const char *why = NULL;

	if (!m.p)
		abort();
	memset(m.p, 0, IMAGE_ROOM);
	make(&m, &in);
	if (image_check(view_of(m.p, m.at), &im, &why) != E_OK) {
		free(m.p);
		return 0;
	}
	for (uint32_t i = 0; i < image_count(&im, IMAGE_APP); i++)
		decide(&im, image_app_at(&im, i), &f);
	INVARIANT(access_factors_suffice(&im, 0xff)); /* who shows all of them has enough */
	free(m.p);
	return 0;
}
