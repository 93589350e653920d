/*
 * The control socket. Who connects must be root or the keeper's own user, asks one thing, and is
 * never waited for: what its queue does not take is given when there is room, or left out and
 * counted.
 */
#include "role/keeper/control.h"

#include "conf/document.h"
#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "role/keeper/change.h"
#include "role/keeper/drill.h"
#include "role/keeper/events.h"
#include "role/keeper/evidence.h"
#include "role/keeper/freeze.h"
#include "role/keeper/post.h"
#include "role/keeper/purge.h"
#include "role/keeper/renew.h"
#include "role/keeper/status.h"
#include "role/keeper/upgrade.h"
#include "role/keeper/usage.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/shm.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTROL_SNDBUF = 1 << 20, CONTROL_BUDGET = 4 };

static void control_close(struct keeper_client *c)
{
	loop_close(&c->source);
	c->text_fd = fd_close(c->text_fd);
	c->wait = CLIENT_IDLE;
	c->has_epollout = false;
	c->freed_turn = c->k->loop.turn;
}

static void control_listen_out(struct keeper_client *c, bool want_out)
{
	if (want_out == c->has_epollout)
		return;
	if (loop_change(&c->k->loop, &c->source, want_out ? EPOLLIN | EPOLLOUT : EPOLLIN) != E_OK) {
		control_close(c);
		return;
	}
	c->has_epollout = want_out;
}

static enum err control_send_text(struct keeper_client *c, uint8_t level, struct view text)
{
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u8(&w, level);
	wbuf_str16(&w, view_slice(text, 0, FRAME_BODY_MAX - 3));
	return frame_send(c->source.fd, KEEPER_TEXT, 0, wbuf_view(&w), NULL, 0);
}

/* The last word; the connection ends with it. */
static void control_finish(struct keeper_client *c)
{
	uint8_t refused = c->is_refused;
	enum err e = E_OK;

	if (c->lost_lines) {
		e = control_send_text(c, 2, VIEW("warning: some lines are left out"));
		c->lost_lines = e == E_AGAIN ? c->lost_lines : 0;
	}
	if (e != E_AGAIN)
		e = frame_send(c->source.fd, KEEPER_DONE, 0, view_of(&refused, 1), NULL, 0);
	if (e == E_AGAIN) {
		c->wait = CLIENT_DONE;
		c->deadline_ms = c->k->loop.now_ms + KEEPER_CLIENT_MS;
		control_listen_out(c, true);
		return;
	}
	control_close(c);
}

void control_tell(struct keeper_client *c, uint8_t level, struct view text)
{
	if (control_send_text(c, level, text) != E_OK)
		c->lost_lines++;
}

void control_answer(struct keeper_client *c, bool is_refused, struct view text)
{
	if (text.n)
		control_tell(c, is_refused, text);
	c->is_refused = is_refused;
	control_finish(c);
}

/* As many rows as the queue takes; the rest when it has room again. */
static void control_go_on(struct keeper_client *c)
{
	enum err e = E_OK;

	if (c->wait == CLIENT_STATUS) {
		e = status_send(c->k, c->source.fd, &c->step);
		if (e == E_AGAIN) {
			control_listen_out(c, true);
			return;
		}
		c->is_refused = e != E_OK;
	}
	if (c->wait == CLIENT_STATUS || c->wait == CLIENT_DONE)
		control_finish(c);
	else
		control_listen_out(c, false);
}

static enum err control_on_status(void *role, struct frame *f)
{
	struct keeper_client *c = role;

	(void)f;
	usage_update(c->k);
	c->wait = CLIENT_STATUS;
	c->step = 0;
	c->deadline_ms = c->k->loop.now_ms + KEEPER_CLIENT_MS;
	control_go_on(c);
	return E_OK;
}

/* Who asks, and the reason that was given; what could move a terminal's cursor is told apart where
 * it is printed. */
