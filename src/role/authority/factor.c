/* Secrets leave this file sealed, hashed, or not at all. */
#include "role/authority/factor.h"

#include "access/access.h"
#include "role/authority/totp.h"
#include "sys/secret.h"

enum { FACTOR_CODE_CHARS = 16, FACTOR_GROUP = 4 };

static uint8_t factor_normal(uint8_t shown)
{
	return shown & GATE_RECOVERY ? shown | GATE_TOTP : shown;
}

static uint8_t factor_combination(const struct authority *a, uint32_t i)
{
	return (uint8_t)*image_factors_at(authority_image(a),
					  authority_gateway(a)->factors.first + i);
}

bool factor_is_enough(const struct authority *a, uint8_t shown)
{
	return access_factors_suffice(authority_image(a), shown);
}

uint8_t factor_offers(const struct authority *a, uint8_t shown)
{
	uint8_t have = factor_normal(shown), offers = 0;

	for (uint32_t i = 0; i < authority_gateway(a)->factors.n; i++) {
		uint8_t left = factor_combination(a, i) & (uint8_t)~have;

		/* a code is only asked for when somebody has said who they are */
		offers |= left & GATE_PASSWORD ? left & (uint8_t)~GATE_TOTP : left;
	}
	return offers;
}

bool factor_asks_code(const struct authority *a)
{
	for (uint32_t i = 0; i < authority_gateway(a)->factors.n; i++)
		if ((factor_combination(a, i) & (GATE_PASSWORD | GATE_TOTP)) ==
		    (GATE_PASSWORD | GATE_TOTP))
			return true;
	return false;
}

const char *factor_word(uint8_t kind)
{
	switch (kind) {
	case GATE_PASSWORD:
		return "password";
	case GATE_TOTP:
		return "totp";
	case GATE_PASSKEY:
		return "passkey";
	case GATE_RECOVERY:
		return "recovery codes";
	default:
		return "certificate";
	}
}

/* ---- reading ---- */

enum err factor_kinds(struct authority *a, uint32_t user, uint8_t *ret)
{
	struct store_ask q = store_ask(&a->store, Q_FACTOR_KINDS);
	enum err e = E_OK;

	*ret = 0;
	store_put_int(&q, user);
	for (e = store_next(&q); e == E_OK; e = store_next(&q))
		*ret |= (uint8_t)store_int(&q, 0);
	return e == E_CLOSED ? E_OK : e;
}

static void factor_read_row(const struct store_ask *q, struct factor *f)
{
	*f = (struct factor){
		.id = (uint32_t)store_int(q, 0),
		.user = (uint32_t)store_int(q, 1),
		.kind = (uint8_t)store_int(q, 2),
		.created_s = store_int(q, 4),
		.used_s = store_int(q, 5),
		.step = store_int(q, 7),
		.algorithm = (uint32_t)store_int(q, 9),
		.count = (uint32_t)store_int(q, 10),
		.flags = (uint8_t)store_int(q, 11),
	};
	f->name_n = (uint8_t)user_copy(f->name, sizeof f->name, store_bytes(q, 3));
	f->secret_n = (uint16_t)user_copy(f->secret, sizeof f->secret, store_bytes(q, 6));
	f->credential_n =
		(uint16_t)user_copy(f->credential, sizeof f->credential, store_bytes(q, 8));
}

static enum err factor_read(struct store_ask *q, struct factor *ret)
{
	enum err e = store_next(q);

	if (e != E_OK)
		return e;
	factor_read_row(q, ret);
	store_end(q);
	return E_OK;
}

static enum err factor_read_two(struct authority *a, enum store_query query, uint64_t x, uint64_t y,
				struct factor *ret)
{
	struct store_ask q = store_ask(&a->store, query);

	store_put_int(&q, x);
	store_put_int(&q, y);
	return factor_read(&q, ret);
}

enum err factor_get(struct authority *a, uint32_t user, uint32_t id, struct factor *ret)
{
	return factor_read_two(a, Q_FACTOR_GET, user, id, ret);
}

