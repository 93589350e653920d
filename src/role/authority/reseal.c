/* All or nothing: one transaction, whose last statement names the key. */
#include "role/authority/reseal.h"

#include "ipc/keeper_role.h"
#include "role/authority/factor.h"
#include "role/authority/tell.h"
#include "sys/log.h"
#include "sys/secret.h"

static const char reseal_meta[] = "vault";
static const char reseal_foreign[] =
	"the store is under another key than store.key: put the one back that belongs to it; "
	"until then no authenticator app's code is right";

/* A key's name tells nothing of it: SHA-256 over more than the key. */
static void reseal_name(struct vault *v, struct view key, struct hash32 *ret)
{
	uint8_t text[VAULT_KEY + 16];
	struct wbuf w = wbuf_of(text, sizeof text);

	WBUF_LIT(&w, "sluis vault");
	wbuf_view_put(&w, key);
	vault_hash(v, wbuf_view(&w), ret);
	secret_wipe(text, sizeof text);
}

/* The key that the store says it is under; zero: it says none. */
static enum err reseal_named(struct authority *a, struct hash32 *ret)
{
	struct store_ask q = store_ask(&a->store, Q_META_GET);
	enum err e = E_OK;

	*ret = (struct hash32){ 0 };
	store_put_text(&q, view_str(reseal_meta));
	e = store_next(&q);
	if (e == E_OK) {
		store_hash(&q, 0, ret);
		store_end(&q);
	}
	return e == E_CLOSED ? E_OK : e;
}

static bool reseal_is(const struct hash32 *a, const struct hash32 *b)
{
	return view_eq(view_of(a->b, sizeof a->b), view_of(b->b, sizeof b->b));
}

/* The next one that is sealed, behind this id. E_CLOSED: there is none */
static enum err reseal_next(struct authority *a, uint32_t after, uint32_t *ret_id,
			    uint32_t *ret_user, struct wbuf *sealed)
{
	struct store_ask q = store_ask(&a->store, Q_FACTOR_SEALED);

	store_put_int(&q, GATE_TOTP);
	store_put_int(&q, after);
	TRY(store_next(&q));
	*ret_id = (uint32_t)store_int(&q, 0);
	*ret_user = (uint32_t)store_int(&q, 1);
	wbuf_view_put(sealed, store_bytes(&q, 2));
	store_end(&q);
	return wbuf_check(sealed);
}

static enum err reseal_one(struct authority *a, struct vault *next, uint32_t user, uint32_t id,
			   struct view sealed)
{
	uint8_t plain_at[VAULT_PLAIN_MAX], again_at[VAULT_PLAIN_MAX + VAULT_NONCE + VAULT_TAG];
	struct wbuf plain = wbuf_of(plain_at, sizeof plain_at),
		    again = wbuf_of(again_at, sizeof again_at);
	struct store_ask q = { 0 };
	enum err e = vault_unseal(&a->vault, sealed, user, &plain);

	if (e == E_OK)
		e = vault_seal(next, wbuf_view(&plain), user, &again);
	secret_wipe(plain_at, sizeof plain_at);
	TRY(e);
	q = store_ask(&a->store, Q_FACTOR_SECRET);
	store_put_blob(&q, wbuf_view(&again));
	store_put_int(&q, id);
	return store_run(&q);
}

static enum err reseal_rows(struct authority *a, struct vault *next, uint32_t *ret_n)
{
	uint32_t id = 0, user = 0;

	for (;;) {
		uint8_t at[VAULT_PLAIN_MAX + VAULT_NONCE + VAULT_TAG];
		struct wbuf sealed = wbuf_of(at, sizeof at);
		enum err e = reseal_next(a, id, &id, &user, &sealed);

		if (e == E_CLOSED)
			return E_OK;
		TRY(e);
		TRY(reseal_one(a, next, user, id, wbuf_view(&sealed)));
		++*ret_n;
	}
}

static enum err reseal_put_name(struct authority *a, const struct hash32 *name)
{
	struct store_ask q = store_ask(&a->store, Q_META_SET);

