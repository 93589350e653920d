/* Forms to JSON objects. Texts that are no UTF-8 become null: jansson takes nothing else. */
#include "tool/admin_rows.h"

#include "base/date.h"
#include "base/ip.h"
#include "ipc/cell_authority.h"
#include "ipc/tool_authority.h"

enum { ADMIN_ROWS_SECONDS = 19 /* of the date's text */ };

json_t *admin_rows_text(struct view v)
{
	json_t *text = json_stringn((const char *)v.p, v.n);

	if (v.n && text)
		return text;
	json_decref(text);
	return json_null();
}

json_t *admin_rows_time(uint64_t wall_s)
{
	char text[32];
	struct wbuf w = wbuf_of(text, sizeof text);

	if (!wall_s || wall_s > INT64_MAX / 1000000)
		return json_null();
	date_put_utc(&w, (int64_t)wall_s * 1000000);
	if (w.bad || w.n < ADMIN_ROWS_SECONDS)
		return json_null();
	w.n = ADMIN_ROWS_SECONDS; /* whole seconds */
	WBUF_LIT(&w, "Z");
	return json_stringn(text, w.n);
}

static json_t *admin_rows_factors(uint8_t bits)
{
	static const char *const words[] = { "password", "totp", "passkey", "recovery",
					     "certificate" };
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (bits & 1u << i)
			(void)json_array_append_new(list, json_string(words[i]));
	return list;
}

static json_t *admin_rows_lines(struct view lines)
{
	json_t *list = json_array();

	while (lines.n) {
		size_t n = view_find(lines, '\n');

		(void)json_array_append_new(list, admin_rows_text(view_slice(lines, 0, n)));
		lines = view_slice(lines, n + 1, lines.n);
	}
	return list;
}

static json_t *admin_rows_ip(const struct ip *ip)
{
	char text[64];
	struct wbuf w = wbuf_of(text, sizeof text);

	ip_put(&w, ip);
	return json_stringn(text, w.n);
}

static enum err admin_rows_add(json_t *list, json_t *row)
{
	return row && json_array_append_new(list, row) == 0 ? E_OK : E_NOMEM;
}

enum err admin_rows_user(struct view body, json_t *list)
{
	struct tool_user_row r = { 0 };

	TRY(tool_user_row_get(body, &r));
	return admin_rows_add(
		list,
		json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:I, s:o, s:o}", "name",
			  admin_rows_text(r.name), "title", admin_rows_text(r.title), "enabled",
			  !r.is_disabled, "groups", admin_rows_lines(r.groups), "factors",
			  admin_rows_factors(r.factors), "language", admin_rows_text(r.locale),
			  "sessions", (json_int_t)r.sessions, "created",
			  admin_rows_time(r.created_s), "seen", admin_rows_time(r.seen_s)));
}

enum err admin_rows_group(struct view body, json_t *list)
{
	struct tool_group_row r = { 0 };

	TRY(tool_group_row_get(body, &r));
	return admin_rows_add(list,
			      json_pack("{s:o, s:o, s:I}", "name", admin_rows_text(r.name), "title",
					admin_rows_text(r.title), "users", (json_int_t)r.users));
}

enum err admin_rows_factor(struct view body, json_t *list)
{
	struct authority_factor_row r = { 0 };
	json_t *kinds = NULL, *kind = NULL;

	TRY(authority_factor_row_get(body, &r));
	kinds = admin_rows_factors(r.kind);
	kind = json_array_get(kinds, 0);
	kind = kind ? json_incref(kind) : json_null();
	json_decref(kinds);
	return admin_rows_add(list, json_pack("{s:I, s:o, s:o, s:b, s:I, s:o, s:o}", "number",
					      (json_int_t)r.number, "kind", kind, "name",
					      admin_rows_text(r.name), "device_bound",
					      (int)r.is_device_bound, "left", (json_int_t)r.left,
					      "created", admin_rows_time(r.created_s), "used",
					      admin_rows_time(r.used_s)));
}

enum err admin_rows_session(struct view body, json_t *list)
{
	struct tool_session_row r = { 0 };

	TRY(tool_session_row_get(body, &r));
	return admin_rows_add(
		list, json_pack("{s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "number",
				(json_int_t)r.number, "user", admin_rows_text(r.user), "source",
				admin_rows_ip(&r.source), "factors", admin_rows_factors(r.factors),
				"apps", (json_int_t)r.apps, "began", admin_rows_time(r.began_s),
				"seen", admin_rows_time(r.seen_s), "until",
				admin_rows_time(r.until_s), "agent", admin_rows_text(r.agent)));
}

enum err admin_rows_invite(struct view body, json_t *list)
{
	struct tool_invite_row r = { 0 };

	TRY(tool_invite_row_get(body, &r));
	return admin_rows_add(list, json_pack("{s:I, s:o, s:b, s:o, s:o, s:o}", "number",
					      (json_int_t)r.number, "user", admin_rows_text(r.user),
					      "used", (int)r.is_used, "by", admin_rows_text(r.by),
					      "created", admin_rows_time(r.created_s), "until",
					      admin_rows_time(r.until_s)));
}
