/*
 *   registry  (closed)==[READ_ONLY]--(office_only)--(pilot)--(open)
 *
 * What lies behind is drawn "==", what lies ahead "--". Texts of the instance lose their control
 * bytes.
 */
#include "tool/recover_draw.h"

#include "ipc/audit_line.h"
#include "ipc/recover_words.h"

enum { RECOVER_DRAW_NAME = 10 };

static struct view recover_draw_text(const json_t *of, const char *key)
{
	const json_t *j = json_object_get(of, key);

	return json_is_string(j)
		       ? view_of((const uint8_t *)json_string_value(j), json_string_length(j))
		       : (struct view){ 0 };
}

static void recover_draw_put(struct wbuf *w, const json_t *of, const char *key)
{
	audit_line_put_printable(w, recover_draw_text(of, key));
}

static void recover_draw_list(struct wbuf *w, const json_t *list)
{
	const json_t *one = NULL;
	size_t i = 0;

	json_array_foreach(list, i, one)
	{
		if (i)
			WBUF_LIT(w, ", ");
		audit_line_put_printable(w, view_str(json_string_value(one)));
	}
}

static void recover_draw_upper(struct wbuf *w, struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		wbuf_u8(w, v.p[i] >= 'a' && v.p[i] <= 'z' ? (uint8_t)(v.p[i] - 32) : v.p[i]);
}

static void recover_draw_steps(struct wbuf *w, struct view at, bool is_bold)
{
	bool is_behind = true;

	for (unsigned i = RECOVER_CLOSED; i < RECOVER_STEPS; i++) {
		struct view name = recover_step_name((enum recover_step)i);
		bool is_here = view_eq(name, at);

		if (i > RECOVER_CLOSED)
			wbuf_str(w, is_behind ? "==" : "--");
		if (!is_here) {
			WBUF_LIT(w, "(");
			wbuf_view_put(w, name);
			WBUF_LIT(w, ")");
			continue;
		}
		is_behind = false;
		wbuf_str(w, is_bold ? "\x1b[1;7m[" : "[");
		recover_draw_upper(w, name);
		wbuf_str(w, is_bold ? "]\x1b[0m" : "]");
	}
}

static void recover_draw_pad(struct wbuf *w, size_t n, size_t width)
{
	for (; n < width; n++)
		WBUF_LIT(w, " ");
}

static void recover_draw_line(struct wbuf *w, size_t width)
{
	WBUF_LIT(w, "\n");
	recover_draw_pad(w, 0, width + 4);
}

static void recover_draw_gates(struct wbuf *w, const json_t *app, size_t width, bool is_plan)
{
	const json_t *gate = NULL;
	size_t i = 0;

	json_array_foreach(json_object_get(app, "gates"), i, gate)
	{
		struct view state = recover_draw_text(gate, "state");
		bool is_open = view_eq(state, VIEW("open"));

		if (is_open && !is_plan)
			continue;
		recover_draw_line(w, width);
		wbuf_str(w, is_open ? "[x] " : "[ ] ");
		recover_draw_put(w, gate, "what");
		if (recover_draw_text(gate, "why").n) {
			WBUF_LIT(w, ": ");
			recover_draw_put(w, gate, "why");
		}
		if (is_plan && view_eq(recover_draw_text(gate, "seen_by"), VIEW("command")))
			WBUF_LIT(w, " (looked at by this command)");
	}
}

static void recover_draw_facts(struct wbuf *w, const json_t *app, size_t width)
{
	const json_t *needs = json_object_get(app, "needs");

	recover_draw_line(w, width);
	WBUF_LIT(w, "since ");
	recover_draw_put(w, app, "since");
	if (json_array_size(needs)) {
		WBUF_LIT(w, "; needs ");
		recover_draw_list(w, needs);
	}
	if (recover_draw_text(app, "owner").n) {
		WBUF_LIT(w, "; owner ");
		recover_draw_put(w, app, "owner");
	}
	if (json_integer_value(json_object_get(app, "waiting")) > 0) {
		WBUF_LIT(w, "; ");
		wbuf_dec(w, (uint64_t)json_integer_value(json_object_get(app, "waiting")));
		WBUF_LIT(w, " people wait before it");
	}
	if (recover_draw_text(app, "fell_back_by").n) {
		recover_draw_line(w, width);
		WBUF_LIT(w, "put back at ");
		recover_draw_put(w, app, "fell_back");
		WBUF_LIT(w, " by the alarm ");
		recover_draw_put(w, app, "fell_back_by");
	}
	if (recover_draw_text(app, "held_by").n) {
		recover_draw_line(w, width);
		WBUF_LIT(w, "held back also by ");
		recover_draw_put(w, app, "held_by");
	}
	if (!json_is_true(json_object_get(app, "configured"))) {
		recover_draw_line(w, width);
		WBUF_LIT(w, "the configuration has no such application");
	}
}

