/*
 * The reader of the compiled configuration: one check when it is mapped, then plain look-ups.
 *
 * Runs in every role. The image comes from the config role, which parses what people write, so it
 * is treated like any other input (THREATS A20): until image_check has said yes nothing in it is
 * believed. What can be said as "this field of that struct lies between these bounds" is a row of a
 * table; the few rules that join two fields are functions below it. Everything is linear in the
 * size of the image: a hostile one costs its reader no more than an honest one.
 */
#include "conf/image.h"

#include "conf/image_gateway.h"
#include "conf/image_incident.h"
#include "conf/image_path.h"
#include "conf/image_row.h"
#include "conf/image_table.h"

#include <stdalign.h>

enum {
	IMAGE_TEXT_MAX = 1 << 20,
	IMAGE_PATH_MAX = 4095,
	IMAGE_DER_MAX = 1 << 16,
	IMAGE_METHOD_BITS = (1 << 10) - 1, /* enum http_method has ten */
	IMAGE_BACKOFF_MAX_MS = 60000,
	IMAGE_PERSIST_MAX_S = 30 * 24 * 3600,
	IMAGE_PERSIST_NAME_MAX = 64
};

static const struct image_row rows[] = {
	ROW(IMAGE_LISTENER, ROW_TEXT, image_listener, name, 1, IMAGE_NAME_MAX),
	ROW(IMAGE_LISTENER, ROW_ADDRESS, image_listener, address,
	    1 << IMAGE_ADDRESS_IP | 1 << IMAGE_ADDRESS_UNIX, 0),
	ROW(IMAGE_LISTENER, ROW_U16, image_listener, slot, 0, IMAGE_LISTENER_SLOTS - 1),
	ROW(IMAGE_LISTENER, ROW_RANGE, image_listener, client_ca, IMAGE_DER, 0),
	ROW(IMAGE_LISTENER, ROW_U8, image_listener, client_mode, IMAGE_CLIENT_OFF,
	    IMAGE_CLIENT_REQUIRED),
	ROW(IMAGE_LISTENER, ROW_U8, image_listener, protocol, IMAGE_HTTP, IMAGE_UDP),
	ROW(IMAGE_LISTENER, ROW_U8, image_listener, flags, 0,
	    IMAGE_DEFAULT_CERTIFICATE | IMAGE_REDIRECT_TO_HTTPS | IMAGE_HTTP2 | IMAGE_CELL |
		    IMAGE_INSIDE),
	ROW(IMAGE_LISTENER, ROW_INDEX_OR_NONE, image_listener, default_certificate,
	    IMAGE_CERTIFICATE, 0),
	ROW(IMAGE_LISTENER, ROW_RANGE, image_listener, sni, IMAGE_SNI, 0),
	ROW(IMAGE_LISTENER, ROW_RANGE, image_listener, hosts, IMAGE_HOST, 0),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, connections, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, connections_per_address, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, header_size, IMAGE_HEADER_SIZE_MIN,
	    IMAGE_HEADER_SIZE_MAX),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, headers, IMAGE_HEADERS_MIN, IMAGE_HEADERS_MAX),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, requests_per_connection, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, streams_per_connection, 1, IMAGE_STREAMS_MAX),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, requests_per_address, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, handshake_ms, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, request_header_ms, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, request_body_idle_ms, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, request_body_rate, 0, 1 << 30),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, keep_alive_ms, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, response_idle_ms, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_RANGE, image_listener, accept_proxy, IMAGE_NETWORK, 0),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, tunnel_idle_ms, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, tunnel_lifetime_ms, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, datagrams.size, IMAGE_DATAGRAM_MIN,
	    IMAGE_DATAGRAM_MAX),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, datagrams.waiting, 1, IMAGE_WAITING_MAX),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, datagrams.replies, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, datagrams.reply_ratio, 0, ANY),
	ROW(IMAGE_LISTENER, ROW_U32, image_listener, datagrams.idle_ms, 1, ANY),

	ROW(IMAGE_SNI, ROW_TEXT, image_sni, name, 0, IMAGE_NAME_MAX),
	ROW(IMAGE_SNI, ROW_INDEX_OR_NONE, image_sni, certificate, IMAGE_CERTIFICATE, 0),

	ROW(IMAGE_CERTIFICATE, ROW_TEXT, image_certificate, name, 1, IMAGE_NAME_MAX),
	ROW(IMAGE_CERTIFICATE, ROW_TEXT, image_certificate, key_path, 2, IMAGE_PATH_MAX),
	ROW(IMAGE_CERTIFICATE, ROW_STR, image_certificate, spki, 1, IMAGE_DER_MAX),
	ROW(IMAGE_CERTIFICATE, ROW_RANGE, image_certificate, chain, IMAGE_DER, 1),
	ROW(IMAGE_CERTIFICATE, ROW_U8, image_certificate, key_type, IMAGE_KEY_RSA,
	    IMAGE_KEY_ED25519),
	ROW(IMAGE_CERTIFICATE, ROW_U8, image_certificate, is_client, 0, 1),
	ROW(IMAGE_CERTIFICATE, ROW_U8, image_certificate, is_server, 0, 1),

	{ IMAGE_DER, ROW_STR, 0, 1, IMAGE_DER_MAX },

	ROW(IMAGE_HOST, ROW_TEXT, image_host, name, 0, IMAGE_NAME_MAX),
	ROW(IMAGE_HOST, ROW_RANGE, image_host, rules, IMAGE_RULE_INDEX, 0),
	ROW(IMAGE_HOST, ROW_RANGE, image_host, paths, IMAGE_PATHS, 0),
	ROW(IMAGE_PATHS, ROW_RANGE, image_paths, table, IMAGE_PATH, 1),
	ROW(IMAGE_PATHS, ROW_RANGE, image_paths, others, IMAGE_RULE_INDEX, 0),
	ROW(IMAGE_PATH, ROW_TEXT, image_path, name, 0, IMAGE_PATH_MAX),
	ROW(IMAGE_PATH, ROW_RANGE, image_path, exact, IMAGE_RULE_INDEX, 0),
	ROW(IMAGE_PATH, ROW_RANGE, image_path, prefix, IMAGE_RULE_INDEX, 0),

	{ IMAGE_RULE_INDEX, ROW_INDEX, 0, IMAGE_RULE, 0 },

	ROW(IMAGE_ROUTE, ROW_TEXT, image_route, name, 1, IMAGE_NAME_MAX),
	ROW(IMAGE_ROUTE, ROW_RANGE, image_route, rules, IMAGE_RULE, 0),

	ROW(IMAGE_RULE, ROW_INDEX, image_rule, route, IMAGE_ROUTE, 0),
	ROW(IMAGE_RULE, ROW_TEXT, image_rule, name, 1, 2 * IMAGE_NAME_MAX + 1),
	ROW(IMAGE_RULE, ROW_TEXT, image_rule, path, 0, IMAGE_PATH_MAX),
	ROW(IMAGE_RULE, ROW_RANGE, image_rule, methods, IMAGE_METHOD, 0),
	ROW(IMAGE_RULE, ROW_RANGE, image_rule, fields, IMAGE_FIELD_MATCH, 0),
	ROW(IMAGE_RULE, ROW_RANGE, image_rule, sources, IMAGE_NETWORK, 0),
	ROW(IMAGE_RULE, ROW_RANGE, image_rule, backends, IMAGE_SPLIT, 0),
	ROW(IMAGE_RULE, ROW_U32, image_rule, weight_total, 0, ANY),
	ROW(IMAGE_RULE, ROW_U32, image_rule, mirror_percent, 0, 100),
	ROW(IMAGE_RULE, ROW_U32, image_rule, method_bits, 0, IMAGE_METHOD_BITS),
	ROW(IMAGE_RULE, ROW_U8, image_rule, path_kind, IMAGE_PATH_ANY, IMAGE_PATH_REGEX),
	ROW(IMAGE_RULE, ROW_U8, image_rule, action, IMAGE_ACTION_BACKEND, IMAGE_ACTION_APP),
	ROW(IMAGE_RULE, ROW_U16, image_rule, status, 0, 599),
	ROW(IMAGE_RULE, ROW_U8, image_rule, priority, IMAGE_PRIORITY_HIGH, IMAGE_PRIORITY_LOW),
	ROW(IMAGE_RULE, ROW_TEXT, image_rule, location, 0, IMAGE_PATH_MAX),
	ROW(IMAGE_RULE, ROW_RANGE, image_rule, to, IMAGE_SEGMENT, 0),
	ROW(IMAGE_RULE, ROW_STR, image_rule, body, 0, IMAGE_TEXT_MAX),
	ROW(IMAGE_RULE, ROW_TEXT, image_rule, content_type, 0, IMAGE_NAME_MAX),
	ROW(IMAGE_RULE, ROW_U32, image_rule, slot, 0, IMAGE_RULE_SLOTS - 1),

	ROW(IMAGE_RULE, ROW_INDEX_OR_NONE, image_rule, compress, IMAGE_COMPRESS, 0),

	{ IMAGE_MEDIA_TYPE, ROW_TEXT, 0, 1, IMAGE_NAME_MAX },

	ROW(IMAGE_COMPRESS, ROW_RANGE, image_compress, types, IMAGE_MEDIA_TYPE, 0),
	ROW(IMAGE_COMPRESS, ROW_U32, image_compress, min_bytes, 0, ANY),
	/* bits 1 to 3: gzip, br, zstd */
	ROW(IMAGE_COMPRESS, ROW_U8, image_compress, algorithms, 0, 14),
	ROW(IMAGE_COMPRESS, ROW_U8, image_compress, level, IMAGE_COMPRESS_FAST,
	    IMAGE_COMPRESS_SMALL),
	ROW(IMAGE_COMPRESS, ROW_U8, image_compress, even_with_credentials, 0, 1),

	ROW(IMAGE_RULE, ROW_INDEX_OR_NONE, image_rule, cache, IMAGE_CACHE, 0),
	ROW(IMAGE_RULE, ROW_INDEX_OR_NONE, image_rule, app, IMAGE_APP, 0),
	ROW(IMAGE_CACHE, ROW_U32, image_cache, max_object_bytes, 1, IMAGE_CACHE_OBJECT_MAX),
	ROW(IMAGE_CACHE, ROW_U32, image_cache, max_total_bytes, 1, IMAGE_CACHE_TOTAL_MAX),
	ROW(IMAGE_CACHE, ROW_U32, image_cache, collapse_ms, 0, ANY),
	ROW(IMAGE_CACHE, ROW_U8, image_cache, even_with_cookies, 0, 1),
	ROW(IMAGE_CACHE, ROW_U8, image_cache, status_field, 0, 1),

	ROW(IMAGE_FIELD_MATCH, ROW_TEXT, image_field_match, name, 1, IMAGE_PATH_MAX),
	ROW(IMAGE_FIELD_MATCH, ROW_TEXT, image_field_match, value, 0, IMAGE_PATH_MAX),
	ROW(IMAGE_FIELD_MATCH, ROW_U32, image_field_match, kind, IMAGE_FIELD_HEADER,
	    IMAGE_FIELD_QUERY),

	{ IMAGE_METHOD, ROW_TEXT, 0, 1, IMAGE_NAME_MAX },

	ROW(IMAGE_NETWORK, ROW_U8, ip_net, bits, 0, 128),

	ROW(IMAGE_SPLIT, ROW_INDEX, image_split, pool, IMAGE_POOL, 0),
	ROW(IMAGE_SPLIT, ROW_U32, image_split, upto, 0, ANY),

	ROW(IMAGE_POOL, ROW_TEXT, image_pool, name, 1, IMAGE_NAME_MAX),
	ROW(IMAGE_POOL, ROW_RANGE, image_pool, servers, IMAGE_SERVER, 0),
	ROW(IMAGE_POOL, ROW_RANGE, image_pool, status, IMAGE_STATUS_RANGE, 0),
	ROW(IMAGE_POOL, ROW_RANGE, image_pool, outlier_status, IMAGE_STATUS_RANGE, 0),
	ROW(IMAGE_POOL, ROW_U32, image_pool, requests, 0, ANY),
	ROW(IMAGE_POOL, ROW_RANGE, image_pool, tls_ca, IMAGE_DER, 0),
	ROW(IMAGE_POOL, ROW_RANGE, image_pool, resolve_to, IMAGE_NETWORK, 0),
	ROW(IMAGE_POOL, ROW_TEXT, image_pool, tls_name, 0, IMAGE_NAME_MAX),
	ROW(IMAGE_POOL, ROW_TEXT, image_pool, health_path, 0, IMAGE_PATH_MAX),
	ROW(IMAGE_POOL, ROW_TEXT, image_pool, health_method, 0, IMAGE_NAME_MAX),
	ROW(IMAGE_POOL, ROW_TEXT, image_pool, health_host, 0, IMAGE_NAME_MAX),
	ROW(IMAGE_POOL, ROW_STR, image_pool, health_body, 0, IMAGE_PATH_MAX),
	ROW(IMAGE_POOL, ROW_INDEX_OR_NONE, image_pool, tls_client_certificate, IMAGE_CERTIFICATE,
	    0),
	ROW(IMAGE_POOL, ROW_U32, image_pool, health_interval_ms, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, health_timeout_ms, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, health_fall, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, health_rise, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, outlier_errors, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, outlier_eject_ms, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, outlier_max_percent, 0, 100),
	ROW(IMAGE_POOL, ROW_U32, image_pool, connections_per_server, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, requests_per_server, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, queue, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, queue_timeout_ms, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, retry_attempts, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, retry_budget_percent, 0, 100),
	ROW(IMAGE_POOL, ROW_U32, image_pool, connect_ms, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, first_byte_ms, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, idle_connection_ms, 0, ANY),
	ROW(IMAGE_POOL, ROW_U8, image_pool, protocol, IMAGE_HTTP, IMAGE_HTTPS),
	ROW(IMAGE_POOL, ROW_U8, image_pool, is_h2, 0, 1),
	ROW(IMAGE_POOL, ROW_U8, image_pool, balance, IMAGE_LEAST_REQUESTS, IMAGE_SOURCE_ADDRESS),
	ROW(IMAGE_POOL, ROW_U8, image_pool, health_kind, IMAGE_HEALTH_NONE, IMAGE_HEALTH_GRPC),
	ROW(IMAGE_POOL, ROW_U8, image_pool, retry_on, 0,
	    IMAGE_RETRY_CONNECT_FAILURE | IMAGE_RETRY_RESET | IMAGE_RETRY_500 | IMAGE_RETRY_502 |
		    IMAGE_RETRY_503 | IMAGE_RETRY_504 | IMAGE_RETRY_425 | IMAGE_RETRY_429),
	ROW(IMAGE_POOL, ROW_U32, image_pool, retry_try_ms, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, retry_deadline_ms, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, retry_backoff_ms, 0, IMAGE_BACKOFF_MAX_MS),
	ROW(IMAGE_POOL, ROW_U32, image_pool, hedge_ms, 0, ANY),
	ROW(IMAGE_POOL, ROW_U32, image_pool, hedge_percent, 0, 100),
	ROW(IMAGE_POOL, ROW_U8, image_pool, hedge_quantile, 0, 99),
	ROW(IMAGE_POOL, ROW_U8, image_pool, persist, IMAGE_PERSIST_NOT, IMAGE_PERSIST_SOURCE),
	ROW(IMAGE_POOL, ROW_U32, image_pool, persist_s, 0, IMAGE_PERSIST_MAX_S),
	ROW(IMAGE_POOL, ROW_TEXT, image_pool, persist_cookie, 0, IMAGE_PERSIST_NAME_MAX),
	ROW(IMAGE_POOL, ROW_U8, image_pool, tls_verify, 0, 1),
	ROW(IMAGE_POOL, ROW_U8, image_pool, hash_kind, IMAGE_HASH_NONE, IMAGE_HASH_SOURCE),
	ROW(IMAGE_POOL, ROW_TEXT, image_pool, hash_name, 0, IMAGE_NAME_MAX),
	ROW(IMAGE_POOL, ROW_U16, image_pool, hash_load_percent, 0, IMAGE_HASH_LOAD_MAX),
	ROW(IMAGE_POOL, ROW_U32, image_pool, slow_start_ms, 0, ANY),
	ROW(IMAGE_POOL, ROW_U8, image_pool, send_proxy, 0, 2),
	ROW(IMAGE_POOL, ROW_U8, image_pool, is_datagram, 0, 1),

	ROW(IMAGE_SERVER, ROW_TEXT, image_server, name, 1, IMAGE_NAME_MAX),
	ROW(IMAGE_SERVER, ROW_ADDRESS, image_server, address,
	    1 << IMAGE_ADDRESS_IP | 1 << IMAGE_ADDRESS_NAME | 1 << IMAGE_ADDRESS_UNIX, 0),
	ROW(IMAGE_SERVER, ROW_INDEX, image_server, pool, IMAGE_POOL, 0),
	ROW(IMAGE_SERVER, ROW_U32, image_server, slot, 0, IMAGE_SERVER_SLOTS - 1),
	ROW(IMAGE_POOL, ROW_U32, image_pool, slot, 0, IMAGE_POOL_SLOTS - 1),
	ROW(IMAGE_SERVER, ROW_U16, image_server, weight, 1, 256),
	ROW(IMAGE_SERVER, ROW_U8, image_server, state, IMAGE_SERVER_ENABLED, IMAGE_SERVER_DISABLED),
	ROW(IMAGE_SERVER, ROW_U8, image_server, is_backup, 0, 1),

	ROW(IMAGE_STATUS_RANGE, ROW_U16, image_status_range, from, 100, 599),
	ROW(IMAGE_STATUS_RANGE, ROW_U16, image_status_range, to, 100, 599),

	ROW(IMAGE_RULE, ROW_RANGE, image_rule, filter, IMAGE_FILTER, 0),
	ROW(IMAGE_FILTER, ROW_RANGE, image_filter, access, IMAGE_ACCESS, 0),
	ROW(IMAGE_FILTER, ROW_RANGE, image_filter, request_drops, IMAGE_DROP, 0),
	ROW(IMAGE_FILTER, ROW_RANGE, image_filter, answer_drops, IMAGE_DROP, 0),
	ROW(IMAGE_FILTER, ROW_RANGE, image_filter, request_lines, IMAGE_SEGMENT, 0),
	ROW(IMAGE_FILTER, ROW_RANGE, image_filter, answer_lines, IMAGE_SEGMENT, 0),
	ROW(IMAGE_FILTER, ROW_RANGE, image_filter, page_lines, IMAGE_SEGMENT, 0),
	ROW(IMAGE_FILTER, ROW_RANGE, image_filter, path, IMAGE_SEGMENT, 0),
	ROW(IMAGE_FILTER, ROW_TEXT, image_filter, host, 0, IMAGE_NAME_MAX + 10),
	ROW(IMAGE_FILTER, ROW_U32, image_filter, flags, 0, IMAGE_FILTER_HSTS | IMAGE_FILTER_AGENT),
	ROW(IMAGE_ACCESS, ROW_RANGE, image_access, networks, IMAGE_NETWORK, 0),
	ROW(IMAGE_ACCESS, ROW_U32, image_access, is_allow, 0, 1),
	ROW(IMAGE_FILTER, ROW_RANGE, image_filter, cors, IMAGE_CORS, 0),
	ROW(IMAGE_CORS, ROW_RANGE, image_cors, origins, IMAGE_ORIGIN, 0),
	ROW(IMAGE_CORS, ROW_TEXT, image_cors, methods, 0, IMAGE_TEXT_MAX),
	ROW(IMAGE_CORS, ROW_TEXT, image_cors, headers, 0, IMAGE_TEXT_MAX),
	ROW(IMAGE_CORS, ROW_TEXT, image_cors, expose, 0, IMAGE_TEXT_MAX),
	ROW(IMAGE_CORS, ROW_U32, image_cors, max_age_s, 0, ANY),
	ROW(IMAGE_CORS, ROW_U32, image_cors, flags, 0,
	    IMAGE_CORS_CREDENTIALS | IMAGE_CORS_ANY_ORIGIN),
	{ IMAGE_ORIGIN, ROW_TEXT, 0, 1, IMAGE_PATH_MAX },
	ROW(IMAGE_FILTER, ROW_RANGE, image_filter, limits[0], IMAGE_LIMIT, 0),
	ROW(IMAGE_FILTER, ROW_RANGE, image_filter, limits[1], IMAGE_LIMIT, 0),
	ROW(IMAGE_LIMIT, ROW_TEXT, image_limit, key, 0, IMAGE_NAME_MAX),
	ROW(IMAGE_LIMIT, ROW_U32, image_limit, requests, 1, IMAGE_LIMIT_REQUESTS_MAX),
	ROW(IMAGE_LIMIT, ROW_U32, image_limit, per_ms, 1, IMAGE_LIMIT_PER_MAX_MS),
	ROW(IMAGE_LIMIT, ROW_U32, image_limit, burst, 1, IMAGE_LIMIT_REQUESTS_MAX),
	ROW(IMAGE_LIMIT, ROW_U8, image_limit, kind, IMAGE_LIMIT_RATE, IMAGE_LIMIT_CONCURRENCY),
	ROW(IMAGE_LIMIT, ROW_U8, image_limit, key_kind, IMAGE_BY_SOURCE_ADDRESS, IMAGE_BY_N - 1),
	{ IMAGE_DROP, ROW_TEXT, 0, 1, IMAGE_NAME_MAX + 1 },
	ROW(IMAGE_SEGMENT, ROW_TEXT, image_segment, text, 0, IMAGE_TEXT_MAX),
	ROW(IMAGE_SEGMENT, ROW_U32, image_segment, kind, IMAGE_SEGMENT_TEXT,
	    IMAGE_SEGMENT_KINDS - 1),
};

