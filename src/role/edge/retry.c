/*
 * Tries. What a server may have begun to do is repeated for safe methods alone; an answer that says
 * that nothing was done (a status the pool names) also for idempotent ones (RFC 9110 §9.2.2). A
 * server that was tried is not tried again (x->tried).
 */
#include "role/edge/retry.h"

#include "role/edge/count.h"
#include "role/edge/dial.h"
#include "role/edge/exchange.h"
#include "role/edge/pool.h"

enum { RETRY_PAUSE_MAX_MS = 60000 };

static const struct {
	uint16_t status;
	uint8_t bit; /* enum image_retry */
} retry_statuses[] = {
	{ 425, IMAGE_RETRY_425 }, { 429, IMAGE_RETRY_429 }, { 500, IMAGE_RETRY_500 },
	{ 502, IMAGE_RETRY_502 }, { 503, IMAGE_RETRY_503 }, { 504, IMAGE_RETRY_504 },
};

static uint8_t retry_bit(uint16_t status)
{
	for (size_t i = 0; i < sizeof retry_statuses / sizeof retry_statuses[0]; i++)
		if (retry_statuses[i].status == status)
			return retry_statuses[i].bit;
	return 0;
}

void retry_count(struct exchange *x)
{
	budget_deposit(&pool_state(x)->retries, x->pool->retry_budget_percent);
	if (x->pool->hedge_percent)
		budget_deposit(&pool_state(x)->hedges, x->pool->hedge_percent);
}

static bool retry_has_budget(struct edge *e, struct exchange *x)
{
	if (budget_spend(&pool_state(x)->retries, x->pool->retry_budget_percent, e->loop.now_ms))
		return true;
	PAGE_ADD(count_pool(e, x->pool)->retries_refused, 1);
	return false;
}

/* Attempts and time are left, and the body is still here. */
static bool retry_has_room(const struct edge *e, const struct exchange *x)
{
	uint64_t passed_ms = (e->loop.now_ns - x->start_ns) / 1000000;

	return !(x->flags & (X_ANSWERED | X_BODY_MOVED)) && x->tries < x->pool->retry_attempts &&
	       (!x->pool->retry_deadline_ms || passed_ms < x->pool->retry_deadline_ms);
}

/* What happened is one of the things that the pool tries again after. */
static bool retry_is_wanted(const struct exchange *x, enum dial_failure why)
{
	if (!(x->flags & X_SENT))
		return x->pool->retry_on & IMAGE_RETRY_CONNECT_FAILURE;
	if (!http_method_is_safe((enum http_method)x->method))
		return false;
	if (why == DIAL_TIMEOUT)
		return x->pool->retry_try_ms != 0;
	return why == DIAL_RESET && (x->pool->retry_on & IMAGE_RETRY_RESET);
}

bool retry_may(struct edge *e, struct exchange *x, enum dial_failure why, bool was_stale)
{
	if (x->flags & X_GRANTED)
		return true;
	/* RFC 9112 §9.3.1: no failure of a server, so it costs neither an attempt nor budget. */
	if (was_stale)
		return !(x->flags & (X_ANSWERED | X_BODY_MOVED)) &&
		       http_method_is_safe((enum http_method)x->method);
	return retry_has_room(e, x) && retry_is_wanted(x, why) && retry_has_budget(e, x);
}

bool retry_refused(struct edge *e, struct exchange *x)
{
	return retry_has_room(e, x) && retry_has_budget(e, x);
}

bool retry_status(struct edge *e, struct exchange *x, uint16_t status)
{
	if (!(x->pool->retry_on & retry_bit(status)) ||
	    !http_method_is_idempotent((enum http_method)x->method) || !retry_has_room(e, x) ||
	    !pool_has_other(e, x) || !retry_has_budget(e, x))
		return false;
	x->status = status;
	x->first_byte_ns = e->loop.now_ns;
	count_answer(e, x);
	x->status = 0;
	x->first_byte_ns = 0;
	PAGE_ADD(pool_load(e, x->server->slot, x->server->slot_gen)->failures, 1);
	if (pool_is_error(x, status))
		dial_tell_failure(e, x->server, DIAL_ANSWER);
	x->flags |= X_GRANTED;
	return true;
}

/* Doubled for each try, and up to half of it taken off: those that failed together come back one
 * by one. */
static uint32_t retry_pause_ms(struct edge *e, const struct exchange *x)
{
	uint32_t ms = x->pool->retry_backoff_ms;

	for (unsigned i = 1; i < x->tries && ms < RETRY_PAUSE_MAX_MS; i++)
		ms *= 2;
	if (ms > RETRY_PAUSE_MAX_MS)
		ms = RETRY_PAUSE_MAX_MS;
	return ms - rng_below(&e->rng, ms / 2 + 1);
}

void retry_next(struct edge *e, struct exchange *x)
{
	x->flags &= ~(uint32_t)(X_SENT | X_GRANTED);
	x->end = X_END_WELL;
	x->progress = 0;
	if (!x->pool->retry_backoff_ms || x->tries == 0) {
		exchange_ask(e, x);
		return;
	}
	x->flags |= X_PAUSED;
	exchange_deadline(e, x, retry_pause_ms(e, x));
}

uint32_t retry_timeout_ms(const struct exchange *x)
{
	uint32_t first_byte_ms = x->pool->first_byte_ms, try_ms = x->pool->retry_try_ms;
	bool may_follow = x->tries < x->pool->retry_attempts &&
			  http_method_is_safe((enum http_method)x->method);

	return try_ms && try_ms < first_byte_ms && may_follow ? try_ms : first_byte_ms;
}

bool retry_waits_on(struct edge *e, struct exchange *x)
{
	uint64_t passed_ms = (e->loop.now_ns - x->asked_ns) / 1000000;

	if (!x->pool->retry_try_ms || passed_ms >= x->pool->first_byte_ms)
		return false;
	exchange_deadline(e, x, (uint32_t)(x->pool->first_byte_ms - passed_ms));
	return true;
}
