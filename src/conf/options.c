/*
 * The options, one row each. To add one: a field in model.h, a row here, a line in compile.c, a
 * case in tests/unit/conf; the manual, the schema and the boundary tests follow from the row.
 */
#include "conf/options.h"

#include "conf/option_row.h"
#include "conf/options_delivery.h"
#include "conf/options_filter.h"
#include "conf/options_gateway.h"
#include "conf/options_incident.h"

OPTIONS_WORD_LIST(listener_protocol, { "https", IMAGE_HTTPS, OPTION_WORD_READY },
		  { "http", IMAGE_HTTP, OPTION_WORD_READY },
		  { "tls_passthrough", IMAGE_TLS_PASSTHROUGH, OPTION_WORD_READY },
		  { "tcp", IMAGE_TCP, OPTION_WORD_READY }, { "udp", IMAGE_UDP, OPTION_WORD_READY });
OPTIONS_WORD_LIST(isolation, { "shared", 0, OPTION_WORD_READY }, { "cell", 1, OPTION_WORD_READY });
OPTIONS_WORD_LIST(http2, { "false", MODEL_HTTP2_OFF, OPTION_WORD_READY },
		  { "true", MODEL_HTTP2_ON, OPTION_WORD_READY });
OPTIONS_WORD_LIST(http3, { "false", 0, OPTION_WORD_READY }, { "true", 1, OPTION_WORD_NEVER });
OPTIONS_WORD_LIST(client_mode, { "off", 0, OPTION_WORD_READY },
		  { "optional", IMAGE_CLIENT_OPTIONAL, OPTION_WORD_READY },
		  { "required", IMAGE_CLIENT_REQUIRED, OPTION_WORD_READY });
OPTIONS_WORD_LIST(pool_protocol, { "http", IMAGE_HTTP, OPTION_WORD_READY },
		  { "https", IMAGE_HTTPS, OPTION_WORD_READY },
		  { "h2", IMAGE_HTTPS | MODEL_H2, OPTION_WORD_READY },
		  { "h2c", IMAGE_HTTP | MODEL_H2, OPTION_WORD_READY });
OPTIONS_WORD_LIST(balance, { "least_requests", IMAGE_LEAST_REQUESTS, OPTION_WORD_READY },
		  { "round_robin", IMAGE_ROUND_ROBIN, OPTION_WORD_READY },
		  { "random", IMAGE_RANDOM, OPTION_WORD_READY },
		  { "peak_ewma", IMAGE_PEAK_EWMA, OPTION_WORD_READY },
		  { "maglev", IMAGE_MAGLEV, OPTION_WORD_READY },
		  { "ring_hash", IMAGE_RING_HASH, OPTION_WORD_READY },
		  { "first", IMAGE_FIRST, OPTION_WORD_READY },
		  { "source_address", IMAGE_SOURCE_ADDRESS, OPTION_WORD_READY });
OPTIONS_WORD_LIST(proxy_protocol, { "off", 0, OPTION_WORD_READY }, { "v1", 1, OPTION_WORD_READY },
		  { "v2", 2, OPTION_WORD_READY });
OPTIONS_WORD_LIST(server_state, { "enabled", IMAGE_SERVER_ENABLED, OPTION_WORD_READY },
		  { "drain", IMAGE_SERVER_DRAIN, OPTION_WORD_READY },
		  { "disabled", IMAGE_SERVER_DISABLED, OPTION_WORD_READY });
OPTIONS_WORD_LIST(retry_on, { "connect_failure", IMAGE_RETRY_CONNECT_FAILURE, OPTION_WORD_READY },
		  { "reset_before_response", IMAGE_RETRY_RESET, OPTION_WORD_READY },
		  { "500", IMAGE_RETRY_500, OPTION_WORD_READY },
		  { "502", IMAGE_RETRY_502, OPTION_WORD_READY },
		  { "503", IMAGE_RETRY_503, OPTION_WORD_READY },
		  { "504", IMAGE_RETRY_504, OPTION_WORD_READY },
		  { "425", IMAGE_RETRY_425, OPTION_WORD_READY },
		  { "429", IMAGE_RETRY_429, OPTION_WORD_READY });
OPTIONS_WORD_LIST(priority, { "high", IMAGE_PRIORITY_HIGH + 1, OPTION_WORD_READY },
		  { "normal", IMAGE_PRIORITY_NORMAL + 1, OPTION_WORD_READY },
		  { "low", IMAGE_PRIORITY_LOW + 1, OPTION_WORD_READY });
OPTIONS_WORD_LIST(log_format, { "json", 0, OPTION_WORD_READY });

