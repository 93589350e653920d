/* Questions about one's own factors. Whoever changes them has shown one lately (gateway.step_up_s),
 * or was invited. */
#include "role/authority/cell_table.h"
#include "role/authority/enrol.h"
#include "role/authority/factor.h"
#include "role/authority/factor_verified.h"
#include "role/authority/totp.h"
#include "sys/secret.h"

enum {
	ASK_FACTOR_ROOM = 300,
	ASK_FACTOR_TOTPS = 5,
	ASK_FACTOR_CHANGES = CELL_FRESH | CELL_MAY_ENROL | CELL_WRITES
};

/* ---- what there is ---- */

static enum err ask_factor_put_row(struct authority *a, const struct factor *f, struct wbuf *rows)
{
	struct authority_factor_row r = {
		.number = f->id,
		.kind = f->kind,
		.is_device_bound =
			f->kind == GATE_PASSKEY && !(f->flags & VERIFIED_BACKUP_ELIGIBLE),
		.created_s = f->created_s,
		.used_s = f->used_s,
		.name = view_of(f->name, f->name_n),
	};
	struct store_ask q = store_ask(&a->store, Q_RECOVERY_LEFT);
	uint8_t body[ASK_FACTOR_ROOM];
	struct wbuf w = wbuf_of(body, sizeof body);
	uint64_t left = 0;

	store_put_int(&q, f->user);
	if (f->kind == GATE_RECOVERY)
		TRY(store_number(&q, &left));
	r.left = (uint16_t)left;
	TRY(authority_factor_row_put(&w, &r));
	wbuf_str16(rows, wbuf_view(&w));
	return E_OK;
}

/* from, next: the number of the last one that was told. */
enum err ask_factor_on_list(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_page ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct factor at = { 0 };
	struct authority_list list = { 0 };
	uint8_t rows_at[3600], body[FRAME_BODY_MAX];
	struct wbuf rows = wbuf_of(rows_at, sizeof rows_at), w = wbuf_of(body, sizeof body);
	enum err e = E_OK;

	TRY(cell_page_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (!cell_session(c, &q, &ask.token, CELL_MAY_ENROL, &s))
		return E_OK;
	at.id = ask.from;
	while (e == E_OK && wbuf_room(&rows) > ASK_FACTOR_ROOM) {
		e = factor_after(c->a, s.user.id, at.id, &at);
		if (e == E_OK)
			e = ask_factor_put_row(c->a, &at, &rows);
	}
	list.next = e == E_OK ? at.id : 0;
	list.rows = wbuf_view(&rows);
	if ((e != E_OK && e != E_CLOSED) || authority_list_put(&w, &list) != E_OK)
		cell_refuse(c->a, &q, GATE_WHY_BUSY, 0);
	else
		cell_answer(c->a, &q, AUTHORITY_LIST, &w);
	return E_OK;
}

/* ---- authenticator apps ---- */

static void ask_factor_percent(struct wbuf *w, struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '.' || c == '_' || c == '~') { /* RFC 3986 §2.3 */
			wbuf_u8(w, c);
		} else {
			WBUF_LIT(w, "%");
			wbuf_hex(w, view_of(&c, 1));
		}
	}
}

/* As apps read it from a QR code: otpauth://totp/ISSUER:USER?secret=...&issuer=ISSUER */
static void ask_factor_put_uri(const struct authority *a, const struct session *s,
			       struct view base32, struct wbuf *w)
{
	const struct image *im = authority_image(a);
	const struct image_gateway *g = authority_gateway(a);
	struct view issuer = image_view(im, g->title.n ? g->title : g->host);

	issuer = view_slice(issuer, 0, 48);
	WBUF_LIT(w, "otpauth://totp/");
	ask_factor_percent(w, issuer);
	WBUF_LIT(w, ":");
	ask_factor_percent(w, user_name(&s->user));
	WBUF_LIT(w, "?secret=");
	wbuf_view_put(w, base32);
	WBUF_LIT(w, "&issuer=");
	ask_factor_percent(w, issuer);
}