enum err factor_after(struct authority *a, uint32_t user, uint32_t id, struct factor *ret)
{
	return factor_read_two(a, Q_FACTOR_AFTER, user, id, ret);
}

enum err factor_of_kind(struct authority *a, uint32_t user, uint8_t kind, struct factor *ret)
{
	return factor_read_two(a, Q_FACTOR_OF_KIND, user, kind, ret);
}

enum err factor_by_credential(struct authority *a, struct view credential, struct factor *ret)
{
	struct store_ask q = store_ask(&a->store, Q_FACTOR_BY_CREDENTIAL);

	if (!credential.n)
		return E_CLOSED;
	store_put_blob(&q, credential);
	return factor_read(&q, ret);
}

enum err factor_count(struct authority *a, uint32_t user, uint8_t kind, uint64_t *ret)
{
	struct store_ask q = store_ask(&a->store, Q_FACTOR_COUNT);

	store_put_int(&q, user);
	store_put_int(&q, kind);
	return store_number(&q, ret);
}

enum err factor_credentials(struct authority *a, uint32_t user, struct wbuf *w)
{
	struct store_ask q = store_ask(&a->store, Q_FACTOR_CREDENTIALS);
	enum err e = E_OK;

	store_put_int(&q, user);
	for (e = store_next(&q); e == E_OK; e = store_next(&q)) {
		struct view id = store_bytes(&q, 0);

		if (wbuf_room(w) >= id.n + 2)
			wbuf_str16(w, id);
	}
	return e == E_CLOSED ? E_OK : e;
}

/* ---- writing ---- */

enum err factor_add(struct authority *a, struct factor *f)
{
	struct store_ask q = store_ask(&a->store, Q_FACTOR_ADD);

	f->created_s = authority_wall_s(a);
	store_put_int(&q, f->user);
	store_put_int(&q, f->kind);
	store_put_text(&q, view_of(f->name, f->name_n));
	store_put_int(&q, f->created_s);
	store_put_blob(&q, view_of(f->secret, f->secret_n));
	store_put_blob(&q, view_of(f->credential, f->credential_n));
	store_put_int(&q, f->algorithm);
	store_put_int(&q, f->count);
	store_put_int(&q, f->flags);
	store_put_int(&q, f->step);
	TRY(store_run(&q));
	f->id = store_last_id(&a->store);
	return E_OK;
}

static enum err factor_remove_rows(struct authority *a, const struct factor *f)
{
	if (f->kind == GATE_RECOVERY)
		TRY(store_run_for(&a->store, Q_RECOVERY_CLEAR, f->user));
	return store_run_for(&a->store, Q_FACTOR_REMOVE, f->id);
}

enum err factor_remove(struct authority *a, const struct factor *f)
{
	TRY(store_begin(&a->store));
	if (factor_remove_rows(a, f) == E_OK)
		return store_commit(&a->store);
	store_abort(&a->store);
	return E_SYS;
}

/* ---- one-time codes ---- */

static enum err factor_try_totp(struct authority *a, const struct factor *f, struct view code,
				uint64_t *ret_step)
{
	uint8_t key[VAULT_PLAIN_MAX];
	struct wbuf w = wbuf_of(key, sizeof key);
	enum err e = vault_unseal(&a->vault, view_of(f->secret, f->secret_n), f->user, &w);

	if (e == E_OK)
		e = totp_check(wbuf_view(&w), code, authority_wall_s(a), f->step, ret_step);
	secret_wipe(key, sizeof key);
	return e;
}

enum err factor_use_totp(struct authority *a, uint32_t user, struct view code)
{
	struct factor f = { 0 };
	struct store_ask q = { 0 };
	uint64_t step = 0;
	enum err e = E_OK;

	for (e = factor_after(a, user, 0, &f); e == E_OK; e = factor_after(a, user, f.id, &f))
		if (f.kind == GATE_TOTP && factor_try_totp(a, &f, code, &step) == E_OK)
			break;
	if (e != E_OK)
		return e == E_CLOSED ? E_DENIED : e;
	q = store_ask(&a->store, Q_FACTOR_STEP);
	store_put_int(&q, step);
	store_put_int(&q, authority_wall_s(a));
	store_put_int(&q, f.id);
	return store_run(&q);
}