	store_put_text(&q, view_str(reseal_meta));
	store_put_hash(&q, name);
	return store_run(&q);
}

static enum err reseal_all(struct authority *a, struct vault *next, const struct hash32 *name,
			   uint32_t *ret_n)
{
	enum err e = E_OK;

	TRY(store_begin(&a->store));
	e = reseal_rows(a, next, ret_n);
	if (e == E_OK)
		e = reseal_put_name(a, name);
	if (e == E_OK)
		return store_commit(&a->store);
	store_abort(&a->store);
	return e;
}

static void reseal_tell(struct authority *a, uint32_t n, enum err e)
{
	char text[96];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct tell t = { .action = "store.resealed",
			  .result = e == E_OK ? "ok" : "failed",
			  .object = VIEW("store.key"),
			  .is_alarm = e != E_OK };

	wbuf_dec(&w, n);
	WBUF_LIT(&w, " secrets");
	if (e == E_DENIED)
		WBUF_LIT(&w, ", then one that the present key does not open: nothing is changed");
	else if (e != E_OK)
		WBUF_LIT(&w, ", then the store took no more: nothing is changed");
	t.detail = wbuf_view(&w);
	tell_event(a, &t);
	if (e != E_OK)
		log_line(LOG_ERROR, "store.key is not changed: %.*s", (int)w.n, text);
}

static void reseal_swap(struct authority *a, struct vault *next)
{
	struct vault was = a->vault;

	a->vault = *next;
	*next = was;
}

/* next is open; E_OK: the store is under it. */
static enum err reseal_to(struct authority *a, struct vault *next)
{
	struct hash32 name = { 0 }, first = { 0 }, second = { 0 };
	uint32_t n = 0;
	enum err e = E_OK;

	reseal_name(&a->vault, view_of(a->secret, VAULT_KEY), &first);
	reseal_name(&a->vault, view_of(a->secret_next, VAULT_KEY), &second);
	TRY(reseal_named(a, &name));
	if (reseal_is(&name, &second))
		return E_OK;
	if (!hash32_is_zero(&name) && !reseal_is(&name, &first)) {
		log_line(LOG_ERROR, "%s", reseal_foreign);
		return E_DENIED;
	}
	e = reseal_all(a, next, &second, &n);
	reseal_tell(a, n, e);
	return e;
}

static enum err reseal_try(struct authority *a)
{
	struct vault next = { 0 };
	enum err e = E_OK;

	TRY(vault_open(&next, view_of(a->secret_next, VAULT_KEY)));
	e = reseal_to(a, &next);
	if (e == E_OK) {
		struct wbuf w = wbuf_of(a->secret, sizeof a->secret);

		reseal_swap(a, &next);
		wbuf_put(&w, a->secret_next, sizeof a->secret_next);
		e = frame_send(ROLE_CHANNEL_FD, ROLE_RESEALED, 0, (struct view){ 0 }, NULL, 0);
	}
	vault_done(&next);
	return e == E_OK || e == E_DENIED ? E_OK : e;
}

/* A key that is not the store's opens nothing; people with other factors are let in all the same.
 */
static enum err reseal_compare(struct authority *a)
{
	struct hash32 name = { 0 }, first = { 0 };

	reseal_name(&a->vault, view_of(a->secret, VAULT_KEY), &first);
	TRY(reseal_named(a, &name));
	if (!hash32_is_zero(&name) && !reseal_is(&name, &first))
		log_line(LOG_ERROR, "%s", reseal_foreign);
	return E_OK;
}

enum err reseal_store(struct authority *a, const char **ret_why)
{
	enum err e = E_OK;

	*ret_why = "the key of the store can't be used";
	TRY(vault_open(&a->vault, view_of(a->secret, sizeof a->secret)));
	e = a->has_secret_next ? reseal_try(a) : reseal_compare(a);
	secret_wipe(a->secret_next, sizeof a->secret_next);
	/* A store that takes nothing now is one that people may still log in with */
	return e == E_NOMEM ? e : E_OK;
}
