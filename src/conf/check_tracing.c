/* Where spans go: an address in the clear, because the exporter resolves no name and has no key. */
#include "conf/check.h"

/* The address and path of "http://ADDRESS:PORT[/path]"; NULL, or what to write instead. */
static const char *check_tracing_parse(struct model_tracing *t)
{
	struct view rest = t->otlp, scheme = VIEW("http://");
	size_t slash = 0;

	if (view_starts(rest, VIEW("https://")))
		return "the exporter speaks no TLS: name a collector on this machine or in a "
		       "network of your own, http://127.0.0.1:4318";
	if (!view_starts(rest, scheme))
		return "write the collector's address: http://127.0.0.1:4318";
	rest = view_slice(rest, scheme.n, rest.n);
	slash = view_find(rest, '/');
	t->path = view_slice(rest, slash, rest.n);
	if (t->path.n == 0 || view_eq(t->path, VIEW("/")))
		t->path = VIEW("/v1/traces"); /* OTLP/HTTP's default */
	for (size_t i = 0; i < t->path.n; i++)
		if (t->path.p[i] <= ' ' || t->path.p[i] >= 0x7f)
			return "a path has no blanks or control characters";
	if (value_address(view_slice(rest, 0, slash), &t->address) != E_OK)
		return "that is no address with a port: http://127.0.0.1:4318";
	if (t->address.kind != IMAGE_ADDRESS_IP)
		return "the exporter resolves no names: write the collector's IP address";
	return NULL;
}

void check_tracing_run(struct check *c)
{
	struct model_tracing *t = &c->model->tracing;
	const char *why = t->at && t->otlp.n ? check_tracing_parse(t) : NULL;

	if (why)
		diag_error(c->diag, node_place(t->at, "otlp"), "\"%.*s\": %s", DIAG_VIEW(t->otlp),
			   why);
}
