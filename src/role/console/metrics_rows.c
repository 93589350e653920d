/*
 * One row per metric. Names follow Prometheus' conventions: base units, _total for what only goes
 * up. Once published a name keeps its meaning.
 */
#include "role/console/metrics_rows.h"

#include <stddef.h>

static const char *const codes[] = { "1xx", "2xx", "3xx", "4xx", "5xx" };
static const char *const codes_and_none[] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };
static const char *const resumed[] = { "false", "true" };
static const char *const results[] = { "ok", "failed" };
static const char *const versions[] = { "1.2", "1.3" };
static const char *const failures[PAGE_TLS_FAILURES] = {
	[PAGE_TLS_OTHER] = "other",	     [PAGE_TLS_NAME] = "name",
	[PAGE_TLS_PROTOCOL] = "protocol",    [PAGE_TLS_PARAMETERS] = "parameters",
	[PAGE_TLS_ALERT] = "client_refused", [PAGE_TLS_CLOSED] = "client_gone",
	[PAGE_TLS_TIMEOUT] = "timeout",
};

static const char *const drops[PAGE_DROPS] = {
	[PAGE_DROP_SIZE] = "size",	   [PAGE_DROP_SESSIONS] = "sessions",
	[PAGE_DROP_ADDRESS] = "address",   [PAGE_DROP_WAITING] = "waiting",
	[PAGE_DROP_ROUTE] = "route",	   [PAGE_DROP_SERVER] = "server",
	[PAGE_DROP_RATIO] = "reply_ratio", [PAGE_DROP_BOGUS] = "bogus",
	[PAGE_DROP_SEND] = "send",	   [PAGE_DROP_ISOLATED] = "isolated",
};

static const char *const abuses[PAGE_ABUSES] = {
	[PAGE_ABUSE_RESET] = "reset",	      [PAGE_ABUSE_MALFORMED] = "malformed",
	[PAGE_ABUSE_SETTINGS] = "settings",   [PAGE_ABUSE_PING] = "ping",
	[PAGE_ABUSE_PRIORITY] = "priority",   [PAGE_ABUSE_WINDOW] = "window",
	[PAGE_ABUSE_EMPTY] = "empty",	      [PAGE_ABUSE_UNKNOWN] = "unknown",
	[PAGE_ABUSE_HEADER] = "header",	      [PAGE_ABUSE_REFUSED] = "refused",
	[PAGE_ABUSE_REQUEST] = "bad_request", [PAGE_ABUSE_SLOW] = "slow",
	[PAGE_ABUSE_PROTOCOL] = "protocol",   [PAGE_ABUSE_HANDSHAKE] = "handshake",
};

static const char *const refusals[PAGE_CELL_REFUSALS] = {
	[PAGE_CELL_ADDRESS] = "address", [PAGE_CELL_STRANGERS] = "strangers",
	[PAGE_CELL_ALL] = "all",	 [PAGE_CELL_SILENT] = "silent",
	[PAGE_CELL_NO_TLS] = "no_tls",	 [PAGE_CELL_SYSTEM] = "system",
};

#define BY(label, values, first)                                                                   \
	{                                                                                          \
		label, values, sizeof values / sizeof *values, first                               \
	}
static const struct metrics_by by_code = BY("code", codes, 1);
static const struct metrics_by by_code_or_none = BY("code", codes_and_none, 0);
static const struct metrics_by by_resumed = BY("resumed", resumed, 0);
static const struct metrics_by by_result = BY("result", results, 0);
static const struct metrics_by by_version = BY("version", versions, 0);
static const struct metrics_by by_reason = BY("reason", failures, 0);
static const struct metrics_by by_abuse = BY("reason", abuses, 0);
static const struct metrics_by by_drop = BY("reason", drops, 0);
static const struct metrics_by by_refusal = BY("reason", refusals, 0);