static enum err control_asker(struct keeper_client *c, struct view in)
{
	struct view reason = { 0 };
	struct wbuf w = wbuf_of(c->asker.reason, sizeof c->asker.reason - 1);

	c->asker = (struct keeper_asker){ .uid = c->uid, .is_command = true };
	if (in.n)
		TRY(view_str16(&in, &reason));
	TRY(view_end(&in));
	if (reason.n > TOOL_REASON_MAX || view_find(reason, 0) != reason.n)
		return E_PROTO;
	wbuf_view_put(&w, reason);
	c->asker.reason[w.n] = '\0';
	return E_OK;
}

static enum err control_on_reload(void *role, struct frame *f)
{
	struct keeper_client *c = role;

	TRY(control_asker(c, f->body));
	c->deadline_ms = 0;
	events_put_actor(c->k, c->uid, "config.reload", view_str(c->k->options.config), "asked");
	c->wait = CLIENT_NEXT_CHANGE;
	if (c->k->stop.stage != STOP_NOT)
		control_answer(c, true, VIEW("error: Sluis is stopping"));
	else
		change_request_by(c->k, &c->asker);
	return E_OK;
}

/* A run-time change or an entry of the history: bytes for the config role, which checks them. */
static enum err control_on_change(void *role, struct frame *f)
{
	struct keeper_client *c = role;
	struct view in = f->body;
	struct stat st = { 0 };

	TRY(view_u8(&in, &c->change));
	TRY(view_u32(&in, &c->from));
	TRY(control_asker(c, in));
	c->text_fd = frame_take_fd(f, 0);
	if ((c->change != TOOL_CHANGE_EDIT && c->change != TOOL_CHANGE_TARGET) ||
	    !shm_is_sealed(c->text_fd) || fstat(c->text_fd, &st) < 0 || st.st_size == 0 ||
	    st.st_size > DOCUMENT_BYTES_MAX)
		return E_PROTO;
	c->deadline_ms = 0;
	if (c->k->stop.stage != STOP_NOT) {
		control_answer(c, true, VIEW("error: Sluis is stopping"));
		return E_OK;
	}
	events_put_actor(c->k, c->uid,
			 c->change == TOOL_CHANGE_EDIT ? "config.change" : "config.rollback",
			 view_str(c->k->options.config), "asked");
	c->wait = CLIENT_EDIT;
	c->turn = ++c->k->client_turns;
	change_request_edit(c->k);
	return E_OK;
}

struct keeper_client *control_next_edit(struct keeper *k)
{
	struct keeper_client *next = NULL;

	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		struct keeper_client *c = &k->clients[i];

		if (c->source.fd >= 0 && c->wait == CLIENT_EDIT && (!next || c->turn < next->turn))
			next = c;
	}
	return next;
}

static enum err control_on_document(void *role, struct frame *f)
{
	struct keeper_client *c = role;
	const struct keeper_document *d = &c->k->document;
	uint8_t body[8];
	struct wbuf w = wbuf_of(body, sizeof body);

	(void)f;
	wbuf_u32(&w, d->number);
	wbuf_u8(&w, d->is_pinned);
	if (d->fd < 0)
		control_answer(c, true, VIEW("error: there is no configuration in use yet"));
	else if (frame_send(c->source.fd, KEEPER_STATUS_DOCUMENT, 0, wbuf_view(&w), &d->fd, 1) ==
		 E_OK)
		control_answer(c, false, (struct view){ 0 });
	else
		control_close(c);
	return E_OK;
}

static enum err control_on_upgrade(void *role, struct frame *f)
{
	struct keeper_client *c = role;

	(void)f;
	c->deadline_ms = 0;
	events_put_actor(c->k, c->uid, "sluis.upgrade", view_str(c->k->options.programs), "asked");
	c->wait = CLIENT_NEXT_CHANGE;
	if (c->k->stop.stage != STOP_NOT)
		control_answer(c, true, VIEW("error: Sluis is stopping"));
	else
		upgrade_request(c->k);
	return E_OK;
}

