/* The document of `sluis status --json`. */
#include "tool/status_json.h"

#include "base/date.h"

#include <jansson.h>
#include <stdio.h>

/* Text of the image is UTF-8 by its checker's word; what is not becomes null. */
static json_t *status_json_text(struct view v)
{
	json_t *text = json_stringn((const char *)v.p, v.n);

	return text ? text : json_null();
}

static json_t *status_json_number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *status_json_time(int64_t seconds)
{
	char text[32];
	struct wbuf w = wbuf_of(text, sizeof text);

	if (seconds <= 0)
		return json_null();
	date_put_utc(&w, seconds * 1000000);
	return status_json_text(wbuf_view(&w));
}

static json_t *status_json_address(const struct snapshot *s, const struct image_address *a)
{
	char text[300];
	struct wbuf w = wbuf_of(text, sizeof text);

	snapshot_address(s, a, &w);
	return status_json_text(wbuf_view(&w));
}

/* The "o" of json_pack takes the reference; a failed part makes the whole NULL. */
static json_t *status_json_classes(const uint64_t status[6])
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "1xx", status_json_number(status[1]), "2xx",
			 status_json_number(status[2]), "3xx", status_json_number(status[3]), "4xx",
			 status_json_number(status[4]), "5xx", status_json_number(status[5]));
}

static json_t *status_json_role(const struct snapshot *s, const struct snapshot_role *r)
{
	return json_pack("{s:s, s:i, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:s}", "role",
			 role_name((enum role)r->role), "index", (int)r->index, "pid",
			 r->pid ? status_json_number(r->pid) : json_null(), "uid",
			 status_json_number(r->uid), "state", snapshot_role_state(r->state),
			 "started", status_json_time(r->started_s), "uptime_s",
			 status_json_number(r->started_s ? (uint64_t)(s->now_s - r->started_s) : 0),
			 "restarts", status_json_number(r->restarts), "generation",
			 status_json_number(r->generation), "sandbox", r->sandbox, "weaker",
			 r->weaker);
}

static json_t *status_json_listener(const struct snapshot *s, const struct image_listener *l)
{
	struct snapshot_listener sum = snapshot_listener(s, l->slot);

	return json_pack(
		"{s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"name", status_json_text(image_view(&s->image, l->name)), "address",
		status_json_address(s, &l->address), "protocol",
		snapshot_protocol_name(l->protocol), "open", (int)s->listener_open[l->slot],
		"connections", status_json_number(sum.connections), "accepted",
		status_json_number(sum.accepted), "refused", status_json_number(sum.refused),
		"requests", status_json_number(sum.requests), "bad_requests",
		status_json_number(sum.bad_requests), "handshakes",
		status_json_number(sum.handshakes), "handshakes_resumed",
		status_json_number(sum.handshakes_resumed), "handshakes_failed",
		status_json_number(sum.handshakes_failed), "bytes_in",
		status_json_number(sum.bytes_in), "bytes_out", status_json_number(sum.bytes_out),
		"status", status_json_classes(sum.status));
}

static json_t *status_json_check(const struct page_health_entry *e)
{
	if (!e || PAGE_GET(e->last_check) == PAGE_CHECK_NONE)
		return json_null();
	return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o}", "result",
			 snapshot_check_name(PAGE_GET(e->last_check)), "status",
			 (int)PAGE_GET(e->last_status), "duration_us",
			 status_json_number(PAGE_GET(e->check_us)), "at",
			 status_json_time((int64_t)PAGE_GET(e->checked_wall_s)), "ok",
			 status_json_number(PAGE_GET(e->checks_ok)), "failed",
			 status_json_number(PAGE_GET(e->checks_failed)));
}

static json_t *status_json_dials(const struct page_health_entry *e)
{
	if (!e)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "ok",
			 status_json_number(PAGE_GET(e->dials_ok)), "failed",
			 status_json_number(PAGE_GET(e->dials_failed)), "addresses",
			 status_json_number(PAGE_GET(e->addresses)), "ejections",
			 status_json_number(PAGE_GET(e->ejections)), "health_changed",
			 status_json_time((int64_t)PAGE_GET(e->changed_wall_s)));
}

static json_t *status_json_traffic(const struct snapshot_server *sum)
{
	uint64_t asked = sum->connects + sum->reuses;

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:o}", "in_flight",
		status_json_number(sum->in_flight), "connections",
		status_json_number(sum->connections), "requests", status_json_number(sum->requests),
		"failures", status_json_number(sum->failures), "retries",
		status_json_number(sum->retries), "bytes_in", status_json_number(sum->bytes_in),
		"bytes_out", status_json_number(sum->bytes_out), "connects",
		status_json_number(sum->connects), "reuses", status_json_number(sum->reuses),
		"latency_mean_ms",
		sum->requests ? (double)sum->latency_us / (double)sum->requests / 1000 : 0.0,
		"reuse_percent", asked ? 100 * (double)sum->reuses / (double)asked : 0.0, "status",
		status_json_classes(sum->status));
}

