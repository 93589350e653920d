/* gRPC health checks' messages: a length, and behind it one protobuf message of one field. */
#include "role/dialer/probe_grpc.h"

enum {
	GRPC_SERVICE = 1 << 3 | 2, /* HealthCheckRequest.service, a string */
	GRPC_STATUS = 1 << 3,	   /* HealthCheckResponse.status, a number */
	GRPC_SERVING = 1,
	GRPC_VARINT_MAX = 10
};

void probe_grpc_put(struct wbuf *w, struct view service)
{
	wbuf_u8(w, 0);
	wbuf_u32(w, service.n ? (uint32_t)service.n + 2 : 0);
	if (service.n == 0)
		return;
	wbuf_u8(w, GRPC_SERVICE);
	wbuf_u8(w, (uint8_t)service.n);
	wbuf_view_put(w, service);
}

/* A base-128 number, least part first. */
static enum err grpc_varint(struct view *v, uint64_t *ret)
{
	uint64_t x = 0;

	for (unsigned i = 0; i < GRPC_VARINT_MAX; i++) {
		uint8_t b = 0;

		TRY(view_u8(v, &b));
		x |= (uint64_t)(b & 127) << (7 * i);
		if (b & 128)
			continue;
		*ret = x;
		return E_OK;
	}
	return E_PROTO;
}

/* A field that is not known here; in this encoding each says how long
 * it is. */
static enum err grpc_skip(struct view *v, uint64_t tag)
{
	static const uint8_t fixed[8] = { [1] = 8, [5] = 4 };
	struct view skipped = { 0 };
	uint64_t n = fixed[tag & 7];

	if ((tag & 7) == 0)
		return grpc_varint(v, &n);
	if ((tag & 7) == 2)
		TRY(grpc_varint(v, &n));
	else if (n == 0)
		return E_PROTO; /* groups, and what does not exist */
	return n <= v->n ? view_take(v, (size_t)n, &skipped) : E_PROTO;
}

enum err probe_grpc_serves(struct view answer)
{
	uint8_t is_compressed = 0;
	uint32_t n = 0;
	uint64_t status = 0, tag = 0;

	if (view_u8(&answer, &is_compressed) != E_OK || view_u32(&answer, &n) != E_OK ||
	    is_compressed || n != answer.n)
		return E_PROTO;
	while (answer.n) {
		if (grpc_varint(&answer, &tag) != E_OK)
			return E_PROTO;
		if ((tag == GRPC_STATUS ? grpc_varint(&answer, &status)
					: grpc_skip(&answer, tag)) != E_OK)
			return E_PROTO;
	}
	return status == GRPC_SERVING ? E_OK : E_DENIED;
}
