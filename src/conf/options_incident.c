/* Rows of isolation. What two of them mean together is in check_incident.c. */
#include "conf/options_incident.h"

#include "conf/option_row.h"
#include "conf/options_gateway.h"
#include "ipc/gate_words.h"
#include "proto/http1.h"

/* CONNECT and TRACE are no requests to an application. */
#define OPTIONS_INCIDENT_METHODS(of)                                                               \
	{ "GET", of(METHOD_GET), OPTION_WORD_READY },                                              \
		{ "HEAD", of(METHOD_HEAD), OPTION_WORD_READY },                                    \
		{ "OPTIONS", of(METHOD_OPTIONS), OPTION_WORD_READY },                              \
		{ "POST", of(METHOD_POST), OPTION_WORD_READY },                                    \
		{ "PUT", of(METHOD_PUT), OPTION_WORD_READY },                                      \
		{ "PATCH", of(METHOD_PATCH), OPTION_WORD_READY },                                  \
	{                                                                                          \
		"DELETE", of(METHOD_DELETE), OPTION_WORD_READY                                     \
	}
#define OPTIONS_INCIDENT_BIT(x)	   (1 << (x))
#define OPTIONS_INCIDENT_NUMBER(x) (x)

OPTIONS_WORD_LIST(methods, OPTIONS_INCIDENT_METHODS(OPTIONS_INCIDENT_BIT));
OPTIONS_WORD_LIST(method, OPTIONS_INCIDENT_METHODS(OPTIONS_INCIDENT_NUMBER));
OPTIONS_WORD_LIST(alarm, { "canary", 1 << IMAGE_ALARM_CANARY, OPTION_WORD_READY },
		  { "sandbox_violation", 1 << IMAGE_ALARM_SANDBOX, OPTION_WORD_READY },
		  { "audit_gap", 1 << IMAGE_ALARM_AUDIT_GAP, OPTION_WORD_READY },
		  { "crash", 1 << IMAGE_ALARM_CRASH, OPTION_WORD_READY },
		  { "egress", 1 << IMAGE_ALARM_EGRESS, OPTION_WORD_READY },
		  { "session_move", 1 << IMAGE_ALARM_SESSION_MOVE, OPTION_WORD_READY },
		  { "failures", 1 << IMAGE_ALARM_FAILURES, OPTION_WORD_READY });

static const struct option safe_call_rows[] = {
	{ .name = "method",
	  .kind = OPTION_WORD,
	  .flags = OPTION_REQUIRED,
	  .offset = offsetof(struct model_safe_call, method),
	  .words = &method_words,
	  .doc = "Its method." },
	ROW_TEXT(model_safe_call, path_prefix, "path_prefix", OPTION_REQUIRED, 1, OPTIONS_PATH_MAX,
		 NULL, "How its path begins, ending on a segment border."),
};
static const struct option_table safe_call =
	OPTIONS_TABLE(model_safe_call, "safe call", safe_call_rows,
		      "A request that changes nothing, although its method may.");

static const struct option read_only_rows[] = {
	{ .name = "methods",
	  .kind = OPTION_WORDS,
	  .offset = offsetof(struct model_read_only, methods),
	  .words = &methods_words,
	  .preset = "GET HEAD OPTIONS",
	  .doc = "Methods that change nothing, whatever the path." },
	ROW_TABLE(model_read_only, also, "also", OPTION_LIST, 0, IMAGE_SAFE_CALLS_MAX, &safe_call,
		  "Further requests that change nothing: searches by POST."),
	ROW_BOOL(model_read_only, websocket, "websocket", "false",
		 "Its WebSockets change nothing: they are let through too."),
};
const struct option_table options_incident_read_only =
	OPTIONS_TABLE(model_read_only, "read_only", read_only_rows,
		      "Which requests to an application change nothing. All others are refused as "
		      "long as its level is read_only.");

