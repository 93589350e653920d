/* Rows of filters. One element of the list has exactly one of them: check_filter.c says so. */
#include "conf/options_filter.h"

#include "conf/option_row.h"

enum { OPTIONS_FILTER_VALUE = 1024, OPTIONS_FILTER_NAMES = 64 };

#define ROW_PAIRS(f, text)                                                                         \
	ROW_RANGE(model_filter, f, #f, OPTION_PAIRS, 0, 0, OPTIONS_FILTER_VALUE, NULL, text)
#define ROW_HEADER_NAMES(f, text) ROW_TEXTS(model_filter, f, #f, 0, 256, text)
#define ROW_PATH(f, lo, hi, text) ROW_TEXT(model_filter, f, #f, 0, lo, hi, NULL, text)
#define ROW_NETS(f, text)	  ROW_RANGE(model_filter, f, #f, OPTION_NETWORKS, 0, 0, 0, NULL, text)

static const struct option filter_rows[] = {
	ROW_NETS(allow_networks, "The client's address must lie in one of these; others get 403."),
	ROW_NETS(deny_networks, "Clients whose address lies in one of these get 403."),
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

const struct option_table options_filter =
	OPTIONS_TABLE(model_filter, "filter", filter_rows,
		      "One change to requests or answers, or one condition on them. They are "
		      "applied in a fixed order, whatever the order in which they are written: "
		      "networks, rewriting, header fields; the route's before the rule's. "
		      "docs/filters.md says all of it.");
