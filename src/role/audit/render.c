/*
 * Records are hostile (THREATS F): each field is bounded by the record, each tag may stand there
 * once, and text reaches the log only in escaped form. The line says which process wrote it, so
 * that a taken-over worker can lie about the world but not about who lies.
 */
#include "role/audit/render.h"

#include "role/audit/alarms.h"

/* What the tags after the six fixed ones are called in a line. */
struct render_name {
	struct view key; /* by CHAIN_KEY; empty: stands in the line's fixed part */
	uint8_t type;	 /* enum record_type */
};

#define FIXED(type)                                                                                \
	{                                                                                          \
		{ NULL, 0 }, type                                                                  \
	}
#define NAMED(name, type)                                                                          \
	{                                                                                          \
		{ (const uint8_t *)",\"" name "\":", sizeof(name) + 3 }, type                      \
	}

static const struct render_name render_names[RECORD_TAG_N] = {
	[0] = FIXED(0),
	[RECORD_TAG_KIND] = FIXED(RECORD_NUMBER),
	[RECORD_TAG_TIME] = FIXED(RECORD_NUMBER),
	[RECORD_TAG_ACTION] = FIXED(RECORD_TEXT),
	[RECORD_TAG_OBJECT] = FIXED(RECORD_TEXT),
	[RECORD_TAG_RESULT] = FIXED(RECORD_TEXT),
	[RECORD_TAG_ORIGIN] = FIXED(RECORD_TEXT),
	[RECORD_TAG_ACTOR] = FIXED(RECORD_TEXT),
	[RECORD_TAG_REQUEST_ID] = NAMED("request_id", RECORD_TEXT),
	[RECORD_TAG_LISTENER] = NAMED("listener", RECORD_TEXT),
	[RECORD_TAG_ROUTE] = NAMED("route", RECORD_TEXT),
	[RECORD_TAG_POOL] = NAMED("pool", RECORD_TEXT),
	[RECORD_TAG_SERVER] = NAMED("server", RECORD_TEXT),
	[RECORD_TAG_BYTES_IN] = NAMED("bytes_in", RECORD_NUMBER),
	[RECORD_TAG_BYTES_OUT] = NAMED("bytes_out", RECORD_NUMBER),
	[RECORD_TAG_DURATION_US] = NAMED("duration_us", RECORD_NUMBER),
	[RECORD_TAG_FIRST_BYTE_US] = NAMED("first_byte_us", RECORD_NUMBER),
	[RECORD_TAG_TRIES] = NAMED("tries", RECORD_NUMBER),
	[RECORD_TAG_TLS] = NAMED("tls", RECORD_TEXT),
	[RECORD_TAG_USER_AGENT] = NAMED("user_agent", RECORD_TEXT),
	[RECORD_TAG_DETAIL] = NAMED("detail", RECORD_TEXT),
	[RECORD_TAG_PROTOCOL] = NAMED("protocol", RECORD_TEXT),
	[RECORD_TAG_PEER] = NAMED("peer", RECORD_TEXT),
	[RECORD_TAG_DATAGRAMS_IN] = NAMED("datagrams_in", RECORD_NUMBER),
	[RECORD_TAG_DATAGRAMS_OUT] = NAMED("datagrams_out", RECORD_NUMBER),
	[RECORD_TAG_QUERY_BYTES] = NAMED("query_bytes", RECORD_NUMBER),
	[RECORD_TAG_QUEUE_US] = NAMED("queue_us", RECORD_NUMBER),
	[RECORD_TAG_CONNECT_US] = NAMED("connect_us", RECORD_NUMBER),
	[RECORD_TAG_TLS_SERVER_US] = NAMED("tls_server_us", RECORD_NUMBER),
	[RECORD_TAG_HANDSHAKE_US] = NAMED("handshake_us", RECORD_NUMBER),
	[RECORD_TAG_TLS_RESUMED] = NAMED("tls_resumed", RECORD_NUMBER),
	[RECORD_TAG_SNI] = NAMED("sni", RECORD_TEXT),
	[RECORD_TAG_CLIENT_CERTIFICATE] = NAMED("client_certificate", RECORD_TEXT),
	[RECORD_TAG_SESSION] = NAMED("session", RECORD_NUMBER),
	[RECORD_TAG_TLS_CLASS] = NAMED("tls_class", RECORD_TEXT),
	[RECORD_TAG_LEVEL] = NAMED("level", RECORD_TEXT),
	[RECORD_TAG_EXERCISE] = NAMED("exercise", RECORD_TEXT),
	[RECORD_TAG_ENDED] = NAMED("ended", RECORD_TEXT),
	[RECORD_TAG_TRACE_ID] = NAMED("trace_id", RECORD_TEXT),
	[RECORD_TAG_SAMPLE_PERCENT] = NAMED("sample_percent", RECORD_NUMBER),
};

