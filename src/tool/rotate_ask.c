/* Records go through the keeper, which knows the uid of who types. */
#include "tool/rotate_ask.h"

#include "tool/admin_ask.h"
#include "tool/ask.h"

#include <stdio.h>
#include <time.h>

int rotate_ask_now(struct rotate *r)
{
	int status = 0;

	snapshot_release(r->now);
	status = ask_keeper(r->state, TOOL_STATUS, (struct view){ 0 }, snapshot_row, r->now);
	r->now->now_s = time(NULL);
	if (status == 0 && !r->now->image.header) {
		(void)fputs("sluis: there is no configuration in use yet\n", stderr);
		return 1;
	}
	return status;
}

int rotate_ask_record(const struct rotate *r, enum tool_rotate act, const char *object,
		      const char *detail)
{
	uint8_t body[TOOL_ROTATE_ITEM_MAX + TOOL_ROTATE_DETAIL_MAX + 8];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u8(&w, (uint8_t)act);
	wbuf_str16(&w, view_slice(view_str(object), 0, TOOL_ROTATE_ITEM_MAX));
	wbuf_str16(&w, view_slice(view_str(detail), 0, TOOL_ROTATE_DETAIL_MAX));
	return ask_keeper(r->state, TOOL_ROTATE, wbuf_view(&w), NULL, NULL);
}

/* How it goes is told by the checklist. */
static void rotate_ask_text(void *arg, uint8_t level, struct view text)
{
	(void)arg;
	if (level == TOOL_TEXT_ERROR || level == TOOL_TEXT_WARNING)
		ask_put_line(true, text);
}

static enum err rotate_ask_row(void *arg, struct frame *f)
{
	(void)arg;
	(void)f;
	return E_OK;
}

int rotate_ask_keys(const struct rotate *r, uint8_t keys)
{
	const uint8_t body[] = { ROTATE_KEYS, keys };
	struct ask_sink sink = { .on_row = rotate_ask_row, .on_text = rotate_ask_text };

	return ask_keeper_with(r->state, TOOL_ROTATE, view_of(body, sizeof body), -1, &sink);
}

int rotate_ask_sessions(const struct rotate *r, uint32_t *ret_n)
{
	const struct tool_act act = { .kind = ACT_SESSION_REVOKE, .flags = 1 };
	struct admin_answer a = { 0 };
	int status = admin_ask(-1, r->state, &act, &a);

	*ret_n = a.end.n;
	admin_answer_done(&a);
	return status;
}

static bool rotate_ask_is_in(const json_t *user, const char *group)
{
	const json_t *groups = json_object_get(user, "groups");

	for (size_t i = 0; i < json_array_size(groups); i++)
		if (view_eq(view_str(json_string_value(json_array_get(groups, i))),
			    view_str(group)))
			return true;
	return false;
}

int rotate_ask_people(const struct rotate *r, const char *group, uint32_t *ret_n)
{
	const struct tool_act act = { .kind = ACT_USER_LIST };
	struct admin_answer a = { 0 };
	int status = admin_ask(-1, r->state, &act, &a);

	*ret_n = 0;
	for (size_t i = 0; i < json_array_size(a.users); i++) {
		const json_t *user = json_array_get(a.users, i);

		*ret_n += json_array_size(json_object_get(user, "factors")) > 0 &&
			  (!group || rotate_ask_is_in(user, group));
	}
	admin_answer_done(&a);
	return status;
}
