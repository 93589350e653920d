/*
 * OTLP in JSON (OpenTelemetry Protocol 1.x, "JSON Protobuf Encoding"): identifiers in hexadecimal,
 * 64-bit numbers as text, attributes as OpenTelemetry's semantic conventions for HTTP name them.
 * Written as it goes: no tree is built, and what an edge says appears only inside quotes.
 */
#include "role/exporter/exporter.h"

enum { OTLP_TAIL = 16, OTLP_ERROR = 2 };

void otlp_text(struct wbuf *w, struct view text)
{
	WBUF_LIT(w, "\"");
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c >= ' ' && c < 0x7f && c != '"' && c != '\\') {
			wbuf_u8(w, c);
			continue;
		}
		WBUF_LIT(w, "\\u00");
		wbuf_hex(w, view_of(&c, 1));
	}
	WBUF_LIT(w, "\"");
}

void otlp_begin(struct exporter_batch *b, const char *service)
{
	b->json.n = 0;
	b->json.bad = false;
	b->spans = 0;
	WBUF_LIT(&b->json, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":"
			   "\"service.name\",\"value\":{\"stringValue\":");
	wbuf_str(&b->json, service);
	WBUF_LIT(&b->json, "}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"sluis\",\"version\":"
			   "\"" SLUIS_VERSION "\"},\"spans\":[");
}

void otlp_end(struct exporter_batch *b)
{
	WBUF_LIT(&b->json, "]}]}]}");
}

static void otlp_attribute(struct wbuf *w, const char *key, struct view text)
{
	if (text.n == 0)
		return;
	WBUF_LIT(w, "{\"key\":\"");
	wbuf_str(w, key);
	WBUF_LIT(w, "\",\"value\":{\"stringValue\":");
	otlp_text(w, text);
	WBUF_LIT(w, "}},");
}

static void otlp_number(struct wbuf *w, const char *key, uint64_t x)
{
	if (x == 0)
		return;
	WBUF_LIT(w, "{\"key\":\"");
	wbuf_str(w, key);
	WBUF_LIT(w, "\",\"value\":{\"intValue\":\"");
	wbuf_dec(w, x);
	WBUF_LIT(w, "\"}},");
}

/* The low-cardinality name: the method, and for the server's side the rule's path. */
static void otlp_name(struct wbuf *w, const struct span *s)
{
	uint8_t name[512];
	struct wbuf n = wbuf_of(name, sizeof name);

	wbuf_view_put(&n, view_slice(s->method, 0, 64));
	if (s->kind == SPAN_SERVER && s->pattern.n) {
		WBUF_LIT(&n, " ");
		wbuf_view_put(&n, view_slice(s->pattern, 0, 256));
	}
	otlp_text(w, wbuf_view(&n));
}

static void otlp_server(struct wbuf *w, const struct span *s)
{
	otlp_attribute(w, "url.scheme", s->scheme);
	otlp_attribute(w, "url.path", s->path);
	otlp_attribute(w, "server.address", s->host);
	otlp_attribute(w, "client.address", s->peer);
	otlp_attribute(w, "http.route", s->pattern);
	otlp_attribute(w, "sluis.listener", s->listener);
	otlp_attribute(w, "sluis.route", s->rule);
}

static void otlp_client(struct wbuf *w, const struct span *s)
{
	uint8_t url[1300];
	struct wbuf u = wbuf_of(url, sizeof url);
	bool is_v6 = view_find(s->peer, ':') < s->peer.n;

	wbuf_view_put(&u, s->scheme);
	wbuf_view_put(&u, is_v6 ? VIEW("://[") : VIEW("://"));
	wbuf_view_put(&u, s->peer);
	wbuf_view_put(&u, is_v6 ? VIEW("]:") : VIEW(":"));
	wbuf_dec(&u, s->port);
	wbuf_view_put(&u, s->path);
	if (s->port)
		otlp_attribute(w, "url.full", wbuf_view(&u));
	otlp_attribute(w, "server.address", s->peer);
	otlp_number(w, "server.port", s->port);
	otlp_number(w, "http.request.resend_count", s->resends);
	otlp_attribute(w, "sluis.pool", s->pool);
	otlp_attribute(w, "sluis.server", s->server);
}

static void otlp_put(struct wbuf *w, const struct span *s)
{
	/* a server's span fails by the server's fault alone, a client's also by its own */
	bool is_error = s->error.n || s->status >= (s->kind == SPAN_SERVER ? 500 : 400);
	uint8_t code[8];
	struct wbuf c = wbuf_of(code, sizeof code);

	WBUF_LIT(w, "{\"traceId\":");
	otlp_text(w, s->trace_id);
	WBUF_LIT(w, ",\"spanId\":");
	otlp_text(w, s->id);
	if (s->parent_id.n) {
		WBUF_LIT(w, ",\"parentSpanId\":");
		otlp_text(w, s->parent_id);
	}
	WBUF_LIT(w, ",\"name\":");
	otlp_name(w, s);
	WBUF_LIT(w, ",\"kind\":");
	wbuf_dec(w, s->kind);
	WBUF_LIT(w, ",\"startTimeUnixNano\":\"");
	wbuf_dec(w, s->start_ns);
	WBUF_LIT(w, "\",\"endTimeUnixNano\":\"");
	wbuf_dec(w, s->end_ns);
	WBUF_LIT(w, "\",\"attributes\":[");
	if (s->kind == SPAN_SERVER)
		otlp_server(w, s);
	else
		otlp_client(w, s);
	otlp_attribute(w, "network.protocol.version", s->version);
	otlp_number(w, "http.response.status_code", s->status);
	wbuf_dec(&c, s->status);
	if (is_error)
		otlp_attribute(w, "error.type", s->error.n ? s->error : wbuf_view(&c));
	WBUF_LIT(w, "{\"key\":\"http.request.method\",\"value\":{\"stringValue\":");
	otlp_text(w, s->method);
	WBUF_LIT(w, "}}]");
	if (is_error) {
		WBUF_LIT(w, ",\"status\":{\"code\":");
		wbuf_dec(w, OTLP_ERROR);
		WBUF_LIT(w, "}");
	}
	WBUF_LIT(w, "}");
}

bool otlp_span(struct exporter_batch *b, const struct span *s)
{
	if (wbuf_room(&b->json) < EXPORTER_LINE + OTLP_TAIL)
		return false;
	if (b->spans)
		WBUF_LIT(&b->json, ",");
	otlp_put(&b->json, s);
	b->spans++;
	INVARIANT(!b->json.bad);
	return true;
}
