/*
 * The forms of all channels (THREATS A20): a body is made field by field, as the form says, with
 * texts of any length. It is taken exactly when every text fits its field, gives the same bytes
 * when it is written again, and neither a byte less nor a byte more is taken.
 *
 * Input: the form's number, then for each field its bytes; of a text a length before them.
 */
#include "ipc/audit_authority.h"
#include "ipc/authority_dialer.h"
#include "ipc/authority_signer.h"
#include "ipc/authority_verifier.h"
#include "ipc/cell_authority.h"
#include "ipc/spawner.h"
#include "ipc/tool_authority.h"
#include "tests/fuzz/fuzz.h"

enum { BODY = FRAME_BODY_MAX + 1, EXACT = 0xff, OVER = 0xfe };

struct piece {
	uint8_t kind;
	uint16_t max;
};

#define FORMS(X)                                                                                   \
	X(audit_alarm, AUDIT_ALARM_FIELDS)                                                         \
	X(audit_canary, AUDIT_CANARY_FIELDS)                                                       \
	X(authority_reach, AUTHORITY_REACH_FIELDS)                                                 \
	X(authority_token, AUTHORITY_TOKEN_FIELDS)                                                 \
	X(signer_token, SIGNER_TOKEN_FIELDS)                                                       \
	X(signer_token_keys, SIGNER_TOKEN_KEYS_FIELDS)                                             \
	X(verify_hash, VERIFY_HASH_FIELDS)                                                         \
	X(verify_password, VERIFY_PASSWORD_FIELDS)                                                 \
	X(verify_attestation, VERIFY_ATTESTATION_FIELDS)                                           \
	X(verify_assertion, VERIFY_ASSERTION_FIELDS)                                               \
	X(verified_hash, VERIFIED_HASH_FIELDS)                                                     \
	X(verified_password, VERIFIED_PASSWORD_FIELDS)                                             \
	X(verified_credential, VERIFIED_CREDENTIAL_FIELDS)                                         \
	X(verified_assertion, VERIFIED_ASSERTION_FIELDS)                                           \
	X(verified_not, VERIFIED_NOT_FIELDS)                                                       \
	X(cell_hello, CELL_HELLO_FIELDS)                                                           \
	X(cell_token, CELL_TOKEN_FIELDS)                                                           \
	X(cell_rotate, CELL_ROTATE_FIELDS)                                                         \
	X(cell_login, CELL_LOGIN_FIELDS)                                                           \
	X(cell_transaction, CELL_TRANSACTION_FIELDS)                                               \
	X(cell_password, CELL_PASSWORD_FIELDS)                                                     \
	X(cell_code, CELL_CODE_FIELDS)                                                             \
	X(cell_passkey_prove, CELL_PASSKEY_PROVE_FIELDS)                                           \
	X(cell_login_end, CELL_LOGIN_END_FIELDS)                                                   \
	X(cell_logout, CELL_LOGOUT_FIELDS)                                                         \
	X(cell_page, CELL_PAGE_FIELDS)                                                             \
	X(cell_ticket, CELL_TICKET_FIELDS)                                                         \
	X(cell_enter, CELL_ENTER_FIELDS)                                                           \
	X(cell_number, CELL_NUMBER_FIELDS)                                                         \
	X(cell_totp_end, CELL_TOTP_END_FIELDS)                                                     \
	X(cell_passkey_end, CELL_PASSKEY_END_FIELDS)                                               \
	X(cell_password_set, CELL_PASSWORD_SET_FIELDS)                                             \
	X(cell_invited, CELL_INVITED_FIELDS)                                                       \
	X(cell_locale, CELL_LOCALE_FIELDS)                                                         \
	X(cell_used, CELL_USED_FIELDS)                                                             \
	X(authority_refused, AUTHORITY_REFUSED_FIELDS)                                             \
	X(authority_verdict, AUTHORITY_VERDICT_FIELDS)                                             \
	X(authority_session, AUTHORITY_SESSION_FIELDS)                                             \
	X(authority_grant, AUTHORITY_GRANT_FIELDS)                                                 \
	X(authority_login, AUTHORITY_LOGIN_FIELDS)                                                 \
	X(authority_challenge, AUTHORITY_CHALLENGE_FIELDS)                                         \
	X(authority_apps, AUTHORITY_APPS_FIELDS)                                                   \
	X(authority_list, AUTHORITY_LIST_FIELDS)                                                   \
	X(authority_secret, AUTHORITY_SECRET_FIELDS)                                               \
	X(authority_codes, AUTHORITY_CODES_FIELDS)                                                 \
	X(authority_keys, AUTHORITY_KEYS_FIELDS)                                                   \
	X(authority_factor_row, AUTHORITY_FACTOR_ROW_FIELDS)                                       \
	X(authority_session_row, AUTHORITY_SESSION_ROW_FIELDS)                                     \
	X(spawner_cell, SPAWNER_CELL_FIELDS)                                                       \
	X(spawner_kill, SPAWNER_KILL_FIELDS)                                                       \
	X(tool_act, TOOL_ACT_FIELDS)                                                               \
	X(authority_tool_end, AUTHORITY_TOOL_END_FIELDS)                                           \
	X(tool_user_row, TOOL_USER_ROW_FIELDS)                                                     \
	X(tool_group_row, TOOL_GROUP_ROW_FIELDS)                                                   \
	X(tool_session_row, TOOL_SESSION_ROW_FIELDS)                                               \
	X(tool_invite_row, TOOL_INVITE_ROW_FIELDS)                                                 \
	X(tool_explain_row, TOOL_EXPLAIN_ROW_FIELDS)                                               \
	X(tool_progress, TOOL_PROGRESS_FIELDS)                                                     \
	X(tool_level_row, TOOL_LEVEL_ROW_FIELDS)                                                   \
	X(tool_alarm_row, TOOL_ALARM_ROW_FIELDS)                                                   \
	X(tool_return_row, TOOL_RETURN_ROW_FIELDS)                                                 \
	X(tool_return_app_row, TOOL_RETURN_APP_ROW_FIELDS)                                         \
	X(tool_return_gate_row, TOOL_RETURN_GATE_ROW_FIELDS)                                       \
	X(tool_return_wish_row, TOOL_RETURN_WISH_ROW_FIELDS)                                       \
	X(tool_incident_row, TOOL_INCIDENT_ROW_FIELDS)                                             \
	X(tool_note_row, TOOL_NOTE_ROW_FIELDS)

