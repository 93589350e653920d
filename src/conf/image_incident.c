/*
 * Isolation's part of image_check: what those who hold levels and bring applications back
 * rely on. A wrong
 * image must not open anything: approvals are never none, a group is never empty where there has
 * to be one, and no method passes that is no request to an application.
 */
#include "conf/image_incident.h"

#include "conf/image_row.h"
#include "ipc/gate_words.h"
#include "proto/http1.h"

enum {
	IMAGE_SAFE_PATH_MAX = 4095,
	IMAGE_ALARMS = (1 << IMAGE_ALARM_CLASSES) - 1,
	/* all that have a name but TRACE and CONNECT, which are the last */
	IMAGE_READ_ONLY_METHODS = (1 << METHOD_TRACE) - (1 << METHOD_GET)
};
_Static_assert(METHOD_GET == 1 && METHOD_PATCH + 1 == METHOD_TRACE &&
		       METHOD_TRACE + 1 == METHOD_CONNECT && METHOD_CONNECT + 1 == METHOD_N,
	       "which methods may be named");

static const struct image_row incident_rows[] = {
	ROW(IMAGE_ZONE, ROW_U8, image_zone, is_office, 0, 1),
	ROW(IMAGE_ZONE, ROW_U8, image_zone, is_partner, 0, 1),
	ROW(IMAGE_APP, ROW_RANGE, image_app, read_only_also, IMAGE_SAFE_CALL, 0),
	ROW(IMAGE_APP, ROW_RANGE, image_app, needs, IMAGE_NEED, 0),
	ROW(IMAGE_APP, ROW_TEXT, image_app, owner, 0, GATE_USER_MAX),
	ROW(IMAGE_APP, ROW_U8, image_app, read_only_websocket, 0, 1),
	ROW(IMAGE_APP, ROW_U8, image_app, is_on_status_page, 0, 1),
	ROW(IMAGE_LISTENER, ROW_RANGE, image_listener, titles, IMAGE_TITLE, 0),
	ROW(IMAGE_SAFE_CALL, ROW_TEXT, image_safe_call, path_prefix, 1, IMAGE_SAFE_PATH_MAX),
	ROW(IMAGE_SAFE_CALL, ROW_U16, image_safe_call, method, METHOD_GET, METHOD_PATCH),
	ROW(IMAGE_NEED, ROW_INDEX, image_need, app, IMAGE_APP, 0),
};

static const struct image_row isolation_rows[] = {
	ROW(0, ROW_TEXT, image_header, isolation.approvers, 0, GATE_USER_MAX),
	ROW(0, ROW_TEXT, image_header, isolation.pilot, 1, GATE_USER_MAX),
	ROW(0, ROW_TEXT, image_header, isolation.news, 0, IMAGE_NEWS_MAX),
	ROW(0, ROW_TEXT, image_header, isolation.urgent, 0, IMAGE_URGENT_MAX *(GATE_USER_MAX + 1)),
	ROW(0, ROW_U32, image_header, isolation.room_per_minute, 0, IMAGE_ROOM_MAX),
	ROW(0, ROW_U32, image_header, isolation.room_at_a_time, 0, IMAGE_ROOM_MAX),
	ROW(0, ROW_U32, image_header, isolation.to_open, 1, IMAGE_APPROVALS_MAX),
	ROW(0, ROW_U32, image_header, isolation.to_close, 1, IMAGE_APPROVALS_MAX),
	ROW(0, ROW_U32, image_header, isolation.fallback_on, 0, IMAGE_ALARMS),
	ROW(0, ROW_U32, image_header, isolation.soak_s, 0, IMAGE_SOAK_MAX_S),
	ROW(0, ROW_U8, image_header, isolation.has_approvers, 0, 1),
	ROW(0, ROW_ADDRESS, image_header, status_page.address, 1 << IMAGE_ADDRESS_IP, 1),
	ROW(0, ROW_RANGE, image_header, status_page.titles, IMAGE_TITLE, 0),
	ROW(0, ROW_RANGE, image_header, status_page.contacts, IMAGE_TITLE, 0),
};

