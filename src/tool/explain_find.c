/* The way of a request, in the order in which the edge decides (role/edge/request.c). */
#include "tool/explain.h"

#include "route/allow.h"

#include <stdio.h>
#include <stdlib.h>

/* "https://host:port/path?query" to its parts; a URL without a scheme is one of https. */
static enum err explain_split(struct explain *e, struct view *ret_target)
{
	struct view url = view_str(e->q->url), authority = { 0 };
	struct wbuf name = wbuf_of(e->name, sizeof e->name);

	*ret_target = VIEW("/");
	if (explain_stream_split(e, url)) {
		authority = e->authority;
	} else if (view_starts(url, VIEW("http://")) || view_starts(url, VIEW("https://"))) {
		if (uri_absolute_split(url, &e->is_https, &authority, ret_target) != E_OK)
			return E_PROTO;
	} else {
		size_t slash = view_find(url, '/');

		e->is_https = true;
		authority = view_slice(url, 0, slash);
		if (slash < url.n)
			*ret_target = view_slice(url, slash, url.n);
	}
	if (!e->is_stream)
		e->scheme = e->is_https ? VIEW("https") : VIEW("http");
	e->authority = authority;
	TRY(uri_host_parse(authority, &name, &e->host));
	e->port = e->host.port;
	if (!e->port && e->is_stream && !e->is_https)
		return E_PROTO;
	if (!e->port)
		e->port = e->is_https ? 443 : 80;
	return E_OK;
}

/* The head that a client would send; parsed as strictly as a client's. */
static enum err explain_write_head(struct explain *e, struct view target)
{
	struct wbuf w = wbuf_of(e->text, sizeof e->text);
	bool has_host = false;

	for (size_t i = 0; i < e->q->header_n; i++) {
		struct view h = view_str(e->q->headers[i]);

		has_host |= view_ieq(view_slice(h, 0, view_find(h, ':')), VIEW("host"));
	}
	wbuf_str(&w, e->q->method);
	WBUF_LIT(&w, " ");
	wbuf_view_put(&w, target);
	WBUF_LIT(&w, " HTTP/1.1\r\n");
	if (!has_host) {
		WBUF_LIT(&w, "Host: ");
		wbuf_view_put(&w, e->authority);
		WBUF_LIT(&w, "\r\n");
	}
	for (size_t i = 0; i < e->q->header_n; i++) {
		wbuf_str(&w, e->q->headers[i]);
		WBUF_LIT(&w, "\r\n");
	}
	WBUF_LIT(&w, "\r\n");
	e->head = wbuf_view(&w);
	return wbuf_check(&w);
}

static bool explain_is_tls(const struct image_listener *l)
{
	return l->protocol == IMAGE_HTTPS;
}

static bool explain_may_mean(const struct explain *e, const struct image_listener *l)
{
	struct view literal = e->host.name;
	struct ip ip = { 0 }, any_v4 = { 0 }, any_v6 = { 0 };

	if (!explain_stream_means(e, l) || l->address.port != e->port)
		return false;
	if (!e->host.is_ip || ip_parse(VIEW("0.0.0.0"), &any_v4) != E_OK)
		return true;
	if (view_starts(literal, VIEW("[")))
		literal = view_slice(literal, 1, literal.n - 2);
	return ip_parse(literal, &ip) != E_OK || ip_eq(&ip, &l->address.ip) ||
	       ip_eq(&any_v4, &l->address.ip) || ip_eq(&any_v6, &l->address.ip);
}

