/* Looked at anew each time: nothing of what a gate found before is kept. */
#include "role/authority/recover_gate.h"

#include "role/authority/alarm.h"
#include "role/authority/recover_key.h"

/* What a gate looks at. */
struct recover_gate_scene {
	struct authority *a;
	const struct recover_app *r;
	const struct image_app *app; /* never NULL */
	enum recover_step next;
	unsigned told; /* bits of enum recover_told */
};

typedef enum recover_state recover_gate_of(const struct recover_gate_scene *s, struct wbuf *why);

enum recover_step recover_gate_next(const struct recover_app *r)
{
	return r->step && r->step < RECOVER_OPEN ? (enum recover_step)(r->step + 1) : RECOVER_NONE;
}

static enum recover_state recover_gate_state(bool is_open)
{
	return is_open ? RECOVER_GATE_OPEN : RECOVER_GATE_CLOSED;
}

static enum recover_state recover_gate_needs(const struct recover_gate_scene *s, struct wbuf *why)
{
	const struct image *im = authority_image(s->a);

	for (uint32_t i = 0; i < s->app->needs.n; i++) {
		uint32_t at = image_need_at(im, s->app->needs.first + i)->app;
		struct view name = image_view(im, image_app_at(im, at)->name);
		enum recover_step step = recover_step_of(s->a, name);

		if (step >= s->next)
			continue;
		wbuf_view_put(why, name);
		WBUF_LIT(why, " is ");
		wbuf_view_put(why, recover_step_name(step));
		if (!recover_find(s->a, name))
			WBUF_LIT(why, ", and takes no part in the return");
		return RECOVER_GATE_CLOSED;
	}
	return RECOVER_GATE_OPEN;
}

static enum recover_state recover_gate_soak(const struct recover_gate_scene *s, struct wbuf *why)
{
	uint64_t over_s = s->r->since_s + authority_image(s->a)->header->isolation.soak_s,
		 now_s = authority_wall_s(s->a);

	/* the first step waits for nothing: there is nothing to be seen while all is closed */
	if (s->r->step == RECOVER_CLOSED || over_s <= now_s)
		return RECOVER_GATE_OPEN;
	wbuf_dec(why, over_s - now_s);
	WBUF_LIT(why, " s more");
	return RECOVER_GATE_CLOSED;
}

static unsigned recover_gate_admin(const struct page_health_entry *e, const struct image_server *s)
{
	unsigned admin = e ? PAGE_GET(e->admin) : PAGE_ADMIN_CONFIGURED;

	if (admin == PAGE_ADMIN_CONFIGURED)
		return s->state;
	return admin == PAGE_ADMIN_ENABLED ? (unsigned)IMAGE_SERVER_ENABLED
					   : (unsigned)IMAGE_SERVER_DISABLED;
}

/* NULL: it is fit, or takes no part. */
static const char *recover_gate_ill(const struct image_pool *pool,
				    const struct page_health_entry *e)
{
	unsigned health = e ? PAGE_GET(e->health) : PAGE_HEALTH_UNKNOWN;

	if (health == PAGE_HEALTH_DOWN)
		return " is down";
	if (e && PAGE_GET(e->is_ejected))
		return " is ejected";
	return pool->health_kind != IMAGE_HEALTH_NONE && health != PAGE_HEALTH_UP
		       ? " was not checked yet"
		       : NULL;
}

/* Each that takes part: one that is to stay away is drained or disabled, by somebody who knows. */
static enum recover_state recover_gate_servers(const struct recover_gate_scene *s, struct wbuf *why)
{
	const struct image *im = authority_image(s->a);
	const struct image_pool *pool = image_pool_at(im, s->app->pool);
	unsigned n = 0;

	if (!s->a->health) {
		WBUF_LIT(why, "nobody can tell");
		return RECOVER_GATE_CLOSED;
	}
	for (uint32_t i = 0; i < pool->servers.n; i++) {
		const struct image_server *server = image_server_at(im, pool->servers.first + i);
		const struct page_health_entry *e = &s->a->health->server[server->slot];
		const char *ill = NULL;

		e = PAGE_GET(e->gen) == server->slot_gen ? e : NULL;
		if (recover_gate_admin(e, server) != IMAGE_SERVER_ENABLED)
			continue;
		n++;
		ill = recover_gate_ill(pool, e);
		if (!ill)
			continue;
		wbuf_view_put(why, view_slice(image_view(im, server->name), 0, 128));
		wbuf_str(why, ill);
		return RECOVER_GATE_CLOSED;
	}
	if (!n)
		WBUF_LIT(why, "no server is enabled");
	return recover_gate_state(n != 0);
}