static const struct image_server *control_find_server(const struct keeper *k, uint32_t slot,
						      uint32_t gen)
{
	const struct image *im = &k->image.image;

	for (uint32_t i = 0; k->image.fd >= 0 && i < image_count(im, IMAGE_SERVER); i++) {
		const struct image_server *s = image_server_at(im, i);

		if (s->slot == slot && s->slot_gen == gen)
			return s;
	}
	return NULL;
}

static void control_tell_server(struct keeper_client *c, const struct image_server *s,
				uint8_t state)
{
	static const char *const words[] = { "as configured", "enabled", "drain", "disabled" };
	const struct image *im = &c->k->image.image;
	char name[256];
	struct wbuf w = wbuf_of(name, sizeof name);

	wbuf_view_put(&w, view_slice(image_view(im, image_pool_at(im, s->pool)->name), 0, 120));
	WBUF_LIT(&w, "/");
	wbuf_view_put(&w, view_slice(image_view(im, s->name), 0, 120));
	events_put_actor(c->k, c->uid, "server.state", wbuf_view(&w), words[state]);
}

static enum err control_on_server(void *role, struct frame *f)
{
	struct keeper_client *c = role;
	struct keeper *k = c->k;
	struct keeper_child *dialer = k->seats[ROLE_DIALER].child;
	struct view in = f->body;
	const struct image_server *s = NULL;
	uint32_t slot = 0, gen = 0;
	uint8_t state = 0;

	TRY(view_u32(&in, &slot));
	TRY(view_u32(&in, &gen));
	TRY(view_u8(&in, &state));
	if (state > PAGE_ADMIN_DISABLED)
		return E_PROTO;
	s = control_find_server(k, slot, gen);
	if (!s) {
		control_answer(c, true, VIEW("error: no such server in the present configuration"));
	} else if (!dialer || post_simple(dialer, KEEPER_SERVER_STATE, f->body) != E_OK) {
		control_answer(c, true, VIEW("error: the dialer does not run: try again"));
	} else {
		control_tell_server(c, s, state);
		control_answer(c, false, (struct view){ 0 });
	}
	return E_OK;
}

/* Both ends of a fresh channel: one to the command, one to the authority with who it is. */
static enum err control_link_authority(struct keeper_client *c, struct keeper_child *authority)
{
	int pair[2] = { -1, -1 };
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct post p = { .type = KEEPER_COMMAND, .fd_n = 1, .takes = true };
	enum err e = E_OK;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return log_errno("socketpair");
	wbuf_u32(&w, c->uid);
	p.body = wbuf_view(&w);
	p.fds[0] = pair[0];
	e = post_send(authority, &p);
	if (e == E_OK)
		e = frame_send(c->source.fd, KEEPER_AUTHORITY, 0, (struct view){ 0 }, &pair[1], 1);
	(void)fd_close(pair[1]);
	return e;
}

static enum err control_on_authority(void *role, struct frame *f)
{
	struct keeper_client *c = role;
	const struct keeper_seat *s = &c->k->seats[ROLE_AUTHORITY];

	(void)f;
	if (!s->is_wanted)
		control_answer(c, true,
			       VIEW("error: there are no users here: the configuration has no "
				    "`gateway`"));
	else if (!s->child || s->child->state != CHILD_RUNNING ||
		 control_link_authority(c, s->child) != E_OK)
		control_answer(c, true,
			       VIEW("error: the authority does not run: look at `sluis status`, "
				    "and try again"));
	else
		control_answer(c, false, (struct view){ 0 });
	return E_OK;
}

static enum err control_on_purge(void *role, struct frame *f)
{
	return purge_begin(role, f->body);
}

static enum err control_on_evidence_signer(void *role, struct frame *f)
{
	(void)f;
	evidence_link(role);
	return E_OK;
}

