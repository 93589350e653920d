/*
 * The compiled configuration (promise P10): one sealed, position-independent, read-only image.
 *
 * Made by the config role, mapped by every other role, checked once when mapped: afterwards every
 * offset, index and string in it may be used without a further look. Sections are arrays of the
 * structs below; a reference is an index (or first and count) into another section, a string is
 * offset and length in IMAGE_BYTES. No pointer, no padding that matters, no text to parse.
 */
#ifndef CONF_IMAGE_H
#define CONF_IMAGE_H

#include "base/ip.h"

#define IMAGE_MAGIC   0x73697573u /* "suis" */
#define IMAGE_VERSION 20u
#define IMAGE_NONE    UINT32_MAX /* no such index */

enum {
	IMAGE_SERVER_SLOTS = 16384,
	IMAGE_LISTENER_SLOTS = 256,
	IMAGE_RULE_SLOTS = 32768,
	IMAGE_POOL_SLOTS = 8192
};

/* Bounds that image_check holds an image to, and the option tables hold people to. */
enum {
	IMAGE_EDGES_MAX = 64,
	IMAGE_SHIPS_MAX = 4, /* receivers of the log */
	IMAGE_HEADER_SIZE_MIN = 1024,
	IMAGE_HEADER_SIZE_MAX = 65535, /* positions in a head are 16 bits */
	IMAGE_HEADERS_MIN = 8,
	IMAGE_HEADERS_MAX = 1000,
	IMAGE_STREAMS_MAX = 1000,
	IMAGE_HASH_LOAD_MAX = 10000, /* percent */
	IMAGE_DATAGRAM_MIN = 64,
	IMAGE_DATAGRAM_MAX = 65507, /* content of the longest over IPv4: RFC 768, RFC 791 §3.1 */
	IMAGE_WAITING_MAX = 64,
	IMAGE_APPROVALS_MAX = 8,
	IMAGE_URGENT_MAX = 16,
	IMAGE_ROOM_MAX = 1000000,
	IMAGE_SAFE_CALLS_MAX = 64, /* of one application */
	IMAGE_NEWS_MAX = 255,
	IMAGE_SOAK_MAX_S = 7 * 24 * 3600,
	IMAGE_BYTES_MAX = 1 << 30
};

enum image_section {
	IMAGE_BYTES, /* strings, DER, PEM: uint8_t */
	IMAGE_LISTENER,
	IMAGE_SNI,	   /* per listener: names to certificates, hash table */
	IMAGE_CERTIFICATE, /* public half; the key is named, never held */
	IMAGE_DER,	   /* chains and trust anchors: struct image_str each */
	IMAGE_HOST,	   /* per listener: hosts to rules, hash table */
	IMAGE_RULE_INDEX,  /* uint32_t: indices of rules in order of evaluation */
	IMAGE_ROUTE,
	IMAGE_RULE,
	IMAGE_FIELD_MATCH, /* headers and query parameters a rule asks for */
	IMAGE_METHOD,	   /* struct image_str: methods without a bit of their own */
	IMAGE_NETWORK,	   /* struct ip_net */
	IMAGE_SPLIT,	   /* weighted backends of a rule */
	IMAGE_POOL,
	IMAGE_SERVER,
	IMAGE_STATUS_RANGE,
	IMAGE_FILTER,	  /* what a rule does to requests and answers */
	IMAGE_ACCESS,	  /* its conditions on the client's address */
	IMAGE_DROP,	  /* struct image_str: names of fields that are taken out */
	IMAGE_SEGMENT,	  /* pieces of text that the edge writes one behind the other */
	IMAGE_MEDIA_TYPE, /* struct image_str: "text/html", "text/" for all of text */
	IMAGE_COMPRESS,
	IMAGE_LIMIT, /* how often and how many at once */
	IMAGE_CORS,
	IMAGE_ORIGIN,	 /* struct image_str: scheme, host and port; "*." in front of a host, "*" */
	IMAGE_CACHE,	 /* per rule that keeps answers */
	IMAGE_PATHS,	 /* per long list of rules: where its paths are found */
	IMAGE_PATH,	 /* per element of IMAGE_PATHS: paths to rules, hash table */
	IMAGE_APP,	 /* applications behind the portal */
	IMAGE_TITLE,	 /* their names for people, per language */
	IMAGE_CONDITION, /* what their access rules ask for: trees in preorder */
	IMAGE_ZONE,	 /* networks by name */
	IMAGE_FACTORS,	 /* uint32_t each: bits of enum gate_factor, one sufficient combination */
	IMAGE_SAFE_CALL, /* requests of an application that change nothing, whatever their method */
	IMAGE_NEED,	 /* applications that have to be back before another one */
	IMAGE_SECTIONS
};