static const struct option listener_limit_rows[] = {
	ROW_NUMBER(model_listener_limits, connections, "connections", 0, OPTIONS_COUNT_MAX, "20000",
		   "Open connections at one time, over all edges (udp: sessions); 0 = no limit."),
	ROW_NUMBER(model_listener_limits, connections_per_address, "connections_per_address", 0,
		   OPTIONS_COUNT_MAX, "200",
		   "Open connections (udp: sessions) of one client address (IPv6: of one /64); 0 = "
		   "no limit."),
	ROW_RANGE(model_listener_limits, header_size, "header_size", OPTION_SIZE, 0,
		  IMAGE_HEADER_SIZE_MIN, (uint64_t)IMAGE_HEADER_SIZE_MAX / 1024 * 1024, "16k",
		  "Largest request head (request line and fields); larger ones get 431."),
	ROW_NUMBER(model_listener_limits, headers, "headers", IMAGE_HEADERS_MIN, IMAGE_HEADERS_MAX,
		   "100", "Most fields in a request head."),
	ROW_RANGE(model_listener_limits, body_size, "body_size", OPTION_SIZE, 0, 0,
		  (uint64_t)1 << 50, "0", "Largest request body; 0 = no limit."),
	ROW_NUMBER(model_listener_limits, requests_per_connection, "requests_per_connection", 0,
		   1000000000, "0", "Requests before a connection is closed; 0 = no limit."),
	ROW_NUMBER(model_listener_limits, streams_per_connection, "streams_per_connection", 1,
		   IMAGE_STREAMS_MAX, "100",
		   "HTTP/2: requests under way at once on one connection."),
	ROW_NUMBER(
		model_listener_limits, requests_per_address, "requests_per_address", 0,
		OPTIONS_COUNT_MAX, "1000",
		"HTTP/2: requests of one client address (IPv6: of one /64) that are worked on at "
		"a time, divided among its connections (4 each at least); further ones wait for "
		"timeouts.request_header. A connection is offered twice as many streams as are "
		"worked "
		"on, and 10 at least. 0 = no limit."),
};
static const struct option_table listener_limits =
	OPTIONS_TABLE(model_listener_limits, "limits", listener_limit_rows,
		      "What one client, or all together, may use of a listener.");

static const struct option listener_timeout_rows[] = {
	ROW_TIME(model_listener_timeouts, handshake_ms, "handshake", 100,
		 (uint64_t)5 * OPTIONS_MINUTE, "5s",
		 "From accept to the end of the TLS handshake."),
	ROW_TIME(model_listener_timeouts, request_header_ms, "request_header", 100, OPTIONS_HOUR,
		 "10s", "From the first byte of a request to the end of its head."),
	ROW_TIME(model_listener_timeouts, request_body_idle_ms, "request_body_idle", 100,
		 OPTIONS_DAY, "30s", "Between two parts of a request body."),
	ROW_RANGE(model_listener_timeouts, request_body_rate, "request_body_rate", OPTION_SIZE, 0,
		  0, (uint64_t)1 << 30, "100",
		  "Least bytes of a request body in a second, on average over request_body_idle; "
		  "0 = any. Nothing is asked of clients that are answered already, nor of gRPC "
		  "to backends that speak h2 or h2c."),
	ROW_TIME(model_listener_timeouts, keep_alive_ms, "keep_alive", 100, OPTIONS_DAY, "60s",
		 "Between two requests on a connection, and before the first one."),
	ROW_TIME(model_listener_timeouts, response_idle_ms, "response_idle", 100, OPTIONS_DAY,
		 "60s", "How long a client may take nothing of a response."),
	ROW_TIME(model_listener_timeouts, tunnel_idle_ms, "tunnel_idle", OPTIONS_SECOND,
		 OPTIONS_DAY, "1h",
		 "How long a connection of protocol tcp or tls_passthrough, or an upgraded one "
		 "(WebSocket), or a gRPC stream to a backend that speaks h2 or h2c, may move "
		 "nothing in either direction."),
	ROW_TIME(model_listener_timeouts, tunnel_lifetime_ms, "tunnel_lifetime", 0,
		 (uint64_t)20 * OPTIONS_DAY, "0",
		 "How long such a connection may last at all; 0 = as long as it is used."),
	ROW_TIME(model_listener_timeouts, datagram_idle_ms, "datagram_idle", 100, OPTIONS_DAY,
		 "30s",
		 "For protocol udp: a session without a datagram in either direction ends after "
		 "this."),
};
static const struct option_table listener_timeouts =
	OPTIONS_TABLE(model_listener_timeouts, "timeouts", listener_timeout_rows,
		      "How long Sluis waits for a client.");

static const struct option listener_datagram_rows[] = {
	ROW_RANGE(model_listener_datagrams, size, "size", OPTION_SIZE, 0, IMAGE_DATAGRAM_MIN,
		  IMAGE_DATAGRAM_MAX, "65507",
		  "Content of the largest datagram, in either direction; larger ones are dropped."),
	ROW_NUMBER(model_listener_datagrams, waiting, "waiting", 1, IMAGE_WAITING_MAX, "8",
		   "Datagrams of one session that wait while its way to a server is made; what "
		   "comes on top is dropped."),
	ROW_NUMBER(model_listener_datagrams, replies, "replies", 0, OPTIONS_COUNT_MAX, "0",
		   "Answers that each datagram has (DNS, NTP: 1): the session ends with the last "
		   "one, and one without an answer counts as a failure of its server; 0 = not "
		   "known: sessions end by timeouts.datagram_idle."),
	ROW_NUMBER(model_listener_datagrams, reply_ratio, "reply_ratio", 0, OPTIONS_COUNT_MAX, "0",
		   "Bytes that a client is sent for each byte that came from it, at most: bounds "
		   "what somebody gains who writes another's address as the sender; 0 = what the "
		   "server sends."),
};
static const struct option_table listener_datagrams =
	OPTIONS_TABLE(model_listener_datagrams, "datagrams", listener_datagram_rows,
		      "Datagrams of a listener with protocol udp.");