bool image_incident_rows_are_good(const struct image *im)
{
	return image_rows_are_good(im, incident_rows,
				   sizeof incident_rows / sizeof *incident_rows) &&
	       image_row_header_is_good(im, isolation_rows,
					sizeof isolation_rows / sizeof *isolation_rows);
}

/* A page links to it: nothing but http and https, and no byte that would end an attribute. */
static bool news_are_good(struct view url)
{
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || url.p[i] >= 0x7f || url.p[i] == '"' || url.p[i] == '\'' ||
		    url.p[i] == '<' || url.p[i] == '>')
			return false;
	return url.n == 0 || view_starts(url, VIEW("https://")) ||
	       view_starts(url, VIEW("http://"));
}

static const char *isolation_why(const struct image *im)
{
	const struct image_isolation *s = &im->header->isolation;

	if (s->has_approvers != (s->approvers.n != 0))
		return "approvers and their group differ";
	return news_are_good(image_view(im, s->news)) ? NULL : "the address of news is no URL";
}

static const char *calls_why(const struct image *im)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_SAFE_CALL); i++) {
		struct view path = image_view(im, image_safe_call_at(im, i)->path_prefix);

		if (!view_starts(path, VIEW("/")) || (path.n > 1 && view_ends(path, VIEW("/"))))
			return "a safe call's path is not as paths are compared";
	}
	return NULL;
}

static const char *read_only_why(const struct image *im)
{
	uint32_t calls = 0, needs = 0;

	for (uint32_t i = 0; i < image_count(im, IMAGE_APP); i++) {
		const struct image_app *a = image_app_at(im, i);

		if (a->read_only_methods & ~(uint64_t)IMAGE_READ_ONLY_METHODS)
			return "an application's read-only methods are none";
		if (a->read_only_also.n > IMAGE_SAFE_CALLS_MAX)
			return "an application has too many safe calls";
		if (!image_row_follows(a->read_only_also, &calls) ||
		    !image_row_follows(a->needs, &needs))
			return "two applications share a range";
	}
	return NULL;
}

enum need_state { NEED_NEW, NEED_ON_WAY, NEED_DONE };

/* A walk along needs: those on the way from the first to the one that is looked at. */
struct need_walk {
	uint32_t next[IMAGE_APPS_MAX]; /* which of its needs is an application's turn */
	uint16_t way[IMAGE_APPS_MAX];
	uint8_t state[IMAGE_APPS_MAX]; /* enum need_state */
	uint32_t depth;
};

static void need_enter(struct need_walk *w, uint32_t app)
{
	w->state[app] = NEED_ON_WAY;
	w->way[w->depth++] = (uint16_t)app;
}

/* One need of the application at the end of the way, or back from it. False: a circle */
static bool need_go(const struct image *im, struct need_walk *w)
{
	uint32_t app = w->way[w->depth - 1], need = 0;
	struct image_range needs = image_app_at(im, app)->needs;

	if (w->next[app] == needs.n) {
		w->state[app] = NEED_DONE;
		w->depth--;
		return true;
	}
	need = image_need_at(im, needs.first + w->next[app]++)->app;
	if (w->state[need] == NEED_NEW)
		need_enter(w, need);
	else if (w->state[need] == NEED_ON_WAY)
		return false;
	return true;
}

static const char *needs_why(const struct image *im)
{
	struct need_walk w = { 0 };

	for (uint32_t i = 0; i < image_count(im, IMAGE_APP); i++) {
		if (w.state[i] != NEED_NEW)
			continue;
		need_enter(&w, i);
		while (w.depth)
			if (!need_go(im, &w))
				return "applications need each other in a circle";
	}
	return NULL;
}

const char *image_incident_why(const struct image *im)
{
	static const char *(*const checks[])(const struct image *) = { isolation_why, calls_why,
								       read_only_why, needs_why };

	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		const char *why = checks[i](im);

		if (why)
			return why;
	}
	return NULL;
}