static size_t recover_draw_width(const json_t *apps)
{
	size_t width = RECOVER_DRAW_NAME, i = 0;
	const json_t *app = NULL;

	json_array_foreach(apps, i, app)
	{
		size_t n = recover_draw_text(app, "name").n;

		width = n > width ? n : width;
	}
	return width;
}

static void recover_draw_app(struct wbuf *w, const json_t *app, size_t width, bool is_plan,
			     bool is_bold)
{
	WBUF_LIT(w, "\n  ");
	recover_draw_put(w, app, "name");
	recover_draw_pad(w, recover_draw_text(app, "name").n, width + 2);
	recover_draw_steps(w, recover_draw_text(app, "step"), is_bold);
	recover_draw_facts(w, app, width);
	if (is_plan && recover_draw_text(app, "next").n) {
		recover_draw_line(w, width);
		WBUF_LIT(w, "next: ");
		recover_draw_put(w, app, "next");
		WBUF_LIT(w, " (sluis recover advance ");
		recover_draw_put(w, app, "name");
		WBUF_LIT(w, ")");
	}
	recover_draw_gates(w, app, width, is_plan);
	WBUF_LIT(w, "\n");
}

void recover_draw_request(struct wbuf *w, const json_t *r)
{
	bool is_step = view_eq(recover_draw_text(r, "kind"), VIEW("step"));

	WBUF_LIT(w, "request ");
	wbuf_dec(w, (uint64_t)json_integer_value(json_object_get(r, "number")));
	WBUF_LIT(w, ": ");
	recover_draw_put(w, r, "scope");
	if (recover_draw_text(r, "name").n) {
		WBUF_LIT(w, " ");
		recover_draw_put(w, r, "name");
	}
	WBUF_LIT(w, " -> ");
	if (is_step)
		recover_draw_put(w, r, "step");
	else if (json_array_size(json_object_get(r, "levels")))
		recover_draw_list(w, json_object_get(r, "levels"));
	else
		WBUF_LIT(w, "open");
	WBUF_LIT(w, "; asked ");
	recover_draw_put(w, r, "asked");
	WBUF_LIT(w, " by ");
	recover_draw_put(w, r, "by");
	WBUF_LIT(w, ": ");
	recover_draw_put(w, r, "reason");
	WBUF_LIT(w, "; ");
	wbuf_dec(w, (uint64_t)json_integer_value(json_object_get(r, "approvals")));
	WBUF_LIT(w, " of ");
	wbuf_dec(w, (uint64_t)json_integer_value(json_object_get(r, "wanted")));
	WBUF_LIT(w, " approvals");
	if (json_array_size(json_object_get(r, "approved_by"))) {
		WBUF_LIT(w, " (");
		recover_draw_list(w, json_object_get(r, "approved_by"));
		WBUF_LIT(w, ")");
	}
	if (!json_is_true(json_object_get(r, "owner_has_approved")))
		WBUF_LIT(w, ", the owner's is missing");
	WBUF_LIT(w, "; good until ");
	recover_draw_put(w, r, "until");
	WBUF_LIT(w, "\n");
}

static void recover_draw_head(struct wbuf *w, const json_t *head)
{
	if (!json_is_object(head)) {
		WBUF_LIT(w, "there is no return: sluis recover start --reason TEXT\n");
		return;
	}
	WBUF_LIT(w, "return since ");
	recover_draw_put(w, head, "began");
	WBUF_LIT(w, " by ");
	recover_draw_put(w, head, "by");
	WBUF_LIT(w, ": ");
	recover_draw_put(w, head, "reason");
	WBUF_LIT(w, "\nafter the incident of ");
	recover_draw_put(w, head, "incident");
	if (recover_draw_text(head, "approvers").n) {
		WBUF_LIT(w, "; a step takes ");
		wbuf_dec(w, (uint64_t)json_integer_value(json_object_get(head, "approvals")));
		WBUF_LIT(w, " approvals by members of ");
		recover_draw_put(w, head, "approvers");
	}
	WBUF_LIT(w, "\n");
}

void recover_draw(struct wbuf *w, const json_t *doc, bool is_plan, bool is_bold)
{
	const json_t *apps = json_object_get(doc, "apps"), *one = NULL;
	size_t width = recover_draw_width(apps), i = 0;

	recover_draw_head(w, json_object_get(doc, "return"));
	json_array_foreach(apps, i, one) recover_draw_app(w, one, width, is_plan, is_bold);
	if (json_array_size(json_object_get(doc, "requests")))
		WBUF_LIT(w, "\nwaiting for people (sluis recover approve NUMBER):\n");
	json_array_foreach(json_object_get(doc, "requests"), i, one)
	{
		WBUF_LIT(w, "  ");
		recover_draw_request(w, one);
	}
}
