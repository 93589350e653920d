/* Records for tests of the hunt, as log_scan would show them. */
#ifndef TESTS_UNIT_TOOL_HUNT_KIT_H
#define TESTS_UNIT_TOOL_HUNT_KIT_H

#include "tool/hunt_match.h"

struct hunt_kit {
	const char *origin, *object, *sni, *agent, *actor, *certificate;
	const char *tls_class;
	char text[512];
};

static inline struct log_line hunt_kit_line(struct hunt_kit *k, int64_t time_us)
{
	struct log_line l = { .time_us = time_us };
	struct wbuf w = wbuf_of(k->text, sizeof k->text);

	WBUF_LIT(&w, "{\"kind\":\"access\"");
	if (k->certificate) {
		WBUF_LIT(&w, ",\"client_certificate\":\"");
		wbuf_str(&w, k->certificate);
		WBUF_LIT(&w, "\"");
	}
	WBUF_LIT(&w, "}");
	l.text = wbuf_view(&w);
	l.field[LOG_ORIGIN] = view_str(k->origin);
	l.field[LOG_OBJECT] = view_str(k->object);
	l.field[LOG_SNI] = view_str(k->sni);
	l.field[LOG_USER_AGENT] = view_str(k->agent);
	l.field[LOG_TLS_CLASS] = view_str(k->tls_class);
	l.field[LOG_ACTOR] = view_str(k->actor ? k->actor : "-");
	return l;
}

#endif
