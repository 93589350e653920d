/* A cell's hash overwrites what stood in its place: a cell that lies about its own can hide another
 * one's, of which there are as many as there are cells, and never an edge's. */
#include "role/authority/canaries.h"

#include "base/canary.h"
#include "role/authority/store.h"
#include "role/authority/tell.h"
#include "sys/secret.h"

static enum err canaries_write(struct authority *a, const struct hash32 *h, enum canary_kind kind,
			       struct view writer)
{
	struct store_ask q = store_ask(&a->store, Q_CANARY_ADD);

	store_put_hash(&q, h);
	store_put_int(&q, (uint64_t)kind);
	store_put_text(&q, writer);
	store_put_int(&q, authority_wall_s(a));
	return store_run(&q);
}

static enum err canaries_write_all(struct authority *a, const struct audit_canary *m)
{
	TRY(canaries_write(a, &m->session, CANARY_SESSION, m->writer));
	TRY(canaries_write(a, &m->bearer, CANARY_BEARER, m->writer));
	TRY(canaries_write(a, &m->password, CANARY_PASSWORD, m->writer));
	return store_run_for(&a->store, Q_CANARY_PURGE, CANARIES_STORED);
}

enum err canaries_keep(struct authority *a, const struct audit_canary *m)
{
	TRY(store_begin(&a->store));
	if (canaries_write_all(a, m) == E_OK)
		return store_commit(&a->store);
	store_abort(&a->store);
	return E_SYS;
}

static struct authority_canary *canaries_place(struct authority *a, const struct hash32 *token)
{
	struct view in = view_of(token->b, sizeof token->b);
	uint64_t at = 0;

	INVARIANT(view_u64(&in, &at) == E_OK);
	return &a->canaries[at % AUTHORITY_CANARIES];
}

void canaries_keep_cell(struct authority_cell *c, const struct hash32 *token)
{
	if (!hash32_is_zero(token))
		*canaries_place(c->a, token) = (struct authority_canary){
			.hash = *token,
			.serial = c->serial,
			.made_s = authority_wall_s(c->a),
			.ip = c->ip,
			.port = c->port,
		};
}

/* ---- one comes back ---- */

static void canaries_tell(struct authority_cell *c, struct view object, struct view detail)
{
	const struct tell t = { .action = "canary.presented",
				.result = "refused",
				.object = object,
				.detail = detail,
				.cell = c,
				.is_alarm = true };

	if (!c->has_shown_canary)
		tell_event(c->a, &t);
	c->has_shown_canary = true;
}

static bool canaries_look_cells(struct authority_cell *c, const struct hash32 *token)
{
	const struct authority_canary *k = canaries_place(c->a, token);
	uint8_t text[160];
	struct wbuf w = wbuf_of(text, sizeof text);

	if (!k->serial || !hash32_eq(&k->hash, token))
		return false;
	WBUF_LIT(&w, "a session's token that was given to nobody; it lay in the cell of ");
	ip_put_endpoint(&w, &k->ip, k->port);
	WBUF_LIT(&w, " ");
	wbuf_dec(&w, authority_wall_s(c->a) - k->made_s);
	WBUF_LIT(&w, " s ago");
	canaries_tell(c, VIEW("cell"), wbuf_view(&w));
	return true;
}

void canaries_look(struct authority_cell *c, const struct hash32 *token)
{
	struct store_ask q = { 0 };
	uint8_t text[160], name[AUDIT_ALARM_WRITER];
	struct wbuf w = wbuf_of(text, sizeof text), writer = wbuf_of(name, sizeof name);

	if (hash32_is_zero(token) || canaries_look_cells(c, token))
		return;
	q = store_ask(&c->a->store, Q_CANARY_GET);
	store_put_hash(&q, token);
	if (store_next(&q) != E_OK)
		return;
	wbuf_str(&w, canary_kind_name((enum canary_kind)(store_int(&q, 0) % CANARY_KINDS)));
	WBUF_LIT(&w,
		 " that was given to nobody; it lay in the memory of this process, which began ");
	wbuf_dec(&w, authority_wall_s(c->a) - store_int(&q, 2));
	WBUF_LIT(&w, " s ago");
	wbuf_view_put(&writer, view_slice(store_bytes(&q, 1), 0, sizeof name));
	store_end(&q);
	canaries_tell(c, wbuf_view(&writer), wbuf_view(&w));
}

void canaries_look_password(struct authority_cell *c, struct view password)
{
	struct hash32 h = { 0 };

	if (password.n != CANARY_TOKEN)
		return;
	vault_hash(&c->a->vault, password, &h);
	canaries_look(c, &h);
	secret_wipe(&h, sizeof h);
}

void canaries_look_decoy(struct authority_cell *c, uint32_t user, struct view name)
{
	struct store_ask q = store_ask(&c->a->store, Q_DECOY_IS);
	const struct tell t = { .action = "decoy.presented",
				.result = "refused",
				.object = name,
				.detail =
					VIEW("a log-in as a user whose name is in the store alone"),
				.cell = c,
				.is_alarm = true };
	uint64_t yes = 0;

	store_put_int(&q, user);
	if (store_number(&q, &yes) != E_OK || c->has_shown_canary)
		return;
	c->has_shown_canary = true;
	tell_event(c->a, &t);
}
