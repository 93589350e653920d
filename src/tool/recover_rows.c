/* Rows come in order: gates behind their application. */
#include "tool/recover_rows.h"

#include "tool/admin_rows.h"
#include "tool/ask.h"
#include "tool/ask_authority.h"

#include <stdio.h>

static json_t *recover_rows_lines(struct view v)
{
	json_t *list = json_array();

	while (v.n) {
		size_t end = view_find(v, '\n');

		(void)json_array_append_new(list, admin_rows_text(view_slice(v, 0, end)));
		v = view_slice(v, end + (end < v.n), v.n);
	}
	return list;
}

static json_t *recover_rows_step(unsigned step)
{
	return step ? admin_rows_text(recover_step_name((enum recover_step)step)) : json_null();
}

static enum err recover_rows_head(json_t *doc, struct view body)
{
	struct tool_return_row r = { 0 };
	json_t *head = NULL;

	TRY(tool_return_row_get(body, &r));
	(void)json_object_set_new(doc, "now", admin_rows_time(r.now_s));
	head = !r.began_s ? json_null()
			  : json_pack("{s:o, s:o, s:o, s:o, s:o, s:i, s:i}", "began",
				      admin_rows_time(r.began_s), "incident",
				      admin_rows_time(r.incident_s), "reason",
				      admin_rows_text(r.reason), "by", admin_rows_text(r.by),
				      "approvers", admin_rows_text(r.approvers), "approvals",
				      r.approvers.n ? r.to_open : 0, "soak_s", (int)r.soak_s);
	return head && json_object_set_new(doc, "return", head) == 0 ? E_OK : E_NOMEM;
}

static enum err recover_rows_app(json_t *doc, struct view body)
{
	struct tool_return_app_row r = { 0 };
	json_t *app = NULL;

	TRY(tool_return_app_row_get(body, &r));
	app = json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:i, s:o}", "name",
			admin_rows_text(r.name), "step", recover_rows_step(r.step), "since",
			admin_rows_time(r.since_s), "next", recover_rows_step(r.next), "configured",
			(int)r.is_known, "needs", recover_rows_lines(r.needs), "owner",
			admin_rows_text(r.owner), "held_by", admin_rows_text(r.held), "fell_back",
			admin_rows_time(r.fell_s), "fell_back_by", admin_rows_text(r.fell_by),
			"waiting", (int)r.waiting, "gates", json_array());
	return app && json_array_append_new(json_object_get(doc, "apps"), app) == 0 ? E_OK
										    : E_NOMEM;
}

static enum err recover_rows_gate(json_t *doc, struct view body)
{
	static const char *const states[] = { "?", "open", "closed" };
	struct tool_return_gate_row r = { 0 };
	json_t *apps = json_object_get(doc, "apps"), *app = NULL, *gate = NULL;

	TRY(tool_return_gate_row_get(body, &r));
	app = json_array_get(apps, json_array_size(apps) - 1);
	if (!app)
		return E_PROTO;
	gate = json_pack("{s:o, s:s, s:o, s:o, s:s}", "gate",
			 admin_rows_text(recover_gate_name((enum recover_gate)r.gate)), "state",
			 states[r.state < sizeof states / sizeof *states ? r.state : 0], "what",
			 admin_rows_text(recover_gate_text((enum recover_gate)r.gate)), "why",
			 admin_rows_text(r.why), "seen_by", r.is_told ? "command" : "authority");
	return gate && json_array_append_new(json_object_get(app, "gates"), gate) == 0 ? E_OK
										       : E_NOMEM;
}

static json_t *recover_rows_levels(uint16_t mask)
{
	json_t *list = json_array();

	for (unsigned i = LEVEL_OPEN + 1; i < LEVELS; i++)
		if (mask & LEVEL_BIT(i))
			(void)json_array_append_new(list,
						    admin_rows_text(level_name((enum level)i)));
	return list;
}

static enum err recover_rows_wish(json_t *doc, struct view body)
{
	struct tool_return_wish_row r = { 0 };
	json_t *wish = NULL;
	bool is_step = false;

	TRY(tool_return_wish_row_get(body, &r));
	is_step = r.kind == RECOVER_WISH_STEP;
	wish = json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:i, s:i, s:b, s:o, s:o, s:o, s:o, s:o, "
			 "s:o}",
			 "number", (int)r.number, "kind", is_step ? "step" : "level", "scope",
			 admin_rows_text(level_scope_name((enum level_scope)r.scope)), "name",
			 admin_rows_text(r.name), "step", recover_rows_step(is_step ? r.step : 0),
			 "levels", recover_rows_levels(r.mask), "approvals", (int)r.have, "wanted",
			 (int)r.want, "owner_has_approved", (int)r.has_owner, "owner",
			 admin_rows_text(r.owner), "approved_by", recover_rows_lines(r.people),
			 "asked", admin_rows_time(r.asked_s), "until", admin_rows_time(r.until_s),
			 "by", admin_rows_text(r.by), "reason", admin_rows_text(r.reason));
	return wish && json_array_append_new(json_object_get(doc, "requests"), wish) == 0 ? E_OK
											  : E_NOMEM;
}

static enum err recover_rows_on(void *arg, uint8_t type, struct view body)
{
	static enum err (*const rows[])(json_t *,
					struct view) = { recover_rows_head, recover_rows_app,
							 recover_rows_gate, recover_rows_wish };

	if (type < AUTHORITY_RETURN || type > AUTHORITY_RETURN_WISH)
		return E_PROTO;
	return rows[type - AUTHORITY_RETURN](arg, body);
}

json_t *recover_rows_ask(const char *state, uint32_t told)
{
	const struct tool_act act = { .kind = ACT_RECOVER_LIST, .flags = told };
	struct ask_authority_end end = { 0 };
	json_t *doc = json_pack("{s:n, s:[], s:[]}", "return", "apps", "requests");

	if (doc && ask_authority(state, &act, recover_rows_on, doc, &end) == 0 && end.is_done)
		return doc;
	if (end.text[0]) {
		(void)fputs("sluis: ", stderr);
		ask_put_line(true, view_str(end.text));
	}
	json_decref(doc);
	return NULL;
}