static enum err control_on_evidence_note(void *role, struct frame *f)
{
	return evidence_note(role, f->body);
}

static enum err control_on_release(void *role, struct frame *f)
{
	struct keeper_client *c = role;
	struct view in = f->body;
	uint32_t pid = 0;

	TRY(view_u32(&in, &pid));
	if (freeze_release(c->k, pid, c->uid) == E_OK)
		control_answer(c, false, (struct view){ 0 });
	else
		control_answer(c, true,
			       VIEW("error: no process with that number is kept as evidence: "
				    "`sluis status` shows those that are frozen"));
	return E_OK;
}

static enum err control_on_rotate(void *role, struct frame *f)
{
	return renew_request(role, f->body);
}

static enum err control_on_drill(void *role, struct frame *f)
{
	return drill_note(role, f->body);
}

static const struct frame_def control_defs[] = {
	{ TOOL_STATUS, 0, FRAME_RUN, 0, 0, control_on_status },
	{ TOOL_RELOAD, 0, FRAME_RUN, 0, TOOL_REASON_MAX + 2, control_on_reload },
	{ TOOL_UPGRADE, 0, FRAME_RUN, 0, 0, control_on_upgrade },
	{ TOOL_SERVER_STATE, 0, FRAME_RUN, 9, 9, control_on_server },
	{ TOOL_CHANGE, 1, FRAME_RUN, 5, TOOL_REASON_MAX + 7, control_on_change },
	{ TOOL_DOCUMENT, 0, FRAME_RUN, 0, 0, control_on_document },
	{ TOOL_AUTHORITY, 0, FRAME_RUN, 0, 0, control_on_authority },
	{ TOOL_CACHE_PURGE, 0, FRAME_RUN, 3, TOOL_PATTERN_MAX + 3, control_on_purge },
	{ TOOL_EVIDENCE_SIGNER, 0, FRAME_RUN, 0, 0, control_on_evidence_signer },
	{ TOOL_EVIDENCE_NOTE, 0, FRAME_RUN, EVIDENCE_NOTE_MIN, EVIDENCE_NOTE_MAX,
	  control_on_evidence_note },
	{ TOOL_RELEASE, 0, FRAME_RUN, 4, 4, control_on_release },
	{ TOOL_ROTATE, 0, FRAME_RUN, 2, TOOL_ROTATE_ITEM_MAX + TOOL_ROTATE_DETAIL_MAX + 5,
	  control_on_rotate },
	{ TOOL_DRILL, 0, FRAME_RUN, 3, TOOL_REASON_MAX + 3, control_on_drill },
};

const struct frame_table control_table = { control_defs,
					   sizeof control_defs / sizeof *control_defs };

static enum err control_hear(struct keeper_client *c)
{
	uint8_t buf[FRAME_MAX];

	for (unsigned i = 0; i < CONTROL_BUDGET && c->source.fd >= 0; i++) {
		struct frame f = { 0 };

		TRY(frame_receive(c->source.fd, buf, &f));
		if (c->wait != CLIENT_IDLE) {
			frame_done(&f);
			return E_DENIED; /* one question per connection */
		}
		TRY(frame_dispatch(&control_table, FRAME_RUN, c, &f));
	}
	return E_OK;
}

void control_on_client(void *owner, struct loop_source *source, uint32_t events)
{
	struct keeper_client *c = LIST_OWNER(source, struct keeper_client, source);
	enum err e = E_OK;

	(void)owner;
	if (events & EPOLLOUT)
		control_go_on(c);
	if (c->source.fd >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		e = control_hear(c);
	if (e != E_OK && e != E_AGAIN && c->source.fd >= 0)
		control_close(c);
}

static bool control_may(int fd, uid_t *ret_uid)
{
	struct ucred who = { 0 };
	socklen_t n = sizeof who;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0)
		return false;
	*ret_uid = who.uid;
	return who.uid == 0 || who.uid == geteuid();
}