static const char *const render_kinds[] = {
	[RECORD_ACCESS] = "access",
	[RECORD_EVENT] = "event",
	[RECORD_ALARM] = "alarm",
};

#define RENDER_AHEAD_US	 UINT64_C(60000000)
#define RENDER_BEHIND_US UINT64_C(3600000000)

enum { RENDER_KINDS = sizeof render_kinds / sizeof render_kinds[0] };

struct render_fields {
	struct record_field known[RECORD_TAG_N];
	uint64_t seen[4]; /* one bit per tag */
};

uint64_t render_time(struct view record)
{
	struct record_field f = { 0 };

	while (record_next(&record, &f) == E_OK)
		if (f.tag == RECORD_TAG_TIME)
			return f.number;
	return 0;
}

/* What people do, and what is decided about them, the authority tells and nobody else: a worker
 * that is taken over can't say that somebody has logged in. */
static bool render_is_reserved(struct view action)
{
	static const struct view words[] = {
		VIEW_INIT("login."),	VIEW_INIT("logout"),  VIEW_INIT("session."),
		VIEW_INIT("factor."),	VIEW_INIT("invite."), VIEW_INIT("access."),
		VIEW_INIT("password."), VIEW_INIT("user."),   VIEW_INIT("group."),
		VIEW_INIT("alarm."),	VIEW_INIT("decoy."),  VIEW_INIT("canary.presented"),
		VIEW_INIT("incident."), VIEW_INIT("notice."), VIEW_INIT("isolation."),
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (view_starts(action, words[i]))
			return true;
	return false;
}

/* Nobody's record is from tomorrow; what waited for a full disk may be old. */
static int64_t render_clock(const struct render_writer *who, uint64_t told_us)
{
	if (!who->now_us ||
	    (told_us <= who->now_us + RENDER_AHEAD_US && told_us + RENDER_BEHIND_US >= who->now_us))
		return (int64_t)told_us;
	return (int64_t)who->now_us;
}

static bool render_has(const struct render_fields *r, unsigned tag)
{
	return r->seen[tag / 64] >> (tag % 64) & 1;
}

static enum err render_read(struct view record, struct render_fields *ret)
{
	while (record.n) {
		struct record_field f = { 0 };

		TRY(record_next(&record, &f));
		if (render_has(ret, f.tag))
			return E_PROTO;
		ret->seen[f.tag / 64] |= UINT64_C(1) << (f.tag % 64);
		if (f.tag >= RECORD_TAG_N)
			continue;
		if (f.type != render_names[f.tag].type)
			return E_PROTO;
		ret->known[f.tag] = f;
	}
	return render_has(ret, RECORD_TAG_KIND) && render_has(ret, RECORD_TAG_TIME) ? E_OK
										    : E_PROTO;
}

static void render_begin(struct chain *c, const struct render_writer *who,
			 const struct render_fields *r, const char *kind)
{
	uint8_t id[64];
	struct wbuf w = wbuf_of(id, sizeof id);
	struct chain_line line = {
		.wall_us = render_clock(who, r->known[RECORD_TAG_TIME].number),
		.kind = view_str(kind),
		.action = r->known[RECORD_TAG_ACTION].text,
		.object = r->known[RECORD_TAG_OBJECT].text,
		.result = r->known[RECORD_TAG_RESULT].text,
		.origin = who->origin.n ? who->origin : r->known[RECORD_TAG_ORIGIN].text,
		.actor = r->known[RECORD_TAG_ACTOR].text,
	};
	bool is_access = r->known[RECORD_TAG_KIND].number == RECORD_ACCESS;

	if (who->now_us && !is_access)
		line.actor = (struct view){ 0 };
	wbuf_hex_u64(&w, c->boot_id);
	WBUF_LIT(&w, "-");
	wbuf_dec(&w, who->ring);
	WBUF_LIT(&w, "-");
	wbuf_dec(&w, who->position);
	line.id = wbuf_view(&w);
	chain_begin(c, &line);
	chain_text(c, CHAIN_KEY("writer"), who->name);
}

static void render_field(struct chain *c, struct view key, const struct record_field *f)
{
	if (f->type == RECORD_NUMBER)
		chain_number(c, key, f->number);
	else
		chain_text(c, key, f->text);
}

/* Tags that this audit does not know yet: rendered by number, so that nothing is lost. */
static void render_unknown(struct chain *c, struct view record)
{
	struct record_field f = { 0 };

	while (record_next(&record, &f) == E_OK) {
		uint8_t key[16];
		struct wbuf w = wbuf_of(key, sizeof key);

		if (f.tag < RECORD_TAG_N)
			continue;
		WBUF_LIT(&w, ",\"tag_");
		wbuf_dec(&w, f.tag);
		WBUF_LIT(&w, "\":");
		render_field(c, wbuf_view(&w), &f);
	}
}

/* Who keeps alarms is told of them, as the line has them. */
static void render_tell(const struct chain *c, const struct render_writer *who,
			const struct render_fields *r)
{
	struct view action = r->known[RECORD_TAG_ACTION].text;
	bool is_gap = view_eq(action, VIEW("audit.gap"));

	if (r->known[RECORD_TAG_KIND].number == RECORD_ALARM || is_gap)
		alarms_see(c->alarms,
			   &(struct alarms_seen){
				   .seq = c->seq,
				   .wall_us = (uint64_t)render_clock(
					   who, r->known[RECORD_TAG_TIME].number),
				   .action = action,
				   .object = r->known[RECORD_TAG_OBJECT].text,
				   .result = r->known[RECORD_TAG_RESULT].text,
				   .origin = who->origin.n ? who->origin
							   : r->known[RECORD_TAG_ORIGIN].text,
				   .writer = who->name,
				   .detail = r->known[RECORD_TAG_DETAIL].text });
}

/* An edge's word of its birth; what makes no sense is its loss. */
static enum err render_canary(const struct chain *c, const struct render_writer *who,
			      const struct render_fields *r)
{
	if (r->known[RECORD_TAG_KIND].number != RECORD_EVENT ||
	    !view_eq(r->known[RECORD_TAG_ACTION].text, VIEW("canary.made")))
		return E_OK;
	return alarms_see_canary(c->alarms, who->name, r->known[RECORD_TAG_DETAIL].text);
}

enum err render_record(struct chain *c, const struct render_writer *who, struct view record)
{
	struct render_fields r = { 0 };
	uint64_t kind = 0;

	TRY(render_read(record, &r));
	kind = r.known[RECORD_TAG_KIND].number;
	if (kind == 0 || kind >= RENDER_KINDS)
		return E_PROTO;
	if (kind != RECORD_ACCESS && !view_starts(who->name, VIEW("authority[")) &&
	    render_is_reserved(r.known[RECORD_TAG_ACTION].text))
		return E_PROTO;
	if (kind == RECORD_ACCESS && who->skips_access)
		return E_OK;
	TRY(render_canary(c, who, &r));
	render_begin(c, who, &r, render_kinds[kind]);
	for (unsigned tag = 1; tag < RECORD_TAG_N; tag++)
		if (render_names[tag].key.n && render_has(&r, tag))
			render_field(c, render_names[tag].key, &r.known[tag]);
	if (r.seen[0] >> RECORD_TAG_N || r.seen[1] || r.seen[2] || r.seen[3])
		render_unknown(c, record);
	TRY(chain_end(c));
	render_tell(c, who, &r);
	return E_OK;
}