struct image_str {
	uint32_t at, n; /* in IMAGE_BYTES */
};

struct image_range {
	uint32_t first, n; /* in the section that the field's comment names */
};

struct image_section_at {
	uint32_t at, n; /* bytes from the start of the image (a multiple of 8), elements */
};

enum image_address_kind { IMAGE_ADDRESS_IP = 1, IMAGE_ADDRESS_NAME, IMAGE_ADDRESS_UNIX };

struct image_address {
	struct ip ip;	       /* IMAGE_ADDRESS_IP */
	struct image_str name; /* IMAGE_ADDRESS_NAME: DNS name; IMAGE_ADDRESS_UNIX: absolute path */
	uint16_t port;
	uint8_t kind;
	uint8_t pad;
};

enum image_binding { IMAGE_BINDING_OFF = 1, IMAGE_BINDING_NETWORK, IMAGE_BINDING_STRICT };
enum image_mismatch { IMAGE_MISMATCH_STEP_UP = 1, IMAGE_MISMATCH_END };

/* The log-in portal; host empty: there is none. */
struct image_gateway {
	struct image_str host;	    /* lower case */
	struct image_str origin;    /* "https://host[:port]" of its listener */
	struct image_str title;	    /* of the organisation, for the portal's pages */
	struct image_range factors; /* IMAGE_FACTORS: any one of them is enough to log in */
	uint32_t idle_s, lifetime_s, rotate_s;
	uint32_t step_up_s; /* how old a factor may be that a step-up or a change of factors asks
			       for */
	uint32_t argon2_kib, argon2_passes;		       /* 0: as the machine allows */
	uint32_t cells, cells_per_address, cells_before_login; /* limits: of processes */
	uint32_t spawner_s;  /* a spawner is replaced after so long */
	uint8_t binding;     /* enum image_binding */
	uint8_t on_mismatch; /* enum image_mismatch */
	uint8_t pad[6];
};

/* What may raise an alarm; where a name for people is needed it is that of isolation.fallback_on.
 */
enum image_alarm_class {
	IMAGE_ALARM_CANARY,
	IMAGE_ALARM_SANDBOX,
	IMAGE_ALARM_AUDIT_GAP,
	IMAGE_ALARM_CRASH,
	IMAGE_ALARM_EGRESS,
	IMAGE_ALARM_SESSION_MOVE,
	IMAGE_ALARM_FAILURES,
	IMAGE_ALARM_CLASSES
};

/* Isolation in an incident, and the way back. It is always there: what nobody wrote has its
 * defaults, also without a portal. */
struct image_isolation {
	struct image_str approvers; /* group whose members approve; empty: nobody was named */
	struct image_str pilot;	    /* group that level pilot lets in */
	struct image_str news;	    /* http or https URL, visible ASCII; empty: none */
	struct image_str urgent;    /* groups that go first in the waiting room, a line each */
	uint32_t room_per_minute;   /* people that a returning application lets in; 0: no limit */
	uint32_t room_at_a_time;    /* ... has inside; 0: no limit */
	uint32_t to_open, to_close; /* approvals that are asked for: 1..IMAGE_APPROVALS_MAX */
	uint32_t fallback_on;	    /* 1 << enum image_alarm_class */
	uint32_t soak_s;       /* how long a step of a return holds before the next; 0: no wait */
	uint8_t has_approvers; /* approvers is not empty */
	uint8_t pad[7];
};

/* The page that says what is closed; address.kind 0: there is none. */
struct image_status_page {
	struct image_address address;
	struct image_range titles, contacts; /* IMAGE_TITLE; may be empty */
};

struct image_header {
	uint32_t magic, version;
	uint64_t bytes;	     /* of the whole image */
	uint32_t generation; /* counts up with each applied configuration of one running instance */
	uint32_t edges;	     /* 0 = one per core */
	uint64_t digest;     /* hash_fnv1a of everything behind the header: tells equal images */
	struct image_section_at section[IMAGE_SECTIONS];
	struct image_address metrics;		 /* kind 0: off */
	struct image_range trust_forwarded_from; /* IMAGE_NETWORK */
	uint32_t audit_retention_s;
	uint8_t log_access;
	uint8_t log_percent;	 /* of requests that went well: so many have a record */
	uint8_t tracing_percent; /* of requests that begin a trace: so many are traced */
	uint8_t pad;
	struct image_address tracing; /* the collector; kind 0: off */
	struct image_str tracing_path, tracing_service;
	struct image_range ships; /* IMAGE_POOL: receivers of the log, each of one server */
	struct image_str ship_key[IMAGE_SHIPS_MAX];  /* of a witness; else empty */
	struct image_str ship_path[IMAGE_SHIPS_MAX]; /* of a webhook; else empty */
	struct image_gateway gateway;
	struct image_isolation isolation;
	struct image_status_page status_page;
};