static const struct option client_certificate_rows[] = {
	ROW_WORD(model_client_certificate, mode, "mode", client_mode, "off",
		 "Whether clients are asked for a certificate: optional: one that is shown must be "
		 "good; required: without one there is no connection. Servers are told the "
		 "certificate in Client-Cert (RFC 9440); sessions of TLS are not resumed."),
	ROW_TEXT(model_client_certificate, ca, "ca", 0, 0, OPTIONS_FILE_MAX, NULL,
		 "File with the issuers that are accepted, PEM: only certificates for clients that "
		 "one of them has signed."),
};
static const struct option_table client_certificate =
	OPTIONS_TABLE(model_client_certificate, "client_certificate", client_certificate_rows,
		      "Certificates of clients.");

static const struct option listener_rows[] = {
	ROW_NAME(model_listener, "name", OPTION_REQUIRED, "Its name, for routes, logs and status."),
	ROW_ADDRESS(model_listener, "address", OPTION_REQUIRED, 1 << IMAGE_ADDRESS_IP,
		    "Where it listens; 0.0.0.0 is all of IPv4, [::] all of IPv6."),
	ROW_WORD(model_listener, protocol, "protocol", listener_protocol, "https",
		 "What clients speak."),
	ROW_TEXTS(model_listener, certificates, "certificates", 0, 63,
		  "Names of certificates; the server name of the client chooses, the first one "
		  "that covers it wins."),
	ROW_BOOL(model_listener, default_certificate, "default_certificate", "false",
		 "The first certificate answers clients without a server name, or with an unknown "
		 "one; otherwise they are refused."),
	ROW_WORD(model_listener, is_cell, "isolation", isolation, "shared",
		 "How clients are kept apart. cell: every connection is a process of its own; for "
		 "https, for the log-in portal and the applications behind it, and for routes that "
		 "name the listener."),
	ROW_WORD(model_listener, http2, "http2", http2, NULL,
		 "Offer HTTP/2. With https, where it is the default, clients choose it in the TLS "
		 "handshake; with http only those that begin with it at once get it."),
	ROW_WORD(model_listener, http3, "http3", http3, "false", "Offer HTTP/3."),
	ROW_RANGE(
		model_listener, accept_proxy, "accept_proxy_protocol", OPTION_NETWORKS, 0, 0, 0,
		NULL,
		"Networks of balancers in front: their connections must begin with a PROXY header "
		"(version 1 or 2), before TLS too, and the address in it is the client's from "
		"there on. From others no header is taken."),
	ROW_TEXT(model_listener, backend, "backend", 0, 1, 63, NULL,
		 "For protocol tcp, udp and tls_passthrough: the backend of whatever comes in; "
		 "short for a route with this listener alone."),
	ROW_BOOL(model_listener, redirect_to_https, "redirect_to_https", "false",
		 "For protocol http: answer everything with 308 to the same URL with https."),
	ROW_MAP(model_listener, client_certificate, "client_certificate", &client_certificate,
		"Certificates of clients."),
	ROW_MAP(model_listener, limits, "limits", &listener_limits,
		"What one client, or all together, may use."),
	ROW_MAP(model_listener, timeouts, "timeouts", &listener_timeouts,
		"How long Sluis waits for a client."),
	ROW_MAP(model_listener, datagrams, "datagrams", &listener_datagrams,
		"For protocol udp: what is taken and given."),
	ROW_BOOL(model_listener, is_inside, "inside", "false",
		 "It is used from inside alone: levels of isolation over all (`--all`) don't apply "
		 "to it, those that name it, an application or a zone do."),
	ROW_MAP(model_listener, title, "title", &options_title,
		"What it serves, for people: the status page says how it is under this name. "
		"Without one it is not shown there."),
};
static const struct option_table listener = OPTIONS_TABLE(model_listener, "listener", listener_rows,
							  "An address where clients come in.");

static const struct option certificate_rows[] = {
	ROW_NAME(model_certificate, "name", OPTION_REQUIRED, "Its name, for listeners."),
	ROW_TEXT(model_certificate, chain, "chain", OPTION_REQUIRED, 1, OPTIONS_FILE_MAX, NULL,
		 "PEM file: the certificate, then its issuers, without the root. Read when the "
		 "configuration is read."),
	ROW_TEXT(model_certificate, key, "key", OPTION_REQUIRED, 1, OPTIONS_FILE_MAX, NULL,
		 "PEM file with the private key. Opened by the signer alone: RSA of 2048 bits and "
		 "more (3072 advised), P-256, P-384 or Ed25519."),
};
static const struct option_table certificate = OPTIONS_TABLE(
	model_certificate, "certificate", certificate_rows, "A certificate and where its key is.");

static const struct option server_rows[] = {
	ROW_NAME(model_server, "name", 0,
		 "Its name, for `sluis server` and status; the address when left out."),
	ROW_ADDRESS(model_server, "address", OPTION_REQUIRED,
		    1 << IMAGE_ADDRESS_IP | 1 << IMAGE_ADDRESS_NAME | 1 << IMAGE_ADDRESS_UNIX,
		    "Where it is; a name is resolved again and again, all its addresses are used."),
	ROW_NUMBER(model_server, weight, "weight", 1, 256, "1", "Its share against the others."),
	ROW_WORD(model_server, state, "state", server_state, "enabled",
		 "drain: no new requests but those under way; disabled: none."),
	ROW_BOOL(model_server, is_backup, "backup", "false",
		 "Used only when no other server of the pool can be."),
};
static const struct option_table server = {
	.name = "server",
	.doc = "One of the servers of a backend. A plain text is its address.",
	.rows = server_rows,
	.n = OPTIONS_COUNT(server_rows),
	.size = sizeof(struct model_server),
	.scalar = "address",
};

