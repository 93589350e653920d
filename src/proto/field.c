/*
 * Field lines and the names that Sluis knows; pure. Used for heads by every role that speaks
 * HTTP, and for trailers by the chunked coding.
 *
 * The hard part is A5: programs behind us may read "content_length" as "Content-Length", so a
 * name is looked up with '_' and '-' as one, and a look-alike of a name that frames or routes a
 * message ends the message.
 */
#include "proto/field.h"

#include "proto/scan.h"

struct field_known {
	struct view name;
	uint8_t flags;
};

#define FIELD_TRAILER_BAN (FIELD_HOP | FIELD_NO_TRAILER)

/* One row per known name. RFC 9110 §7.6.1 for FIELD_HOP, §6.5.1 for FIELD_NO_TRAILER. */
static const struct field_known field_rows[FIELD_N] = {
	[FIELD_HOST] = { VIEW_INIT("Host"), FIELD_NO_TRAILER },
	[FIELD_CONNECTION] = { VIEW_INIT("Connection"), FIELD_TRAILER_BAN },
	[FIELD_CONTENT_LENGTH] = { VIEW_INIT("Content-Length"), FIELD_FRAMING | FIELD_NO_TRAILER },
	[FIELD_TRANSFER_ENCODING] = { VIEW_INIT("Transfer-Encoding"),
				      FIELD_FRAMING | FIELD_TRAILER_BAN },
	[FIELD_TE] = { VIEW_INIT("TE"), FIELD_TRAILER_BAN },
	[FIELD_TRAILER] = { VIEW_INIT("Trailer"), FIELD_NO_TRAILER },
	[FIELD_UPGRADE] = { VIEW_INIT("Upgrade"), FIELD_TRAILER_BAN },
	[FIELD_EXPECT] = { VIEW_INIT("Expect"), FIELD_NO_TRAILER },
	[FIELD_KEEP_ALIVE] = { VIEW_INIT("Keep-Alive"), FIELD_TRAILER_BAN },
	[FIELD_PROXY_CONNECTION] = { VIEW_INIT("Proxy-Connection"), FIELD_TRAILER_BAN },
	[FIELD_PROXY_AUTHENTICATE] = { VIEW_INIT("Proxy-Authenticate"), FIELD_TRAILER_BAN },
	[FIELD_PROXY_AUTHORIZATION] = { VIEW_INIT("Proxy-Authorization"), FIELD_TRAILER_BAN },
	[FIELD_HTTP2_SETTINGS] = { VIEW_INIT("HTTP2-Settings"), FIELD_TRAILER_BAN },
	[FIELD_FORWARDED] = { VIEW_INIT("Forwarded"), FIELD_TRUST },
	[FIELD_X_FORWARDED_FOR] = { VIEW_INIT("X-Forwarded-For"), FIELD_TRUST },
	[FIELD_X_FORWARDED_PROTO] = { VIEW_INIT("X-Forwarded-Proto"), FIELD_TRUST },
	[FIELD_X_FORWARDED_HOST] = { VIEW_INIT("X-Forwarded-Host"), FIELD_TRUST },
	[FIELD_X_FORWARDED_OTHER] = { { 0 }, FIELD_TRUST },
	[FIELD_X_REAL_IP] = { VIEW_INIT("X-Real-IP"), FIELD_TRUST },
	[FIELD_X_REQUEST_ID] = { VIEW_INIT("X-Request-Id"), FIELD_TRUST },
	[FIELD_X_SLUIS_MIRROR] = { VIEW_INIT("X-Sluis-Mirror"), FIELD_TRUST },
	[FIELD_TRACEPARENT] = { VIEW_INIT("traceparent"), FIELD_TRUST },
	[FIELD_TRACESTATE] = { VIEW_INIT("tracestate"), FIELD_TRUST },
	[FIELD_CLIENT_CERT] = { VIEW_INIT("Client-Cert"), FIELD_TRUST },
	[FIELD_CLIENT_CERT_CHAIN] = { VIEW_INIT("Client-Cert-Chain"), FIELD_TRUST },
	[FIELD_VIA] = { VIEW_INIT("Via"), 0 },
	[FIELD_DATE] = { VIEW_INIT("Date"), FIELD_NO_TRAILER },
	[FIELD_SERVER] = { VIEW_INIT("Server"), 0 },
	[FIELD_STRICT_TRANSPORT_SECURITY] = { VIEW_INIT("Strict-Transport-Security"),
					      FIELD_NO_TRAILER },
	[FIELD_USER_AGENT] = { VIEW_INIT("User-Agent"), 0 },
	[FIELD_COOKIE] = { VIEW_INIT("Cookie"), FIELD_NO_TRAILER },
	[FIELD_CONTENT_TYPE] = { VIEW_INIT("Content-Type"), FIELD_NO_TRAILER },
	[FIELD_LOCATION] = { VIEW_INIT("Location"), FIELD_NO_TRAILER },
	[FIELD_MAX_FORWARDS] = { VIEW_INIT("Max-Forwards"), FIELD_NO_TRAILER },
	[FIELD_AUTHORIZATION] = { VIEW_INIT("Authorization"), FIELD_NO_TRAILER },
	[FIELD_SET_COOKIE] = { VIEW_INIT("Set-Cookie"), FIELD_NO_TRAILER },
	[FIELD_CACHE_CONTROL] = { VIEW_INIT("Cache-Control"), FIELD_NO_TRAILER },
	[FIELD_CONTENT_ENCODING] = { VIEW_INIT("Content-Encoding"), FIELD_NO_TRAILER },
	[FIELD_CONTENT_RANGE] = { VIEW_INIT("Content-Range"), FIELD_NO_TRAILER },
	[FIELD_TAKEN_OUT] = { { 0 }, FIELD_HOP },
};

