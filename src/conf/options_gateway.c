/* Rows of the gateway. What two of them mean together is in check_gateway.c and check_app.c. */
#include "conf/options_gateway.h"

#include "conf/option_row.h"
#include "conf/options_incident.h"
#include "ipc/gate_words.h"

enum {
	OPTIONS_ARGON2_PASSES = 64,
	OPTIONS_TIME = 16,
	OPTIONS_CONDITIONS = IMAGE_CONDITIONS_MAX,
	OPTIONS_FIELD = 64,
	OPTIONS_AUDIENCE = 255
};

OPTIONS_WORD_LIST(binding, { "strict", IMAGE_BINDING_STRICT, OPTION_WORD_READY },
		  { "network", IMAGE_BINDING_NETWORK, OPTION_WORD_READY },
		  { "off", IMAGE_BINDING_OFF, OPTION_WORD_READY });
OPTIONS_WORD_LIST(mismatch, { "step_up", IMAGE_MISMATCH_STEP_UP, OPTION_WORD_READY },
		  { "end", IMAGE_MISMATCH_END, OPTION_WORD_READY });
OPTIONS_WORD_LIST(identity_type, { "local", 0, OPTION_WORD_READY },
		  { "ldap", 1, OPTION_WORD_NEVER }, { "radius", 2, OPTION_WORD_NEVER },
		  { "oidc", 3, OPTION_WORD_NEVER }, { "saml", 4, OPTION_WORD_NEVER },
		  { "kerberos", 5, OPTION_WORD_NEVER },
		  { "client_certificate", 6, OPTION_WORD_NEVER });
OPTIONS_WORD_LIST(factor, { "passkey", GATE_PASSKEY, OPTION_WORD_READY },
		  { "password", GATE_PASSWORD, OPTION_WORD_READY },
		  { "totp", GATE_TOTP, OPTION_WORD_READY });

static const struct option session_rows[] = {
	ROW_TIME(model_session, idle_ms, "idle", OPTIONS_MINUTE, (uint64_t)30 * OPTIONS_DAY, "30m",
		 "A session in which nothing is asked for ends after this."),
	ROW_TIME(model_session, lifetime_ms, "lifetime", OPTIONS_MINUTE, (uint64_t)30 * OPTIONS_DAY,
		 "10h", "A session ends after this, however busy it is."),
	ROW_WORD(model_session, binding, "binding", binding, "strict",
		 "What a session is tied to: strict: the network (IPv4: /24, IPv6: /56) and the "
		 "kind of client, as its TLS shows it; network: the network alone; off: neither, "
		 "so that a stolen cookie is good anywhere."),
	ROW_WORD(model_session, on_mismatch, "on_mismatch", mismatch, "step_up",
		 "What happens when it shows up elsewhere, beside the alarm session.moved: "
		 "step_up: a factor is asked for again; end: it ends."),
	ROW_TIME(model_session, rotate_ms, "rotate", 10 * OPTIONS_SECOND, OPTIONS_DAY, "5m",
		 "Its cookie gets a new value so often. An old value that comes back ends the "
		 "session: somebody has copied it."),
	ROW_TIME(model_session, step_up_ms, "step_up", OPTIONS_MINUTE, OPTIONS_DAY, "5m",
		 "How long ago a factor may have been shown where one is asked for again: for a "
		 "change of factors, and for applications that ask for more."),
};
static const struct option_table session = OPTIONS_TABLE(model_session, "session", session_rows,
							 "How long a log-in is good, and where.");

static const struct option cell_rows[] = {
	ROW_NUMBER(model_cells, total, "total", 1, IMAGE_CELLS_MAX, "5000",
		   "Connections at one time, each a process."),
	ROW_NUMBER(model_cells, per_address, "per_address", 1, IMAGE_CELLS_MAX, "64",
		   "... of one client address (IPv6: of one /64)."),
	ROW_NUMBER(model_cells, before_login, "before_login", 1, IMAGE_CELLS_MAX, "1000",
		   "... on which nobody has logged in: strangers can't take the place of people "
		   "at work."),
	ROW_TIME(model_cells, spawner_lifetime_ms, "spawner_lifetime",
		 (uint64_t)10 * OPTIONS_SECOND, OPTIONS_DAY, "5m",
		 "The process that begins cells is replaced by a fresh one so often, with another "
		 "layout of memory."),
};
static const struct option_table cells =
	OPTIONS_TABLE(model_cells, "cells", cell_rows, "Limits of listeners with isolation: cell.");