static const struct option health_rows[] = {
	ROW_BOOL(model_health, is_tcp, "tcp", "false", "Only connect; no request."),
	ROW_TEXT(model_health, path, "path", 0, 1, OPTIONS_PATH_MAX, NULL, "Path to ask for."),
	ROW_BOOL(model_health, is_grpc, "grpc", "false",
		 "Ask grpc.health.v1.Health/Check; for backends that speak h2 or h2c."),
	ROW_TEXT(model_health, grpc_service, "grpc_service", 0, 1, 127, NULL,
		 "The service that is asked about; the server as a whole when left out."),
	ROW_TEXT(model_health, method, "method", 0, 1, 16, "GET", "Method to ask with."),
	ROW_TEXT(model_health, host, "host", 0, 1, 253, NULL,
		 "Host to ask for; the server's address when left out."),
	ROW_TIME(model_health, interval_ms, "interval", 100, OPTIONS_DAY, "2s",
		 "Between two checks of a server."),
	ROW_TIME(model_health, timeout_ms, "timeout", 10, OPTIONS_HOUR, "1s",
		 "After this a check has failed."),
	ROW_NUMBER(model_health, fall, "fall", 1, 1000, "3", "Failures in a row until it is down."),
	ROW_NUMBER(model_health, rise, "rise", 1, 1000, "2",
		   "Successes in a row until it is up again."),
	ROW_RANGE(model_health, expect_status, "expect_status", OPTION_STATUSES, 0, 0, 0, "200-399",
		  "Status codes that mean healthy."),
	ROW_TEXT(model_health, expect_body, "expect_body", OPTION_LINES, 0, 1024, NULL,
		 "Text that must be in the first 64 KB of the answer."),
};
static const struct option_table health =
	OPTIONS_TABLE(model_health, "health", health_rows,
		      "How servers are asked whether they work. Without it they are watched by the "
		      "requests they get alone (outlier).");

static const struct option outlier_rows[] = {
	ROW_NUMBER(model_outlier, consecutive_errors, "consecutive_errors", 0, 1000000, "5",
		   "Failures in a row until a server gets no requests for a while; 0 = never."),
	ROW_TIME(model_outlier, eject_for_ms, "eject_for", 100, OPTIONS_DAY, "10s",
		 "How long; longer each time it happens again."),
	ROW_NUMBER(model_outlier, max_ejected_percent, "max_ejected_percent", 0, 100, "50",
		   "At most this part of a pool's servers."),
	ROW_RANGE(model_outlier, error_status, "error_status", OPTION_STATUSES, 0, 0, 0, "500-599",
		  "Status codes of answers that are failures, 400 and above; [] = none."),
};
static const struct option_table outlier =
	OPTIONS_TABLE(model_outlier, "outlier", outlier_rows,
		      "Servers that fail the requests they get are left alone for a while.");

static const struct option hash_rows[] = {
	ROW_TEXT(model_hash, header, "header", 0, 1, 100, NULL,
		 "The values of this field, as servers are sent it."),
	ROW_TEXT(model_hash, cookie, "cookie", 0, 1, 100, NULL, "The value of this cookie."),
	ROW_BOOL(model_hash, path, "path", "false", "The path in canonical form."),
	ROW_TEXT(model_hash, query, "query", 0, 1, 100, NULL,
		 "The value of this query parameter, as sent."),
	ROW_BOOL(model_hash, source_address, "source_address", "false",
		 "The client's address (IPv6: its /64)."),
};
static const struct option_table hash_table = OPTIONS_TABLE(
	model_hash, "hash", hash_rows,
	"Exactly one of them; source_address when nothing is given. A request that lacks it is "
	"spread by least_requests.");

static const struct option pool_limit_rows[] = {
	ROW_NUMBER(model_pool_limits, connections_per_server, "connections_per_server", 0,
		   OPTIONS_COUNT_MAX, "0", "Connections to one server, per edge; 0 = no limit."),
	ROW_NUMBER(model_pool_limits, requests_per_server, "requests_per_server", 0,
		   OPTIONS_COUNT_MAX, "0", "Requests under way at one server; 0 = no limit."),
	ROW_NUMBER(model_pool_limits, requests, "requests", 0, OPTIONS_COUNT_MAX, "0",
		   "Requests under way at all servers of the pool together; 0 = no limit."),
	ROW_NUMBER(model_pool_limits, queue, "queue", 0, OPTIONS_COUNT_MAX, "1000",
		   "Requests that wait for a server, per edge; more get 503."),
	ROW_TIME(model_pool_limits, queue_timeout_ms, "queue_timeout", 0, OPTIONS_HOUR, "5s",
		 "How long one waits; then 503."),
};
static const struct option_table pool_limits = OPTIONS_TABLE(
	model_pool_limits, "limits", pool_limit_rows, "What is asked of a pool's servers at once.");