/* The same rows for the header: it is one struct, not a section. */
static const struct image_row header_rows[] = {
	ROW(0, ROW_U32, image_header, edges, 0, IMAGE_EDGES_MAX),
	ROW(0, ROW_ADDRESS, image_header, metrics, 1 << IMAGE_ADDRESS_IP, 1),
	ROW(0, ROW_RANGE, image_header, trust_forwarded_from, IMAGE_NETWORK, 0),
	ROW(0, ROW_U8, image_header, log_access, 0, 1),
	ROW(0, ROW_U8, image_header, log_percent, 0, 100),
	ROW(0, ROW_U8, image_header, tracing_percent, 0, 100),
	ROW(0, ROW_ADDRESS, image_header, tracing, 1 << IMAGE_ADDRESS_IP, 1),
	ROW(0, ROW_TEXT, image_header, tracing_path, 0, IMAGE_NAME_MAX),
	ROW(0, ROW_TEXT, image_header, tracing_service, 0, IMAGE_NAME_MAX),
	ROW(0, ROW_RANGE, image_header, ships, IMAGE_POOL, 0),
	ROW(0, ROW_TEXT, image_header, ship_key[0], 0, IMAGE_NAME_MAX),
	ROW(0, ROW_TEXT, image_header, ship_key[1], 0, IMAGE_NAME_MAX),
	ROW(0, ROW_TEXT, image_header, ship_key[2], 0, IMAGE_NAME_MAX),
	ROW(0, ROW_TEXT, image_header, ship_key[3], 0, IMAGE_NAME_MAX),
	ROW(0, ROW_TEXT, image_header, ship_path[0], 0, IMAGE_TEXT_MAX),
	ROW(0, ROW_TEXT, image_header, ship_path[1], 0, IMAGE_TEXT_MAX),
	ROW(0, ROW_TEXT, image_header, ship_path[2], 0, IMAGE_TEXT_MAX),
	ROW(0, ROW_TEXT, image_header, ship_path[3], 0, IMAGE_TEXT_MAX),
};

