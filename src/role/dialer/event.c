/* Event records; run by the dialer. */
#include "role/dialer/event.h"

#include "ipc/record.h"
#include "sys/clock.h"
#include "sys/log.h"

void event_put_object(struct dialer *d, const char *action, struct view object, const char *result,
		      const char *detail)
{
	uint8_t body[2048];
	struct wbuf w = wbuf_of(body, sizeof body);
	const struct record_event e = {
		.kind = RECORD_EVENT,
		.wall_us = clock_wall_us(),
		.action = view_str(action),
		.object = view_slice(object, 0, 1024),
		.result = view_str(result),
		.origin = VIEW("dialer"),
		.detail = view_str(detail),
	};

	record_put_event(&w, &e);
	if (wbuf_check(&w) != E_OK)
		return;
	if (!d->ring.data || ring_put(&d->ring, RING_EVENT, wbuf_view(&w)) != E_OK)
		log_line(LOG_WARNING, "%s %.*s: %s%s%s", action, (int)e.object.n,
			 (const char *)e.object.p, result, detail[0] ? ": " : "", detail);
}

void event_put(struct dialer *d, const char *action, const struct dialer_server *s,
	       const char *result, const char *detail)
{
	uint8_t label[1024];
	struct wbuf w = wbuf_of(label, sizeof label);

	dialer_label(d, s, &w);
	event_put_object(d, action, wbuf_view(&w), result, detail);
}