/* Of listeners; pools have the first two. */
enum image_protocol { IMAGE_HTTP = 1, IMAGE_HTTPS, IMAGE_TLS_PASSTHROUGH, IMAGE_TCP, IMAGE_UDP };

/* image_is_http - what comes in are requests: parsed, routed one by one */
static inline bool image_is_http(uint8_t protocol)
{
	return protocol == IMAGE_HTTP || protocol == IMAGE_HTTPS;
}

/* Whether clients of a listener are asked for a certificate. */
enum image_client_mode { IMAGE_CLIENT_OFF, IMAGE_CLIENT_OPTIONAL, IMAGE_CLIENT_REQUIRED };

enum image_listener_flag {
	IMAGE_DEFAULT_CERTIFICATE = 1,
	IMAGE_REDIRECT_TO_HTTPS = 2,
	IMAGE_HTTP2 = 4,  /* over TLS by ALPN, without TLS by its preface (RFC 9113 §3) */
	IMAGE_CELL = 8,	  /* isolation: cell: a process per connection, by the spawner */
	IMAGE_INSIDE = 16 /* levels of isolation over all don't apply to it */
};

/* What a listener of datagrams takes and gives: connections and connections_per_address count its
 * sessions. */
struct image_datagrams {
	uint32_t size;	      /* of the largest, bytes: at most IMAGE_DATAGRAM_MAX */
	uint32_t waiting;     /* of a session, while its way to a server is made */
	uint32_t replies;     /* answers that each has; 0 = not known */
	uint32_t reply_ratio; /* bytes to a client per byte from it; 0 = no limit */
	uint32_t idle_ms;     /* a session without any in either direction ends */
	uint32_t pad;
};

struct image_listener {
	struct image_str name;
	struct image_address address;
	uint16_t slot; /* stable over reloads while name and address stay: < IMAGE_LISTENER_SLOTS */
	uint8_t protocol;	      /* enum image_protocol */
	uint8_t flags;		      /* bits of enum image_listener_flag */
	uint32_t default_certificate; /* index, or IMAGE_NONE: the first certificate of an https
					 listener */
	struct image_range sni;	      /* IMAGE_SNI: 0 or a power of two, open addressing */
	struct image_range hosts;     /* IMAGE_HOST: 0 or a power of two, open addressing */
	/* limits; 0 = none */
	uint32_t connections, connections_per_address, header_size, headers,
		requests_per_connection;
	uint32_t wildcard_labels; /* labels in the longest wildcard of hosts ("*.example.nl": 2); 0:
				     it has none */
	uint64_t body_size;
	/* timeouts, milliseconds */
	uint32_t handshake_ms, request_header_ms, request_body_idle_ms, keep_alive_ms,
		response_idle_ms;
	uint32_t streams_per_connection; /* HTTP/2: requests under way at once */
	uint32_t requests_per_address;	 /* HTTP/2: ... that are worked on, of all connections */
	struct image_range accept_proxy; /* IMAGE_NETWORK: who sends a PROXY header first */
	uint32_t tunnel_idle_ms, tunnel_lifetime_ms; /* lifetime 0 = no end */
	uint32_t request_body_rate;		     /* bytes a second at least; 0 = any */
	struct image_datagrams datagrams;	     /* IMAGE_UDP */
	struct image_range client_ca; /* IMAGE_DER: issuers of clients' certificates */
	struct image_range titles;    /* IMAGE_TITLE: for the status page; empty: not shown */
	uint8_t client_mode;	      /* enum image_client_mode */
	uint8_t pad[7];
};

/*
 * A slot of a listener's name table: position hash_fnv1a(name) & (n - 1), then the next ones; an
 * empty name ends the search. "*.example.nl" is stored as ".example.nl" and matches exactly one
 * more label in SNI (RFC 9525 §6.3), one or more in hosts. "*" (hosts only) is stored as "*".
 */
struct image_sni {
	uint64_t hash;
	struct image_str name; /* lower case */
	uint32_t certificate;
	uint32_t pad;
};

struct image_host {
	uint64_t hash;
	struct image_str name; /* lower case */
	struct image_range
		rules; /* IMAGE_RULE_INDEX: file order, each route's short form after its rules */
	struct image_range paths; /* IMAGE_PATHS: one, or none: the rules are few */
};

/*
 * Which of a host's rules a path may lead to, without a look at the others. Every rule of the list
 * is in it once; each range ascends, so that the lowest index of those that a path finds is the
 * first of them in file order.
 */
struct image_paths {
	struct image_range table;  /* IMAGE_PATH: a power of two, open addressing */
	struct image_range others; /* IMAGE_RULE_INDEX: rules for any path, "/", regexes */
	uint32_t longest;	   /* bytes of the longest path in the table */
	uint32_t pad;
};