static const uint16_t section_size[IMAGE_SECTIONS] = {
	[IMAGE_BYTES] = 1,
	[IMAGE_LISTENER] = sizeof(struct image_listener),
	[IMAGE_SNI] = sizeof(struct image_sni),
	[IMAGE_CERTIFICATE] = sizeof(struct image_certificate),
	[IMAGE_DER] = sizeof(struct image_str),
	[IMAGE_HOST] = sizeof(struct image_host),
	[IMAGE_RULE_INDEX] = sizeof(uint32_t),
	[IMAGE_PATHS] = sizeof(struct image_paths),
	[IMAGE_PATH] = sizeof(struct image_path),
	[IMAGE_APP] = sizeof(struct image_app),
	[IMAGE_TITLE] = sizeof(struct image_title),
	[IMAGE_CONDITION] = sizeof(struct image_condition),
	[IMAGE_ZONE] = sizeof(struct image_zone),
	[IMAGE_FACTORS] = sizeof(uint32_t),
	[IMAGE_SAFE_CALL] = sizeof(struct image_safe_call),
	[IMAGE_NEED] = sizeof(struct image_need),
	[IMAGE_ROUTE] = sizeof(struct image_route),
	[IMAGE_RULE] = sizeof(struct image_rule),
	[IMAGE_FIELD_MATCH] = sizeof(struct image_field_match),
	[IMAGE_METHOD] = sizeof(struct image_str),
	[IMAGE_NETWORK] = sizeof(struct ip_net),
	[IMAGE_SPLIT] = sizeof(struct image_split),
	[IMAGE_POOL] = sizeof(struct image_pool),
	[IMAGE_SERVER] = sizeof(struct image_server),
	[IMAGE_MEDIA_TYPE] = sizeof(struct image_str),
	[IMAGE_CACHE] = sizeof(struct image_cache),
	[IMAGE_COMPRESS] = sizeof(struct image_compress),
	[IMAGE_STATUS_RANGE] = sizeof(struct image_status_range),
	[IMAGE_FILTER] = sizeof(struct image_filter),
	[IMAGE_ACCESS] = sizeof(struct image_access),
	[IMAGE_CORS] = sizeof(struct image_cors),
	[IMAGE_ORIGIN] = sizeof(struct image_str),
	[IMAGE_LIMIT] = sizeof(struct image_limit),
	[IMAGE_DROP] = sizeof(struct image_str),
	[IMAGE_SEGMENT] = sizeof(struct image_segment),
};

