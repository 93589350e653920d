/*
 * The authority between a command and peers that were taken over (THREATS A20): acts with any
 * fields, in any order, while signer, verifier, spawner, dialer and audit say what they like. Each
 * row that a command gets is one of its form, and what is stored afterwards is something that the
 * next authority can begin with.
 *
 * Input: operations. 0-2 KIND FLAGS NUMBER then texts (a word below, or LEN BYTES): an act; 3 WHO
 * TYPE SEQ LEN BYTES: a frame as it is; 4 N: time passes; 5: the peers answer, or not; 6: an alarm;
 * 7: a new command; 8 ROW KINDS LEN BYTES: the keeper, with descriptors of any kind.
 */
#include "role/authority/alarm.h"
#include "role/authority/setup.h"
#include "role/authority/tool.h"
#include "sys/fd.h"
#include "tests/fuzz/fuzz_fd.h"
#include "tests/ipc/authority_kit.h"

#include <sys/socket.h>

enum { STEPS = 60, OPS = 9, WHO = 6, RAW = 0xff };

static const struct view words[] = {
	{ 0 },
	VIEW_INIT("anna"),
	VIEW_INIT("boris"),
	VIEW_INIT("staff"),
	VIEW_INIT("cases"),
	VIEW_INIT("files"),
	VIEW_INIT("office"),
	VIEW_INIT("cases.example.nl"),
	VIEW_INIT("nl"),
	VIEW_INIT("Because of it"),
	VIEW_INIT("anna\nboris"),
	VIEW_INIT("staff\nsuspended"),
	VIEW_INIT("Er is iets\nSomething is wrong"),
	VIEW_INIT("correct horse battery"),
	VIEW_INIT("/a/b"),
	VIEW_INIT("123456"),
};

struct rig {
	struct authority_kit k;
	int command, audit;
	uint32_t seq;
};

static struct view word(struct view *in, size_t most)
{
	uint8_t which = fuzz_u8(in);

	return which == RAW ? fuzz_some(in, most) : words[which % (sizeof words / sizeof words[0])];
}

static int channel(int *ret_theirs)
{
	int ends[2] = { -1, -1 };

	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	*ret_theirs = ends[1];
	return ends[0];
}

static void new_command(struct rig *g)
{
	int theirs = -1;

	(void)fd_close(g->command);
	authority_kit_run(&g->k);
	g->command = channel(&theirs);
	INVARIANT(tool_add(g->k.a, 0, theirs) == E_OK);
}

/* Every row is of the form that its type says. */
static enum err check_row(uint8_t type, struct view body)
{
	union {
		struct authority_tool_end end;
		struct tool_user_row user;
		struct tool_group_row group;
		struct authority_factor_row factor;
		struct tool_session_row session;
		struct tool_invite_row invite;
		struct tool_explain_row explain;
		struct tool_progress progress;
		struct tool_level_row level;
		struct tool_alarm_row alarm;
		struct tool_return_row back;
		struct tool_return_app_row app;
		struct tool_return_gate_row gate;
		struct tool_return_wish_row wish;
		struct tool_incident_row incident;
		struct tool_note_row note;
	} u;

	switch ((enum authority_tool_message)type) {
	case AUTHORITY_TOOL_END:
		return authority_tool_end_get(body, &u.end);
	case AUTHORITY_USER:
		return tool_user_row_get(body, &u.user);
	case AUTHORITY_GROUP:
		return tool_group_row_get(body, &u.group);
	case AUTHORITY_TOOL_FACTOR:
		return authority_factor_row_get(body, &u.factor);
	case AUTHORITY_TOOL_SESSION:
		return tool_session_row_get(body, &u.session);
	case AUTHORITY_INVITE:
		return tool_invite_row_get(body, &u.invite);
	case AUTHORITY_EXPLAIN:
		return tool_explain_row_get(body, &u.explain);
	case AUTHORITY_PROGRESS:
		return tool_progress_get(body, &u.progress);
	case AUTHORITY_LEVEL:
		return tool_level_row_get(body, &u.level);
	case AUTHORITY_ALARM:
		return tool_alarm_row_get(body, &u.alarm);
	case AUTHORITY_RETURN:
		return tool_return_row_get(body, &u.back);
	case AUTHORITY_RETURN_APP:
		return tool_return_app_row_get(body, &u.app);
	case AUTHORITY_RETURN_GATE:
		return tool_return_gate_row_get(body, &u.gate);
	case AUTHORITY_RETURN_WISH:
		return tool_return_wish_row_get(body, &u.wish);
	case AUTHORITY_INCIDENT:
		return tool_incident_row_get(body, &u.incident);
	case AUTHORITY_NOTE:
		return tool_note_row_get(body, &u.note);
	default:
		return E_PROTO;
	}
}

static void hear(struct rig *g)
{
	static struct kit_reply r;

	for (unsigned i = 0; i < 4096 && authority_kit_hear(&g->k, g->command, &r); i++)
		INVARIANT(check_row(r.type, r.body) == E_OK);
}