static const struct option gateway_rows[] = {
	ROW_TEXT(model_gateway, host, "host", OPTION_REQUIRED, 1, 253, NULL,
		 "Host name of the portal, on every listener with isolation: cell."),
	ROW_TEXT(model_gateway, title, "title", 0, 1, GATE_TITLE_MAX, NULL,
		 "Name of the organisation on the portal's pages; host when left out."),
	ROW_MAP(model_gateway, session, "session", &session,
		"How long a log-in is good, and where."),
	ROW_MAP(model_gateway, cells, "cells", &cells, "Limits of listeners with isolation: cell."),
};
const struct option_table options_gateway =
	OPTIONS_TABLE(model_gateway, "gateway", gateway_rows,
		      "The portal where people log in, and where they find their applications. It "
		      "needs a listener with isolation: cell.");

static const struct option identity_rows[] = {
	ROW_NAME(model_identity, "name", OPTION_REQUIRED, "Its name."),
	ROW_WORD(model_identity, type, "type", identity_type, "local",
		 "local: users are kept by Sluis (`sluis user`)."),
};
const struct option_table options_identity =
	OPTIONS_TABLE(model_identity, "identity", identity_rows, "Where users come from.");

static const struct option argon2_rows[] = {
	ROW_RANGE(model_argon2, memory, "memory", OPTION_SIZE, 0, 0, (uint64_t)4 << 30, "0",
		  "Memory for one password; 0 = as much as the machine hashes in a fair time. At "
		  "least 19m (OWASP Password Storage Cheat Sheet)."),
	ROW_NUMBER(model_argon2, passes, "passes", 0, OPTIONS_ARGON2_PASSES, "0",
		   "Passes over that memory; 0 = as the machine allows."),
};
static const struct option_table argon2 =
	OPTIONS_TABLE(model_argon2, "argon2", argon2_rows,
		      "What it costs to try a password: argon2id (RFC 9106).");

static const struct option factor_rows[] = {
	{ .name = "require",
	  .kind = OPTION_SETS,
	  .offset = offsetof(struct model_factors, require),
	  .words = &factor_words,
	  .preset = "passkey password+totp",
	  .doc = "Combinations of factors: any one of them is enough to log in. A recovery code "
		 "stands for totp." },
	ROW_MAP(model_factors, argon2, "argon2", &argon2, "What it costs to try a password."),
};
const struct option_table options_factors =
	OPTIONS_TABLE(model_factors, "factors", factor_rows, "What a log-in asks for.");

static const struct option zone_rows[] = {
	ROW_NAME(model_zone, "name", OPTION_REQUIRED, "Its name, for conditions and isolation."),
	ROW_RANGE(model_zone, networks, "networks", OPTION_NETWORKS, OPTION_REQUIRED, 0, 0, NULL,
		  "Where a client's address has to lie."),
};
const struct option_table options_zone =
	OPTIONS_TABLE(model_zone, "zone", zone_rows, "Networks by name.");

static const struct option time_rows[] = {
	ROW_TEXTS(model_time, days, "days", 0, OPTIONS_TIME,
		  "Days: mon, tue, wed, thu, fri, sat, sun, or from one to another (mon-fri); "
		  "every day when left out. A time over midnight belongs to the day on which it "
		  "begins."),
	ROW_TEXT(model_time, from, "from", 0, 1, OPTIONS_TIME, "00:00",
		 "From this minute on, in the time zone of the machine."),
	ROW_TEXT(model_time, to, "to", 0, 1, OPTIONS_TIME, "24:00",
		 "Up to this minute; before from: over midnight."),
};
static const struct option_table time_table =
	OPTIONS_TABLE(model_time, "time", time_rows, "A time of the week.");