enum { FIELD_LONGEST = 25, FIELD_SAME_LENGTH = 5 };

/* The known names of each length; 0 ends a row. */
static const uint8_t field_by_length[FIELD_LONGEST + 1][FIELD_SAME_LENGTH] = {
	[2] = { FIELD_TE },
	[3] = { FIELD_VIA },
	[4] = { FIELD_HOST, FIELD_DATE },
	[6] = { FIELD_COOKIE, FIELD_EXPECT, FIELD_SERVER },
	[7] = { FIELD_UPGRADE, FIELD_TRAILER },
	[8] = { FIELD_LOCATION },
	[9] = { FIELD_FORWARDED, FIELD_X_REAL_IP },
	[10] = { FIELD_USER_AGENT, FIELD_CONNECTION, FIELD_KEEP_ALIVE, FIELD_SET_COOKIE,
		 FIELD_TRACESTATE },
	[11] = { FIELD_TRACEPARENT, FIELD_CLIENT_CERT },
	[12] = { FIELD_CONTENT_TYPE, FIELD_X_REQUEST_ID, FIELD_MAX_FORWARDS },
	[13] = { FIELD_AUTHORIZATION, FIELD_CACHE_CONTROL, FIELD_CONTENT_RANGE },
	[14] = { FIELD_CONTENT_LENGTH, FIELD_HTTP2_SETTINGS, FIELD_X_SLUIS_MIRROR },
	[15] = { FIELD_X_FORWARDED_FOR },
	[16] = { FIELD_X_FORWARDED_HOST, FIELD_PROXY_CONNECTION, FIELD_CONTENT_ENCODING },
	[17] = { FIELD_TRANSFER_ENCODING, FIELD_X_FORWARDED_PROTO, FIELD_CLIENT_CERT_CHAIN },
	[18] = { FIELD_PROXY_AUTHENTICATE },
	[19] = { FIELD_PROXY_AUTHORIZATION },
	[25] = { FIELD_STRICT_TRANSPORT_SECURITY },
};

//@ assigns \nothing;
static uint8_t field_fold(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c | 0x20);
	return c == '_' ? '-' : c;
}

/*
 * hot: name starts with the known name of n bytes. Names mostly come in their usual spelling, so
 * equal bytes are the short way. *ret_is_alias is written on success only.
 */
/*@ requires n > 0 && \valid_read(name + (0 .. n - 1)) && \valid_read(known + (0 .. n - 1));
  @ requires \valid(ret_is_alias);
  @ assigns *ret_is_alias;
  @*/
static bool field_matches(const uint8_t *name, const uint8_t *known, size_t n, bool *ret_is_alias)
{
	bool is_alias = false;

	if ((name[0] | 0x20) != (known[0] | 0x20))
		return false;
	/*@ loop invariant i <= n;
	  @ loop assigns i, is_alias;
	  @ loop variant n - i;
	  @*/
	for (size_t i = 0; i < n; i++) {
		if (name[i] == known[i])
			continue;
		if (field_fold(name[i]) != field_fold(known[i]))
			return false;
		is_alias |= name[i] == '_';
	}
	*ret_is_alias = is_alias;
	return true;
}

enum field_id field_id_of(struct view name, bool *is_alias)
{
	static const struct view prefix = VIEW_INIT("X-Forwarded-");

	*is_alias = false;
	if (name.n <= FIELD_LONGEST) {
		const uint8_t *ids = field_by_length[name.n];

		/*@ loop invariant i <= FIELD_SAME_LENGTH;
		  @ loop assigns i, *is_alias;
		  @ loop variant FIELD_SAME_LENGTH - i;
		  @*/
		for (size_t i = 0; i < FIELD_SAME_LENGTH && ids[i]; i++) {
			/*@ admit tables: 0 < name.n && ids[i] < FIELD_N &&
			  @	\valid_read(field_rows[ids[i]].name.p + (0 .. name.n - 1));
			  @*/
			if (field_matches(name.p, field_rows[ids[i]].name.p, name.n, is_alias))
				return (enum field_id)ids[i];
		}
	}
	if (name.n > prefix.n && field_matches(name.p, prefix.p, prefix.n, is_alias))
		return FIELD_X_FORWARDED_OTHER;
	return FIELD_OTHER;
}