enum err ask_factor_on_totp_begin(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct authority *a = c->a;
	struct cell_token ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct enrolment *e = NULL;
	struct authority_secret r = { 0 };
	uint8_t base32_at[64], uri_at[512], body[FRAME_BODY_MAX];
	struct wbuf base32 = wbuf_of(base32_at, sizeof base32_at),
		    uri = wbuf_of(uri_at, sizeof uri_at), w = wbuf_of(body, sizeof body);

	TRY(cell_token_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (!cell_session(c, &q, &ask.token, ASK_FACTOR_CHANGES | CELL_ADDS_TOTP, &s))
		return E_OK;
	e = enrol_find(a, s.id, GATE_TOTP); /* a wrong code does not need another scan */
	if (!e)
		e = enrol_begin(a, s.id, GATE_TOTP);
	totp_put_base32(&base32, view_of(e->secret, TOTP_KEY));
	ask_factor_put_uri(a, &s, wbuf_view(&base32), &uri);
	r.base32 = wbuf_view(&base32);
	r.uri = wbuf_view(&uri);
	if (wbuf_check(&uri) != E_OK || authority_secret_put(&w, &r) != E_OK)
		cell_refuse(a, &q, GATE_WHY_BUSY, 0);
	else
		cell_answer(a, &q, AUTHORITY_SECRET, &w);
	secret_wipe(base32_at, sizeof base32_at);
	secret_wipe(uri_at, sizeof uri_at);
	secret_wipe(body, sizeof body);
	return E_OK;
}

static enum err ask_factor_add_totp(struct authority *a, const struct session *s,
				    const struct enrolment *e, uint64_t step, struct view name)
{
	struct factor f = { .user = s->user.id, .kind = GATE_TOTP, .step = step };
	struct wbuf w = wbuf_of(f.secret, sizeof f.secret);

	TRY(vault_seal(&a->vault, view_of(e->secret, TOTP_KEY), f.user, &w));
	f.secret_n = (uint16_t)w.n;
	f.name_n = (uint8_t)user_copy(f.name, sizeof f.name, name);
	return factor_add(a, &f);
}

static enum gate_reason ask_factor_totp(struct authority_cell *c, const struct session *s,
					const struct cell_totp_end *ask)
{
	struct authority *a = c->a;
	struct enrolment *e = enrol_find(a, s->id, GATE_TOTP);
	uint64_t step = 0, n = 0;

	if (!e)
		return GATE_WHY_EXPIRED;
	if (!user_is_title(ask->name))
		return GATE_WHY_NAME;
	if (totp_check(view_of(e->secret, TOTP_KEY), ask->code, authority_wall_s(a), 0, &step) !=
	    E_OK) {
		if (++e->tries >= ENROL_TRIES)
			enrol_end(e);
		return GATE_WHY_WRONG;
	}
	if (factor_count(a, s->user.id, GATE_TOTP, &n) != E_OK || n >= ASK_FACTOR_TOTPS ||
	    ask_factor_add_totp(a, s, e, step, ask->name) != E_OK ||
	    factor_verified_gained(a, c, s->id, GATE_TOTP) != E_OK)
		return GATE_WHY_BUSY;
	enrol_end(e);
	return GATE_WHY_NOTHING;
}

enum err ask_factor_on_totp_end(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_totp_end ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	enum gate_reason why = GATE_WHY_NOTHING;

	TRY(cell_totp_end_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (!cell_session(c, &q, &ask.token, ASK_FACTOR_CHANGES | CELL_ADDS_TOTP, &s))
		return E_OK;
	why = ask_factor_totp(c, &s, &ask);
	if (why != GATE_WHY_NOTHING) {
		cell_refuse(c->a, &q, why, 0);
		return E_OK;
	}
	factor_verified_tell(c->a, &q, &s.user, "factor.added", GATE_TOTP, ask.name);
	cell_done(c->a, &q);
	return E_OK;
}

/* ---- passkeys ---- */

enum err ask_factor_on_passkey_begin(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct authority *a = c->a;
	struct cell_token ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct user u = { 0 };
	struct enrolment *e = NULL;
	struct authority_challenge r = { 0 };
	uint8_t known_at[2048], body[FRAME_BODY_MAX];
	struct wbuf known = wbuf_of(known_at, sizeof known_at), w = wbuf_of(body, sizeof body),
		    challenge = wbuf_of(r.challenge.b, sizeof r.challenge.b);

	TRY(cell_token_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (!cell_session(c, &q, &ask.token, ASK_FACTOR_CHANGES | CELL_ADDS_PASSKEY, &s))
		return E_OK;
	e = enrol_begin(a, s.id, GATE_PASSKEY);
	wbuf_put(&challenge, e->secret, sizeof e->secret);
	if (user_by_id(a, s.user.id, &u) != E_OK || factor_credentials(a, u.id, &known) != E_OK)
		w.bad = true;
	r.user_handle = view_of(u.handle, sizeof u.handle);
	r.user = user_name(&u);
	r.title = user_title(&u);
	r.known = wbuf_view(&known);
	if (w.bad || authority_challenge_put(&w, &r) != E_OK)
		cell_refuse(a, &q, GATE_WHY_BUSY, 0);
	else
		cell_answer(a, &q, AUTHORITY_CHALLENGE, &w);
	return E_OK;
}

static enum gate_reason ask_factor_passkey(struct authority_cell *c, const struct question *q,
					   const struct session *s,
					   const struct cell_passkey_end *ask)
{
	struct authority *a = c->a;
	const struct image_gateway *g = authority_gateway(a);
	struct enrolment *e = enrol_find(a, s->id, GATE_PASSKEY);
	struct verify_attestation to = { .client_data = ask->client_data,
					 .attestation = ask->attestation };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body),
		    challenge = wbuf_of(to.challenge.b, sizeof to.challenge.b);
	struct verify *v = NULL;
	uint64_t n = 0;

	if (!e)
		return GATE_WHY_EXPIRED;
	if (!user_is_title(ask->name))
		return GATE_WHY_NAME;
	if (factor_count(a, s->user.id, GATE_PASSKEY, &n) != E_OK ||
	    n >= AUTHORITY_PASSKEYS_PER_USER)
		return GATE_WHY_BUSY;
	v = verify_take(a, VERIFY_FOR_ENROL, q, s->is_enrolling);
	if (!v)
		return GATE_WHY_BUSY;
	wbuf_put(&challenge, e->secret, sizeof e->secret);
	enrol_end(e);
	v->session = s->id;
	v->user = s->user.id;
	v->name_n = (uint16_t)user_copy(v->name, sizeof v->name, ask->name);
	to.host = image_view(authority_image(a), g->host);
	to.origin = image_view(authority_image(a), g->origin);
	if (verify_attestation_put(&w, &to) != E_OK)
		w.bad = true;
	return verify_send(a, v, VERIFY_ATTESTATION, &w) == E_OK ? GATE_WHY_NOTHING : GATE_WHY_BUSY;
}

enum err ask_factor_on_passkey_end(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_passkey_end ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	enum gate_reason why = GATE_WHY_NOTHING;

	TRY(cell_passkey_end_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (!cell_session(c, &q, &ask.token, ASK_FACTOR_CHANGES | CELL_ADDS_PASSKEY, &s))
		return E_OK;
	why = ask_factor_passkey(c, &q, &s, &ask);
	if (why != GATE_WHY_NOTHING)
		cell_refuse(c->a, &q, why, 0);
	return E_OK; /* else the verifier's answer is the answer */
}

/* ---- removing ---- */

/* With what is left, can the user still log in? */
static enum gate_reason ask_factor_may_go(struct authority *a, const struct factor *gone)
{
	struct factor f = { 0 };
	uint8_t left = 0;
	enum err e = E_OK;

	for (e = factor_after(a, gone->user, 0, &f); e == E_OK;
	     e = factor_after(a, gone->user, f.id, &f))
		/* recovery codes end: nobody is to depend on them */
		if (f.id != gone->id && f.kind != GATE_RECOVERY)
			left |= f.kind;
	if (e != E_CLOSED)
		return GATE_WHY_BUSY;
	return gone->kind == GATE_RECOVERY || factor_is_enough(a, left) ? GATE_WHY_NOTHING
									: GATE_WHY_LAST;
}

enum err ask_factor_on_remove(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_number ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct factor gone = { 0 };
	enum gate_reason why = GATE_WHY_UNKNOWN;
	enum err e = E_OK;

	TRY(cell_number_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (!cell_session(c, &q, &ask.token, ASK_FACTOR_CHANGES, &s))
		return E_OK;
	e = factor_get(c->a, s.user.id, ask.number, &gone);
	if (e == E_OK)
		why = s.is_enrolling ? GATE_WHY_NOTHING : ask_factor_may_go(c->a, &gone);
	if (e == E_SYS || (why == GATE_WHY_NOTHING && factor_remove(c->a, &gone) != E_OK))
		why = GATE_WHY_BUSY;
	if (why != GATE_WHY_NOTHING) {
		cell_refuse(c->a, &q, why, 0);
		return E_OK;
	}
	factor_verified_tell(c->a, &q, &s.user, "factor.removed", gone.kind,
			     view_of(gone.name, gone.name_n));
	cell_done(c->a, &q);
	return E_OK;
}

enum err ask_factor_on_recovery(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct authority *a = c->a;
	struct cell_token ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	struct authority_codes r = { 0 };
	uint8_t lines_at[512], body[FRAME_BODY_MAX];
	struct wbuf lines = wbuf_of(lines_at, sizeof lines_at), w = wbuf_of(body, sizeof body);

	TRY(cell_token_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (!cell_session(c, &q, &ask.token, ASK_FACTOR_CHANGES | CELL_ADDS_TOTP, &s))
		return E_OK;
	if (factor_make_recovery(a, s.user.id, &lines) != E_OK) {
		cell_refuse(a, &q, GATE_WHY_BUSY, 0);
	} else {
		factor_verified_tell(a, &q, &s.user, "factor.added", GATE_RECOVERY,
				     (struct view){ 0 });
		r.lines = wbuf_view(&lines);
		if (authority_codes_put(&w, &r) != E_OK)
			w.bad = true;
		cell_answer(a, &q, AUTHORITY_CODES, &w);
	}
	secret_wipe(lines_at, sizeof lines_at);
	secret_wipe(body, sizeof body);
	return E_OK;
}

/* ---- passwords ---- */

/* Characters, as people count them (NIST SP 800-63B §5.1.1.2): bytes that begin one. */
static size_t ask_factor_characters(struct view v)
{
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++)
		n += (v.p[i] & 0xc0) != 0x80;
	return n;
}

static bool ask_factor_is_weak(const struct session *s, struct view password)
{
	return ask_factor_characters(password) < GATE_PASSWORD_MIN ||
	       view_ieq(password, user_name(&s->user)) || view_ieq(password, user_title(&s->user));
}

static enum gate_reason ask_factor_password(struct authority_cell *c, const struct question *q,
					    const struct session *s,
					    const struct cell_password_set *ask, uint32_t *wait_s)
{
	struct authority *a = c->a;
	struct delay_key delay = { .account = delay_account(&a->delay, user_name(&s->user),
							    &c->network),
				   .source = delay_source(&a->delay, &c->network) };
	struct factor old = { 0 };
	struct verify *v = NULL;
	enum err e = factor_of_kind(a, s->user.id, GATE_PASSWORD, &old);

	if (e == E_SYS)
		return GATE_WHY_BUSY;
	if (ask_factor_is_weak(s, ask->fresh))
		return GATE_WHY_WEAK;
	*wait_s = delay_wait_s(&a->delay, &delay, a->now_ms);
	if (*wait_s)
		return GATE_WHY_WAIT;
	/* who was invited has forgotten the old one, or never had one */
	v = verify_take(a, e == E_OK && !s->is_enrolling ? VERIFY_FOR_OLD : VERIFY_FOR_NEW, q,
			false);
	if (!v)
		return GATE_WHY_BUSY;
	v->session = s->id;
	v->user = s->user.id;
	v->password_n = (uint16_t)user_copy(v->password, sizeof v->password, ask->fresh);
	if (v->kind == VERIFY_FOR_NEW) {
		e = verify_hash(a, v, ask->fresh);
	} else {
		delay_count(&a->delay, &delay, a->now_ms);
		e = verify_password(a, v, view_of(old.secret, old.secret_n), ask->old);
	}
	return e == E_OK ? GATE_WHY_NOTHING : GATE_WHY_BUSY;
}

enum err ask_factor_on_password(void *role, struct frame *f)
{
	struct authority_cell *c = role;
	struct cell_password_set ask = { 0 };
	struct question q = { 0 };
	struct session s = { 0 };
	enum gate_reason why = GATE_WHY_NOTHING;
	uint32_t wait_s = 0;

	TRY(cell_password_set_get(f->body, &ask));
	TRY(cell_asks(c, f, &q));
	if (!cell_session(c, &q, &ask.token, ASK_FACTOR_CHANGES | CELL_ADDS_PASSWORD, &s))
		return E_OK;
	why = ask_factor_password(c, &q, &s, &ask, &wait_s);
	if (why != GATE_WHY_NOTHING)
		cell_refuse(c->a, &q, why, wait_s);
	return E_OK;
}