static const struct option retry_rows[] = {
	ROW_NUMBER(model_retries, attempts, "attempts", 1, 10, "2",
		   "Servers that are tried for one request, the first one included."),
	{ .name = "on",
	  .kind = OPTION_WORDS,
	  .offset = offsetof(struct model_retries, on),
	  .preset = "connect_failure reset_before_response",
	  .words = &retry_on_words,
	  .doc = "When. A request that may have had an effect is never repeated: after a reset "
		 "only safe methods are, after one of these statuses idempotent ones (RFC 9110 "
		 "§9.2.2), and neither when a part of the body has been passed on." },
	ROW_NUMBER(
		model_retries, budget_percent, "budget_percent", 0, 100, "20",
		"Retries may be this part of a pool's requests, per edge; ten in a second always "
		"may, unless it is 0."),
	ROW_TIME(model_retries, try_timeout_ms, "try_timeout", 0, OPTIONS_HOUR, "0",
		 "After this without the head of an answer another server is asked, where that is "
		 "safe; 0 = never, timeouts.first_byte alone counts."),
	ROW_TIME(model_retries, deadline_ms, "deadline", 0, OPTIONS_HOUR, "30s",
		 "So long after the request came no further try is begun; 0 = no limit."),
	ROW_TIME(model_retries, backoff_ms, "backoff", 0, OPTIONS_MINUTE, "0",
		 "Pause before the second try; doubled for each further one, and up to half of it "
		 "taken off by chance."),
};
static const struct option_table retries =
	OPTIONS_TABLE(model_retries, "retries", retry_rows, "Trying another server.");

static const struct option hedge_rows[] = {
	ROW_TEXT(model_hedge, after, "after", 0, 2, 16, "p95",
		 "When no answer has begun after this time another server is asked as well: a "
		 "duration (50ms), or p50, p75, p90, p95 or p99 of the pool's own times to the "
		 "first byte."),
	ROW_NUMBER(model_hedge, percent, "percent", 1, 100, "5",
		   "Such second requests may be this part of all, per edge."),
};
static const struct option_table hedge = OPTIONS_TABLE(
	model_hedge, "hedge", hedge_rows,
	"Ask a second server when the first is slow, and take the answer that begins first: "
	"idempotent requests without content alone (J. Dean, L. Barroso, \"The Tail at Scale\", "
	"CACM 56(2), 2013).");

static const struct option persistence_rows[] = {
	ROW_BOOL(model_persistence, has_cookie, "cookie", "false",
		 "By a cookie that only Sluis can read or make: it holds no address, survives "
		 "restarts, and is removed from what servers are sent."),
	ROW_TEXT(model_persistence, name, "name", 0, 1, 64, NULL,
		 "Name of the cookie; sluis- and eight digits that stand for the backend when left "
		 "out."),
	ROW_TIME(model_persistence, max_age_ms, "max_age", OPTIONS_MINUTE,
		 (uint64_t)30 * OPTIONS_DAY, "8h",
		 "How long a cookie counts; one that is used is renewed when half of it is over."),
	ROW_BOOL(model_persistence, has_source, "source_address", "false",
		 "By the client's address (IPv6: its /64), instead of a cookie."),
	ROW_TIME(model_persistence, idle_ms, "idle", OPTIONS_MINUTE, (uint64_t)30 * OPTIONS_DAY,
		 "30m",
		 "For source_address: how long an address that sends nothing is remembered."),
};
static const struct option_table persistence = OPTIONS_TABLE(
	model_persistence, "persistence", persistence_rows,
	"Keep a client at its server, also while that server drains. When the server is down, "
	"disabled or gone, or has no room, another one answers.");

static const struct option pool_timeout_rows[] = {
	ROW_TIME(model_pool_timeouts, connect_ms, "connect", 10, (uint64_t)5 * OPTIONS_MINUTE, "2s",
		 "Until a connection stands, all addresses of a name together."),
	ROW_TIME(model_pool_timeouts, first_byte_ms, "first_byte", 10, OPTIONS_DAY, "60s",
		 "Until the answer begins, and between two parts of it; then 504."),
	ROW_TIME(model_pool_timeouts, idle_connection_ms, "idle_connection", 0, OPTIONS_DAY, "55s",
		 "How long an idle connection is kept; less than the server keeps it."),
};
static const struct option_table pool_timeouts = OPTIONS_TABLE(
	model_pool_timeouts, "timeouts", pool_timeout_rows, "How long Sluis waits for a server.");

static const struct option pool_tls_rows[] = {
	ROW_TEXT(model_pool_tls, ca, "ca", 0, 1, OPTIONS_FILE_MAX, NULL,
		 "PEM file with the issuers that are believed; the system's when left out."),
	ROW_TEXT(model_pool_tls, name, "name", 0, 1, 253, NULL,
		 "Name that the server's certificate must have; the server's own when left out."),
	ROW_BOOL(model_pool_tls, verify, "verify", "true",
		 "Whether the certificate is verified at all."),
	ROW_TEXT(model_pool_tls, client_certificate, "client_certificate", 0, 1, 63, NULL,
		 "Name of a certificate that Sluis shows to the servers."),
};
static const struct option_table pool_tls =
	OPTIONS_TABLE(model_pool_tls, "tls", pool_tls_rows, "For protocol https.");