#define PIECE(kind, name, max) { WIRE_##kind, max },

#define FORM(T, FIELDS)                                                                            \
	static const struct piece T##_pieces[] = { FIELDS(PIECE) };                                \
	static enum err T##_again(struct view body, struct wbuf *w)                                \
	{                                                                                          \
		struct T s = { 0 };                                                                \
                                                                                                   \
		TRY(T##_get(body, &s));                                                            \
		return T##_put(w, &s);                                                             \
	}

FORMS(FORM)

#define ROW(T, FIELDS) { T##_pieces, sizeof T##_pieces / sizeof T##_pieces[0], T##_again },

static const struct form {
	const struct piece *pieces;
	size_t n;
	enum err (*again)(struct view body, struct wbuf *w);
} forms[] = { FORMS(ROW) };

static void put_bytes(struct view *in, struct wbuf *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wbuf_u8(w, fuzz_u8(in));
}

/* A text; false: it is longer than its field may be. */
static bool put_text(struct view *in, struct wbuf *w, size_t max)
{
	size_t n = fuzz_u8(in);

	if (n == EXACT || n == OVER)
		n = max + (n == OVER);
	wbuf_u16(w, (uint16_t)n);
	put_bytes(in, w, n);
	return n <= max;
}

/* The whole body; false: a text in it is too long. */
static bool put_form(const struct form *f, struct view *in, struct wbuf *w)
{
	static const uint8_t sizes[] = { [WIRE_U8] = 1,
					 [WIRE_U16] = 2,
					 [WIRE_U32] = 4,
					 [WIRE_U64] = 8,
					 [WIRE_HASH] = sizeof(struct hash32),
					 [WIRE_IP] = sizeof(struct ip) };
	bool fits = true;

	for (size_t i = 0; i < f->n; i++) {
		if (f->pieces[i].kind == WIRE_TEXT)
			fits &= put_text(in, w, f->pieces[i].max);
		else
			put_bytes(in, w, sizes[f->pieces[i].kind]);
	}
	return fits;
}

static void check(const struct form *f, struct view body, enum err want)
{
	static uint8_t room[BODY];
	struct wbuf w = wbuf_of(room, sizeof room);
	uint8_t *copy = fuzz_copy(body);
	enum err e = f->again(view_of(copy, body.n), &w);

	INVARIANT((e == E_OK) == (want == E_OK));
	if (e == E_OK)
		INVARIANT(view_eq(wbuf_view(&w), body));
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[BODY];
	struct view in = view_of(data, size), body = { 0 };
	const struct form *f = &forms[fuzz_u8(&in) % (sizeof forms / sizeof forms[0])];
	struct wbuf w = wbuf_of(room, BODY - 1);
	bool fits = put_form(f, &in, &w);

	if (w.bad)
		return 0; /* no frame has so much */
	check(f, wbuf_view(&w), fits ? E_OK : E_LIMIT);
	body = wbuf_view(&w);
	body.n -= body.n > 0;
	check(f, body, E_SHORT);
	w.cap++;
	wbuf_u8(&w, 0);
	check(f, wbuf_view(&w), E_PROTO);
	return 0;
}