/* ---- recovery codes ---- */

static const char factor_letters[] = "abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648 §6 */

static void factor_hash_code(struct authority *a, uint32_t user, struct view code,
			     struct hash32 *ret)
{
	uint8_t text[64];
	struct wbuf w = wbuf_of(text, sizeof text);

	WBUF_LIT(&w, "recovery ");
	wbuf_u32(&w, user);
	wbuf_view_put(&w, code);
	vault_hash(&a->vault, wbuf_view(&w), ret);
	secret_wipe(text, sizeof text);
}

/* As people copy it: capitals, spaces and hyphens don't matter. */
static enum err factor_read_code(struct view typed, struct wbuf *w)
{
	for (size_t i = 0; i < typed.n; i++) {
		uint8_t c = typed.p[i];

		if (c == '-' || c == ' ')
			continue;
		wbuf_u8(w, c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c);
	}
	return w->bad || w->n != FACTOR_CODE_CHARS ? E_DENIED : E_OK;
}

enum err factor_use_recovery(struct authority *a, uint32_t user, struct view code,
			     uint32_t *ret_left)
{
	uint8_t text[FACTOR_CODE_CHARS];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct store_ask q = { 0 };
	struct hash32 hash = { 0 };
	uint64_t left = 0;

	TRY(factor_read_code(code, &w));
	factor_hash_code(a, user, wbuf_view(&w), &hash);
	secret_wipe(text, sizeof text);
	q = store_ask(&a->store, Q_RECOVERY_USE);
	store_put_int(&q, authority_wall_s(a));
	store_put_int(&q, user);
	store_put_hash(&q, &hash);
	TRY(store_run(&q));
	if (store_changes(&a->store) != 1)
		return E_DENIED;
	q = store_ask(&a->store, Q_RECOVERY_LEFT);
	store_put_int(&q, user);
	TRY(store_number(&q, &left));
	*ret_left = (uint32_t)left;
	return E_OK;
}

static enum err factor_make_code(struct authority *a, uint32_t user, struct wbuf *lines)
{
	uint8_t random[FACTOR_CODE_CHARS], code[FACTOR_CODE_CHARS];
	struct store_ask q = store_ask(&a->store, Q_RECOVERY_ADD);
	struct hash32 hash = { 0 };

	secret_random(random, sizeof random);
	for (unsigned i = 0; i < FACTOR_CODE_CHARS; i++) {
		code[i] = (uint8_t)factor_letters[random[i] % 32]; /* 5 of 8 bits: 80 in all */
		if (i && i % FACTOR_GROUP == 0)
			wbuf_u8(lines, '-');
		wbuf_u8(lines, code[i]);
	}
	wbuf_u8(lines, '\n');
	factor_hash_code(a, user, view_of(code, sizeof code), &hash);
	secret_wipe(random, sizeof random);
	secret_wipe(code, sizeof code);
	store_put_int(&q, user);
	store_put_hash(&q, &hash);
	return store_run(&q);
}

static enum err factor_write_recovery(struct authority *a, uint32_t user, struct wbuf *lines)
{
	struct factor f = { .user = user, .kind = GATE_RECOVERY };
	struct store_ask q = { 0 };

	TRY(store_begin(&a->store));
	TRY(store_run_for(&a->store, Q_RECOVERY_CLEAR, user));
	q = store_ask(&a->store, Q_FACTOR_REMOVE_KIND);
	store_put_int(&q, user);
	store_put_int(&q, GATE_RECOVERY);
	TRY(store_run(&q));
	TRY(factor_add(a, &f));
	for (unsigned i = 0; i < FACTOR_CODES; i++)
		TRY(factor_make_code(a, user, lines));
	return store_commit(&a->store);
}

enum err factor_make_recovery(struct authority *a, uint32_t user, struct wbuf *lines)
{
	if (factor_write_recovery(a, user, lines) == E_OK)
		return wbuf_check(lines);
	store_abort(&a->store);
	return E_SYS;
}
