/*
 * The configuration with types: what the option tables make of the tree, what the checks look at
 * and what the compiler writes down. Every struct begins with the map it came from (NULL: it was
 * not given, all its options have their defaults); node_place finds an option's place in it.
 */
#ifndef CONF_MODEL_H
#define CONF_MODEL_H

#include "conf/chain.h"
#include "conf/node.h"
#include "conf/value.h"

struct model_list {
	void *p;
	uint32_t n;
};

struct model_text {
	const struct node *at;
	struct view text;
	uint32_t index; /* of what it names, by check_names; IMAGE_NONE: unknown */
};

struct model_texts {
	struct model_text *p;
	uint32_t n;
};

struct model_networks {
	struct ip_net *p;
	uint32_t n;
};

struct model_statuses {
	struct image_status_range *p;
	uint32_t n;
};

/* Combinations of words: the bits of each. */
struct model_set {
	const struct node *at;
	uint8_t bits;
};

struct model_sets {
	struct model_set *p;
	uint32_t n;
};

struct model_pair {
	const struct node *at;
	struct view name, value;
};

struct model_pairs {
	struct model_pair *p;
	uint32_t n;
};

struct model_listener_limits {
	const struct node *at;
	uint64_t connections, connections_per_address, header_size, headers, body_size,
		requests_per_connection, streams_per_connection, requests_per_address;
};

struct model_listener_timeouts {
	const struct node *at;
	uint64_t handshake_ms, request_header_ms, request_body_idle_ms, request_body_rate,
		keep_alive_ms, response_idle_ms, tunnel_idle_ms, tunnel_lifetime_ms,
		datagram_idle_ms;
};

struct model_listener_datagrams {
	const struct node *at;
	uint64_t size, waiting, replies, reply_ratio;
};

struct model_client_certificate {
	const struct node *at;
	uint8_t mode; /* enum image_client_mode */
	struct view ca;
	const struct chain_set *anchors; /* NULL: nobody is asked */
};

/* Of a listener; 0: not said, which is on for https. */
enum model_http2 { MODEL_HTTP2_OFF = 1, MODEL_HTTP2_ON };

/* A name for people: in a language, and in all others. */
struct model_title {
	const struct node *at;
	struct view text, nl, en;
};

struct model_listener {
	const struct node *at;
	struct view name;
	struct value_address address;
	uint8_t protocol; /* enum image_protocol */
	bool is_cell;	  /* isolation: cell */
	uint8_t http3;
	uint8_t http2; /* enum model_http2 */
	struct model_texts certificates;
	bool default_certificate, redirect_to_https, is_inside;
	struct model_networks accept_proxy;
	struct view backend; /* not for HTTP: short for a route of its own */
	struct model_client_certificate client_certificate;
	struct model_listener_limits limits;
	struct model_listener_timeouts timeouts;
	struct model_listener_datagrams datagrams;
	struct model_title title;
};

struct model_certificate {
	const struct node *at;
	struct view name, chain, key;
	/* by check_certificate */
	const struct chain *read;  /* NULL: it can't be used */
	struct view key_path;	   /* absolute */
	bool is_server, is_client; /* a listener, a backend names it */
};

struct model_server {
	const struct node *at;
	struct view name; /* empty: the address as written */
	struct value_address address;
	uint64_t weight;
	uint8_t state; /* enum image_server_state */
	bool is_backup;
};

struct model_health {
	const struct node *at;
	bool is_tcp, is_grpc;
	struct view path, method, host, expect_body, grpc_service;
	uint64_t interval_ms, timeout_ms, fall, rise;
	struct model_statuses expect_status;
};

struct model_outlier {
	const struct node *at;
	uint64_t consecutive_errors, eject_for_ms, max_ejected_percent;
	struct model_statuses error_status;
};

struct model_hash {
	const struct node *at;
	struct view header, cookie, query;
	bool path, source_address;
	uint8_t kind; /* enum image_hash, by check_backend */
};

struct model_pool_limits {
	const struct node *at;
	uint64_t connections_per_server, requests_per_server, requests, queue, queue_timeout_ms;
};

struct model_retries {
	const struct node *at;
	uint64_t attempts, budget_percent, try_timeout_ms, deadline_ms, backoff_ms;
	uint8_t on; /* bits of enum image_retry */
};

struct model_hedge {
	const struct node *at;
	struct view after;
	uint64_t percent;
	/* by check_hedge */
	uint64_t after_ms; /* 0: quantile */
	uint8_t quantile;  /* of a hundred */
};

struct model_persistence {
	const struct node *at;
	bool has_cookie, has_source;
	struct view name; /* by check_persistence never empty with has_cookie */
	uint64_t max_age_ms, idle_ms;
};

struct model_pool_timeouts {
	const struct node *at;
	uint64_t connect_ms, first_byte_ms, idle_connection_ms;
};

