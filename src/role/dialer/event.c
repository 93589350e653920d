/* Event records; run by the dialer. */
#include "role/dialer/event.h"

#include "ipc/record.h"
#include "sys/clock.h"
#include "sys/log.h"

enum { EVENT_ALARM_MS = 1000 };

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

void event_alarm_of(struct dialer *d, struct view who, const struct dialer_server *s,
		    const char *detail)
{
	uint8_t body[2048], text[1024];
	struct wbuf w = wbuf_of(body, sizeof body), t = wbuf_of(text, sizeof text);
	struct record_event e = {
		.kind = RECORD_ALARM,
		.wall_us = clock_wall_us(),
		.action = VIEW("egress.refused"),
		.object = who,
		.result = VIEW("refused"),
		.origin = VIEW("dialer"),
	};

	if (d->alarm_ms && d->loop.now_ms - d->alarm_ms < EVENT_ALARM_MS)
		return;
	d->alarm_ms = d->loop.now_ms;
	wbuf_str(&t, detail);
	if (s) {
		WBUF_LIT(&t, ": ");
		dialer_label(d, s, &t);
	}
	e.detail = view_slice(wbuf_view(&t), 0, sizeof text / 2);
	record_put_event(&w, &e);
	if (wbuf_check(&w) != E_OK || !d->ring.data ||
	    ring_put(&d->ring, RING_EVENT, wbuf_view(&w)) != E_OK)
		log_line(LOG_WARNING, "egress.refused %.*s: %s", (int)who.n, (const char *)who.p,
			 detail);
}

void event_alarm(struct dialer *d, const struct dialer_server *s, const char *detail)
{
	event_alarm_of(d, VIEW("dialer"), s, detail);
}