struct image_path {
	uint64_t hash;
	struct image_str name;		  /* of the rules; empty: the slot is free */
	struct image_range exact, prefix; /* IMAGE_RULE_INDEX: the rules with that path */
};

enum image_key_type { IMAGE_KEY_RSA = 1, IMAGE_KEY_P256, IMAGE_KEY_P384, IMAGE_KEY_ED25519 };

struct image_certificate {
	struct image_str name;
	struct image_str key_path; /* absolute; opened by the signer alone */
	struct image_str spki;	   /* DER SubjectPublicKeyInfo of the leaf */
	struct image_range chain;  /* IMAGE_DER: leaf first */
	int64_t not_before_s, not_after_s;
	uint8_t fingerprint[32]; /* SHA-256 of the leaf's DER */
	uint16_t key_bits;
	uint8_t key_type;  /* enum image_key_type */
	uint8_t is_client; /* named by some backend's tls.client_certificate: may sign as a TLS
			      client */
	uint8_t is_server; /* named by some listener */
	uint8_t pad[3];
};

struct image_route {
	struct image_str name;
	struct image_range rules; /* IMAGE_RULE, in file order */
};

enum image_path_kind { IMAGE_PATH_ANY, IMAGE_PATH_EXACT, IMAGE_PATH_PREFIX, IMAGE_PATH_REGEX };
enum image_action {
	IMAGE_ACTION_BACKEND = 1,
	IMAGE_ACTION_REDIRECT,
	IMAGE_ACTION_RESPOND,
	IMAGE_ACTION_PORTAL, /* answered by the cell: the log-in portal itself */
	IMAGE_ACTION_APP     /* to a backend, for those whom rule.app's access rules allow */
};
enum image_priority { IMAGE_PRIORITY_HIGH, IMAGE_PRIORITY_NORMAL, IMAGE_PRIORITY_LOW };
enum image_field_kind { IMAGE_FIELD_HEADER = 1, IMAGE_FIELD_QUERY };

struct image_rule {
	uint32_t route;
	struct image_str name; /* "route/rule", for logs and explain */
	struct image_str path; /* canonical; prefix without its final '/' unless it is "/": matches
				  on segment borders */
	struct image_range methods;  /* IMAGE_METHOD: others than those in method_bits */
	struct image_range fields;   /* IMAGE_FIELD_MATCH: all must match */
	struct image_range sources;  /* IMAGE_NETWORK: empty = any */
	struct image_range backends; /* IMAGE_SPLIT */
	uint32_t weight_total;
	uint32_t method_bits; /* 1 << enum http_method; 0 together with methods.n == 0: any */
	uint8_t path_kind;    /* enum image_path_kind */
	uint8_t action;	      /* enum image_action */
	uint16_t status;      /* redirect, respond */
	uint8_t priority;     /* enum image_priority: in the queue of a pool */
	uint8_t pad[3];
	struct image_str location;     /* redirect: absolute URI or absolute path, as written */
	struct image_range to;	       /* IMAGE_SEGMENT: the same, as the edge writes it */
	struct image_str body;	       /* respond */
	struct image_str content_type; /* respond */
	uint32_t slot; /* stable over reloads while the name stays: < IMAGE_RULE_SLOTS */
	uint32_t slot_gen;
	struct image_range filter; /* IMAGE_FILTER: one, or none */
	uint32_t compress;	   /* IMAGE_COMPRESS, or IMAGE_NONE: answers go as they are */
	uint32_t mirror;	   /* IMAGE_POOL: gets copies, when mirror_percent is not 0 */
	uint32_t mirror_percent;
	uint32_t cache; /* IMAGE_CACHE, or IMAGE_NONE */
	uint32_t app;	/* IMAGE_APP, or IMAGE_NONE */
};

/* The route's filters and the rule's own, put together: what they come to for this rule. */
enum image_filter_flag {
	IMAGE_FILTER_HSTS = 1, /* they decide about Strict-Transport-Security */
	IMAGE_FILTER_AGENT = 2 /* they take out User-Agent */
};

struct image_filter {
	struct image_range access;			/* IMAGE_ACCESS: all must hold */
	struct image_range request_drops, answer_drops; /* IMAGE_DROP: lower case, '_' as '-' */
	struct image_range request_lines, answer_lines; /* IMAGE_SEGMENT: whole field lines */
	struct image_range page_lines; /* IMAGE_SEGMENT: answer_lines without what our own error
					  pages say themselves */
	struct image_range
		path;	       /* IMAGE_SEGMENT: the path that servers are sent; empty: as it is */
	struct image_str host; /* the Host that servers are sent; empty: as it is */
	struct image_range cors;      /* IMAGE_CORS: one, or none */
	struct image_range limits[2]; /* IMAGE_LIMIT: the route's, which its rules share; the
					 rule's */
	uint32_t flags;		      /* bits of enum image_filter_flag */
};