size_t image_section_size(enum image_section s)
{
	return section_size[s];
}

static bool rows_are_good(const struct image *im)
{
	return image_rows_are_good(im, rows, sizeof rows / sizeof rows[0]) &&
	       image_row_header_is_good(im, header_rows,
					sizeof header_rows / sizeof header_rows[0]);
}

static bool sni_is_complete(const struct image *im, struct image_range table)
{
	for (size_t k = 0; k < table.n; k++) {
		const struct image_sni *e = image_sni_at(im, table.first + k);

		if (e->name.n != 0 && e->certificate == IMAGE_NONE)
			return false;
	}
	return true;
}

static const char *listener_tls_why(const struct image_listener *l)
{
	if (l->protocol == IMAGE_HTTPS && l->default_certificate == IMAGE_NONE)
		return "an https listener has no certificate";
	if (l->client_mode && (l->protocol != IMAGE_HTTPS || l->client_ca.n == 0))
		return "a listener that asks for certificates has no issuers";
	return NULL;
}

/* Every table belongs to one listener: ranges ascend, so that the work is linear. */
static const char *listeners_why(const struct image *im)
{
	bool taken[IMAGE_LISTENER_SLOTS] = { 0 };
	uint32_t sni_end = 0, host_end = 0;

	for (size_t i = 0; i < image_count(im, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(im, i);

		if (taken[l->slot])
			return "two listeners have one slot";
		taken[l->slot] = true;
		if (listener_tls_why(l))
			return listener_tls_why(l);
		if ((l->sni.n != 0 && l->sni.first < sni_end) ||
		    (l->hosts.n != 0 && l->hosts.first < host_end))
			return "two listeners share a name table";
		sni_end = l->sni.n ? l->sni.first + l->sni.n : sni_end;
		host_end = l->hosts.n ? l->hosts.first + l->hosts.n : host_end;
		if (!image_table_is_good(im, IMAGE_SNI, l->sni) ||
		    !image_table_is_good(im, IMAGE_HOST, l->hosts))
			return "a name table has an entry that can't be found";
		if (!sni_is_complete(im, l->sni))
			return "a server name has no certificate";
	}
	return NULL;
}

static bool redirect_is_good(const struct image_rule *r)
{
	return r->status >= 301 && r->status <= 308 && r->location.n != 0 && r->to.n != 0;
}

static const char *rule_why(const struct image *im, const struct image_rule *r)
{
	uint32_t upto = 0;

	if ((r->path_kind == IMAGE_PATH_ANY) != (r->path.n == 0))
		return "a rule's path and its kind differ";
	if ((r->path_kind == IMAGE_PATH_EXACT || r->path_kind == IMAGE_PATH_PREFIX) &&
	    !view_starts(image_view(im, r->path), VIEW("/")))
		return "a rule's path does not start with '/'";
	if (r->action == IMAGE_ACTION_REDIRECT)
		return redirect_is_good(r) ? NULL : "a redirect has no 3xx status or no location";
	if (r->action == IMAGE_ACTION_RESPOND)
		return r->status < 200 ? "a response has no final status" : NULL;
	if (r->action == IMAGE_ACTION_PORTAL)
		return r->backends.n ? "the portal has a backend" : NULL;
	for (size_t i = 0; i < r->backends.n; i++) {
		const struct image_split *s = image_split_at(im, r->backends.first + i);

		if (s->upto < upto)
			return "the weights of a split don't add up";
		upto = s->upto;
	}
	return upto == 0 || upto != r->weight_total ? "the weights of a split don't add up" : NULL;
}

/* A rule belongs to the one route whose range it lies in; a shared one ends the loop at once. */
static const char *routes_why(const struct image *im)
{
	for (size_t i = 0; i < image_count(im, IMAGE_ROUTE); i++) {
		struct image_range rules = image_route_at(im, i)->rules;

		for (size_t k = 0; k < rules.n; k++)
			if (image_rule_at(im, rules.first + k)->route != i)
				return "a rule lies in another route's range";
	}
	return NULL;
}

/* Splits may be shared only by overlapping ranges, which would make the walk quadratic. */
static const char *rules_why(const struct image *im)
{
	uint32_t split_end = 0;

	for (size_t i = 0; i < image_count(im, IMAGE_RULE); i++) {
		const struct image_rule *r = image_rule_at(im, i);
		const char *why = NULL;

		if (r->backends.n != 0 && r->backends.first < split_end)
			return "two rules share a split";
		if (r->backends.n != 0)
			split_end = r->backends.first + r->backends.n;
		if (r->mirror_percent && r->mirror >= image_count(im, IMAGE_POOL))
			return "a rule's mirror is no pool";
		why = rule_why(im, r);
		if (why)
			return why;
	}
	return NULL;
}

static bool pool_hashes_name(const struct image_pool *p)
{
	return p->hash_kind == IMAGE_HASH_HEADER || p->hash_kind == IMAGE_HASH_COOKIE ||
	       p->hash_kind == IMAGE_HASH_QUERY;
}

static const char *pool_health_why(const struct image_pool *p)
{
	if (p->health_kind != IMAGE_HEALTH_NONE &&
	    (p->health_interval_ms == 0 || p->health_timeout_ms == 0 || p->health_fall == 0 ||
	     p->health_rise == 0))
		return "a health check without interval, timeout, fall or rise";
	if (p->health_kind == IMAGE_HEALTH_HTTP &&
	    (p->health_path.n == 0 || p->health_method.n == 0 || p->status.n == 0))
		return "a health check without path, method or status";
	if (p->health_kind == IMAGE_HEALTH_GRPC && (!p->is_h2 || p->health_path.n > 127))
		return "a gRPC health check without HTTP/2, or with a long name";
	return NULL;
}

static const char *pool_why(const struct image_pool *p)
{
	if (p->persist == IMAGE_PERSIST_COOKIE && p->persist_cookie.n == 0)
		return "a cookie has no name";
	if (pool_hashes_name(p) != (p->hash_name.n != 0))
		return "what is hashed and its name differ";
	return pool_health_why(p);
}

static const char *pools_why(const struct image *im)
{
	for (size_t i = 0; i < image_count(im, IMAGE_POOL); i++) {
		const struct image_pool *p = image_pool_at(im, i);
		const char *why = pool_why(p);

		if (why)
			return why;
		for (size_t k = 0; k < p->servers.n; k++)
			if (image_server_at(im, p->servers.first + k)->pool != i)
				return "a server lies in another pool's range";
	}
	return NULL;
}

/* It goes into a request line as it is. */
static bool ship_path_is_one(struct view path)
{
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] <= ' ' || path.p[i] >= 0x7f)
			return false;
	return path.n == 0 || path.p[0] == '/';
}