static enum recover_state recover_gate_sessions(const struct recover_gate_scene *s,
						struct wbuf *why)
{
	struct store_ask q = store_ask(&s->a->store, Q_RETURN_OLD_SESSIONS);
	uint64_t n = 0;

	store_put_int(&q, s->a->recover.incident_s);
	if (store_number(&q, &n) != E_OK) {
		WBUF_LIT(why, "the store can't be read");
		return RECOVER_GATE_CLOSED;
	}
	if (n) {
		wbuf_dec(why, n);
		WBUF_LIT(why, " from before: sluis session revoke --all");
	}
	return recover_gate_state(!n);
}

static enum recover_state recover_gate_keys(const struct recover_gate_scene *s, struct wbuf *why)
{
	return recover_gate_state(recover_key_is_newer(s->a, s->a->recover.incident_s, why));
}

static enum recover_state recover_gate_alarms(const struct recover_gate_scene *s, struct wbuf *why)
{
	uint32_t n = alarm_count_open(s->a);

	if (n) {
		wbuf_dec(why, n);
		WBUF_LIT(why, " open: sluis alarms");
	}
	return recover_gate_state(!n);
}

/* What the command has found; not to have looked is no find. */
static enum recover_state recover_gate_told(const struct recover_gate_scene *s, unsigned looked,
					    unsigned good, struct view else_say, struct wbuf *why)
{
	bool is_good = s->told & looked && s->told & good;

	if (!(s->told & looked))
		WBUF_LIT(why, "nobody has looked");
	else if (!is_good)
		wbuf_view_put(why, else_say);
	return recover_gate_state(is_good);
}

static enum recover_state recover_gate_audit(const struct recover_gate_scene *s, struct wbuf *why)
{
	return recover_gate_told(s, RECOVER_TOLD_AUDIT, RECOVER_TOLD_AUDIT_OK,
				 VIEW("sluis audit verify says what is wrong"), why);
}

static enum recover_state recover_gate_programs(const struct recover_gate_scene *s,
						struct wbuf *why)
{
	return recover_gate_told(s, RECOVER_TOLD_PROGRAMS, RECOVER_TOLD_PROGRAMS_OK,
				 VIEW("sluis verify says what differs"), why);
}

static const struct recover_gate_row {
	recover_gate_of *look;
	bool is_told;
} recover_gate_rows[RECOVER_GATES] = {
	[RECOVER_NEEDS] = { recover_gate_needs, false },
	[RECOVER_SOAK] = { recover_gate_soak, false },
	[RECOVER_SERVERS] = { recover_gate_servers, false },
	[RECOVER_SESSIONS] = { recover_gate_sessions, false },
	[RECOVER_KEYS] = { recover_gate_keys, false },
	[RECOVER_ALARMS] = { recover_gate_alarms, false },
	[RECOVER_AUDIT] = { recover_gate_audit, true },
	[RECOVER_PROGRAMS] = { recover_gate_programs, true },
};

bool recover_gate_is_told(enum recover_gate gate)
{
	return (unsigned)gate < RECOVER_GATES && recover_gate_rows[gate].is_told;
}

enum recover_state recover_gate_look(struct authority *a, struct recover_app *r,
				     enum recover_gate gate, unsigned told, struct wbuf *why)
{
	const struct recover_gate_scene s = { .a = a,
					      .r = r,
					      .app = recover_image_app(a, recover_app_name(r)),
					      .next = recover_gate_next(r),
					      .told = told };

	INVARIANT((unsigned)gate < RECOVER_GATES && recover_gate_rows[gate].look);
	if (s.app && s.next != RECOVER_NONE)
		return recover_gate_rows[gate].look(&s, why);
	wbuf_str(why, s.app ? "it is open" : "the configuration has no such application");
	return RECOVER_GATE_CLOSED;
}

enum recover_gate recover_gate_refuses(struct authority *a, struct recover_app *r, unsigned told,
				       struct wbuf *why)
{
	for (unsigned gate = 1; gate < RECOVER_GATES; gate++)
		if (recover_gate_look(a, r, (enum recover_gate)gate, told, why) ==
		    RECOVER_GATE_CLOSED)
			return (enum recover_gate)gate;
	return RECOVER_GATES;
}
