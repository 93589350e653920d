/* Passive marking of servers; run by the dialer. */
#include "role/dialer/eject.h"

#include "role/dialer/event.h"
#include "role/dialer/health.h"
#include "sys/clock.h"

enum { EJECT_LONGEST = 10 };

static uint64_t eject_ms(const struct dialer_server *s)
{
	uint64_t factor = 1;

	for (uint32_t i = 1; i < s->ejections_in_a_row && factor < EJECT_LONGEST; i++)
		factor *= 2;
	return (factor < EJECT_LONGEST ? factor : EJECT_LONGEST) * s->pool->outlier_eject_ms;
}

static bool eject_is_allowed(const struct dialer *d, const struct dialer_server *s)
{
	uint32_t out = d->ejected_of_pool[s->conf->pool];

	return ((uint64_t)out + 1) * 100 <=
	       (uint64_t)s->pool->servers.n * s->pool->outlier_max_percent;
}

static void eject_begin(struct dialer *d, struct dialer_server *s)
{
	uint64_t calm_ms = (uint64_t)EJECT_LONGEST * s->pool->outlier_eject_ms;

	if (s->returned_ms && d->loop.now_ms > s->returned_ms + calm_ms)
		s->ejections_in_a_row = 0;
	s->ejections_in_a_row++;
	s->errors = 0;
	s->state.is_ejected = 1;
	s->state.ejections++;
	d->ejected_of_pool[s->conf->pool]++;
	dialer_timer_set(d, &s->eject, d->loop.now_ms + eject_ms(s));
	health_publish(d, s);
	event_put(d, "server.ejected", s, "ejected", "too many failures in a row");
}

void eject_failure(struct dialer *d, struct dialer_server *s)
{
	if (s->errors < UINT32_MAX)
		s->errors++;
	if (!d->is_writer || s->state.is_ejected || s->pool->outlier_errors == 0)
		return;
	if (s->errors >= s->pool->outlier_errors && eject_is_allowed(d, s))
		eject_begin(d, s);
}

void eject_success(struct dialer_server *s)
{
	s->errors = 0;
}

void eject_end(struct dialer *d, struct dialer_server *s)
{
	if (!s->state.is_ejected)
		return;
	s->state.is_ejected = 0;
	s->errors = 0;
	s->returned_ms = d->loop.now_ms;
	d->ejected_of_pool[s->conf->pool]--;
	dialer_timer_cancel(&s->eject);
	health_publish(d, s);
	if (d->is_writer)
		event_put(d, "server.returned", s, "returned", "");
}

void eject_resume(struct dialer *d, struct dialer_server *s)
{
	if (!s->state.is_ejected)
		return;
	/* The configuration may allow fewer by now; and the page is not believed beyond it. */
	if (!eject_is_allowed(d, s)) {
		s->state.is_ejected = 0;
		return;
	}
	/* How long it has been out is not on the page: it starts again, once. */
	s->ejections_in_a_row = 1;
	d->ejected_of_pool[s->conf->pool]++;
	dialer_timer_set(d, &s->eject, d->loop.now_ms + eject_ms(s));
}
