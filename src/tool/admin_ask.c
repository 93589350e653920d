/* Rows are gathered; progress is shown to people, on standard error. */
#include "tool/admin_ask.h"

#include "tool/admin_rows.h"
#include "tool/ask.h"

#include <stdio.h>
#include <unistd.h>

static enum err admin_ask_progress(struct view body)
{
	struct tool_progress p = { 0 };

	TRY(tool_progress_get(body, &p));
	if (isatty(STDERR_FILENO))
		(void)fprintf(stderr, "\r%u of %u%s", p.done, p.of, p.done >= p.of ? "\n" : "");
	return E_OK;
}

static enum err admin_ask_row(void *arg, uint8_t type, struct view body)
{
	struct admin_answer *a = arg;

	switch ((enum authority_tool_message)type) {
	case AUTHORITY_USER:
		return admin_rows_user(body, a->users);
	case AUTHORITY_GROUP:
		return admin_rows_group(body, a->groups);
	case AUTHORITY_TOOL_FACTOR:
		return admin_rows_factor(body, a->factors);
	case AUTHORITY_TOOL_SESSION:
		return admin_rows_session(body, a->sessions);
	case AUTHORITY_INVITE:
		return admin_rows_invite(body, a->invites);
	case AUTHORITY_PROGRESS:
		return admin_ask_progress(body);
	case AUTHORITY_EXPLAIN:
	case AUTHORITY_LEVEL:
	case AUTHORITY_ALARM:
	case AUTHORITY_RETURN:
	case AUTHORITY_RETURN_APP:
	case AUTHORITY_RETURN_GATE:
	case AUTHORITY_RETURN_WISH:
	case AUTHORITY_INCIDENT:
	case AUTHORITY_NOTE:
	case AUTHORITY_TOOL_END:
	default:
		return E_OK; /* a newer authority says more */
	}
}

int admin_ask(int fd, const char *state, const struct tool_act *act, struct admin_answer *ret)
{
	int status = 0;

	*ret = (struct admin_answer){ .users = json_array(),
				      .groups = json_array(),
				      .factors = json_array(),
				      .sessions = json_array(),
				      .invites = json_array() };
	status = fd >= 0 ? ask_authority_on(fd, act, admin_ask_row, ret, &ret->end)
			 : ask_authority(state, act, admin_ask_row, ret, &ret->end);
	if (status != 0 || ret->end.is_done)
		return status;
	(void)fputs("sluis: ", stderr);
	ask_put_line(true, view_str(ret->end.text));
	return 1;
}

void admin_answer_done(struct admin_answer *a)
{
	json_decref(a->users);
	json_decref(a->groups);
	json_decref(a->factors);
	json_decref(a->sessions);
	json_decref(a->invites);
	*a = (struct admin_answer){ 0 };
}