/* Receivers of the log are spoken to in TLS, and are one server each. */
static const char *ships_why(const struct image *im)
{
	struct image_range ships = im->header->ships;

	if (ships.n > IMAGE_SHIPS_MAX)
		return "too many receivers of the log";
	for (uint32_t i = 0; i < ships.n; i++) {
		const struct image_pool *p = image_pool_at(im, ships.first + i);

		if (p->protocol != IMAGE_HTTPS || !p->tls_verify || p->servers.n != 1)
			return "a receiver of the log is not one verified server";
		if (!ship_path_is_one(image_view(im, im->header->ship_path[i])))
			return "a webhook's path is none";
	}
	return NULL;
}

/* True when no two elements of a section have one slot; slots lie within cap already. */
static bool slots_differ(const struct image *im, enum image_section s, size_t offset)
{
	uint64_t taken[IMAGE_RULE_SLOTS / 64] = { 0 };
	size_t size = image_section_size(s);

	for (size_t i = 0; i < image_count(im, s); i++) {
		const uint8_t *at = image_at(im, s, i, size);
		uint32_t slot = *(const uint32_t *)(const void *)(at + offset);
		uint64_t bit = (uint64_t)1 << (slot & 63);

		if (taken[slot / 64] & bit)
			return false;
		taken[slot / 64] |= bit;
	}
	return true;
}