enum image_cors_flag { IMAGE_CORS_CREDENTIALS = 1, IMAGE_CORS_ANY_ORIGIN = 2 };

struct image_cors {
	struct image_range origins;		   /* IMAGE_ORIGIN */
	struct image_str methods, headers, expose; /* as the answer lists them; empty: not said */
	uint32_t max_age_s;
	uint32_t flags; /* bits of enum image_cors_flag */
};

struct image_access {
	struct image_range networks; /* IMAGE_NETWORK */
	uint32_t is_allow;	     /* 1: the address lies in one of them; 0: in none */
};

enum image_limit_kind { IMAGE_LIMIT_RATE = 1, IMAGE_LIMIT_RATE_EXACT, IMAGE_LIMIT_CONCURRENCY };

enum image_limit_key {
	IMAGE_BY_SOURCE_ADDRESS = 1,
	IMAGE_BY_HEADER,
	IMAGE_BY_COOKIE,
	IMAGE_BY_PATH,
	IMAGE_BY_HOST,
	IMAGE_BY_ROUTE,
	IMAGE_BY_N
};

struct image_limit {
	uint64_t id;			  /* the same over reloads while nothing about it changes */
	struct image_str key;		  /* IMAGE_BY_HEADER, _COOKIE: its name */
	uint32_t requests, per_ms, burst; /* concurrency: requests alone */
	uint8_t kind;			  /* enum image_limit_kind */
	uint8_t key_kind;		  /* enum image_limit_key */
	uint8_t pad[2];
};

/* Bounds that keep the arithmetic of limits far from overflow. */
enum { IMAGE_LIMIT_REQUESTS_MAX = 1000000, IMAGE_LIMIT_PER_MAX_MS = 86400000 };

enum image_segment_kind {
	IMAGE_SEGMENT_TEXT = 1,
	IMAGE_SEGMENT_SOURCE_ADDRESS,
	IMAGE_SEGMENT_HOST,
	IMAGE_SEGMENT_PATH, /* canonical, as the client asked for it */
	IMAGE_SEGMENT_QUERY,
	IMAGE_SEGMENT_REQUEST_ID,
	IMAGE_SEGMENT_SCHEME,
	IMAGE_SEGMENT_SEARCH,	      /* '?' and the query; nothing when there is none */
	IMAGE_SEGMENT_PATH_REST,      /* what comes behind the rule's prefix; may be empty */
	IMAGE_SEGMENT_PATH_REST_ROOT, /* the same, or "/" when it is empty */
	IMAGE_SEGMENT_KINDS
};

struct image_segment {
	struct image_str text; /* IMAGE_SEGMENT_TEXT */
	uint32_t kind;	       /* enum image_segment_kind */
};

enum image_compress_level {
	IMAGE_COMPRESS_FAST = 1,
	IMAGE_COMPRESS_BALANCED,
	IMAGE_COMPRESS_SMALL
};

struct image_compress {
	struct image_range types; /* IMAGE_MEDIA_TYPE: lower case */
	uint32_t min_bytes;
	uint8_t algorithms; /* 1 << enum encoding (proto/accept_encoding.h) */
	uint8_t level;	    /* enum image_compress_level */
	uint8_t even_with_credentials;
	uint8_t pad;
};

enum { IMAGE_CACHE_TOTAL_MAX = 1 << 30, IMAGE_CACHE_OBJECT_MAX = 1 << 20 };

struct image_cache {
	uint64_t scope; /* of rule and backends: answers of another scope are not its own */
	uint32_t max_object_bytes, max_total_bytes, collapse_ms;
	uint8_t even_with_cookies, status_field;
	uint8_t pad[2];
};

/*
 * An application. Its host's only rule has action IMAGE_ACTION_APP. Access: allowed when the tree
 * `allow` is true and the tree `deny` is not; without allow nobody is (src/access).
 */
struct image_app {
	struct image_str name;
	struct image_str host;		/* lower case */
	struct image_str origin;	/* "https://host[:port]" */
	struct image_str audience;	/* aud of its assertions: the name, when it says no other */
	struct image_str header;	/* field that carries the user's name; empty: none */
	struct image_range titles;	/* IMAGE_TITLE; empty: its name */
	struct image_range allow, deny; /* IMAGE_CONDITION: one tree each, or none */
	uint64_t id;			/* stands for the name, the same over reloads; never 0 */
	/* level read_only: what changes nothing */
	uint64_t read_only_methods;	   /* 1 << enum http_method; never OTHER, TRACE, CONNECT */
	struct image_range read_only_also; /* IMAGE_SAFE_CALL: beside these methods */
	struct image_range needs;	   /* IMAGE_NEED: come back before it; without a circle */
	struct image_str owner;		   /* group that approves its return; empty: none */
	uint32_t pool;			   /* IMAGE_POOL */
	uint8_t wants_jwt;
	uint8_t read_only_websocket; /* its WebSockets change nothing */
	uint8_t is_on_status_page;
	uint8_t pad[1];
};