static struct keeper_client *control_slot(struct keeper *k)
{
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++)
		if (k->clients[i].source.fd < 0 && k->clients[i].freed_turn != k->loop.turn)
			return &k->clients[i];
	return NULL;
}

static struct keeper_client *control_take(struct keeper *k, int fd, uid_t uid)
{
	struct keeper_client *c = control_slot(k);
	int bytes = CONTROL_SNDBUF;

	if (!c) {
		fd_close(fd);
		return NULL;
	}
	*c = (struct keeper_client){ .source = { .fd = fd, .kind = KEEPER_ON_CLIENT },
				     .text_fd = -1,
				     .k = k,
				     .uid = uid,
				     .deadline_ms = k->loop.now_ms + KEEPER_CLIENT_MS };
	/* More room where the kernel gives it; what it does not give is asked for in pieces */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	if (loop_add(&k->loop, &c->source, EPOLLIN) != E_OK) {
		control_close(c);
		return NULL;
	}
	return c;
}

void control_adopt(struct keeper *k, int fd, uid_t uid)
{
	struct keeper_client *c = control_take(k, fd, uid);

	if (!c)
		return;
	c->wait = CLIENT_NEXT_CHANGE;
	c->deadline_ms = 0;
}

void control_on_listen(void *owner, struct loop_source *source, uint32_t events)
{
	struct keeper *k = owner;

	(void)events;
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		uid_t uid = 0;

		if (fd < 0)
			return;
		if (!control_may(fd, &uid)) {
			log_line(LOG_WARNING, "uid %u may not use the control socket",
				 (unsigned)uid);
			events_put_actor(k, uid, "control.refused", VIEW("control.sock"),
					 "refused");
			fd_close(fd);
			continue;
		}
		(void)control_take(k, fd, uid);
	}
}

enum err control_open(struct keeper *k, int listen_fd)
{
	k->control = (struct loop_source){ .fd = listen_fd, .kind = KEEPER_ON_CONTROL };
	return loop_add(&k->loop, &k->control, EPOLLIN);
}

void control_tell_waiting(struct keeper *k, uint8_t level, struct view text)
{
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		struct keeper_client *c = &k->clients[i];

		if (c->source.fd >= 0 && c->wait == CLIENT_CHANGE &&
		    control_send_text(c, level, text) == E_AGAIN)
			c->lost_lines++;
	}
}

void control_tell_applied(struct keeper *k, uint32_t generation, uint32_t entry)
{
	uint8_t body[8];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, generation);
	wbuf_u32(&w, entry);
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		struct keeper_client *c = &k->clients[i];

		if (c->source.fd >= 0 && c->wait == CLIENT_CHANGE &&
		    frame_send(c->source.fd, KEEPER_APPLIED, 0, wbuf_view(&w), NULL, 0) == E_AGAIN)
			c->lost_lines++;
	}
}

void control_change_begins(struct keeper *k)
{
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++)
		if (k->clients[i].wait == CLIENT_NEXT_CHANGE)
			k->clients[i].wait = CLIENT_CHANGE;
}

void control_change_done(struct keeper *k, bool is_refused)
{
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		struct keeper_client *c = &k->clients[i];

		if (c->source.fd < 0 || c->wait != CLIENT_CHANGE)
			continue;
		c->is_refused = is_refused;
		control_finish(c);
	}
}

uint64_t control_tick(struct keeper *k)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		struct keeper_client *c = &k->clients[i];

		if (c->source.fd < 0 || c->deadline_ms == 0)
			continue;
		if (c->deadline_ms <= k->loop.now_ms && c->wait == CLIENT_PURGE)
			purge_expired(c);
		else if (c->deadline_ms <= k->loop.now_ms)
			control_close(c);
		else if (c->deadline_ms < next)
			next = c->deadline_ms;
	}
	return next;
}