static void act(struct rig *g, struct view *in)
{
	struct tool_act a = { .kind = (uint8_t)(1 + fuzz_u8(in) % (ACT_KINDS - 1)) };
	uint8_t body[FRAME_BODY_MAX], how = fuzz_u8(in);
	struct wbuf w = wbuf_of(body, sizeof body);

	a.flags = how & 1 ? fuzz_u32(in)
			  : TOOL_LEVEL_FLAGS(1u << how % LEVELS, 1 + (how >> 4) % 4, 0);
	if (a.kind != ACT_LEVEL_SET && !(how & 1))
		a.flags = how & 15;
	a.number = how & 2 ? fuzz_u32(in) : how >> 2 & 7;
	a.secret = authority_kit_hash(how, 1);
	a.name = word(in, GATE_TITLE_MAX);
	a.title = word(in, 256);
	a.list = word(in, 2048);
	a.locale = word(in, 8);
	a.locale.n = a.locale.n > 8 ? 8 : a.locale.n;
	if (a.name.n > GATE_TITLE_MAX || tool_act_put(&w, &a) != E_OK)
		return;
	authority_kit_say(g->command, TOOL_ACT, ++g->seq, wbuf_view(&w));
	hear(g);
}

static void raw(struct rig *g, struct view *in)
{
	const int who[WHO] = { g->command,  g->k.signer,  g->k.verifier,
			       g->k.dialer, g->k.spawner, g->audit };
	int to = who[fuzz_u8(in) % WHO];
	uint8_t type = fuzz_u8(in) % 8, seq = fuzz_u8(in);

	authority_kit_say(to, type, seq, fuzz_some(in, 1000));
	hear(g);
}

static void alarm_of(struct rig *g, struct view *in)
{
	struct audit_alarm a = { .seq = fuzz_u16(in), .wall_us = g->k.wall_s * 1000000 };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	a.more = fuzz_u8(in);
	a.action = fuzz_u8(in) & 1 ? VIEW("canary.leaked") : fuzz_some(in, AUDIT_ALARM_ACTION);
	a.object = fuzz_some(in, AUDIT_ALARM_OBJECT);
	a.detail = fuzz_some(in, AUDIT_ALARM_DETAIL);
	a.writer = fuzz_some(in, AUDIT_ALARM_WRITER);
	if (audit_alarm_put(&w, &a) == E_OK)
		authority_kit_say(g->audit, AUDIT_ALARM, 0, wbuf_view(&w));
	authority_kit_run(&g->k);
}

/* Of its running phase, in which images, channels and commands come. */
static void keeper(struct rig *g, struct view *in)
{
	uint8_t room[64] = { 0 }, row = fuzz_u8(in);
	const struct frame_def *d = &setup_table.defs[row % setup_table.n];
	struct frame f = { .type = d->type, .seq = row, .fd_n = d->fds };
	struct wbuf w = wbuf_of(room, sizeof room);
	struct view bytes = { 0 };

	for (unsigned i = 0; i < f.fd_n; i++) {
		uint8_t kind = fuzz_u8(in) % FUZZ_FD_KINDS;

		if (kind == FUZZ_FD_SPOILT || kind == FUZZ_FD_BYTES)
			bytes = fuzz_some(in, 1024);
		f.fds[i] = fuzz_fd_make((enum fuzz_fd_kind)kind, bytes);
	}
	wbuf_view_put(&w, fuzz_some(in, sizeof room));
	f.body = view_of(room, row & 64 ? w.n : d->min);
	(void)frame_dispatch(&setup_table, FRAME_RUN, g->k.a, &f);
	authority_kit_run(&g->k);
}

static void step(struct rig *g, struct view *in)
{
	uint8_t op = fuzz_u8(in) % OPS;

	if (op < 3)
		act(g, in);
	else if (op == 3)
		raw(g, in);
	else if (op == 4)
		authority_kit_wait(&g->k, fuzz_u8(in) * 10u);
	else if (op == 5)
		g->k.is_mute = !g->k.is_mute;
	else if (op == 6)
		alarm_of(g, in);
	else if (op == 7)
		new_command(g);
	else
		keeper(g, in);
}

static void close_rig(struct rig *g)
{
	g->k.is_mute = false;
	(void)fd_close(g->command);
	(void)fd_close(g->audit);
	loop_close(&g->k.a->audit);
	authority_kit_restart(&g->k); /* aborts when it can't */
	authority_kit_close(&g->k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rig g;
	struct view in = view_of(data, size);
	int theirs = -1;

	g = (struct rig){ .command = -1 };
	fuzz_fd_keep_role_channel();
	fuzz_fd_use_image(authority_kit_yaml);
	authority_kit_open(&g.k, authority_kit_yaml);
	authority_kit_user(&g.k, "anna", "");
	g.audit = channel(&theirs);
	INVARIANT(alarm_set_channel(g.k.a, theirs) == E_OK);
	new_command(&g);
	for (unsigned i = 0; i < STEPS && in.n; i++)
		step(&g, &in);
	close_rig(&g);
	return 0;
}