struct model_pool_tls {
	const struct node *at;
	struct view ca, name, client_certificate;
	bool verify;
	/* by check_names and check_backend */
	uint32_t client_index;		 /* IMAGE_NONE: none */
	const struct chain_set *anchors; /* NULL: nothing to verify */
};

enum { MODEL_H2 = 0x40 /* the protocol inside is HTTP/2 */ };

struct model_backend {
	const struct node *at;
	struct view name;
	uint8_t protocol; /* enum image_protocol; with MODEL_H2 until it is checked */
	bool is_h2;	  /* by check_backend: from MODEL_H2 */
	uint8_t balance;  /* enum image_balance */
	uint8_t send_proxy_protocol;
	struct model_list servers; /* struct model_server */
	struct model_networks resolve_to;
	struct model_health health;
	struct model_outlier outlier;
	struct model_hash hash;
	uint64_t hash_load_percent, slow_start_ms;
	struct model_pool_limits limits;
	struct model_retries retries;
	struct model_persistence persistence;
	struct model_hedge hedge;
	struct model_pool_timeouts timeouts;
	struct model_pool_tls tls;
	bool is_used;	  /* by check_names: a route names it */
	bool is_datagram; /* by check_stream: a listener of datagrams leads to it */
};

struct model_match {
	const struct node *at;
	struct view path_prefix, path_exact, path_regex;
	struct model_texts methods;
	struct model_pairs headers, query;
	struct model_networks source;
};

struct model_split {
	const struct node *at;
	struct view name;
	uint64_t weight;
	uint32_t index; /* by check_names */
};

struct model_respond {
	const struct node *at;
	uint64_t status;
	struct view body, content_type;
};

struct model_redirect {
	const struct node *at;
	uint64_t status;
	struct view location; /* as given, or made of the others by check_redirect */
	struct view scheme, host, replace_full_path, replace_prefix;
	uint64_t port; /* 0: not given */
};

struct model_limit {
	const struct node *at;
	uint64_t requests, per_ms, burst;
	uint8_t mode; /* enum image_limit_kind */
	struct view key;
	/* by check_limit */
	struct view key_name;
	uint8_t key_kind; /* enum image_limit_key */
};

struct model_cors {
	const struct node *at;
	struct model_texts allow_origins, allow_methods, allow_headers, expose_headers;
	bool allow_credentials;
	uint64_t max_age_ms;
};

/* One element of "filters": what is named in it is given, all else is empty. */
struct model_filter {
	const struct node *at;
	struct model_pairs set_request_headers, add_request_headers, set_response_headers,
		add_response_headers;
	struct model_texts remove_request_headers, remove_response_headers;
	struct model_networks allow_networks, deny_networks;
	struct view rewrite_path_prefix, rewrite_path, rewrite_host;
	struct model_limit rate_limit, concurrency;
	struct model_cors cors;
	struct model_redirect redirect;
};

struct model_compress {
	const struct node *at;
	bool is_enabled, even_with_credentials;
	struct model_texts types; /* in lower case, by check_delivery; none: the usual ones */
	uint64_t min_size;
	uint8_t algorithms; /* 1 << enum encoding (proto/accept_encoding.h) */
	uint8_t level;	    /* enum image_compress_level */
};

struct model_cache {
	const struct node *at;
	bool is_enabled, even_with_cookies, status_field;
	uint64_t max_object, max_total, collapse_ms;
};

struct model_rule {
	const struct node *at;
	struct view name;
	struct model_match match;
	struct model_list filters; /* struct model_filter */
	struct view backend;
	struct model_list backends; /* struct model_split */
	struct view mirror;
	uint64_t mirror_percent;
	struct model_redirect redirect;
	struct model_respond respond;
	struct model_compress compress;
	struct model_cache cache;
	uint8_t priority; /* enum image_priority + 1; 0: not given */
	/* by check_names and check_route */
	uint32_t backend_index; /* IMAGE_NONE: none */
	uint32_t mirror_index;	/* likewise */
	uint32_t method_bits;	/* 1 << enum http_method */
	struct model_texts other_methods;
	struct view path;  /* canonical, as in struct image_rule */
	uint8_t path_kind; /* enum image_path_kind */
	uint8_t action;	   /* enum image_action; 0: none that can be used */
	bool is_short;	   /* the route's short form, not a rule that was written */
	uint32_t app;	   /* IMAGE_ACTION_APP: its index */
};

struct model_route {
	const struct node *at;
	struct view name;
	struct model_texts listeners, hosts; /* hosts: in lower case, by check_route */
	struct model_list filters;	     /* struct model_filter */
	struct model_list rules; /* struct model_rule; the short form is the last one of them */
	struct view backend;
	struct model_compress compress; /* of rules that have none of their own */
	struct model_cache cache;	/* likewise */
	uint8_t priority;		/* enum image_priority + 1, likewise */
	bool is_gate;			/* the portal's, or an application's: by check_gateway */
};