/* Rows by where their number lies: T is the struct of the scope's entry, field its member. */
#define ROW_AT(scope, from, T, field, name, type, by, decimals, help)                              \
	{                                                                                          \
		name, help, type, by, scope, from, sizeof(((T *)0)->field), decimals,              \
			offsetof(T, field), 0                                                      \
	}
#define ROW_WORDS(scope, from, T, field, name, by, help)                                           \
	{                                                                                          \
		name, help, "counter", by, scope, from, sizeof(((T *)0)->field[0]), 0,             \
			offsetof(T, field), 0                                                      \
	}
#define ROW_HISTOGRAM(scope, T, buckets, total_us, name, help)                                     \
	{                                                                                          \
		name, help, "histogram", NULL, scope, FROM_LOAD, 8, 6, offsetof(T, buckets),       \
			offsetof(T, total_us)                                                      \
	}
#define ROW_VALUE(scope, value, decimals, name, help)                                              \
	{                                                                                          \
		name, help, "gauge", NULL, scope, FROM_VALUE, 8, decimals, value, 0                \
	}
#define ROW_KEEPER(field, name, type, decimals, help)                                              \
	ROW_AT(SCOPE_INSTANCE, FROM_KEEPER, struct page_keeper_page, field, name, type, NULL,      \
	       decimals, help)
#define ROW_AUDIT(field, name, type, decimals, help)                                               \
	ROW_AT(SCOPE_INSTANCE, FROM_AUDIT, struct page_audit_page, field, name, type, NULL,        \
	       decimals, help)
#define ROW_EXPORTER(field, name, type, help)                                                      \
	ROW_AT(SCOPE_INSTANCE, FROM_EXPORTER, struct page_exporter_page, field, name, type, NULL,  \
	       0, help)
#define ROW_SHIPPER(field, name, type, decimals, help)                                             \
	ROW_AT(SCOPE_INSTANCE, FROM_SHIPPER, struct page_shipper_page, field, name, type, NULL,    \
	       decimals, help)
#define ROW_CELLS(field, name, type, decimals, help)                                               \
	ROW_AT(SCOPE_INSTANCE, FROM_CELLS, struct page_cells_page, field, name, type, NULL,        \
	       decimals, help)
#define ROW_GATE(field, name, type, help)                                                          \
	ROW_AT(SCOPE_INSTANCE, FROM_GATE, struct page_gate_page, field, name, type, NULL, 0, help)
#define ROW_ROLE(field, name, type, decimals, help)                                                \
	ROW_AT(SCOPE_ROLE, FROM_KEEPER, struct page_keeper_role, field, name, type, NULL,          \
	       decimals, help)
#define ROW_EDGE(field, name, type, help)                                                          \
	ROW_AT(SCOPE_EDGE, FROM_LOAD, struct page_load_page, field, name, type, NULL, 0, help)
#define ROW_LISTENER(field, name, type, help)                                                      \
	ROW_AT(SCOPE_LISTENER, FROM_LOAD, struct page_load_listener, field, name, type, NULL, 0,   \
	       help)
#define ROW_RULE(field, name, type, help)                                                          \
	ROW_AT(SCOPE_RULE, FROM_LOAD, struct page_load_rule, field, name, type, NULL, 0, help)
#define ROW_POOL(field, name, type, decimals, help)                                                \
	ROW_AT(SCOPE_POOL, FROM_LOAD, struct page_load_pool, field, name, type, NULL, decimals,    \
	       help)
#define ROW_SERVER(field, name, type, help)                                                        \
	ROW_AT(SCOPE_SERVER, FROM_LOAD, struct page_load_server, field, name, type, NULL, 0, help)
#define ROW_HEALTH(field, name, type, by, decimals, help)                                          \
	ROW_AT(SCOPE_SERVER, FROM_HEALTH, struct page_health_entry, field, name, type, by,         \
	       decimals, help)