static const struct option backend_rows[] = {
	ROW_NAME(model_backend, "name", OPTION_REQUIRED, "Its name, for routes, logs and status."),
	ROW_WORD(
		model_backend, protocol, "protocol", pool_protocol, "http",
		"What servers speak: HTTP/1.1 (http, https), or HTTP/2 over TLS (h2) or without it "
		"(h2c), many requests on one connection."),
	ROW_TABLE(model_backend, servers, "servers", OPTION_LIST, OPTION_REQUIRED,
		  IMAGE_SERVER_SLOTS, &server, "The servers that share the requests."),
	ROW_WORD(model_backend, balance, "balance", balance, "least_requests",
		 "Who gets the next request: least_requests draws two servers and takes the one "
		 "with fewer requests under way for its weight; peak_ewma likewise the one with "
		 "less latency times requests; round_robin takes them in turn by weight; random "
		 "by weight; first the first one below its limit; maglev and ring_hash by what "
		 "hash names; source_address by the client's address (IPv6: its /64)."),
	ROW_MAP(model_backend, hash, "hash", &hash_table,
		"For maglev and ring_hash: what of a request leads to a server."),
	ROW_RANGE(model_backend, hash_load_percent, "hash_load_factor", OPTION_FACTOR, 0, 0,
		  IMAGE_HASH_LOAD_MAX, "1.25",
		  "For maglev and ring_hash: a server has at most this times its share of the "
		  "requests under way (and always four of them), others of its keys go elsewhere "
		  "meanwhile; 1 or more, or 0 = always the same server."),
	ROW_TIME(model_backend, slow_start_ms, "slow_start", 0, OPTIONS_DAY, "0",
		 "A server that comes up begins with a tenth of its weight, and has all of it "
		 "after this; not when Sluis starts."),
	ROW_RANGE(model_backend, resolve_to, "resolve_to", OPTION_NETWORKS, 0, 0, 0, NULL,
		  "Networks that names of servers may resolve to; any when left out."),
	ROW_MAP(model_backend, health, "health", &health, "How servers are checked."),
	ROW_MAP(model_backend, outlier, "outlier", &outlier,
		"When a failing server is left alone."),
	ROW_MAP(model_backend, limits, "limits", &pool_limits, "What is asked of servers at once."),
	ROW_MAP(model_backend, retries, "retries", &retries, "Trying another server."),
	ROW_MAP(model_backend, timeouts, "timeouts", &pool_timeouts,
		"How long Sluis waits for a server."),
	ROW_MAP(model_backend, tls, "tls", &pool_tls, "TLS to servers, for protocol https."),
	ROW_WORD(model_backend, send_proxy_protocol, "send_proxy_protocol", proxy_protocol, "off",
		 "Begin each connection to a server with a PROXY header of this version, which "
		 "says who the client is. Such a connection serves one client's connection only; "
		 "health checks send the header of a check (LOCAL, UNKNOWN)."),
	ROW_MAP(model_backend, hedge, "hedge", &hedge,
		"Ask a second server when the first is slow; off when left out."),
	ROW_MAP(model_backend, persistence, "persistence", &persistence,
		"Keep a client at its server."),
};
static const struct option_table backend =
	OPTIONS_TABLE(model_backend, "backend", backend_rows, "A pool of servers.");

static const struct option match_rows[] = {
	ROW_TEXT(model_match, path_prefix, "path_prefix", 0, 1, OPTIONS_PATH_MAX, NULL,
		 "The path or its beginning, on segment borders: /api and /api/ both match /api "
		 "and /api/x, not /apiary."),
	ROW_TEXT(model_match, path_exact, "path_exact", 0, 1, OPTIONS_PATH_MAX, NULL,
		 "The whole path."),
	ROW_TEXT(model_match, path_regex, "path_regex", 0, 1, 1000, NULL,
		 "A regular expression (PCRE2) that is found in the path; ^ and $ bind it to the "
		 "ends."),
	ROW_TEXTS(model_match, methods, "methods", 0, 32, "One of these methods."),
	ROW_RANGE(model_match, headers, "headers", OPTION_PAIRS, 0, 0, 1024, NULL,
		  "Each of these fields, with exactly this value."),
	ROW_RANGE(model_match, query, "query", OPTION_PAIRS, 0, 0, 1024, NULL,
		  "Each of these query parameters, with exactly this value, as sent."),
	ROW_RANGE(model_match, source, "source", OPTION_NETWORKS, 0, 0, 0, NULL,
		  "The client's address lies in one of these networks."),
};
static const struct option_table match =
	OPTIONS_TABLE(model_match, "match", match_rows,
		      "What a request must be; all that is given must hold. Without it a rule "
		      "matches everything. At most one of the path options.");

static const struct option split_rows[] = {
	ROW_NAME(model_split, "name", OPTION_REQUIRED, "Name of a backend."),
	ROW_NUMBER(model_split, weight, "weight", 0, 10000, "1", "Its share against the others."),
};
static const struct option_table split = {
	.name = "weighted backend",
	.doc = "One of several backends of a rule. A plain text is its name.",
	.rows = split_rows,
	.n = OPTIONS_COUNT(split_rows),
	.size = sizeof(struct model_split),
	.scalar = "name",
};

static const struct option respond_rows[] = {
	ROW_NUMBER(model_respond, status, "status", 200, 599, "200", "Status of the answer."),
	ROW_TEXT(model_respond, body, "body", OPTION_LINES, 0, OPTIONS_BODY_MAX, NULL,
		 "Its content."),
	ROW_TEXT(model_respond, content_type, "content_type", 0, 1, 200,
		 "text/plain; charset=utf-8", "What the content is."),
};
static const struct option_table respond =
	OPTIONS_TABLE(model_respond, "respond", respond_rows, "A fixed answer.");

