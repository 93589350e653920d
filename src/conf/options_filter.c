/* Rows of filters. One element of the list has exactly one of them: check_filter.c says so. */
#include "conf/options_filter.h"

#include "conf/option_row.h"

enum { OPTIONS_FILTER_VALUE = 1024, OPTIONS_FILTER_NAMES = 64 };

#define ROW_PAIRS(f, text)                                                                         \
	ROW_RANGE(model_filter, f, #f, OPTION_PAIRS, 0, 0, OPTIONS_FILTER_VALUE, NULL, text)
#define ROW_HEADER_NAMES(f, text) ROW_TEXTS(model_filter, f, #f, 0, 256, text)
#define ROW_PATH(f, lo, hi, text) ROW_TEXT(model_filter, f, #f, 0, lo, hi, NULL, text)
#define ROW_NETS(f, text)	  ROW_RANGE(model_filter, f, #f, OPTION_NETWORKS, 0, 0, 0, NULL, text)

OPTIONS_WORD_LIST(limit_mode, { "approximate", IMAGE_LIMIT_RATE, OPTION_WORD_READY },
		  { "exact", IMAGE_LIMIT_RATE_EXACT, OPTION_WORD_READY });

#define ROW_KEY                                                                                    \
	ROW_TEXT(model_limit, key, "key", 0, 1, 200, "source_address",                             \
		 "What is counted by itself: source_address (IPv6: its /64), header:Name, "        \
		 "cookie:Name, path, host, or route (all requests together). Without that header " \
		 "or cookie, or with two of them: the source address.")

static const struct option rate_limit_rows[] = {
	ROW_RANGE(model_limit, requests, "requests", OPTION_NUMBER, OPTION_REQUIRED, 1,
		  IMAGE_LIMIT_REQUESTS_MAX, NULL, "Requests that are let through ..."),
	ROW_TIME(model_limit, per_ms, "per", 10, IMAGE_LIMIT_PER_MAX_MS, "1s",
		 "... in this time, on average."),
	ROW_NUMBER(model_limit, burst, "burst", 0, IMAGE_LIMIT_REQUESTS_MAX, "0",
		   "Requests that may come at once; 0 = as many as requests."),
	ROW_KEY,
	ROW_WORD(
		model_limit, mode, "mode", limit_mode, "approximate",
		"exact: never one more than the limit, over all edges. approximate: cheaper; when "
		"two edges take a request of one key in the same instant, one may not be counted."),
};
static const struct option_table rate_limit =
	OPTIONS_TABLE(model_limit, "rate_limit", rate_limit_rows,
		      "How often; over all edges together. What is too much gets 429 with "
		      "Retry-After.");

static const struct option concurrency_rows[] = {
	ROW_RANGE(model_limit, requests, "requests", OPTION_NUMBER, OPTION_REQUIRED, 1,
		  IMAGE_LIMIT_REQUESTS_MAX, NULL, "Requests under way at one time."),
	ROW_KEY,
};
static const struct option_table concurrency =
	OPTIONS_TABLE(model_limit, "concurrency", concurrency_rows,
		      "How many at once; over all edges together. What is too much gets 429 when "
		      "the key is the client's (source_address, header, cookie), else 503.");

#define ROW_CORS(f, fl, text) ROW_TEXTS(model_cors, f, #f, fl, 300, text)

static const struct option cors_rows[] = {
	ROW_CORS(allow_origins, OPTION_REQUIRED,
		 "Origins that may read answers: https://www.example.nl, https://*.example.nl (one "
		 "label or more), or \"*\" (any)."),
	ROW_CORS(allow_methods, 0,
		 "Methods that they may use besides GET, HEAD and POST; \"*\" = any."),
	ROW_CORS(allow_headers, 0,
		 "Request headers that they may send besides the harmless ones; \"*\" = any."),
	ROW_CORS(expose_headers, 0,
		 "Response headers that they may read besides the harmless ones; \"*\" = any."),
	ROW_BOOL(model_cors, allow_credentials, "allow_credentials", "false",
		 "Whether requests may carry cookies and log-ins."),
	ROW_TIME(model_cors, max_age_ms, "max_age", 0, OPTIONS_DAY, "5s",
		 "How long a browser may remember the answer to a preflight request."),
};
static const struct option_table cors =
	OPTIONS_TABLE(model_cors, "cors", cors_rows,
		      "Which other sites' scripts may use this one (Fetch standard). Preflight "
		      "requests are answered here; what the server says about it is replaced.");

static const struct option redirect_rows[] = {
	ROW_NUMBER(model_redirect, status, "status", 300, 399, "308",
		   "301, 302, 303, 307 or 308 (RFC 9110 §15.4)."),
	ROW_TEXT(
		model_redirect, location, "location", 0, 1, OPTIONS_PATH_MAX, NULL,
		"Where to: an absolute path, or a URL with http or https. May have placeholders: "
		"https://www.example.nl{path}{search}. Instead of it, parts to be changed; what is "
		"not given stays as it was asked for, the query always:"),
	ROW_TEXT(model_redirect, scheme, "scheme", 0, 4, 5, NULL, "http or https."),
	ROW_TEXT(model_redirect, host, "host", 0, 1, 253, NULL, "Another host name."),
	ROW_NUMBER(model_redirect, port, "port", 0, 65535, "0",
		   "Another port; 0 = the usual one of the scheme."),
	ROW_TEXT(model_redirect, replace_full_path, "replace_full_path", 0, 1, OPTIONS_PATH_MAX,
		 NULL, "Another path."),
	ROW_TEXT(model_redirect, replace_prefix, "replace_prefix", 0, 1, OPTIONS_PATH_MAX, NULL,
		 "What takes the place of the rule's path_prefix."),
};
const struct option_table options_filter_redirect =
	OPTIONS_TABLE(model_redirect, "redirect", redirect_rows,
		      "An answer that sends the client elsewhere: location, or parts of the URL.");

static const struct option filter_rows[] = {
	ROW_NETS(allow_networks, "The client's address must lie in one of these; others get 403."),
	ROW_NETS(deny_networks, "Clients whose address lies in one of these get 403."),
	ROW_MAP(model_filter, cors, "cors", &cors, "Which other sites' scripts may use this one."),
	ROW_MAP(model_filter, redirect, "redirect", &options_filter_redirect,
		"Send the client elsewhere: the same as the rule's own redirect."),
	ROW_MAP(model_filter, rate_limit, "rate_limit", &rate_limit, "How often."),
	ROW_MAP(model_filter, concurrency, "concurrency", &concurrency, "How many at once."),
	ROW_PATH(rewrite_path_prefix, 1, OPTIONS_PATH_MAX,
		 "The server is sent this in the place of the rule's path_prefix (of nothing, when "
		 "the rule has none). Both end on segment borders; the query stays."),
	ROW_PATH(rewrite_path, 1, OPTIONS_PATH_MAX,
		 "The server is sent this path; the query stays."),
	ROW_PATH(rewrite_host, 1, 260,
		 "The server is sent this Host: a name, or name:port. X-Forwarded-Host keeps the "
		 "client's."),
	ROW_PAIRS(set_request_headers,
		  "Fields that the server is sent with these values alone; what the client sent of "
		  "them is taken out, also when it is spelled with '_'. Values may have "
		  "placeholders."),
	ROW_PAIRS(add_request_headers,
		  "Fields that the server is sent beside those of the client. Values may have "
		  "placeholders."),
	ROW_HEADER_NAMES(remove_request_headers, "Fields that the server is not sent."),
	ROW_PAIRS(set_response_headers,
		  "Fields that the client is sent with these values alone, in place of the "
		  "server's. Values may have placeholders."),
	ROW_PAIRS(add_response_headers,
		  "Fields that the client is sent beside those of the server. Values may have "
		  "placeholders."),
	ROW_HEADER_NAMES(remove_response_headers, "Fields that the client is not sent."),
};

const struct option_table options_filter = OPTIONS_TABLE(
	model_filter, "filter", filter_rows,
	"One change to requests or answers, or one condition on them. They are "
	"applied in a fixed order, whatever the order in which they are written: "
	"networks, rate_limit, concurrency, cors, rewriting, header fields; the route's "
	"before the rule's. "
	"docs/filters.md says all of it.");
