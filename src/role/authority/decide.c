/* The rules are src/access'; here is what is known: the store's groups, the spawner's address, the
 * machine's clock in its own time zone. */
#include "role/authority/decide.h"

#include "role/authority/factor.h"
#include "role/authority/isolate.h"

#include <time.h>

enum { DECIDE_STEADY_S = 24 * 3600, DECIDE_STEP_S = 3600, DECIDE_APPS = 256 };

const struct image_app *decide_app_by_id(const struct image *im, uint64_t id)
{
	for (uint32_t i = 0; id && i < image_count(im, IMAGE_APP); i++)
		if (image_app_at(im, i)->id == id)
			return image_app_at(im, i);
	return NULL;
}

/* How far ahead the zone has the same distance to UTC as now. */
static uint32_t decide_steady(time_t now, long offset)
{
	uint32_t s = 0;

	while (s < DECIDE_STEADY_S) {
		struct tm tm = { 0 };
		time_t then = now + s + DECIDE_STEP_S;

		if (!localtime_r(&then, &tm) || tm.tm_gmtoff != offset)
			break;
		s += DECIDE_STEP_S;
	}
	return s;
}

struct access_clock decide_clock(uint64_t wall_s)
{
	time_t now = (time_t)wall_s;
	struct tm tm = { 0 };

	if (!localtime_r(&now, &tm))
		return (struct access_clock){ 0 };
	return (struct access_clock){
		.minute = (uint16_t)(tm.tm_hour * 60 + tm.tm_min),
		.weekday = (uint8_t)(tm.tm_wday == 0 ? 7 : tm.tm_wday),
		.left_s = (uint8_t)(tm.tm_sec < 59 ? 60 - tm.tm_sec : 1),
		.steady_s = decide_steady(now, tm.tm_gmtoff),
	};
}

enum err decide_facts(struct authority *a, const struct session *s, const struct decide_from *from,
		      struct decide_facts *ret)
{
	struct wbuf groups = wbuf_of(ret->groups, sizeof ret->groups);

	ret->facts = (struct access_facts){
		.user = user_name(&s->user),
		.source = from->ip,
		.has_source = true,
		.has_certificate = from->has_certificate,
		.factors = s->factors,
		.clock = decide_clock(authority_wall_s(a)),
	};
	TRY(user_groups(a, s->user.id, &groups));
	TRY(factor_kinds(a, s->user.id, &ret->facts.enrolled));
	ret->facts.groups = wbuf_view(&groups);
	return E_OK;
}

struct decision decide(const struct authority *a, const struct image_app *app,
		       const struct decide_facts *facts)
{
	struct access_answer answer = access_decide(authority_image(a), app, &facts->facts);
	struct decision d = { .verdict = answer.verdict, .factors = answer.factors };

	if (answer.holds_s != ACCESS_FOR_EVER)
		d.until_s = authority_wall_s(a) + answer.holds_s;
	return d;
}

enum err decide_here(const struct authority_cell *c, const struct session *s,
		     const struct image_app *app, struct decision *ret)
{
	const struct decide_from from = { .ip = c->ip, .has_certificate = c->has_certificate };
	struct decide_facts facts;

	TRY(decide_facts(c->a, s, &from, &facts));
	*ret = decide(c->a, app, &facts);
	if (ret->verdict == GATE_OK)
		isolate_decide(c, s, app, facts.facts.groups, ret);
	return E_OK;
}

/* Applications that the session has entered and may no longer open. What asks for a certificate is
 * asked for again: nobody knows here. */
static enum err decide_lost(struct authority *a, const struct session *s, bool *ret_any)
{
	const struct decide_from from = { .ip = s->source };
	struct store_ask q = store_ask(&a->store, Q_TOKEN_APPS);
	struct decide_facts facts;
	uint64_t apps[DECIDE_APPS];
	unsigned n = 0;
	enum err e = E_OK;

	*ret_any = false;
	store_put_int(&q, s->id);
	for (e = store_next(&q); e == E_OK && n < DECIDE_APPS; e = store_next(&q))
		apps[n++] = store_int(&q, 0);
	store_end(&q);
	if (e == E_SYS)
		return E_SYS;
	TRY(decide_facts(a, s, &from, &facts));
	for (unsigned i = 0; i < n; i++) {
		const struct image_app *app = decide_app_by_id(authority_image(a), apps[i]);

		if (app && decide(a, app, &facts).verdict == GATE_OK)
			continue;
		*ret_any = true;
		TRY(session_set_denied(a, s->id, apps[i], true));
	}
	return E_OK;
}

static void decide_again(struct authority *a, uint32_t user)
{
	struct session s = { 0 };

	while (session_after(a, user, s.id, &s) == E_OK) {
		bool is_less = true;

		if (decide_lost(a, &s, &is_less) == E_OK && !is_less)
			continue;
		if (session_forget_generation(a, s.id) != E_OK)
			return; /* logged: the store can't be written, nor is anything granted */
	}
}

void decide_user_again(struct authority *a, uint32_t user)
{
	decide_again(a, user);
}

void decide_all_again(struct authority *a)
{
	decide_again(a, 0);
}

/* Also when the clock was set back, and once after a start. */
void decide_tick(struct authority *a)
{
	uint64_t now = authority_wall_s(a);
	struct access_clock clock = { 0 };
	uint32_t holds_s = 0;

	if (now >= a->rules_from_s && now < a->rules_until_s)
		return;
	clock = decide_clock(now);
	holds_s = access_rules_hold(authority_image(a), &clock);
	a->rules_from_s = now;
	a->rules_until_s = holds_s == ACCESS_FOR_EVER ? UINT64_MAX : now + holds_s;
	if (holds_s != ACCESS_FOR_EVER)
		decide_all_again(a);
}