static const char *servers_why(const struct image *im)
{
	if (!slots_differ(im, IMAGE_SERVER, offsetof(struct image_server, slot)))
		return "two servers have one slot";
	if (!slots_differ(im, IMAGE_POOL, offsetof(struct image_pool, slot)))
		return "two pools have one slot";
	if (!slots_differ(im, IMAGE_RULE, offsetof(struct image_rule, slot)))
		return "two rules have one slot";
	for (size_t i = 0; i < image_count(im, IMAGE_STATUS_RANGE); i++) {
		const struct image_status_range *s = image_status_range_at(im, i);

		if (s->from > s->to)
			return "a status range is upside down";
	}
	return NULL;
}

/* Sections lie behind the header in their order, aligned, and none runs into the next. */
static const char *sections_why(const struct image_header *h)
{
	uint64_t end = sizeof *h;

	for (size_t s = 0; s < IMAGE_SECTIONS; s++) {
		struct image_section_at at = h->section[s];

		if (at.at % 8 != 0 || at.at < end)
			return "a section is out of place";
		end = at.at + (uint64_t)at.n * section_size[s];
		if (end > h->bytes)
			return "a section runs past the end";
	}
	if (h->section[IMAGE_LISTENER].n > IMAGE_LISTENER_SLOTS ||
	    h->section[IMAGE_SERVER].n > IMAGE_SERVER_SLOTS)
		return "too many listeners or servers";
	return h->section[IMAGE_RULE].n > IMAGE_RULE_SLOTS ||
			       h->section[IMAGE_POOL].n > IMAGE_POOL_SLOTS
		       ? "too many rules or pools"
		       : NULL;
}

