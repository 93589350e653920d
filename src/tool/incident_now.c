/* One list of the authority's, of which the newest open one is kept. */
#include "tool/incident_now.h"

#include "base/wbuf.h"
#include "tool/ask_authority.h"

static enum err now_on_row(void *arg, uint8_t type, struct view body)
{
	struct incident_now *now = arg;
	struct tool_incident_row r = { 0 };
	struct wbuf title = wbuf_of(now->title, sizeof now->title);

	if (type != AUTHORITY_INCIDENT)
		return E_PROTO;
	TRY(tool_incident_row_get(body, &r));
	if (r.closed_s)
		return E_OK;
	now->number = r.number;
	now->opened_s = r.opened_s;
	wbuf_view_put(&title, r.title);
	now->title_n = (uint16_t)title.n;
	return E_OK;
}

enum err incident_now_ask(const char *state, struct incident_now *ret)
{
	const struct tool_act act = { .kind = ACT_INCIDENT_LIST };
	struct ask_authority_end end = { 0 };

	*ret = (struct incident_now){ 0 };
	if (ask_authority(state, &act, now_on_row, ret, &end) != 0 || !end.is_done)
		return E_SYS;
	return E_OK;
}