static void explain_listener(struct explain *e)
{
	const struct image *im = e->im;

	for (uint32_t i = 0; i < image_count(im, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(im, i);
		bool is = e->q->listener
				  ? view_eq(image_view(im, l->name), view_str(e->q->listener))
				  : explain_may_mean(e, l);

		if (!is)
			continue;
		if (e->listener_n++ == 0)
			e->listener = l;
	}
	if (!e->listener)
		e->why = e->q->listener ? "there is no listener of that name"
					: "no listener accepts that scheme, port and address";
	else if (e->q->listener)
		e->is_https = explain_is_tls(e->listener);
}

/* Clients name a host in SNI unless it is an address (RFC 6066 §3). */
static void explain_certificate(struct explain *e)
{
	const struct image_listener *l = e->listener;

	if (!e->is_https)
		return;
	if (!e->host.is_ip)
		e->certificate = image_find_sni(e->im, l, e->host.name);
	if (e->certificate != IMAGE_NONE)
		return;
	e->certificate = l->default_certificate;
	if (!(l->flags & IMAGE_DEFAULT_CERTIFICATE))
		e->certificate = IMAGE_NONE;
	e->is_default_certificate = e->certificate != IMAGE_NONE;
	if (e->certificate == IMAGE_NONE)
		e->why = e->host.is_ip ? "clients name no host for an address, and this listener "
					 "has no default certificate: the handshake is refused"
				       : "no certificate of this listener is for that name, and it "
					 "has no default certificate: the handshake is refused";
}

static enum err explain_refuse(struct explain *e, uint16_t status, const char *why)
{
	e->status = status;
	e->why = why;
	return E_DENIED;
}

/* As the edge reads it: strict, with this listener's limits, then in canonical form. */
static enum err explain_read(struct explain *e)
{
	const struct image_listener *l = e->listener;
	struct wbuf path = wbuf_of(e->path, sizeof e->path),
		    name = wbuf_of(e->name, sizeof e->name);
	struct http1_error why = { 0 };
	const char *text = "";
	size_t progress = 0;
	enum err r = E_OK;

	e->h = (struct http1_head){ .fields = e->fields, .field_cap = EXPLAIN_FIELDS_MAX };
	if (l->headers < EXPLAIN_FIELDS_MAX)
		e->h.field_cap = (uint16_t)l->headers;
	r = http1_parse_request(e->head, l->header_size, &progress, &e->h, &why);
	if (r != E_OK)
		return explain_refuse(e, why.status ? why.status : 400,
				      why.why ? why.why : "the request is not complete");
	if (e->h.host != UINT16_MAX)
		e->authority = field_value_view(e->head, &e->h.fields[e->h.host]);
	if (uri_host_parse(e->authority, &name, &e->host) != E_OK)
		return explain_refuse(e, 400, "Host is not valid");
	if (e->h.target_form == TARGET_ASTERISK)
		e->target.path = VIEW("*");
	else if (uri_target_parse(view_of(e->head.p + e->h.target, e->h.target_n), &path,
				  &e->target, &text) != E_OK)
		return explain_refuse(e, 400, text);
	return e->h.method_id == METHOD_CONNECT
		       ? explain_refuse(e, 501, "CONNECT is not offered here")
		       : E_OK;
}

/* A connection is opened for the URL's host; a Host header may name another (RFC 9110 §15.5.20). */
static enum err explain_direct(struct explain *e, const struct uri_host *sni)
{
	if (!e->is_https || sni->is_ip || view_eq(sni->name, e->host.name))
		return E_OK;
	if (image_find_sni(e->im, e->listener, sni->name) ==
	    image_find_sni(e->im, e->listener, e->host.name))
		return E_OK;
	return explain_refuse(e, 421, "this host is not served on this connection");
}

static enum err explain_rules(struct explain *e)
{
	struct route_request facts = {
		.host = e->host.name,
		.target = e->target,
		.method = (enum http_method)e->h.method_id,
		.method_name = view_of(e->head.p + e->h.method, e->h.method_n),
		.head = e->head,
		.fields = &e->h,
		.source = &e->source,
	};
	struct route_regexes *regexes = NULL;

	e->entry = image_find_host(e->im, e->listener, e->host.name);
	if (!e->entry)
		return explain_refuse(e, 404, "no route of this listener has that host");
	e->rules = calloc(e->entry->rules.n + 1, sizeof *e->rules);
	if (!e->rules || route_regexes_new(e->im, &regexes) != E_OK)
		return E_NOMEM;
	for (uint32_t i = 0; i < e->entry->rules.n && !e->rule; i++) {
		struct explain_rule *r = &e->rules[e->rule_n++];

		r->index = *image_rule_index_at(e->im, e->entry->rules.first + i);
		r->verdict = (uint8_t)route_judge(e->im, r->index, &facts, regexes, &r->field);
		if (r->verdict == ROUTE_OTHER_FIELD)
			r->field += image_rule_at(e->im, r->index)->fields.first;
		if (r->verdict == ROUTE_TAKES)
			e->rule = image_rule_at(e->im, r->index);
	}
	regexes = route_regexes_free(regexes);
	if (!e->rule)
		return explain_refuse(e, 404, "no rule of that host takes the request");
	if (e->rule->filter.n &&
	    !allow_source(e->im, image_filter_at(e->im, e->rule->filter.first), &e->source))
		return explain_refuse(e, 403, "the client's address is not allowed");
	return E_OK;
}

static void explain_go(struct explain *e)
{
	uint8_t opened[256];
	struct wbuf copy = wbuf_of(opened, sizeof opened);
	struct uri_host sni = { 0 };

	explain_listener(e);
	if (e->why)
		return;
	if (e->is_stream || !image_is_http(e->listener->protocol)) {
		explain_stream(e);
		return;
	}
	explain_certificate(e);
	if (e->why)
		return;
	wbuf_view_put(&copy, e->host.name);
	sni = e->host;
	sni.name = wbuf_view(&copy);
	if (explain_read(e) != E_OK || explain_direct(e, &sni) != E_OK)
		return;
	if (e->listener->flags & IMAGE_REDIRECT_TO_HTTPS) {
		e->status =
			e->h.method_id == METHOD_GET || e->h.method_id == METHOD_HEAD ? 301 : 308;
		e->why = "this listener redirects everything to https";
		return;
	}
	if (explain_rules(e) == E_NOMEM)
		e->why = "no memory";
}

enum err explain_find(struct explain *e)
{
	struct view target = { 0 };

	e->certificate = IMAGE_NONE;
	if (explain_split(e, &target) != E_OK) {
		(void)fprintf(stderr,
			      "sluis: not a URL: %s (https://host/path, tls://host, "
			      "tcp://address:port)\n",
			      e->q->url);
		return E_PROTO;
	}
	if (ip_parse(view_str(e->q->source ? e->q->source : "127.0.0.1"), &e->source) != E_OK) {
		(void)fprintf(stderr, "sluis: not an address: %s\n", e->q->source);
		return E_PROTO;
	}
	if (explain_write_head(e, target) != E_OK) {
		(void)fprintf(stderr, "sluis: the request is longer than any listener takes\n");
		return E_PROTO;
	}
	explain_go(e);
	return E_OK;
}