static const struct option approver_rows[] = {
	ROW_TEXT(model_approvers, group, "group", OPTION_REQUIRED, 1, GATE_USER_MAX, NULL,
		 "The group whose members approve (`sluis group`)."),
	ROW_NUMBER(model_approvers, to_open, "to_open", 1, IMAGE_APPROVALS_MAX, "2",
		   "How many different members approve before anything is opened further."),
	ROW_NUMBER(model_approvers, to_close, "to_close", 1, IMAGE_APPROVALS_MAX, "1",
		   "... before anything is closed further."),
};
static const struct option_table approvers = OPTIONS_TABLE(
	model_approvers, "approvers", approver_rows, "Who decides about levels of isolation.");

static const struct option room_rows[] = {
	ROW_NUMBER(model_waiting_room, per_minute, "per_minute", 0, IMAGE_ROOM_MAX, "0",
		   "So many people a minute are let into a returning application; 0 = no limit."),
	ROW_NUMBER(model_waiting_room, at_a_time, "at_a_time", 0, IMAGE_ROOM_MAX, "0",
		   "So many people are inside at a time; 0 = no limit."),
	ROW_TEXTS(model_waiting_room, urgent, "urgent", 0, IMAGE_URGENT_MAX,
		  "Groups whose members go before all others (`sluis group`)."),
};
static const struct option_table room =
	OPTIONS_TABLE(model_waiting_room, "waiting_room", room_rows,
		      "A door for returning applications at the steps pilot and open: who comes "
		      "too early sees a page with their place. Who is in stays in.");

static const struct option incident_rows[] = {
	ROW_MAP(model_isolation, approvers, "approvers", &approvers,
		"Who decides about levels of isolation."),
	{ .name = "fallback_on",
	  .kind = OPTION_WORDS,
	  .offset = offsetof(struct model_isolation, fallback_on),
	  .words = &alarm_words,
	  .doc = "Alarms that close a returning application again by themselves; none when left "
		 "out." },
	ROW_TEXTS(model_isolation, office, "office", 0, 63,
		  "Zones that the level office_only lets in; the zone named office when left out."),
	ROW_TEXTS(model_isolation, partners, "partners", 0, 63,
		  "Zones that the level partners_only lets in; the zone named partners when left "
		  "out."),
	ROW_TEXT(model_isolation, pilot, "pilot", 0, 1, GATE_USER_MAX, "pilot",
		 "The group that the level pilot lets in (`sluis group`)."),
	ROW_TEXT(model_isolation, news, "news", 0, 1, IMAGE_NEWS_MAX, NULL,
		 "Where people find news while something is closed: a URL with http or https, for "
		 "the pages that say so."),
	ROW_MAP(model_isolation, waiting_room, "waiting_room", &room,
		"How many people at a time a returning application lets in."),
	ROW_TIME(model_isolation, soak_ms, "soak", 0, (uint64_t)7 * OPTIONS_DAY, "0",
		 "How long a step of a staged return holds, without an alarm, before the next one; "
		 "0 = no wait."),
};
static const struct option status_rows[] = {
	ROW_ADDRESS(model_status_page, "address", OPTION_REQUIRED, 1 << IMAGE_ADDRESS_IP,
		    "Where it is served, over HTTP; an address of its own. A route with a "
		    "listener that has inside: true puts TLS in front of it."),
	ROW_MAP(model_status_page, title, "title", &options_title,
		"Its heading: whose services these are."),
	ROW_MAP(model_status_page, contact, "contact", &options_title,
		"Where people can ask: shown on the page."),
};
const struct option_table options_incident_status =
	OPTIONS_TABLE(model_status_page, "status_page", status_rows,
		      "A page that says what is open, limited or closed, and since when. It is "
		      "served by a process that can do nothing else, also while everything is "
		      "closed.");

const struct option_table options_incident =
	OPTIONS_TABLE(model_isolation, "isolation", incident_rows,
		      "Isolation in an incident, and the way back. It needs no gateway.");
