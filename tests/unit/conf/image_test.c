/*
 * The reader of images: names are found as documented, and every way in which an image can be wrong
 * is refused. Wrong ones are made from a right one by changing one field.
 */
#include "conf/image.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/wrong_image.h"

#include "base/hash.h"

#include <string.h>

static const char config[] =
	"listeners:\n"
	"  - {name: tls, address: \"127.0.0.1:443\", certificates: [www, leaf]}\n"
	"  - {name: plain, address: \"127.0.0.1:80\", protocol: http}\n"
	"  - {name: empty, address: \"127.0.0.1:81\", protocol: http}\n"
	"certificates:\n"
	"  - {name: www, chain: " CASES "/certs/www.crt, key: " CASES "/certs/dummy.key}\n"
	"  - {name: leaf, chain: " CASES "/certs/chain.crt, key: " CASES "/certs/dummy.key}\n"
	"backends:\n"
	"  - name: web\n"
	"    servers: [\"127.0.0.1:1\", \"app.internal:2\", \"unix:/run/web\"]\n"
	"    resolve_to: [10.0.0.0/8]\n"
	"    health: {path: /h}\n"
	"  - {name: two, servers: [\"127.0.0.1:4\"], health: {tcp: true}}\n"
	"routes:\n"
	"  - name: a\n"
	"    listeners: [tls, plain]\n"
	"    hosts: [www.example.nl, \"*.example.nl\", \"*.deep.sub.example.nl\"]\n"
	"    rules:\n"
	"      - {match: {path_exact: /x, methods: [GET, BAN], headers: {a: b}, query: {c: d},"
	" source: [10.0.0.0/8]}, backends: [{name: web, weight: 1}, {name: two, weight: 2}],\n"
	"         filters: [{set_request_headers: {X: \"a{host}\"}}, {remove_response_headers: "
	"[Y]},"
	" {allow_networks: [10.0.0.0/8]}, {rewrite_path: /p}, {cors: {allow_origins: [\"*\"]}}, "
	"{rate_limit: {requests: 1}}, "
	"{rewrite_host: h}]}\n"
	"      - {match: {path_prefix: /y}, redirect: {location: /z}}\n"
	"      - {match: {path_regex: q}, respond: {body: hello}}\n"
	"    backend: web\n"
	"    cache: true\n"
	"    compress: {types: [text/html, \"text/*\"]}\n"
	"  - {name: b, listeners: [plain], hosts: [\"*\", \"[::1]\", 192.0.2.1], backend: two}\n"
	"metrics: {address: \"127.0.0.1:9\"}\n"
	"trust_forwarded_from: [192.0.2.0/24]\n";

/* What find says about a host, as the number of its first rule; -1: nothing. */
static int first_rule(const struct image *im, size_t listener, const char *host)
{
	const struct image_host *h =
		image_find_host(im, image_listener_at(im, listener), view_str(host));

	return h ? (int)*image_rule_index_at(im, h->rules.first) : -1;
}