struct model_metrics {
	const struct node *at;
	struct value_address address;
};

struct model_ship {
	const struct node *at;
	struct value_address syslog_tls, witness; /* one of them */
	struct view ca, name, key, webhook;
	struct view path; /* of webhook, by check_ship_run; empty: it is none */
};

struct model_log {
	const struct node *at;
	bool access;
	uint8_t format;
	uint64_t audit_retention_ms;
	uint64_t sample_percent;
	struct model_list ship; /* struct model_ship */
	uint32_t ship_first;	/* by check_ship_run: the backend of the first of them */
};

struct model_tracing {
	const struct node *at;
	struct view otlp, service_name;
	uint64_t sample_percent;
	/* by check_tracing_run: */
	struct value_address address;
	struct view path;
};

struct model_session {
	const struct node *at;
	uint64_t idle_ms, lifetime_ms, rotate_ms, step_up_ms;
	uint8_t binding;     /* enum image_binding */
	uint8_t on_mismatch; /* enum image_mismatch */
};

struct model_cells {
	const struct node *at;
	uint64_t total, per_address, before_login, spawner_lifetime_ms;
};

struct model_gateway {
	const struct node *at;
	struct view host; /* in lower case, by check_gateway */
	struct view title;
	struct model_session session;
	struct model_cells cells;
	struct view origin; /* by check_gateway: of host on the first listener of cells */
};

struct model_identity {
	const struct node *at;
	struct view name;
	uint8_t type;
};

struct model_argon2 {
	const struct node *at;
	uint64_t memory, passes;
};

struct model_factors {
	const struct node *at;
	struct model_sets require; /* bits of enum gate_factor */
	struct model_argon2 argon2;
};

struct model_zone {
	const struct node *at;
	struct view name;
	struct model_networks networks;
	bool is_office, is_partner; /* by check_incident */
};

struct model_time {
	const struct node *at;
	struct model_texts days;
	struct view from, to;
};

/* One of its members is given. */
struct model_condition {
	const struct node *at;
	struct model_list all, any, none; /* struct model_condition */
	struct view group, user, zone;
	uint8_t factor; /* enum gate_factor */
	bool client_certificate, everyone;
	struct model_time time;
};

/* A node of a tree in preorder, by check_condition: what struct image_condition has. */
struct model_node {
	const struct node *at;
	struct view text;
	uint32_t n, index;
	uint16_t from, to;
	uint8_t days, kind, depth;
};

struct model_tree {
	struct model_node *p;
	uint32_t n; /* 0: there is none */
};

struct model_access {
	const struct node *at;
	struct model_condition allow, deny;
	struct model_tree allow_tree, deny_tree; /* by check_condition */
};

struct model_app_identity {
	const struct node *at;
	struct view header, audience;
	bool jwt;
};

struct model_safe_call {
	const struct node *at;
	uint8_t method;		 /* enum http_method; METHOD_OTHER: none that can be (told) */
	struct view path_prefix; /* by check_incident as in struct image_safe_call */
};

struct model_read_only {
	const struct node *at;
	uint8_t methods;	/* 1 << enum http_method */
	struct model_list also; /* struct model_safe_call */
	bool websocket;
};

struct model_app {
	const struct node *at;
	struct view name;
	struct model_title title;
	struct view host; /* in lower case, by check_app */
	struct view backend;
	struct model_access access;
	struct model_app_identity identity;
	struct model_read_only read_only;
	struct model_texts needs; /* each once, with an index, by check_incident */
	struct view owner;
	bool is_on_status_page;
	/* by check_app */
	struct view origin;
	uint32_t backend_index; /* IMAGE_NONE: none */
	uint64_t id;
};

struct model_approvers {
	const struct node *at;
	struct view group;
	uint64_t to_open, to_close;
};

struct model_waiting_room {
	const struct node *at;
	uint64_t per_minute, at_a_time;
	struct model_texts urgent;
};

struct model_isolation {
	const struct node *at;
	struct model_approvers approvers;
	struct model_waiting_room waiting_room;
	uint8_t fallback_on;		     /* 1 << enum image_alarm_class */
	struct model_texts office, partners; /* zones; p is NULL: not given */
	struct view pilot, news;
	uint64_t soak_ms;
};

struct model_status_page {
	const struct node *at;
	struct value_address address;
	struct model_title title, contact;
};

struct model {
	const struct node *at;
	uint64_t edges;
	struct model_list listeners, certificates, backends, routes;
	struct model_gateway gateway;
	struct model_list identity; /* struct model_identity */
	struct model_factors factors;
	struct model_list zones, apps;
	struct model_isolation isolation;
	struct model_status_page status_page;
	struct model_metrics metrics;
	struct model_log log;
	struct model_tracing tracing;
	struct model_networks trust_forwarded_from;
};

/* MODEL_AT - element i of a list of T */
#define MODEL_AT(T, list, i) (&((T *)(list).p)[i])

#endif