static const char *header_why(struct view bytes)
{
	const struct image_header *h = (const struct image_header *)(const void *)bytes.p;

	if (bytes.n < sizeof *h || (uintptr_t)bytes.p % alignof(struct image_header) != 0)
		return "too short or not aligned";
	if (h->magic != IMAGE_MAGIC)
		return "not an image";
	if (h->version != IMAGE_VERSION)
		return "an image of another version";
	if (h->bytes != bytes.n || bytes.n > IMAGE_BYTES_MAX)
		return "not as long as it says";
	return sections_why(h);
}

static const char *contents_why(const struct image *im)
{
	static const char *(*const checks[])(const struct image *) = {
		listeners_why, image_path_why, routes_why,	  rules_why,	      pools_why,
		ships_why,     servers_why,    image_gateway_why, image_incident_why,
	};

	if (!rows_are_good(im) || !image_gateway_rows_are_good(im) ||
	    !image_incident_rows_are_good(im))
		return "a field is out of its bounds";
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		const char *why = checks[i](im);

		if (why)
			return why;
	}
	return NULL;
}

enum err image_adopt(struct view bytes, struct image *ret, const char **ret_why)
{
	const char *why = header_why(bytes);

	if (why) {
		*ret_why = why;
		return E_PROTO;
	}
	*ret = (struct image){ .header = (const struct image_header *)(const void *)bytes.p };
	return E_OK;
}