static const struct option_table condition;
static const struct option condition_rows[] = {
	ROW_TABLE(model_condition, all, "all", OPTION_LIST, 0, OPTIONS_CONDITIONS, &condition,
		  "Each of these holds."),
	ROW_TABLE(model_condition, any, "any", OPTION_LIST, 0, OPTIONS_CONDITIONS, &condition,
		  "One of these holds, or more."),
	ROW_TABLE(model_condition, none, "none", OPTION_LIST, 0, OPTIONS_CONDITIONS, &condition,
		  "None of these holds."),
	ROW_TEXT(model_condition, group, "group", 0, 1, GATE_USER_MAX, NULL,
		 "The user belongs to this group (`sluis group`)."),
	ROW_TEXT(model_condition, user, "user", 0, 1, GATE_USER_MAX, NULL, "It is this user."),
	ROW_TEXT(model_condition, zone, "zone", 0, 1, 63, NULL,
		 "The client's address lies in this zone."),
	ROW_WORD(model_condition, factor, "factor", factor, NULL,
		 "This factor was shown in this session; when it was not, and all else holds, it "
		 "is asked for."),
	ROW_BOOL(model_condition, client_certificate, "client_certificate", "false",
		 "The client has shown a certificate that its listener accepts."),
	ROW_MAP(model_condition, time, "time", &time_table, "It is this time of the week."),
	ROW_BOOL(model_condition, everyone, "everyone", "false", "Whoever has logged in."),
};
static const struct option_table condition = {
	.name = "condition",
	.doc = "A condition is exactly one of these. At most 8 in one another, 256 in one rule. "
	       "What "
	       "can't be known (no time, no address) never allows, and never ends a denial.",
	.rows = condition_rows,
	.n = OPTIONS_COUNT(condition_rows),
	.size = sizeof(struct model_condition),
};

static const struct option access_rows[] = {
	ROW_MAP(model_access, allow, "allow", &condition, "Who may open it. Nobody when left out."),
	ROW_MAP(model_access, deny, "deny", &condition, "Who may not, whatever allow says."),
};
static const struct option_table access =
	OPTIONS_TABLE(model_access, "access", access_rows,
		      "Who may open an application. Denied unless allowed; deny wins.");

static const struct option app_identity_rows[] = {
	ROW_TEXT(model_app_identity, header, "header", 0, 1, OPTIONS_FIELD, NULL,
		 "Request header that carries the user's name; what clients send under this name "
		 "is removed. None when left out."),
	ROW_BOOL(model_app_identity, jwt, "jwt", "false",
		 "Send a JWT in X-Sluis-Assertion: ES256, good for 60 seconds, keys at "
		 "/.sluis/jwks.json of the application's host."),
	ROW_TEXT(model_app_identity, audience, "audience", 0, 1, OPTIONS_AUDIENCE, NULL,
		 "The JWT's aud; the application's name when left out."),
};
static const struct option_table app_identity =
	OPTIONS_TABLE(model_app_identity, "identity", app_identity_rows,
		      "How an application is told who the user is.");

static const struct option title_rows[] = {
	ROW_TEXT(model_title, text, "text", 0, 1, GATE_TITLE_MAX, NULL,
		 "In any language that has none of its own."),
	ROW_TEXT(model_title, nl, "nl", 0, 1, GATE_TITLE_MAX, NULL, "In Dutch."),
	ROW_TEXT(model_title, en, "en", 0, 1, GATE_TITLE_MAX, NULL, "In English."),
};
const struct option_table options_title = {
	.name = "title",
	.doc = "A name for people. A plain text is for all languages.",
	.rows = title_rows,
	.n = OPTIONS_COUNT(title_rows),
	.size = sizeof(struct model_title),
	.scalar = "text",
};

static const struct option app_rows[] = {
	ROW_NAME(model_app, "name", OPTION_REQUIRED, "Its name, for logs, status and JWTs."),
	ROW_MAP(model_app, title, "title", &options_title,
		"Its name on the portal's pages; name when left out."),
	ROW_TEXT(model_app, host, "host", OPTION_REQUIRED, 1, 253, NULL,
		 "Its own host name, on every listener with isolation: cell."),
	ROW_TEXT(model_app, backend, "backend", OPTION_REQUIRED, 1, 63, NULL,
		 "Name of the backend whose servers it runs on."),
	ROW_MAP(model_app, access, "access", &access, "Who may open it."),
	ROW_MAP(model_app, identity, "identity", &app_identity, "How it is told who the user is."),
	ROW_MAP(model_app, read_only, "read_only", &options_incident_read_only,
		"Which of its requests change nothing: what the level read_only lets pass."),
	ROW_TEXTS(model_app, needs, "needs", 0, 63,
		  "Names of applications that have to be back before it comes back."),
	ROW_TEXT(model_app, owner, "owner", 0, 1, GATE_USER_MAX, NULL,
		 "The group that approves its return (`sluis group`)."),
	ROW_BOOL(model_app, is_on_status_page, "status_page", "true",
		 "The status page says how it is, under its title; without a title it is never "
		 "shown there."),
};
const struct option_table options_app =
	OPTIONS_TABLE(model_app, "application", app_rows,
		      "An application that people reach by logging in at the portal.");