static const struct option rule_rows[] = {
	ROW_NAME(model_rule, "name", 0, "Its name in logs; rule-1, rule-2, ... when left out."),
	ROW_MAP(model_rule, match, "match", &match, "What a request must be."),
	ROW_TABLE(model_rule, filters, "filters", OPTION_LIST, 0, OPTIONS_FILTERS_MAX,
		  &options_filter, "Changes to the request or the response."),
	ROW_TEXT(model_rule, backend, "backend", 0, 1, 63, NULL, "Name of the backend."),
	ROW_TABLE(model_rule, backends, "backends", OPTION_LIST, 0, 64, &split,
		  "Several backends by weight, instead of backend."),
	ROW_TEXT(model_rule, mirror, "mirror", 0, 1, 63, NULL,
		 "Name of a backend that gets a copy of each request, with X-Sluis-Mirror: 1; its "
		 "answers are thrown away. Requests with more than 64 KB of content, upgrades, and "
		 "what it has no room for are not copied."),
	ROW_NUMBER(model_rule, mirror_percent, "mirror_percent", 1, 100, "100",
		   "How many of a hundred requests are copied."),
	ROW_MAP(model_rule, redirect, "redirect", &options_filter_redirect,
		"Send the client elsewhere."),
	ROW_MAP(model_rule, respond, "respond", &respond, "Answer at once."),
	ROW_MAP(model_rule, compress, "compress", &options_compress,
		"Compress the servers' answers; instead of what the route says."),
	ROW_MAP(model_rule, cache, "cache", &options_cache,
		"Keep the servers' answers in memory; instead of what the route says."),
	ROW_WORD(model_rule, priority, "priority", priority, NULL,
		 "Who is served first when requests wait for a server; the route's when left out. "
		 "Of what becomes free each priority has one in eleven at least."),
};
static const struct option_table rule = OPTIONS_TABLE(
	model_rule, "rule", rule_rows,
	"What is done with the requests that match: exactly one of backend, backends, "
	"redirect and respond.");

static const struct option route_rows[] = {
	ROW_NAME(model_route, "name", 0, "Its name in logs; route-1, route-2, ... when left out."),
	ROW_TEXTS(
		model_route, listeners, "listeners", 0, 63,
		"Names of the listeners it serves; when left out all those with protocol http and "
		"https, but for those with isolation: cell."),
	ROW_TEXTS(
		model_route, hosts, "hosts", 0, 253,
		"Host names: www.example.nl, \"*.example.nl\" (one label or more in front), or "
		"\"*\" (any). With protocol tls_passthrough the server name (SNI) that the client "
		"asks for; with tcp there is none, and hosts is left out."),
	ROW_TABLE(model_route, rules, "rules", OPTION_LIST, 0, 100000, &rule,
		  "The first rule that matches decides."),
	ROW_TABLE(model_route, filters, "filters", OPTION_LIST, 0, OPTIONS_FILTERS_MAX,
		  &options_filter, "Filters of all its rules; a rule's own come after them."),
	ROW_TEXT(model_route, backend, "backend", 0, 1, 63, NULL,
		 "Short form: a last rule that matches everything and goes to this backend."),
	ROW_MAP(model_route, compress, "compress", &options_compress,
		"Compress the servers' answers; for all rules without compress of their own."),
	ROW_MAP(model_route, cache, "cache", &options_cache,
		"Keep the servers' answers in memory; for all rules without cache of their own."),
	ROW_WORD(model_route, priority, "priority", priority, "normal",
		 "Who is served first when requests wait for a server; for all rules without "
		 "priority of their own."),
};
static const struct option_table route =
	OPTIONS_TABLE(model_route, "route", route_rows, "Which requests of which hosts go where.");

static const struct option metrics_rows[] = {
	ROW_ADDRESS(model_metrics, "address", OPTION_REQUIRED, 1 << IMAGE_ADDRESS_IP,
		    "Where they can be read; never an address of a listener."),
};
static const struct option_table metrics =
	OPTIONS_TABLE(model_metrics, "metrics", metrics_rows, "Figures in Prometheus text format.");

static const struct option ship_rows[] = {
	ROW_RANGE(model_ship, syslog_tls, "syslog_tls", OPTION_ADDRESS, 0, 0,
		  1 << IMAGE_ADDRESS_IP | 1 << IMAGE_ADDRESS_NAME, NULL,
		  "Where records go, as syslog over TLS (RFC 5424, RFC 5425)."),
	ROW_RANGE(
		model_ship, witness, "witness", OPTION_ADDRESS, 0, 0,
		1 << IMAGE_ADDRESS_IP | 1 << IMAGE_ADDRESS_NAME, NULL,
		"Or: a witness, who countersigns checkpoints (C2SP tlog-witness, HTTP over TLS)."),
	ROW_TEXT(model_ship, webhook, "webhook", 0, 1, OPTIONS_WEBHOOK_MAX, NULL,
		 "Or: a URL that every alarm is posted to as JSON, with its explanation: "
		 "https://host/path."),
	ROW_TEXT(model_ship, key, "key", 0, 1, OPTIONS_VKEY_MAX, NULL,
		 "Of a witness: its verifier key, as its witness.vkey has it."),
	ROW_TEXT(model_ship, ca, "ca", 0, 1, OPTIONS_FILE_MAX, NULL,
		 "File of the issuers that its certificate may come from; those of the system when "
		 "left out."),
	ROW_TEXT(model_ship, name, "name", 0, 1, 253, NULL,
		 "Name that its certificate must have; that of its address when left out."),
};
static const struct option_table ship =
	OPTIONS_TABLE(model_ship, "ship", ship_rows,
		      "A receiver of the audit log: of all of its lines in order, of its "
		      "checkpoints, or of its alarms.");

