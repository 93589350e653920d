/* Claims as JSON (RFC 8259): every text in quotes, what could end one is escaped. */
#include "role/signer/claims.h"

#include "base/utf8.h"
#include "ipc/gate_words.h"

enum {
	CLAIMS_FACTORS =
		GATE_PASSWORD | GATE_TOTP | GATE_PASSKEY | GATE_RECOVERY | GATE_CERTIFICATE,
	CLAIMS_SECOND = GATE_TOTP | GATE_RECOVERY | GATE_CERTIFICATE,
	CLAIMS_CLOCK_S = 5, /* the authority's clock is this machine's: read a moment apart */
	CLAIMS_DELETE = 0x7f,
	CLAIMS_C1_END = 0x9f
};

static bool claims_is_name(struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' &&
		    c != '-')
			return false;
	}
	return v.n > 0 && v.n <= GATE_USER_MAX;
}

/* Characters that a person can read: no control characters of either set. */
static bool claims_is_title(struct view v)
{
	uint32_t c = 0;

	while (v.n) {
		if (utf8_next(&v, &c) != E_OK || c < ' ' ||
		    (c >= CLAIMS_DELETE && c <= CLAIMS_C1_END))
			return false;
	}
	return true;
}

static void claims_text(struct wbuf *w, struct view v)
{
	WBUF_LIT(w, "\"");
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '"' || v.p[i] == '\\')
			WBUF_LIT(w, "\\");
		wbuf_u8(w, v.p[i]);
	}
	WBUF_LIT(w, "\"");
}

static void claims_member(struct wbuf *w, const char *name, struct view v)
{
	WBUF_LIT(w, ",\"");
	wbuf_str(w, name);
	WBUF_LIT(w, "\":");
	claims_text(w, v);
}

static void claims_number(struct wbuf *w, const char *name, uint64_t x)
{
	WBUF_LIT(w, ",\"");
	wbuf_str(w, name);
	WBUF_LIT(w, "\":");
	wbuf_dec(w, x);
}

/* E_DENIED: a line is no name */
static enum err claims_groups(struct wbuf *w, struct view lines)
{
	bool is_first = true;

	WBUF_LIT(w, ",\"groups\":[");
	while (lines.n) {
		size_t n = view_find(lines, '\n');
		struct view line = view_slice(lines, 0, n);

		if (!claims_is_name(line))
			return E_DENIED;
		lines = view_slice(lines, n + 1, lines.n);
		if (!is_first)
			WBUF_LIT(w, ",");
		claims_text(w, line);
		is_first = false;
	}
	WBUF_LIT(w, "]");
	return E_OK;
}

/*
 * RFC 8176 §2. A passkey that has verified its user is two factors in one; there is no word for it
 * but the proof that the key is there.
 */
static void claims_methods(struct wbuf *w, uint8_t factors)
{
	static const struct {
		uint8_t factors;
		struct view word;
	} rows[] = {
		{ GATE_PASSWORD, VIEW_INIT("pwd") },
		{ GATE_TOTP | GATE_RECOVERY, VIEW_INIT("otp") },
		{ GATE_PASSKEY | GATE_CERTIFICATE, VIEW_INIT("pop") },
		{ GATE_PASSKEY, VIEW_INIT("user") },
	};
	bool is_first = true;

	WBUF_LIT(w, ",\"amr\":[");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (!(factors & rows[i].factors))
			continue;
		if (!is_first)
			WBUF_LIT(w, ",");
		claims_text(w, rows[i].word);
		is_first = false;
	}
	if ((factors & GATE_PASSKEY) || ((factors & GATE_PASSWORD) && (factors & CLAIMS_SECOND)))
		WBUF_LIT(w, ",\"mfa\"");
	WBUF_LIT(w, "]");
}

static const char *claims_look(const struct claims *c)
{
	if (!claims_is_name(c->user))
		return "the user of an assertion is no name";
	if (!claims_is_title(c->title))
		return "the title of an assertion is no text";
	if (!c->factors || (c->factors & ~CLAIMS_FACTORS))
		return "the factors of an assertion are none";
	if (!c->auth_s || c->auth_s > c->now_s + CLAIMS_CLOCK_S)
		return "the log-in of an assertion is in the future";
	return NULL;
}

enum err claims_put(struct wbuf *w, const struct claims *c, const char **ret_why)
{
	const char *why = claims_look(c);

	if (why) {
		*ret_why = why;
		return E_DENIED;
	}
	WBUF_LIT(w, "{\"iss\":");
	claims_text(w, c->issuer);
	claims_member(w, "sub", c->user);
	claims_member(w, "aud", c->audience);
	claims_number(w, "iat", c->now_s);
	claims_number(w, "nbf", c->now_s);
	claims_number(w, "exp", c->now_s + c->lifetime_s);
	claims_number(w, "auth_time", c->auth_s);
	claims_methods(w, c->factors);
	claims_member(w, "jti", c->id);
	claims_member(w, "sid", c->session);
	if (c->title.n)
		claims_member(w, "name", c->title);
	*ret_why = "a group of an assertion is no name";
	TRY(claims_groups(w, c->groups));
	WBUF_LIT(w, "}");
	*ret_why = "an assertion is too long";
	return wbuf_check(w);
}
