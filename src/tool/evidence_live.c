/* An instance that does not answer is evidence too: what is missing is told. */
#include "tool/evidence_live.h"

#include "base/ip.h"
#include "tool/ask_authority.h"
#include "tool/evidence_metrics.h"
#include "tool/status_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Counters of an edge are larger, nearly all of them unused, and added up in status.json. */
enum { LIVE_PAGE = 4096, LIVE_PAGES = 2048 };

static enum err live_status(struct evidence_bundle *b, const struct snapshot *s)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);
	enum err e = E_NOMEM;

	if (!to)
		return E_NOMEM;
	if (status_json_write(s, to) == 0 && fclose(to) == 0)
		e = evidence_bundle_put(b, "status.json", "the keeper's answer", view_of(text, n));
	else
		(void)fclose(to);
	free(text);
	return e;
}

static bool live_has_users(const struct snapshot *s)
{
	return s->image.header && s->image.header->gateway.host.n != 0;
}

/* What clients have sent may be no UTF-8, which JSON has to be. */
static json_t *live_text(struct view v)
{
	uint8_t room[2048];
	struct wbuf w = wbuf_of(room, sizeof room);

	audit_line_put_printable(&w, view_slice(v, 0, sizeof room / 6 - 1));
	return json_stringn((const char *)room, w.n);
}

static enum err live_row(void *arg, uint8_t type, struct view body)
{
	json_t *list = arg;
	struct tool_session_row r = { 0 };
	char source[64] = "";
	struct wbuf w = wbuf_of(source, sizeof source - 1);

	if (type != AUTHORITY_TOOL_SESSION)
		return E_OK;
	TRY(tool_session_row_get(body, &r));
	ip_put(&w, &r.source);
	(void)json_array_append_new(
		list, json_pack("{s:I, s:o, s:s, s:I, s:i, s:I, s:I, s:I, s:o}", "session",
				(json_int_t)r.number, "user", live_text(r.user), "source", source,
				"factors", (json_int_t)r.factors, "applications", (int)r.apps,
				"began_s", (json_int_t)r.began_s, "seen_s", (json_int_t)r.seen_s,
				"until_s", (json_int_t)r.until_s, "agent", live_text(r.agent)));
	return E_OK;
}

static enum err live_sessions(struct evidence_bundle *b, const char *state_option)
{
	struct tool_act act = { .kind = ACT_SESSION_LIST };
	struct ask_authority_end end = { 0 };
	json_t *list = json_array();

	if (ask_authority(state_option, &act, live_row, list, &end) == 0 && end.is_done)
		return evidence_bundle_put_json(b, "sessions.json", "the authority's answer", list);
	json_decref(list);
	evidence_bundle_miss(b, "sessions.json",
			     end.text[0] ? "the authority refused"
					 : "the authority did not answer");
	return E_OK;
}

/* Pages that exist: looking at the others would make them. */
static size_t live_present(const struct snapshot_map *m, unsigned char *present)
{
	size_t pages = (m->n + LIVE_PAGE - 1) / LIVE_PAGE, used = 0;

	if (mincore(m->p, m->n, present) < 0)
		return 0;
	for (size_t i = 0; i < pages; i++)
		used = present[i] & 1 ? i + 1 : used;
	return used;
}

/* They change while they are read: what is hashed has to be what is written, so it is copied. */
static enum err live_page(struct evidence_bundle *b, const struct snapshot_map *m, const char *name,
			  unsigned char *present)
{
	size_t used = live_present(m, present), bytes = used * LIVE_PAGE;
	struct view from = view_of(m->p, m->n);
	enum err e = E_OK;

	bytes = bytes < m->n ? bytes : m->n;
	e = evidence_bundle_begin(b, name, "shared memory of the roles, up to its last page",
				  bytes);
	if (e != E_OK)
		return e == E_LIMIT ? E_OK : e;
	for (size_t i = 0; i < used; i++) {
		uint8_t copy[LIVE_PAGE] = { 0 };
		struct wbuf w = wbuf_of(copy, sizeof copy);
		struct view page = view_slice(from, i * LIVE_PAGE, LIVE_PAGE);

		if (present[i] & 1)
			wbuf_view_put(&w, page);
		TRY(evidence_bundle_write(b, view_of(copy, page.n)));
	}
	return evidence_bundle_end(b);
}

/* Memory files as they are: their layouts are those of this version (ipc/pages.h, conf/image.h). */
static enum err live_pages(struct evidence_bundle *b, const struct snapshot *s)
{
	unsigned char *present = malloc(LIVE_PAGES);
	char name[EVIDENCE_TAR_NAME];
	enum err e = present ? E_OK : E_NOMEM;

	for (size_t i = 0; i < s->map_n && e == E_OK; i++) {
		if (s->maps[i].n > (size_t)LIVE_PAGES * LIVE_PAGE)
			continue;
		(void)snprintf(name, sizeof name, "pages/%03u", (unsigned)i);
		e = live_page(b, &s->maps[i], name, present);
	}
	free(present);
	return e;
}

enum err evidence_live_put(struct evidence_bundle *b, const char *state_option,
			   const struct snapshot *s, bool is_clear)
{
	if (!s) {
		evidence_bundle_miss(b, "status.json", "the keeper did not answer");
		evidence_bundle_miss(b, "sessions.json", "the keeper did not answer");
		return E_OK;
	}
	TRY(live_status(b, s));
	if (s->image.header)
		TRY(evidence_metrics_put(b, &s->image.header->metrics));
	if (live_has_users(s))
		TRY(live_sessions(b, state_option));
	return is_clear ? E_OK : live_pages(b, s);
}