unsigned field_flags(enum field_id id)
{
	return (unsigned)id < FIELD_N ? field_rows[id].flags : 0;
}

struct view field_name(enum field_id id)
{
	//@ admit tables: (unsigned)id < FIELD_N ==> view_ok(field_rows[id].name);
	return (unsigned)id < FIELD_N ? field_rows[id].name : (struct view){ 0 };
}

bool field_is_token(struct view v)
{
	return v.n != 0 && scan_token(v) == v.n;
}

bool field_is_value(struct view v)
{
	return scan_value(v) == v.n;
}

//@ assigns \nothing;
static bool field_is_ows(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Why the byte c can't follow a (possibly empty) field name. */
//@ assigns \nothing;
static const char *field_name_why(uint8_t c, bool is_empty)
{
	if (is_empty && field_is_ows(c))
		return "line folding"; /* RFC 9112 §5.2 */
	if (field_is_ows(c))
		return "space before the colon"; /* RFC 9112 §5.1 */
	if (is_empty && c == ':')
		return "empty field name";
	if (c == '\n')
		return "bare line feed"; /* RFC 9112 §2.2 */
	return "forbidden byte in a field name";
}

//@ assigns \nothing;
static const char *field_value_why(uint8_t c)
{
	if (c == '\n')
		return "bare line feed"; /* RFC 9112 §2.2 */
	if (c == '\r')
		return "bare carriage return";	/* RFC 9112 §2.2 */
	return "control byte in a field value"; /* RFC 9110 §5.5 */
}

/* hot: called for every line of every message; all indices are below head.n */
enum err field_parse(struct view head, size_t at, struct field *ret, size_t *ret_next,
		     const char **ret_why)
{
	const uint8_t *p = head.p;
	size_t n = head.n, colon = at + scan_token(view_of(p + at, n - at)), from = 0, end = 0,
	       to = 0;
	enum field_id id = FIELD_OTHER;
	bool is_alias = false;

	if (colon == n)
		return E_AGAIN;
	if (p[colon] != ':' || colon == at) {
		*ret_why = field_name_why(p[colon], colon == at);
		return E_PROTO;
	}
	/*@ loop invariant colon < from <= n;
	  @ loop assigns from;
	  @ loop variant n - from;
	  @*/
	for (from = colon + 1; from < n && field_is_ows(p[from]); from++)
		;
	end = from + scan_value(view_of(p + from, n - from));
	if (end == n || (p[end] == '\r' && end + 1 == n))
		return E_AGAIN;
	if (p[end] != '\r' || p[end + 1] != '\n') {
		*ret_why = field_value_why(p[end]);
		return E_PROTO;
	}
	/*@ loop invariant from <= to <= end;
	  @ loop assigns to;
	  @ loop variant to;
	  @*/
	for (to = end; to > from && field_is_ows(p[to - 1]); to--)
		;
	id = field_id_of(view_of(p + at, colon - at), &is_alias);
	/* A look-alike of a name that decides where a message ends, or how this hop treats it. */
	if (is_alias && (field_rows[id].flags & (FIELD_FRAMING | FIELD_HOP))) {
		*ret_why = "look-alike of a framing or connection field";
		return E_PROTO;
	}
	//@ assert at < colon < from <= to <= end && end + 2 <= n <= 65535;
	*ret = (struct field){ .name = (uint16_t)at,
			       .name_n = (uint16_t)(colon - at),
			       .value = (uint16_t)from,
			       .value_n = (uint16_t)(to - from),
			       .id = (uint16_t)id };
	*ret_next = end + 2;
	return E_OK;
}

/* Position of the first comma of v outside quoted strings, or v.n. */
/*@ requires view_ok(v) && v.n < SIZE_MAX;
  @ assigns \nothing;
  @ ensures \result <= v.n;
  @*/
static size_t field_find_comma(struct view v)
{
	bool is_quoted = false;

	/*@ loop invariant i <= v.n + 1;
	  @ loop assigns i, is_quoted;
	  @ loop variant v.n + 1 - i;
	  @*/
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '"')
			is_quoted = !is_quoted;
		else if (v.p[i] == '\\' && is_quoted)
			i++; /* quoted-pair, RFC 9110 §5.6.4 */
		else if (v.p[i] == ',' && !is_quoted)
			return i;
	}
	return v.n;
}

bool field_list_next(struct view *rest, struct view *ret)
{
	/*@ loop invariant view_ok(*rest) && rest->n <= \at(rest->n, Pre);
	  @ loop assigns *rest;
	  @ loop variant rest->n;
	  @*/
	while (rest->n) {
		size_t comma = field_find_comma(*rest);
		struct view element = view_trim(view_slice(*rest, 0, comma));

		*rest = view_slice(*rest, comma + 1, rest->n);
		if (element.n == 0)
			continue;
		*ret = element;
		return true;
	}
	return false;
}
