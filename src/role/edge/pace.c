/* The pace of bodies: one comparison per piece until the time is over. */
#include "role/edge/pace.h"

void pace_begin(struct exchange *x, uint64_t now_ms)
{
	x->pace.since_ms = now_ms;
	x->pace.moved = x->request.moved;
}

static bool pace_is_free(const struct exchange *x)
{
	return x->request.is_done || x->flags & (X_ANSWERED | X_SHADOW) ||
	       (x->pace.is_grpc && x->pool->is_h2);
}

bool pace_is_stream(const struct exchange *x)
{
	return x->pace.is_grpc && x->pool && x->pool->is_h2 && !x->c->conn.out &&
	       (!x->u || !x->u->conn.out);
}

bool pace_is_slow(struct exchange *x, uint64_t now_ms)
{
	const struct image_listener *l = x->listener;
	uint64_t passed_ms = now_ms - x->pace.since_ms, came = x->request.moved - x->pace.moved;

	if (passed_ms < l->request_body_idle_ms || !l->request_body_rate || pace_is_free(x))
		return false;
	pace_begin(x, now_ms);
	return came < (uint64_t)l->request_body_rate * passed_ms / 1000;
}