const struct metrics_row metrics_rows[] = {
	ROW_VALUE(SCOPE_INSTANCE, VALUE_ONE, 0, "sluis_build_info", "The running version."),
	ROW_VALUE(SCOPE_INSTANCE, VALUE_REACH, 0, "sluis_dialer_reach",
		  "What holds the dialer to its addresses: 0 nothing, 1 ports, 2 addresses."),
	ROW_VALUE(SCOPE_INSTANCE, VALUE_BEAT_AGE_MS, 3, "sluis_dialer_beat_age_seconds",
		  "Time since the dialer's last sign of life."),
	ROW_KEEPER(started_wall_s, "sluis_start_time_seconds", "gauge", 0,
		   "When this instance began, seconds since 1970."),
	ROW_KEEPER(generation, "sluis_image_generation", "gauge", 0,
		   "Number of the configuration in force: counts up with each change."),
	ROW_KEEPER(reloads, "sluis_config_reloads_total", "counter", 0,
		   "Changes of the configuration that were applied."),
	ROW_KEEPER(reloads_failed, "sluis_config_reloads_failed_total", "counter", 0,
		   "Changes of the configuration that were refused."),
	ROW_KEEPER(is_last_good, "sluis_config_last_reload_successful", "gauge", 0,
		   "1 when the last change, or the first configuration, was applied."),
	ROW_KEEPER(last_wall_s, "sluis_config_last_reload_time_seconds", "gauge", 0,
		   "When the last change was applied or refused, seconds since 1970."),
	ROW_AUDIT(lines, "sluis_audit_lines_total", "counter", 0,
		  "Lines written to the audit log, access records included."),
	ROW_AUDIT(bytes, "sluis_audit_bytes_total", "counter", 0,
		  "Bytes written to the audit log."),
	ROW_AUDIT(lost, "sluis_audit_lost_total", "counter", 0,
		  "Access records that did not fit into a ring: the log has a gap for them."),
	ROW_AUDIT(waiting, "sluis_audit_waiting_bytes", "gauge", 0,
		  "Records that wait in the rings: how far the log is behind."),
	ROW_AUDIT(written_wall_s, "sluis_audit_last_line_time_seconds", "gauge", 0,
		  "When the last line was written, seconds since 1970."),
	ROW_AUDIT(signed_wall_s, "sluis_audit_last_signature_time_seconds", "gauge", 0,
		  "When the log was last signed, seconds since 1970."),
	ROW_AUDIT(trouble_ms, "sluis_audit_disk_trouble_seconds", "gauge", 3,
		  "For how long the disk has refused the log; 0: it does not."),
	ROW_SHIPPER(messages, "sluis_ship_messages_total", "counter", 0,
		    "Records sent to receivers of the audit log; those sent again count again."),
	ROW_SHIPPER(failing, "sluis_ship_failing", "gauge", 0,
		    "Receivers and witnesses of the audit log that can't be reached."),
	ROW_SHIPPER(behind_ms, "sluis_ship_behind_seconds", "gauge", 3,
		    "How long ago the receiver that is farthest behind had all of the log."),
	ROW_SHIPPER(cosigned_wall_s, "sluis_ship_cosigned_timestamp_seconds", "gauge", 0,
		    "When a witness last countersigned a checkpoint, seconds since 1970."),
	ROW_EXPORTER(received, "sluis_trace_spans_total", "counter",
		     "Spans that the exporter was told of."),
	ROW_EXPORTER(exported, "sluis_trace_exported_total", "counter",
		     "Spans that the collector took."),
	ROW_EXPORTER(dropped, "sluis_trace_dropped_total", "counter",
		     "Spans given up: the collector was too slow, away, or refused them."),
	ROW_EXPORTER(waiting, "sluis_trace_waiting", "gauge", "Spans that wait for the collector."),
	ROW_EXPORTER(posts, "sluis_trace_posts_total", "counter",
		     "Batches posted, tries included."),
	ROW_EXPORTER(posts_failed, "sluis_trace_posts_failed_total", "counter",
		     "Batches that the collector did not take at once."),

	ROW_CELLS(strangers, "sluis_cells_strangers", "gauge", 0,
		  "Connections of the gateway on which nobody has logged in; a process each."),
	ROW_CELLS(at_work, "sluis_cells_at_work", "gauge", 0,
		  "Connections of the gateway that have shown a session; a process each."),
	ROW_CELLS(pending, "sluis_cells_pending", "gauge", 0,
		  "Connections that have not begun TLS yet, and have no process."),
	ROW_CELLS(started, "sluis_cells_started_total", "counter", 0, "Cells started."),
	ROW_CELLS(ended, "sluis_cells_ended_total", "counter", 0, "Cells that have ended."),
	ROW_CELLS(crashed, "sluis_cells_crashed_total", "counter", 0,
		  "Cells that were ended by a signal which no part of Sluis sent."),
	ROW_CELLS(killed, "sluis_cells_killed_total", "counter", 0,
		  "Cells that were killed because they went on after their session had ended."),
	ROW_WORDS(SCOPE_INSTANCE, FROM_CELLS, struct page_cells_page, refused,
		  "sluis_cells_refused_total", &by_refusal, "Connections that got no process."),
	ROW_CELLS(spawn_us, "sluis_cells_spawn_seconds_total", "counter", 6,
		  "From a client's first bytes to its cell's own first step, of all cells."),
	ROW_GATE(alarms, "sluis_alarms_open", "gauge", "Alarms that nobody has closed."),
	ROW_GATE(sessions, "sluis_gateway_sessions", "gauge", "Sessions that live."),
	ROW_GATE(logins, "sluis_gateway_logins_total", "counter", "Log-ins that went well."),
	ROW_GATE(logins_failed, "sluis_gateway_logins_failed_total", "counter",
		 "Log-ins that failed."),
	ROW_GATE(logins_delayed, "sluis_gateway_logins_delayed_total", "counter",
		 "Log-ins that had to wait because of failures before."),
	ROW_GATE(grants, "sluis_gateway_grants_total", "counter", "Applications that were opened."),
	ROW_GATE(denials, "sluis_gateway_denials_total", "counter",
		 "Applications that were not opened because of their rules."),
	ROW_GATE(step_ups, "sluis_gateway_step_ups_total", "counter",
		 "Times that another factor was asked for."),
	ROW_GATE(mismatches, "sluis_gateway_mismatches_total", "counter",
		 "Sessions that showed up in another network or client."),
	ROW_GATE(reuses, "sluis_gateway_reuses_total", "counter",
		 "Tokens that came back after they had been replaced."),
	ROW_GATE(revocations, "sluis_gateway_revocations_total", "counter",
		 "Sessions that were ended by somebody."),

	ROW_KEEPER(cpu_us, "sluis_ended_roles_cpu_seconds_total", "counter", 6,
		   "Processor time of processes of roles that have ended."),
	ROW_ROLE(is_running, "sluis_role_up", "gauge", 0, "1 while the role's process runs."),
	ROW_ROLE(restarts, "sluis_role_restarts_total", "counter", 0,
		 "Times the role had to be started again."),
	ROW_ROLE(cpu_us, "sluis_role_cpu_seconds_total", "counter", 6,
		 "Processor time of the role's present process, user and system."),
	ROW_ROLE(resident_bytes, "sluis_role_resident_bytes", "gauge", 0,
		 "Memory of the role that is in use, what it shares with others included."),
	ROW_ROLE(shared_bytes, "sluis_role_shared_bytes", "gauge", 0,
		 "Of that, memory that others have too: programs, libraries, pages, rings."),
	ROW_ROLE(started_wall_s, "sluis_role_start_time_seconds", "gauge", 0,
		 "When the role's present process began, seconds since 1970."),

	ROW_EDGE(loops, "sluis_edge_loops_total", "counter",
		 "Turns of an edge's event loop: a stuck one stands still."),
	ROW_EDGE(spans_dropped, "sluis_edge_spans_dropped_total", "counter",
		 "Spans lost on the way to the exporter."),
	ROW_EDGE(connections, "sluis_edge_connections", "gauge",
		 "Open connections of an edge, to clients and to servers."),
	ROW_EDGE(connections_max, "sluis_edge_connections_max", "gauge",
		 "Connections an edge may have: its limit of descriptors."),
	ROW_EDGE(delivery.compressed, "sluis_edge_compressed_total", "counter",
		 "Answers that were compressed."),
	ROW_EDGE(delivery.compress_refused, "sluis_edge_compress_refused_total", "counter",
		 "Answers that went as they were because too many were being compressed."),
	ROW_EDGE(delivery.compress_in, "sluis_edge_compress_in_bytes_total", "counter",
		 "Bytes of answers before compression."),
	ROW_EDGE(delivery.compress_out, "sluis_edge_compress_out_bytes_total", "counter",
		 "Bytes of answers after compression."),
	ROW_EDGE(delivery.cache_hits, "sluis_edge_cache_hits_total", "counter",
		 "Requests answered from the cache without asking a server."),
	ROW_EDGE(delivery.cache_stale, "sluis_edge_cache_stale_total", "counter",
		 "Answers from the cache that were stale."),
	ROW_EDGE(delivery.cache_misses, "sluis_edge_cache_misses_total", "counter",
		 "Requests that the cache had no answer for."),
	ROW_EDGE(delivery.cache_passed, "sluis_edge_cache_passed_total", "counter",
		 "Requests that were not for the cache."),
	ROW_EDGE(delivery.cache_validated, "sluis_edge_cache_validated_total", "counter",
		 "Answers that a server said were still good (304)."),
	ROW_EDGE(delivery.cache_collapsed, "sluis_edge_cache_collapsed_total", "counter",
		 "Requests that waited for the answer to another one."),
	ROW_EDGE(delivery.cache_stored, "sluis_edge_cache_stored_total", "counter",
		 "Answers put into the cache."),
	ROW_EDGE(delivery.cache_evicted, "sluis_edge_cache_evicted_total", "counter",
		 "Answers that made room for others."),
	ROW_EDGE(delivery.cache_purged, "sluis_edge_cache_purged_total", "counter",
		 "Answers that a person purged."),
	ROW_EDGE(delivery.cache_bytes, "sluis_edge_cache_bytes", "gauge",
		 "Memory of the cache in use."),

	ROW_LISTENER(connections, "sluis_listener_connections", "gauge",
		     "Open client connections (udp: sessions)."),
	ROW_LISTENER(accepted, "sluis_listener_accepted_total", "counter",
		     "Client connections accepted."),
	ROW_LISTENER(refused, "sluis_listener_refused_total", "counter",
		     "Client connections closed because of a limit."),
	ROW_WORDS(SCOPE_LISTENER, FROM_LOAD, struct page_load_listener, status,
		  "sluis_listener_requests_total", &by_code_or_none,
		  "Requests that ended, by class of status code; none: without an answer."),
	ROW_LISTENER(h2_sessions, "sluis_listener_http2_connections", "gauge",
		     "Open connections that speak HTTP/2."),
	ROW_LISTENER(h2_streams, "sluis_listener_http2_streams", "gauge",
		     "Requests under way on them."),
	ROW_LISTENER(h2_requests, "sluis_listener_http2_requests_total", "counter",
		     "Requests that came over HTTP/2."),
	ROW_LISTENER(h2_resets_received, "sluis_listener_http2_resets_received_total", "counter",
		     "Requests that clients took back (RST_STREAM)."),
	ROW_LISTENER(h2_resets_sent, "sluis_listener_http2_resets_sent_total", "counter",
		     "RST_STREAM sent to clients."),
	ROW_LISTENER(h2_goaways, "sluis_listener_http2_goaways_total", "counter",
		     "GOAWAY sent to clients."),
	ROW_WORDS(SCOPE_LISTENER, FROM_LOAD, struct page_load_listener, abuse,
		  "sluis_listener_abuse_total", &by_abuse,
		  "Connections ended because the client cost too much, by what it did last."),
	ROW_LISTENER(bad_requests, "sluis_listener_bad_requests_total", "counter",
		     "Requests refused as malformed."),
	ROW_HISTOGRAM(SCOPE_LISTENER, struct page_load_listener, duration, duration_us,
		      "sluis_listener_request_duration_seconds",
		      "From the head of a request to the end of its answer."),
	ROW_LISTENER(bad_proxy_headers, "sluis_listener_bad_proxy_headers_total", "counter",
		     "Connections closed because the PROXY header was missing, broken or late."),
	ROW_LISTENER(isolated, "sluis_listener_isolated_total", "counter",
		     "Requests and streams that a level of isolation held back or cut."),
	ROW_LISTENER(exercised, "sluis_listener_exercised_total", "counter",
		     "Requests that a level would have held back, were it no exercise."),
	ROW_LISTENER(datagrams_in, "sluis_listener_datagrams_received_total", "counter",
		     "Protocol udp: datagrams from clients that went to a server."),
	ROW_LISTENER(datagrams_out, "sluis_listener_datagrams_sent_total", "counter",
		     "Protocol udp: datagrams of servers that went to a client."),
	ROW_LISTENER(
		evicted, "sluis_listener_sessions_evicted_total", "counter",
		"Protocol udp: sessions of clients that had not shown yet that they are there, "
		"ended for newer ones because limits.connections was reached."),
	ROW_WORDS(SCOPE_LISTENER, FROM_LOAD, struct page_load_listener, drops,
		  "sluis_listener_datagrams_dropped_total", &by_drop,
		  "Protocol udp: datagrams that went nowhere."),
	ROW_LISTENER(bytes_in, "sluis_listener_received_bytes_total", "counter",
		     "Content of requests, bytes."),
	ROW_LISTENER(bytes_out, "sluis_listener_sent_bytes_total", "counter", "Bytes to clients."),
	ROW_WORDS(SCOPE_LISTENER, FROM_LOAD, struct page_load_listener, tls_versions,
		  "sluis_tls_connections_total", &by_version,
		  "TLS connections established, by version."),
	{ "sluis_tls_handshakes_total", "TLS handshakes completed.", "counter", &by_resumed,
	  SCOPE_LISTENER, FROM_LOAD, 8, 0, offsetof(struct page_load_listener, handshakes), 0 },
	{ "sluis_tls_handshake_seconds_total",
	  "Time that completed handshakes took, from accepting to the first byte for HTTP.",
	  "counter", NULL, SCOPE_LISTENER, FROM_LOAD, 8, 6,
	  offsetof(struct page_load_listener, handshake_us), 0 },
	ROW_LISTENER(handshakes_failed, "sluis_tls_handshakes_failed_total", "counter",
		     "TLS handshakes that failed."),
	ROW_WORDS(SCOPE_LISTENER, FROM_LOAD, struct page_load_listener, tls_failures,
		  "sluis_tls_handshake_failures_total", &by_reason,
		  "TLS handshakes that failed, by reason."),

	ROW_WORDS(SCOPE_RULE, FROM_LOAD, struct page_load_rule, status,
		  "sluis_route_requests_total", &by_code_or_none,
		  "Requests that a rule took, by class of status code; none: without an answer."),
	ROW_HISTOGRAM(SCOPE_RULE, struct page_load_rule, duration, duration_us,
		      "sluis_route_request_duration_seconds",
		      "From the head of a request to the end of its answer."),
	ROW_RULE(denied, "sluis_route_denied_total", "counter",
		 "Requests refused by allow_networks or deny_networks."),
	ROW_RULE(limited, "sluis_route_limited_total", "counter",
		 "Requests refused by rate_limit."),
	ROW_RULE(busy, "sluis_route_busy_total", "counter", "Requests refused by concurrency."),
	ROW_RULE(bytes_in, "sluis_route_received_bytes_total", "counter",
		 "Content of requests, bytes."),
	ROW_RULE(bytes_out, "sluis_route_sent_bytes_total", "counter", "Bytes to clients."),

	ROW_POOL(queue, "sluis_pool_queue", "gauge", 0, "Requests that wait for a server."),
	ROW_POOL(queued, "sluis_pool_queued_total", "counter", 0,
		 "Requests that had to wait for a server."),
	ROW_POOL(queue_us, "sluis_pool_queue_seconds_total", "counter", 6,
		 "Time that requests waited for a server."),
	ROW_POOL(queue_refused, "sluis_pool_queue_refused_total", "counter", 0,
		 "Requests refused because the queue was full."),
	ROW_POOL(queue_expired, "sluis_pool_queue_expired_total", "counter", 0,
		 "Requests refused because no server became free in time."),
	ROW_POOL(unavailable, "sluis_pool_unavailable_total", "counter", 0,
		 "Requests refused because no server could be used."),
	ROW_POOL(persist_kept, "sluis_pool_persistence_kept_total", "counter", 0,
		 "Requests that went to the server their client belongs to."),
	ROW_POOL(persist_new, "sluis_pool_persistence_new_total", "counter", 0,
		 "Requests for which persistence knew no server, or none that could be used."),
	ROW_POOL(persist_refused, "sluis_pool_persistence_cookies_refused_total", "counter", 0,
		 "Cookies that are forged, damaged, too old or of another pool."),
	ROW_POOL(persist_lost, "sluis_pool_persistence_cookies_lost_total", "counter", 0,
		 "Cookies of servers that have left the pool."),
	ROW_POOL(retries_refused, "sluis_pool_retries_refused_total", "counter", 0,
		 "Further tries that the budget did not allow."),
	ROW_POOL(hedges, "sluis_pool_hedges_total", "counter", 0,
		 "Requests for which a second server was asked."),
	ROW_POOL(hedges_won, "sluis_pool_hedges_won_total", "counter", 0,
		 "... whose answer was the second server's."),
	ROW_POOL(hedges_refused, "sluis_pool_hedges_refused_total", "counter", 0,
		 "Second requests that the budget did not allow."),
	ROW_POOL(mirrors, "sluis_pool_mirrors_total", "counter", 0,
		 "Copies of requests that were sent to this pool."),
	ROW_POOL(mirrors_skipped, "sluis_pool_mirrors_skipped_total", "counter", 0,
		 "Requests that were not copied: too long, or too many at once."),
	ROW_POOL(mirrors_failed, "sluis_pool_mirrors_failed_total", "counter", 0,
		 "Copies that had no whole answer."),

	ROW_VALUE(SCOPE_SERVER, VALUE_SERVER_UP, 0, "sluis_server_up",
		  "1 when requests may go to the server: healthy, not ejected, not drained."),
	ROW_VALUE(SCOPE_SERVER, VALUE_SERVER_WEIGHT, 0, "sluis_server_weight",
		  "Configured weight."),
	ROW_HEALTH(is_ejected, "sluis_server_ejected", "gauge", NULL, 0,
		   "1 while the server is ejected because of errors."),
	ROW_HEALTH(ejections, "sluis_server_ejections_total", "counter", NULL, 0,
		   "Times the server was ejected."),
	ROW_HEALTH(checks_ok, "sluis_server_checks_total", "counter", &by_result, 0,
		   "Active health checks."),
	ROW_HEALTH(check_us, "sluis_server_check_seconds", "gauge", NULL, 6,
		   "Duration of the last health check."),
	ROW_HEALTH(dials_ok, "sluis_server_dials_total", "counter", &by_result, 0,
		   "Connections made, or tried, to the server."),
	ROW_HEALTH(addresses, "sluis_server_addresses", "gauge", NULL, 0,
		   "Addresses the server's name has."),
	ROW_SERVER(in_flight, "sluis_server_in_flight", "gauge",
		   "Requests that wait for the server's answer."),
	ROW_SERVER(connections, "sluis_server_connections", "gauge",
		   "Open connections to the server, idle ones included."),
	ROW_SERVER(h2_sessions, "sluis_server_http2_connections", "gauge",
		   "Of these, those that speak HTTP/2."),
	ROW_SERVER(h2_streams, "sluis_server_http2_streams", "gauge",
		   "Requests under way on them."),
	ROW_SERVER(h2_refused, "sluis_server_http2_refused_total", "counter",
		   "Requests that the server gave back unprocessed (REFUSED_STREAM, GOAWAY)."),
	ROW_SERVER(requests, "sluis_server_requests_total", "counter",
		   "Requests sent to the server."),
	ROW_WORDS(SCOPE_SERVER, FROM_LOAD, struct page_load_server, status,
		  "sluis_server_responses_total", &by_code,
		  "The server's answers, by class of status code."),
	ROW_SERVER(failures, "sluis_server_failures_total", "counter",
		   "Requests that failed on the server."),
	ROW_SERVER(retries, "sluis_server_retries_total", "counter",
		   "Requests that were tried again elsewhere."),
	ROW_HISTOGRAM(SCOPE_SERVER, struct page_load_server, first_byte, latency_us,
		      "sluis_server_first_byte_seconds",
		      "From asking for the server to the head of its answer."),
	ROW_SERVER(bytes_in, "sluis_server_received_bytes_total", "counter",
		   "Bytes from the server."),
	ROW_SERVER(bytes_out, "sluis_server_sent_bytes_total", "counter", "Bytes to the server."),
	ROW_SERVER(connects, "sluis_server_connects_total", "counter",
		   "New connections used for requests."),
	ROW_SERVER(kept, "sluis_server_kept_total", "counter",
		   "Requests of clients that belong to the server."),
	ROW_SERVER(reuses, "sluis_server_reuses_total", "counter",
		   "Requests on a connection that was open already."),

	ROW_VALUE(SCOPE_CERTIFICATE, VALUE_EXPIRY, 0, "sluis_certificate_expiry_seconds",
		  "End of the certificate's validity, seconds since 1970."),
};

const unsigned metrics_row_n = sizeof metrics_rows / sizeof metrics_rows[0];

const char *metrics_scope_labels(enum metrics_scope s)
{
	static const char *const labels[SCOPES] = {
		[SCOPE_INSTANCE] = "",		 [SCOPE_ROLE] = "role, index",
		[SCOPE_EDGE] = "edge",		 [SCOPE_LISTENER] = "listener",
		[SCOPE_RULE] = "route, rule",	 [SCOPE_POOL] = "pool",
		[SCOPE_SERVER] = "pool, server", [SCOPE_CERTIFICATE] = "certificate",
	};

	return labels[s];
}

/* A row with `by` names the first of words that lie side by side. */
_Static_assert(offsetof(struct page_health_entry, checks_failed) ==
		       offsetof(struct page_health_entry, checks_ok) + 4,
	       "checks: two neighbours");
_Static_assert(offsetof(struct page_health_entry, dials_failed) ==
		       offsetof(struct page_health_entry, dials_ok) + 4,
	       "dials: two neighbours");
_Static_assert(offsetof(struct page_load_listener, handshakes_resumed) ==
		       offsetof(struct page_load_listener, handshakes) + 8,
	       "handshakes: two neighbours");