static const struct option log_rows[] = {
	ROW_BOOL(model_log, access, "access", "true", "A record for every request."),
	ROW_NUMBER(model_log, sample_percent, "sample_percent", 0, 100, "100",
		   "Of requests that went well, below status 400, so many in a hundred get a "
		   "record; all others always do."),
	ROW_WORD(model_log, format, "format", log_format, "json", "How records are written."),
	ROW_TIME(model_log, audit_retention_ms, "audit_retention", OPTIONS_DAY,
		 (uint64_t)36500 * OPTIONS_DAY, "1095d",
		 "How long audit segments are kept; three years by default (BIO2 5.28.01)."),
	ROW_TABLE(model_log, ship, "ship", OPTION_LIST, 0, IMAGE_SHIPS_MAX, &ship,
		  "Receivers of the audit log."),
};
static const struct option_table log_table =
	OPTIONS_TABLE(model_log, "log", log_rows, "Access records and the audit log.");

static const struct option tracing_rows[] = {
	ROW_TEXT(model_tracing, otlp, "otlp", OPTION_REQUIRED, 1, 255, NULL,
		 "The collector, by IP address: http://127.0.0.1:4318. Spans go there as OTLP/HTTP "
		 "in "
		 "JSON; the path is /v1/traces unless another is given."),
	ROW_NUMBER(model_tracing, sample_percent, "sample_percent", 0, 100, "1",
		   "Of requests that begin a trace here, so many in a hundred are traced; those "
		   "of trust_forwarded_from say so themselves."),
	ROW_TEXT(model_tracing, service_name, "service_name", 0, 1, 255, "sluis",
		 "The resource's service.name."),
};
static const struct option_table tracing =
	OPTIONS_TABLE(model_tracing, "tracing", tracing_rows,
		      "Spans of requests, for an OpenTelemetry collector.");

static const struct option top_rows[] = {
	{ .name = "include",
	  .kind = OPTION_INCLUDE,
	  .doc = "Further files, relative to this one; '*' in the last part of a path stands for "
		 "any text. Lists of all files are joined, everything else is set in one file "
		 "only." },
	ROW_NUMBER(model, edges, "edges", 0, IMAGE_EDGES_MAX, "0",
		   "Edge processes; 0 = one per core."),
	ROW_TABLE(model, listeners, "listeners", OPTION_LIST, OPTION_REQUIRED, IMAGE_LISTENER_SLOTS,
		  &listener, "Addresses where clients come in."),
	ROW_TABLE(model, certificates, "certificates", OPTION_LIST, 0, 100000, &certificate,
		  "Certificates and where their keys are."),
	ROW_TABLE(model, backends, "backends", OPTION_LIST, 0, 100000, &backend,
		  "Pools of servers."),
	ROW_TABLE(model, routes, "routes", OPTION_LIST, 0, 200000, &route,
		  "Which requests go where."),
	ROW_MAP(model, metrics, "metrics", &metrics, "Figures in Prometheus text format."),
	ROW_MAP(model, log, "log", &log_table, "Access records and the audit log."),
	ROW_MAP(model, tracing, "tracing", &tracing,
		"Spans of requests, for an OpenTelemetry collector."),
	ROW_RANGE(model, trust_forwarded_from, "trust_forwarded_from", OPTION_NETWORKS, 0, 0, 0,
		  NULL,
		  "Networks whose X-Forwarded-* and Forwarded are believed; from all others they "
		  "are removed."),
	ROW_MAP(model, gateway, "gateway", &options_gateway, "The log-in portal."),
	ROW_TABLE(model, identity, "identity", OPTION_LIST, 0, 16, &options_identity,
		  "Where users come from: this version has local alone, which is also there when "
		  "this is left out."),
	ROW_MAP(model, factors, "factors", &options_factors, "What a log-in asks for."),
	ROW_TABLE(model, zones, "zones", OPTION_LIST, 0, 10000, &options_zone,
		  "Networks by name, for access rules and for isolation in an incident."),
	ROW_TABLE(model, apps, "apps", OPTION_LIST, 0, IMAGE_APPS_MAX, &options_app,
		  "Applications behind the log-in portal."),
	ROW_MAP(model, status_page, "status_page", &options_incident_status,
		"A page that says what is open, limited or closed."),
	ROW_MAP(model, isolation, "isolation", &options_incident,
		"Isolation in an incident, and the way back."),
};
static const struct option_table top = {
	.name = "configuration",
	.doc = "The main file.",
	.rows = top_rows,
	.n = OPTIONS_COUNT(top_rows),
	.size = sizeof(struct model),
};

const struct option_table *options_backend(void)
{
	return &backend;
}

const struct option_table *options_top(void)
{
	return &top;
}