static json_t *status_json_server(const struct snapshot *s, const struct image_server *server)
{
	const struct page_health_entry *e = snapshot_health(s, server);
	struct snapshot_server sum = snapshot_server(s, server);
	json_t *all = json_pack("{s:o, s:o, s:i, s:b, s:s, s:s, s:o, s:o}", "name",
				status_json_text(image_view(&s->image, server->name)), "address",
				status_json_address(s, &server->address), "weight",
				(int)server->weight, "backup", (int)server->is_backup, "state",
				snapshot_state_name(s, server), "health",
				snapshot_health_name(s, server), "last_check", status_json_check(e),
				"dials", status_json_dials(e)),
	       *traffic = status_json_traffic(&sum);

	if (all && json_object_update(all, traffic) < 0) {
		json_decref(all);
		all = NULL;
	}
	json_decref(traffic);
	return all;
}

static json_t *status_json_pool(const struct snapshot *s, const struct image_pool *p)
{
	json_t *servers = json_array();

	for (uint32_t i = 0; i < p->servers.n; i++)
		(void)json_array_append_new(
			servers,
			status_json_server(s, image_server_at(&s->image, p->servers.first + i)));
	return json_pack("{s:o, s:s, s:s, s:o}", "name",
			 status_json_text(image_view(&s->image, p->name)), "protocol",
			 snapshot_pool_protocol(p), "balance", snapshot_balance_name(p), "servers",
			 servers);
}

/* The names under which listeners serve a certificate, each once. */
static json_t *status_json_names(const struct snapshot *s, uint32_t certificate)
{
	json_t *names = json_array(), *seen = json_object();

	for (uint32_t i = 0; i < image_count(&s->image, IMAGE_SNI); i++) {
		const struct image_sni *sni = image_sni_at(&s->image, i);
		struct view name = image_view(&s->image, sni->name);
		char key[300];
		struct wbuf w = wbuf_of(key, sizeof key - 1);

		if (name.n == 0 || sni->certificate != certificate)
			continue;
		if (view_starts(name, VIEW(".")))
			WBUF_LIT(&w, "*");
		wbuf_view_put(&w, name);
		key[w.n] = '\0';
		if (json_object_get(seen, key))
			continue;
		(void)json_object_set_new(seen, key, json_true());
		(void)json_array_append_new(names, status_json_text(wbuf_view(&w)));
	}
	json_decref(seen);
	return names;
}

static json_t *status_json_certificate(const struct snapshot *s, uint32_t i)
{
	const struct image_certificate *x = image_certificate_at(&s->image, i);
	char fingerprint[80];
	struct wbuf w = wbuf_of(fingerprint, sizeof fingerprint);

	wbuf_hex(&w, view_of(x->fingerprint, sizeof x->fingerprint));
	return json_pack("{s:o, s:o, s:s, s:i, s:o, s:o, s:I, s:o}", "name",
			 status_json_text(image_view(&s->image, x->name)), "names",
			 status_json_names(s, i), "key_type", snapshot_key_name(x->key_type),
			 "key_bits", (int)x->key_bits, "not_before",
			 status_json_time(x->not_before_s), "not_after",
			 status_json_time(x->not_after_s), "expires_in_days",
			 (json_int_t)((x->not_after_s - s->now_s) / 86400), "sha256",
			 status_json_text(wbuf_view(&w)));
}

static json_t *status_json_roles(const struct snapshot *s)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < s->role_n; i++)
		(void)json_array_append_new(rows, status_json_role(s, &s->roles[i]));
	return rows;
}

static void status_json_add_image(json_t *doc, const struct snapshot *s)
{
	json_t *listeners = json_array(), *pools = json_array(), *certificates = json_array();
	const struct image_header *h = s->image.header;

	for (uint32_t i = 0; h && i < image_count(&s->image, IMAGE_LISTENER); i++)
		(void)json_array_append_new(
			listeners, status_json_listener(s, image_listener_at(&s->image, i)));
	for (uint32_t i = 0; h && i < image_count(&s->image, IMAGE_POOL); i++)
		(void)json_array_append_new(pools,
					    status_json_pool(s, image_pool_at(&s->image, i)));
	for (uint32_t i = 0; h && i < image_count(&s->image, IMAGE_CERTIFICATE); i++)
		(void)json_array_append_new(certificates, status_json_certificate(s, i));
	(void)json_object_set_new(doc, "listeners", listeners);
	(void)json_object_set_new(doc, "pools", pools);
	(void)json_object_set_new(doc, "certificates", certificates);
	(void)json_object_set_new(doc, "metrics",
				  h && h->metrics.kind ? status_json_address(s, &h->metrics)
						       : json_null());
	(void)json_object_set_new(doc, "status_page",
				  h && h->status_page.address.kind
					  ? status_json_address(s, &h->status_page.address)
					  : json_null());
}

int status_json_write(const struct snapshot *s, FILE *to)
{
	json_t *doc = json_pack(
		"{s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "format", (int)STATUS_JSON_FORMAT,
		"version", SLUIS_VERSION, "generation", status_json_number(s->generation),
		"started", status_json_time(s->started_s), "uptime_s",
		status_json_number(s->started_s ? (uint64_t)(s->now_s - s->started_s) : 0),
		"reloads", status_json_number(s->reloads), "failed_reloads",
		status_json_number(s->failed_reloads), "dialer_reach", snapshot_reach_name(s),
		"roles", status_json_roles(s));
	int status = 1;

	if (doc) {
		status_json_add_image(doc, s);
		status =
			json_dumpf(doc, to, JSON_INDENT(2)) == 0 && fputc('\n', to) == '\n' ? 0 : 1;
	}
	json_decref(doc);
	return status;
}

int status_json_print(const struct snapshot *s)
{
	return status_json_write(s, stdout);
}