/*
 * A request that changes nothing although its method may. The prefix is kept as a rule's is:
 * canonical, beginning with '/', without its final '/' unless it is "/" alone. So one compare
 * matches segments: a canonical path p is taken when the prefix is "/", or when p begins with the
 * prefix and either ends there or has '/' behind it ("/search": /search, /search/x, not /searches).
 */
struct image_safe_call {
	struct image_str path_prefix;
	uint16_t method; /* enum http_method; never OTHER, TRACE, CONNECT */
	uint8_t pad[2];
};

struct image_need {
	uint32_t app; /* IMAGE_APP */
};

struct image_title {
	struct image_str language; /* "nl", "en"; empty: any */
	struct image_str text;	   /* UTF-8 */
};

enum image_condition_kind {
	IMAGE_IF_ALL = 1, /* of the conditions in it */
	IMAGE_IF_ANY,
	IMAGE_IF_NONE,
	IMAGE_IF_GROUP,	      /* text */
	IMAGE_IF_USER,	      /* text */
	IMAGE_IF_ZONE,	      /* index of IMAGE_ZONE */
	IMAGE_IF_FACTOR,      /* index: one of enum gate_factor */
	IMAGE_IF_CERTIFICATE, /* the client has shown one */
	IMAGE_IF_TIME,	      /* days: bits, Monday 1; from, to: minutes of the day, in the zone of
				 the machine; to < from: over midnight */
	IMAGE_IF_EVERYONE,    /* who has logged in */
	IMAGE_IF_KINDS
};

/* A node of a tree in preorder: `n` nodes of its own follow it, its whole subtree. */
struct image_condition {
	struct image_str text;
	uint32_t n;
	uint32_t index;
	uint16_t from, to;
	uint8_t days;
	uint8_t kind; /* enum image_condition_kind */
	uint8_t pad[2];
};

enum {
	IMAGE_CONDITION_DEPTH = 8,
	IMAGE_CONDITIONS_MAX = 256, /* of one tree */
	IMAGE_DAY_MINUTES = 24 * 60,
	IMAGE_APPS_MAX = 1000,
	IMAGE_FACTORS_MAX = 16, /* combinations */
	IMAGE_CELLS_MAX = 8192	/* CELL_SLOTS */
};

struct image_zone {
	struct image_str name;
	struct image_range networks; /* IMAGE_NETWORK */
	uint8_t is_office;	     /* level office_only lets it in */
	uint8_t is_partner;	     /* level partners_only does */
	uint8_t pad[6];
};

struct image_field_match {
	struct image_str name, value; /* header names in lower case; values exact */
	uint32_t kind;		      /* enum image_field_kind */
};

struct image_split {
	uint32_t pool;
	uint32_t upto; /* sum of the weights up to and including this one: draw r in [0,
			  weight_total), first upto > r */
};

enum image_balance {
	IMAGE_LEAST_REQUESTS = 1,
	IMAGE_ROUND_ROBIN,
	IMAGE_RANDOM,
	IMAGE_PEAK_EWMA,
	IMAGE_MAGLEV,
	IMAGE_RING_HASH,
	IMAGE_FIRST,
	IMAGE_SOURCE_ADDRESS
};
enum image_hash {
	IMAGE_HASH_NONE,
	IMAGE_HASH_HEADER,
	IMAGE_HASH_COOKIE,
	IMAGE_HASH_PATH,
	IMAGE_HASH_QUERY,
	IMAGE_HASH_SOURCE
};
enum image_health_kind {
	IMAGE_HEALTH_NONE,
	IMAGE_HEALTH_TCP,
	IMAGE_HEALTH_HTTP,
	IMAGE_HEALTH_GRPC /* health_path is the service */
};
enum image_retry {
	IMAGE_RETRY_CONNECT_FAILURE = 1,
	IMAGE_RETRY_RESET = 2,
	IMAGE_RETRY_500 = 4,
	IMAGE_RETRY_502 = 8,
	IMAGE_RETRY_503 = 16,
	IMAGE_RETRY_504 = 32,
	IMAGE_RETRY_425 = 64,
	IMAGE_RETRY_429 = 128,
	IMAGE_RETRY_STATUSES = 0xff & ~(IMAGE_RETRY_CONNECT_FAILURE | IMAGE_RETRY_RESET)
};
enum image_persistence { IMAGE_PERSIST_NOT, IMAGE_PERSIST_COOKIE, IMAGE_PERSIST_SOURCE };