static void test_hosts(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	static const struct {
		size_t listener;
		const char *host;
		int rule;
	} rows[] = {
		{ 0, "www.example.nl", 0 },
		{ 0, "x.example.nl", 0 },
		{ 0, "a.b.c.example.nl", 0 }, /* a wildcard of hosts stands for one label or more */
		{ 0, "a.deep.sub.example.nl", 0 },
		{ 0, "example.nl", -1 },
		{ 0, "wwwexample.nl", -1 },
		{ 0, "www.example.nl.", -1 },
		{ 0, "www.example.com", -1 },
		{ 0, "", -1 },
		{ 0, ".example.nl", -1 }, /* the stored forms are nobody's names */
		{ 0, "*", -1 },
		{ 0, "*.example.nl", -1 },
		{ 0, "nl", -1 },
		{ 1, "www.example.nl", 0 },
		{ 1, "www.example.com", 4 },
		{ 1, "[::1]", 4 },
		{ 1, "192.0.2.1", 4 },
		{ 1, "", 4 },
		{ 1, ".", 4 },
		{ 1, ".example.nl", 4 },
		{ 2, "www.example.nl", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		CHECK_ROW(rows[i].host,
			  first_rule(&m.im, rows[i].listener, rows[i].host) == rows[i].rule);
	assert_int_equal(image_listener_at(&m.im, 0)->wildcard_labels, 4);
	assert_int_equal(image_listener_at(&m.im, 2)->wildcard_labels, 0);
	unmake_image(&m);
}

/* A name of 126 dots is looked up as often as the longest wildcard has labels, and is not found. */
static void test_many_dots(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	char name[254] = "";

	(void)state;
	for (size_t i = 0; i < 252; i++)
		name[i] = i % 2 ? '.' : 'a';
	assert_int_equal(first_rule(&m.im, 0, name), -1);
	memcpy(name + 241, ".example.nl", 11);
	assert_int_equal(first_rule(&m.im, 0, name), 0);
	unmake_image(&m);
}

/* RFC 9525 §6.3: a wildcard of a certificate stands for exactly one label. */
static void test_server_names(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	const struct image_listener *tls = image_listener_at(&m.im, 0);

	(void)state;
	assert_int_equal(image_find_sni(&m.im, tls, VIEW("www.example.nl")), 0);
	assert_int_equal(image_find_sni(&m.im, tls, VIEW("x.example.nl")), 0);
	assert_int_equal(image_find_sni(&m.im, tls, VIEW("leaf.example.nl")), 1);
	assert_int_equal(image_find_sni(&m.im, tls, VIEW("192.0.2.1")), 0);
	assert_int_equal(image_find_sni(&m.im, tls, VIEW("a.b.example.nl")), IMAGE_NONE);
	assert_int_equal(image_find_sni(&m.im, tls, VIEW("example.nl")), IMAGE_NONE);
	assert_int_equal(image_find_sni(&m.im, tls, VIEW(".example.nl")), IMAGE_NONE);
	assert_int_equal(image_find_sni(&m.im, tls, VIEW("*.example.nl")), IMAGE_NONE);
	assert_int_equal(image_find_sni(&m.im, tls, VIEW("")), IMAGE_NONE);
	assert_int_equal(image_find_sni(&m.im, image_listener_at(&m.im, 1), VIEW("www.example.nl")),
			 IMAGE_NONE);
	unmake_image(&m);
}

static void test_every_field_is_checked(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	static const struct wrong rows[] = {
		WRONG(-1, 0, image_header, magic, 1),
		WRONG(-1, 0, image_header, version, IMAGE_VERSION + 1),
		WRONG(-1, 0, image_header, bytes, 8),
		WRONG(-1, 0, image_header, edges, 65),
		WRONG(-1, 0, image_header, log_access, 2),
		WRONG(-1, 0, image_header, metrics.kind, IMAGE_ADDRESS_NAME),
		WRONG(-1, 0, image_header, metrics.kind, 9),
		WRONG(-1, 0, image_header, metrics.port, 0),
		WRONG(-1, 0, image_header, trust_forwarded_from.first, 99),
		WRONG(-1, 0, image_header, trust_forwarded_from.n, UINT32_MAX),
		WRONG(-1, 0, image_header, section[IMAGE_BYTES].at, 0),
		WRONG(-1, 0, image_header, section[IMAGE_BYTES].n, UINT32_MAX),
		WRONG(-1, 0, image_header, section[IMAGE_RULE].at, UINT32_MAX - 7),
		WRONG(-1, 0, image_header, section[IMAGE_RULE].n, UINT32_MAX),
		WRONG(-1, 0, image_header, section[IMAGE_STATUS_RANGE].n, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, name.n, 0),
		WRONG(IMAGE_LISTENER, 0, image_listener, name.at, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, address.kind, 0),
		WRONG(IMAGE_LISTENER, 0, image_listener, address.kind, IMAGE_ADDRESS_NAME),
		WRONG(IMAGE_LISTENER, 2, image_listener, address.name.n, 1),
		WRONG(IMAGE_LISTENER, 2, image_listener, address.name.n, 108),
		WRONG(IMAGE_LISTENER, 0, image_listener, slot, IMAGE_LISTENER_SLOTS),
		WRONG(IMAGE_LISTENER, 0, image_listener, slot, 1),
		WRONG(IMAGE_LISTENER, 0, image_listener, protocol, 0),
		WRONG(IMAGE_LISTENER, 0, image_listener, protocol, 6),
		WRONG(IMAGE_LISTENER, 0, image_listener, accept_proxy.first, 99),
		WRONG(IMAGE_LISTENER, 0, image_listener, tunnel_idle_ms, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, tunnel_lifetime_ms, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, datagrams.size, IMAGE_DATAGRAM_MIN - 1),
		/* RFC 791 §3.1: 65535 bytes in all, of which 28 are heads (RFC 768) */
		WRONG(IMAGE_LISTENER, 0, image_listener, datagrams.size, 65508),
		WRONG(IMAGE_LISTENER, 0, image_listener, datagrams.waiting, 0),
		WRONG(IMAGE_LISTENER, 0, image_listener, datagrams.waiting, IMAGE_WAITING_MAX + 1),
		WRONG(IMAGE_LISTENER, 0, image_listener, datagrams.replies, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, datagrams.reply_ratio, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, datagrams.idle_ms, 0),
		WRONG(IMAGE_LISTENER, 0, image_listener, flags, 128),
		WRONG(IMAGE_LISTENER, 0, image_listener, default_certificate, 2),
		WRONG(IMAGE_LISTENER, 0, image_listener, default_certificate, IMAGE_NONE),
		WRONG(IMAGE_LISTENER, 0, image_listener, sni.n, 3),
		WRONG(IMAGE_LISTENER, 0, image_listener, sni.n, 1 << 20),
		WRONG(IMAGE_LISTENER, 0, image_listener, sni.first, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 1, image_listener, hosts.first, 0),
		WRONG(IMAGE_LISTENER, 0, image_listener, hosts.n, 5),
		WRONG(IMAGE_LISTENER, 0, image_listener, header_size, 0),
		WRONG(IMAGE_LISTENER, 0, image_listener, header_size, 65536),
		WRONG(IMAGE_LISTENER, 0, image_listener, headers, 0),
		WRONG(IMAGE_LISTENER, 0, image_listener, keep_alive_ms, UINT32_MAX),
		WRONG(IMAGE_CERTIFICATE, 0, image_certificate, key_path.n, 0),
		WRONG(IMAGE_CERTIFICATE, 0, image_certificate, spki.at, UINT32_MAX - 3),
		WRONG(IMAGE_CERTIFICATE, 0, image_certificate, chain.n, 0),
		WRONG(IMAGE_CERTIFICATE, 0, image_certificate, chain.n, 99),
		WRONG(IMAGE_CERTIFICATE, 0, image_certificate, key_type, 0),
		WRONG(IMAGE_CERTIFICATE, 0, image_certificate, key_type, 5),
		WRONG(IMAGE_CERTIFICATE, 0, image_certificate, is_client, 2),
		WRONG(IMAGE_CERTIFICATE, 0, image_certificate, is_server, 2),
		WRONG(IMAGE_DER, 0, image_str, n, 0),
		WRONG(IMAGE_DER, 0, image_str, at, UINT32_MAX),
		WRONG(IMAGE_RULE_INDEX, 0, image_str, at, 5),
		WRONG(IMAGE_ROUTE, 0, image_route, rules.n, 5),
		WRONG(IMAGE_ROUTE, 1, image_route, rules.first, 0),
		WRONG(IMAGE_RULE, 0, image_rule, slot, IMAGE_RULE_SLOTS),
		WRONG(IMAGE_RULE, 0, image_rule, slot, 1),
		WRONG(IMAGE_POOL, 0, image_pool, slot, IMAGE_POOL_SLOTS),
		WRONG(IMAGE_POOL, 0, image_pool, slot, 1),
		WRONG(IMAGE_RULE, 0, image_rule, route, 1),
		WRONG(IMAGE_RULE, 0, image_rule, route, 2),
		WRONG(IMAGE_RULE, 0, image_rule, name.n, 0),
		WRONG(IMAGE_RULE, 0, image_rule, path.n, 0),
		WRONG(IMAGE_RULE, 0, image_rule, path.at, 0),
		WRONG(IMAGE_RULE, 0, image_rule, path_kind, IMAGE_PATH_ANY),
		WRONG(IMAGE_RULE, 0, image_rule, path_kind, 4),
		WRONG(IMAGE_RULE, 3, image_rule, path_kind, IMAGE_PATH_EXACT),
		WRONG(IMAGE_RULE, 0, image_rule, methods.n, 2),
		WRONG(IMAGE_RULE, 0, image_rule, fields.first, 1),
		WRONG(IMAGE_RULE, 0, image_rule, sources.first, 9),
		WRONG(IMAGE_RULE, 0, image_rule, backends.n, 0),
		WRONG(IMAGE_RULE, 0, image_rule, backends.n, 1),
		WRONG(IMAGE_RULE, 3, image_rule, backends.first, 0),
		WRONG(IMAGE_RULE, 0, image_rule, weight_total, 4),
		WRONG(IMAGE_RULE, 0, image_rule, weight_total, 0),
		WRONG(IMAGE_RULE, 0, image_rule, method_bits, 1 << 10),
		WRONG(IMAGE_RULE, 0, image_rule, action, 0),
		WRONG(IMAGE_RULE, 0, image_rule, action, 4),
		WRONG(IMAGE_RULE, 1, image_rule, status, 200),
		WRONG(IMAGE_RULE, 1, image_rule, location.n, 0),
		WRONG(IMAGE_RULE, 2, image_rule, status, 101),
		WRONG(IMAGE_RULE, 2, image_rule, status, 600),
		WRONG(IMAGE_RULE, 2, image_rule, body.at, UINT32_MAX),
		WRONG(IMAGE_RULE, 2, image_rule, content_type.n, 300),
		WRONG(IMAGE_RULE, 0, image_rule, compress, 1),
		WRONG(IMAGE_MEDIA_TYPE, 0, image_str, n, 0),
		WRONG(IMAGE_COMPRESS, 0, image_compress, types.n, 3),
		WRONG(IMAGE_RULE, 0, image_rule, cache, 99),
		WRONG(IMAGE_CACHE, 0, image_cache, max_object_bytes, 0),
		WRONG(IMAGE_CACHE, 0, image_cache, max_object_bytes, IMAGE_CACHE_OBJECT_MAX + 1),
		WRONG(IMAGE_CACHE, 0, image_cache, max_total_bytes, 0),
		WRONG(IMAGE_CACHE, 0, image_cache, collapse_ms, UINT32_MAX),
		WRONG(IMAGE_CACHE, 0, image_cache, even_with_cookies, 2),
		WRONG(IMAGE_CACHE, 0, image_cache, status_field, 2),
		WRONG(IMAGE_COMPRESS, 0, image_compress, min_bytes, UINT32_MAX),
		WRONG(IMAGE_COMPRESS, 0, image_compress, algorithms, 16),
		WRONG(IMAGE_COMPRESS, 0, image_compress, level, 0),
		WRONG(IMAGE_COMPRESS, 0, image_compress, level, 4),
		WRONG(IMAGE_COMPRESS, 0, image_compress, even_with_credentials, 2),
		WRONG(IMAGE_FIELD_MATCH, 0, image_field_match, name.n, 0),
		WRONG(IMAGE_FIELD_MATCH, 0, image_field_match, value.at, UINT32_MAX),
		WRONG(IMAGE_FIELD_MATCH, 0, image_field_match, kind, 3),
		WRONG(IMAGE_METHOD, 0, image_str, n, 0),
		WRONG(IMAGE_NETWORK, 0, ip_net, bits, 129),
		WRONG(IMAGE_SPLIT, 0, image_split, pool, 2),
		WRONG(IMAGE_SPLIT, 1, image_split, upto, 0),
		WRONG(IMAGE_POOL, 0, image_pool, name.n, 0),
		WRONG(IMAGE_POOL, 0, image_pool, servers.n, 4),
		WRONG(IMAGE_POOL, 1, image_pool, servers.first, 0),
		WRONG(IMAGE_POOL, 0, image_pool, status.first, 99),
		WRONG(IMAGE_POOL, 0, image_pool, status.n, 0),
		WRONG(IMAGE_POOL, 0, image_pool, tls_ca.first, 99),
		WRONG(IMAGE_POOL, 0, image_pool, resolve_to.n, 99),
		WRONG(IMAGE_POOL, 0, image_pool, health_path.n, 0),
		WRONG(IMAGE_POOL, 0, image_pool, health_method.n, 0),
		WRONG(IMAGE_POOL, 0, image_pool, health_interval_ms, 0),
		WRONG(IMAGE_POOL, 0, image_pool, health_timeout_ms, 0),
		WRONG(IMAGE_POOL, 1, image_pool, health_fall, 0),
		WRONG(IMAGE_POOL, 1, image_pool, health_rise, 0),
		WRONG(IMAGE_POOL, 0, image_pool, tls_client_certificate, 2),
		WRONG(IMAGE_POOL, 0, image_pool, outlier_max_percent, 101),
		WRONG(IMAGE_POOL, 0, image_pool, retry_budget_percent, 101),
		WRONG(IMAGE_POOL, 0, image_pool, queue, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, protocol, 0),
		WRONG(IMAGE_POOL, 0, image_pool, balance, 9),
		WRONG(IMAGE_POOL, 0, image_pool, hash_kind, 6),
		WRONG(IMAGE_POOL, 0, image_pool, outlier_status.n, 99),
		WRONG(IMAGE_POOL, 0, image_pool, requests, UINT32_MAX),
		WRONG(IMAGE_RULE, 0, image_rule, priority, 3),
		WRONG(IMAGE_POOL, 0, image_pool, hash_kind, IMAGE_HASH_COOKIE),
		WRONG(IMAGE_POOL, 0, image_pool, hash_load_percent, 10001),
		WRONG(IMAGE_POOL, 0, image_pool, slow_start_ms, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, health_kind, 3),
		WRONG(IMAGE_POOL, 0, image_pool, tls_verify, 2),
		WRONG(IMAGE_POOL, 0, image_pool, send_proxy, 3),
		WRONG(IMAGE_POOL, 0, image_pool, is_datagram, 2),
		WRONG(IMAGE_SERVER, 0, image_server, name.n, 0),
		WRONG(IMAGE_SERVER, 0, image_server, address.port, 0),
		WRONG(IMAGE_SERVER, 0, image_server, address.name.n, 1),
		WRONG(IMAGE_SERVER, 1, image_server, address.name.n, 0),
		WRONG(IMAGE_SERVER, 1, image_server, address.name.n, 254),
		WRONG(IMAGE_SERVER, 2, image_server, address.name.n, 1),
		WRONG(IMAGE_SERVER, 0, image_server, pool, 1),
		WRONG(IMAGE_SERVER, 0, image_server, pool, 2),
		WRONG(IMAGE_SERVER, 0, image_server, slot, 1),
		WRONG(IMAGE_SERVER, 0, image_server, slot, IMAGE_SERVER_SLOTS),
		WRONG(IMAGE_SERVER, 0, image_server, weight, 0),
		WRONG(IMAGE_SERVER, 0, image_server, weight, 257),
		WRONG(IMAGE_SERVER, 0, image_server, state, 0),
		WRONG(IMAGE_SERVER, 0, image_server, state, 4),
		WRONG(IMAGE_SERVER, 0, image_server, is_backup, 2),
		WRONG(IMAGE_STATUS_RANGE, 0, image_status_range, from, 99),
		WRONG(IMAGE_STATUS_RANGE, 0, image_status_range, to, 600),
		WRONG(IMAGE_STATUS_RANGE, 0, image_status_range, from, 500),
		WRONG(IMAGE_LISTENER, 0, image_listener, connections, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, connections_per_address, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, requests_per_connection, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, handshake_ms, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, request_header_ms, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, request_body_idle_ms, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, request_body_rate, (1 << 30) + 1),
		WRONG(IMAGE_LISTENER, 0, image_listener, response_idle_ms, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, hosts.n, 1 << 20),
		WRONG(IMAGE_CERTIFICATE, 0, image_certificate, name.at, UINT32_MAX),
		WRONG(IMAGE_CERTIFICATE, 0, image_certificate, name.n, 0),
		WRONG(IMAGE_ROUTE, 0, image_route, name.n, 0),
		WRONG(IMAGE_ROUTE, 0, image_route, rules.n, 99),
		WRONG(IMAGE_ROUTE, 0, image_route, rules.first, UINT32_MAX),
		WRONG(IMAGE_RULE, 0, image_rule, path.at, UINT32_MAX),
		WRONG(IMAGE_RULE, 2, image_rule, path.at, UINT32_MAX),
		WRONG(IMAGE_RULE, 0, image_rule, backends.first, 99),
		WRONG(IMAGE_RULE, 0, image_rule, backends.n, 99),
		WRONG(IMAGE_RULE, 1, image_rule, location.at, UINT32_MAX),
		WRONG(IMAGE_RULE, 0, image_rule, location.at, UINT32_MAX),
		WRONG(IMAGE_RULE, 1, image_rule, weight_total, UINT32_MAX),
		WRONG(IMAGE_SPLIT, 1, image_split, upto, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, servers.first, 99),
		WRONG(IMAGE_POOL, 0, image_pool, servers.n, 99),
		WRONG(IMAGE_POOL, 0, image_pool, tls_name.at, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, health_path.at, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, health_method.at, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, health_host.at, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, health_body.at, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, tls_name.n, 1 << 24),
		WRONG(IMAGE_POOL, 0, image_pool, health_host.n, 1 << 24),
		WRONG(IMAGE_POOL, 0, image_pool, health_body.n, 1 << 24),
		WRONG(IMAGE_POOL, 0, image_pool, health_interval_ms, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, health_timeout_ms, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, health_fall, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, health_rise, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, outlier_errors, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, outlier_eject_ms, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, connections_per_server, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, requests_per_server, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, queue_timeout_ms, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, retry_attempts, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, retry_try_ms, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, retry_deadline_ms, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, retry_backoff_ms, 60001),
		WRONG(IMAGE_POOL, 0, image_pool, hedge_ms, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, hedge_percent, 101),
		WRONG(IMAGE_POOL, 0, image_pool, hedge_quantile, 100),
		WRONG(IMAGE_RULE, 0, image_rule, mirror_percent, 101),
		WRONG(IMAGE_POOL, 0, image_pool, persist, IMAGE_PERSIST_COOKIE),
		WRONG(IMAGE_POOL, 0, image_pool, persist, IMAGE_PERSIST_SOURCE + 1),
		WRONG(IMAGE_POOL, 0, image_pool, persist_s, 30 * 24 * 3600 + 1),
		WRONG(IMAGE_POOL, 0, image_pool, persist_cookie.at, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, is_h2, 2),
		WRONG(IMAGE_LISTENER, 0, image_listener, streams_per_connection, 0),
		WRONG(IMAGE_POOL, 0, image_pool, connect_ms, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, first_byte_ms, UINT32_MAX),
		WRONG(IMAGE_POOL, 0, image_pool, idle_connection_ms, UINT32_MAX),
		WRONG(IMAGE_SERVER, 0, image_server, pool, UINT32_MAX),
		WRONG(IMAGE_RULE, 0, image_rule, filter.first, 99),
		WRONG(IMAGE_RULE, 0, image_rule, filter.n, 99),
		WRONG(IMAGE_FILTER, 0, image_filter, access.first, UINT32_MAX),
		WRONG(IMAGE_FILTER, 0, image_filter, access.n, 99),
		WRONG(IMAGE_FILTER, 0, image_filter, request_drops.n, 99),
		WRONG(IMAGE_FILTER, 0, image_filter, answer_drops.n, 99),
		WRONG(IMAGE_FILTER, 0, image_filter, request_lines.n, 99),
		WRONG(IMAGE_FILTER, 0, image_filter, answer_lines.n, 99),
		WRONG(IMAGE_FILTER, 0, image_filter, page_lines.n, 99),
		WRONG(IMAGE_FILTER, 0, image_filter, path.n, 99),
		WRONG(IMAGE_FILTER, 0, image_filter, host.at, UINT32_MAX),
		WRONG(IMAGE_RULE, 1, image_rule, to.n, 0),
		WRONG(IMAGE_RULE, 1, image_rule, to.n, 99),
		WRONG(IMAGE_FILTER, 0, image_filter, flags, UINT32_MAX),
		WRONG(IMAGE_ACCESS, 0, image_access, networks.n, 99),
		WRONG(IMAGE_ACCESS, 0, image_access, is_allow, 2),
		WRONG(IMAGE_FILTER, 0, image_filter, limits[0].n, 99),
		WRONG(IMAGE_FILTER, 0, image_filter, limits[1].first, UINT32_MAX),
		WRONG(IMAGE_FILTER, 0, image_filter, cors.first, UINT32_MAX),
		WRONG(IMAGE_FILTER, 0, image_filter, cors.n, 99),
		WRONG(IMAGE_CORS, 0, image_cors, origins.n, 99),
		WRONG(IMAGE_CORS, 0, image_cors, methods.at, UINT32_MAX),
		WRONG(IMAGE_CORS, 0, image_cors, headers.at, UINT32_MAX),
		WRONG(IMAGE_CORS, 0, image_cors, expose.at, UINT32_MAX),
		WRONG(IMAGE_CORS, 0, image_cors, max_age_s, UINT32_MAX),
		WRONG(IMAGE_CORS, 0, image_cors, flags, 4),
		WRONG(IMAGE_ORIGIN, 0, image_str, n, 0),
		WRONG(IMAGE_LIMIT, 0, image_limit, key.at, UINT32_MAX),
		WRONG(IMAGE_LIMIT, 0, image_limit, requests, 0),
		WRONG(IMAGE_LIMIT, 0, image_limit, requests, IMAGE_LIMIT_REQUESTS_MAX + 1),
		WRONG(IMAGE_LIMIT, 0, image_limit, per_ms, 0),
		WRONG(IMAGE_LIMIT, 0, image_limit, per_ms, IMAGE_LIMIT_PER_MAX_MS + 1),
		WRONG(IMAGE_LIMIT, 0, image_limit, burst, 0),
		WRONG(IMAGE_LIMIT, 0, image_limit, burst, UINT32_MAX),
		WRONG(IMAGE_LIMIT, 0, image_limit, kind, 0),
		WRONG(IMAGE_LIMIT, 0, image_limit, kind, 4),
		WRONG(IMAGE_LIMIT, 0, image_limit, key_kind, 0),
		WRONG(IMAGE_LIMIT, 0, image_limit, key_kind, IMAGE_BY_N),
		WRONG(IMAGE_DROP, 0, image_str, n, 0),
		WRONG(IMAGE_DROP, 0, image_str, at, UINT32_MAX),
		WRONG(IMAGE_SEGMENT, 0, image_segment, text.at, UINT32_MAX),
		WRONG(IMAGE_SEGMENT, 0, image_segment, kind, 0),
		WRONG(IMAGE_SEGMENT, 0, image_segment, kind, IMAGE_SEGMENT_KINDS),
	};

	(void)state;
	check_wrong(&m, rows, COUNT_OF(rows));
	unmake_image(&m);
}

/* Any entry of any name table that lies where a search does not come by, or with a wrong hash. */
static void test_every_table_entry_is_checked(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	size_t tried = 0;

	(void)state;
	for (size_t i = 0; i < image_count(&m.im, IMAGE_HOST); i++) {
		struct copy c = copy_of(&m);
		struct image_host *h = element(&c, IMAGE_HOST, i);

		if (h->name.n) {
			tried++;
			h->hash ^= (uint64_t)1 << 40;
			assert_true(is_refused(&c));
			h->hash ^= (uint64_t)1 << 40;
			h->rules.n = UINT32_MAX;
			assert_true(is_refused(&c));
			h->rules.n = 0;
			h->name.at = UINT32_MAX;
			assert_true(is_refused(&c));
		}
		free(c.p);
	}
	for (size_t i = 0; i < image_count(&m.im, IMAGE_SNI); i++) {
		struct copy c = copy_of(&m);
		struct image_sni *s = element(&c, IMAGE_SNI, i);

		if (s->name.n) {
			tried++;
			s->certificate = IMAGE_NONE;
			assert_true(is_refused(&c));
			s->certificate = 2;
			assert_true(is_refused(&c));
			s->certificate = 0;
			s->name.at = UINT32_MAX;
			assert_true(is_refused(&c));
		}
		free(c.p);
	}
	assert_int_equal(tried, 3 + 6 + 5);
	unmake_image(&m);
}

/* An entry moved away from its run is not found; a table without an empty slot has no end. */
static void test_tables_end(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	const struct image_listener *l = image_listener_at(&m.im, 0);
	struct copy c = copy_of(&m);
	struct image_host *all = element(&c, IMAGE_HOST, l->hosts.first), moved = { 0 };
	size_t from = 0, wrong = 0;

	(void)state;
	while (all[from].name.n == 0)
		from++;
	for (size_t to = 0; to < l->hosts.n; to++) {
		size_t home = all[from].hash & (l->hosts.n - 1);

		if (all[to].name.n)
			continue;
		moved = all[from];
		all[from] = (struct image_host){ 0 };
		while (home != to && all[home].name.n)
			home = (home + 1) & (l->hosts.n - 1);
		all[to] = moved;
		/* right only where a search from its home comes by */
		assert_int_equal(is_refused(&c), home != to);
		wrong += home != to;
		all[to] = (struct image_host){ 0 };
		all[from] = moved;
	}
	assert_true(wrong > 0);
	for (size_t to = 0; to < l->hosts.n; to++)
		if (all[to].name.n == 0)
			all[to] = all[from];
	assert_true(is_refused(&c));
	free(c.p);
	unmake_image(&m);
}

static void test_short_images(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	struct image im = { 0 };
	const char *why = NULL;

	(void)state;
	for (size_t n = 0; n < m.n; n++)
		assert_int_equal(image_check(view_of(m.p, n), &im, &why), E_PROTO);
	assert_int_equal(image_check(view_of((uint8_t *)m.p + 4, m.n - 4), &im, &why), E_PROTO);
	unmake_image(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_many_dots),
		cmocka_unit_test(test_server_names),
		cmocka_unit_test(test_every_field_is_checked),
		cmocka_unit_test(test_every_table_entry_is_checked),
		cmocka_unit_test(test_tables_end),
		cmocka_unit_test(test_short_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