enum err image_check(struct view bytes, struct image *ret, const char **ret_why)
{
	struct image im = { 0 };
	const char *why = header_why(bytes);

	if (!why) {
		im.header = (const struct image_header *)(const void *)bytes.p;
		why = contents_why(&im);
	}
	if (why) {
		*ret_why = why;
		return E_PROTO;
	}
	*ret = im;
	return E_OK;
}

/* The stored form of wildcards starts with a dot, "any" is a star: no name a client may send. */
static bool name_is_plain(struct view name)
{
	return name.n != 0 && name.n <= 253 && name.p[0] != '.' && name.p[0] != '*';
}

/* The part of name from its next dot on, which is skipped when name starts with it; empty: none. */
static struct view name_parent(struct view name)
{
	struct view rest = view_slice(name, 1, name.n);

	return view_slice(rest, view_find(rest, '.'), rest.n);
}

static size_t name_dots(struct view name)
{
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++)
		n += name.p[i] == '.';
	return n;
}

const struct image_host *image_find_host(const struct image *im, const struct image_listener *l,
					 struct view name)
{
	const struct image_named *e = NULL;

	if (l->hosts.n == 0)
		return NULL;
	if (name_is_plain(name)) {
		struct view at = name_parent(name);
		size_t dots = name_dots(at);

		e = image_table_find(im, IMAGE_HOST, l->hosts, name);
		/* Suffixes with more labels than any wildcard has are not worth a hash. */
		for (; !e && at.n && l->wildcard_labels; at = name_parent(at), dots--)
			if (dots <= l->wildcard_labels)
				e = image_table_find(im, IMAGE_HOST, l->hosts, at);
	}
	if (!e)
		e = image_table_find(im, IMAGE_HOST, l->hosts, VIEW("*"));
	return (const struct image_host *)e;
}

uint32_t image_find_sni(const struct image *im, const struct image_listener *l, struct view name)
{
	const struct image_named *e = NULL;

	if (l->sni.n == 0 || !name_is_plain(name))
		return IMAGE_NONE;
	e = image_table_find(im, IMAGE_SNI, l->sni, name);
	if (!e)
		e = image_table_find(im, IMAGE_SNI, l->sni, name_parent(name));
	return e ? ((const struct image_sni *)e)->certificate : IMAGE_NONE;
}

const struct image_path *image_find_path(const struct image *im, const struct image_paths *p,
					 uint64_t hash, struct view path)
{
	return (const struct image_path *)image_table_find_hash(im, IMAGE_PATH, p->table, hash,
								path);
}