struct image_pool {
	struct image_str name;
	struct image_range servers;	   /* IMAGE_SERVER, in file order */
	struct image_range outlier_status; /* IMAGE_STATUS_RANGE: answers that are failures */
	struct image_range status;	   /* IMAGE_STATUS_RANGE: expect_status */
	struct image_range tls_ca; /* IMAGE_DER: trust anchors; empty: the system's, put in by the
				      config role */
	struct image_range
		resolve_to; /* IMAGE_NETWORK: networks that names may resolve to; empty = any */
	struct image_str
		tls_name; /* name to verify and send as SNI; empty: the server's own name */
	struct image_str hash_name; /* of the field (lower case), cookie or parameter */
	struct image_str health_path, health_method, health_host, health_body;
	uint32_t tls_client_certificate; /* index, or IMAGE_NONE */
	uint32_t health_interval_ms, health_timeout_ms, health_fall, health_rise;
	uint32_t outlier_errors, outlier_eject_ms, outlier_max_percent; /* errors 0 = off */
	uint32_t requests; /* of all servers together; 0 = no limit */
	uint32_t connections_per_server, requests_per_server, queue,
		queue_timeout_ms; /* 0 = no limit */
	uint32_t retry_attempts, retry_budget_percent;
	uint32_t retry_try_ms, retry_deadline_ms, retry_backoff_ms; /* 0 = none */
	uint32_t persist_s; /* how long a cookie counts, or an idle source is remembered */
	uint32_t hedge_ms, hedge_percent; /* hedge_percent 0: off; hedge_ms 0: hedge_quantile */
	uint64_t persist_id;		  /* stands for the pool's name in cookies */
	struct image_str persist_cookie;  /* IMAGE_PERSIST_COOKIE: its name, a token */
	uint32_t connect_ms, first_byte_ms, idle_connection_ms;
	uint8_t protocol;    /* enum image_protocol */
	uint8_t balance;     /* enum image_balance */
	uint8_t health_kind; /* enum image_health_kind */
	uint8_t retry_on;    /* bits of enum image_retry */
	uint8_t tls_verify;
	uint8_t persist; /* enum image_persistence */
	uint8_t is_h2;	 /* its servers speak HTTP/2: over TLS by ALPN, else with prior knowledge */
	uint8_t hedge_quantile; /* of a hundred */
	uint8_t hash_kind;	/* enum image_hash; NONE: the algorithm needs no key */
	uint8_t send_proxy;	/* version of the PROXY header that servers are sent; 0 = none */
	uint16_t hash_load_percent; /* 0 = unbounded */
	uint32_t slow_start_ms;	    /* 0 = none */
	uint32_t slot; /* stable over reloads while the name stays: < IMAGE_POOL_SLOTS */
	uint32_t slot_gen;
	uint8_t is_datagram; /* a listener of datagrams leads to it: its servers are sent some */
	uint8_t pad[7];
};

enum image_server_state { IMAGE_SERVER_ENABLED = 1, IMAGE_SERVER_DRAIN, IMAGE_SERVER_DISABLED };

struct image_server {
	struct image_str name; /* as configured, else the address as written */
	struct image_address address;
	uint32_t pool;
	uint32_t slot;	   /* stable over reloads while pool, name and address stay: <
			      IMAGE_SERVER_SLOTS */
	uint32_t slot_gen; /* image generation that gave it the slot: {slot, slot_gen} is the
			      server's id in shared pages */
	uint64_t
		persist_id; /* stands for pool and name, whatever the slot, in cookies and tables */
	uint16_t weight;    /* 1..256 */
	uint8_t state;	    /* enum image_server_state */
	uint8_t is_backup;
};

struct image_status_range {
	uint16_t from, to; /* inclusive */
};

/* A mapped and checked image. */
struct image {
	const struct image_header *header; /* borrowed: the mapping, which its owner unmaps */
};

/*
 * image_check - may these bytes be used as an image?
 *   bytes   8-byte aligned; kept by ret as long as it is used
 *   ret_why on E_PROTO: what is wrong, a fixed text
 * Checks magic, version, sizes, every reference, every enum, table sizes and hash placement.
 * O(size).
 */
enum err image_check(struct view bytes, struct image *ret, const char **ret_why);

/*
 * image_adopt - bytes that image_check has accepted before, and that are sealed since: an edge that
 * serves takes the keeper's word for the next image, whose check would stop it for milliseconds.
 * E_PROTO: they can't be. O(1)
 */
enum err image_adopt(struct view bytes, struct image *ret, const char **ret_why);

/* image_section_size - bytes of one element of a section */
size_t image_section_size(enum image_section s);

/* image_count - elements of a section */
static inline uint32_t image_count(const struct image *im, enum image_section s)
{
	return im->header->section[s].n;
}

/* image_at - address of element i of section s with elements of size bytes; i < image_count */
static inline const void *image_at(const struct image *im, enum image_section s, size_t i,
				   size_t size)
{
	return (const uint8_t *)im->header + im->header->section[s].at + i * size;
}

static inline struct view image_view(const struct image *im, struct image_str s)
{
	return view_of(image_at(im, IMAGE_BYTES, s.at, 1), s.n);
}

#define IMAGE_GETTER(fn, T, section)                                                               \
	static inline const T *fn(const struct image *im, size_t i)                                \
	{                                                                                          \
		return (const T *)image_at(im, section, i, sizeof(T));                             \
	}
IMAGE_GETTER(image_listener_at, struct image_listener, IMAGE_LISTENER)
IMAGE_GETTER(image_sni_at, struct image_sni, IMAGE_SNI)
IMAGE_GETTER(image_certificate_at, struct image_certificate, IMAGE_CERTIFICATE)
IMAGE_GETTER(image_der_at, struct image_str, IMAGE_DER)
IMAGE_GETTER(image_host_at, struct image_host, IMAGE_HOST)
IMAGE_GETTER(image_rule_index_at, uint32_t, IMAGE_RULE_INDEX)
IMAGE_GETTER(image_paths_at, struct image_paths, IMAGE_PATHS)
IMAGE_GETTER(image_path_at, struct image_path, IMAGE_PATH)
IMAGE_GETTER(image_route_at, struct image_route, IMAGE_ROUTE)
IMAGE_GETTER(image_rule_at, struct image_rule, IMAGE_RULE)
IMAGE_GETTER(image_field_match_at, struct image_field_match, IMAGE_FIELD_MATCH)
IMAGE_GETTER(image_method_at, struct image_str, IMAGE_METHOD)
IMAGE_GETTER(image_network_at, struct ip_net, IMAGE_NETWORK)
IMAGE_GETTER(image_split_at, struct image_split, IMAGE_SPLIT)
IMAGE_GETTER(image_pool_at, struct image_pool, IMAGE_POOL)
IMAGE_GETTER(image_server_at, struct image_server, IMAGE_SERVER)
IMAGE_GETTER(image_media_type_at, struct image_str, IMAGE_MEDIA_TYPE)
IMAGE_GETTER(image_cache_at, struct image_cache, IMAGE_CACHE)
IMAGE_GETTER(image_compress_at, struct image_compress, IMAGE_COMPRESS)
IMAGE_GETTER(image_status_range_at, struct image_status_range, IMAGE_STATUS_RANGE)
IMAGE_GETTER(image_filter_at, struct image_filter, IMAGE_FILTER)
IMAGE_GETTER(image_access_at, struct image_access, IMAGE_ACCESS)
IMAGE_GETTER(image_drop_at, struct image_str, IMAGE_DROP)
IMAGE_GETTER(image_cors_at, struct image_cors, IMAGE_CORS)
IMAGE_GETTER(image_origin_at, struct image_str, IMAGE_ORIGIN)
IMAGE_GETTER(image_limit_at, struct image_limit, IMAGE_LIMIT)
IMAGE_GETTER(image_segment_at, struct image_segment, IMAGE_SEGMENT)
IMAGE_GETTER(image_app_at, struct image_app, IMAGE_APP)
IMAGE_GETTER(image_title_at, struct image_title, IMAGE_TITLE)
IMAGE_GETTER(image_condition_at, struct image_condition, IMAGE_CONDITION)
IMAGE_GETTER(image_zone_at, struct image_zone, IMAGE_ZONE)
IMAGE_GETTER(image_factors_at, uint32_t, IMAGE_FACTORS)
IMAGE_GETTER(image_safe_call_at, struct image_safe_call, IMAGE_SAFE_CALL)
IMAGE_GETTER(image_need_at, struct image_need, IMAGE_NEED)
#undef IMAGE_GETTER

/* image_find_host - the entry for a lower-case name: exact, then wildcards from the longest, then
 * "*"; NULL when none */
const struct image_host *image_find_host(const struct image *im, const struct image_listener *l,
					 struct view name);

/* image_find_sni - certificate index for a lower-case name: exact, then one wildcard label;
 * IMAGE_NONE when none */
uint32_t image_find_sni(const struct image *im, const struct image_listener *l, struct view name);

/* image_find_path - the entry for exactly this path, or NULL; hash: hash_fnv1a of it */
const struct image_path *image_find_path(const struct image *im, const struct image_paths *p,
					 uint64_t hash, struct view path);

#endif
