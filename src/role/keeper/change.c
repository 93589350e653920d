/* Changes without loss (promise P10), up to their decision; the states are in the header. */
#include "role/keeper/change.h"

#include "conf/image_same.h"
#include "ipc/history_entry.h"
#include "role/keeper/child.h"
#include "role/keeper/commit.h"
#include "role/keeper/control.h"
#include "role/keeper/events.h"
#include "role/keeper/history.h"
#include "role/keeper/listener.h"
#include "role/keeper/page.h"
#include "role/keeper/renew.h"
#include "role/keeper/say.h"
#include "role/keeper/seat.h"
#include "role/keeper/stop.h"
#include "role/keeper/usage.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/shm.h"

#include <fcntl.h>
#include <stdio.h>

static void change_fail(struct keeper *k);

static uint8_t change_kind(const struct keeper *k, bool is_renewal)
{
	if (is_renewal)
		return HISTORY_UPGRADE;
	return k->is_ready ? HISTORY_RELOAD : HISTORY_START;
}

/* A change back to nothing but its beginning. */
static struct keeper_change *change_new(struct keeper *k, const struct keeper_asker *who)
{
	struct keeper_change *ch = &k->change;

	*ch = (struct keeper_change){ .state = CHANGE_CONFIG,
				      .is_first = !k->is_ready,
				      .uid = who->uid,
				      .is_by_command = who->is_command,
				      .text_fd = -1,
				      .document_fd = -1,
				      .diff_fd = -1,
				      .image = { .fd = -1 } };
	(void)snprintf(ch->reason, sizeof ch->reason, "%s", who->reason);
	return ch;
}

/*
 * The files anew. After a rollback a start or an upgrade goes on with what was rolled back to; only
 * a reload says that the files are meant again.
 */
static void change_begin(struct keeper *k, bool is_renewal)
{
	struct keeper_asker who = k->change.next;
	uint8_t kind = change_kind(k, is_renewal);
	struct keeper_change *ch = change_new(k, &who);

	ch->kind = kind;
	ch->is_renewal = is_renewal;
	ch->is_rekey = is_renewal && who.is_rekey;
	ch->is_pinned = kind != HISTORY_RELOAD && k->document.is_pinned;
	if (ch->is_pinned || (ch->is_rekey && k->document.fd >= 0))
		ch->text_fd = fcntl(k->document.fd, F_DUPFD_CLOEXEC, 3);
	if (ch->is_pinned && !ch->is_rekey)
		say_format(k, SAY_WARNING,
			   "warning: this is entry %u of the history, not what the files say: "
			   "`sluis reload` applies the files",
			   (unsigned)k->document.number);
	control_change_begins(k);
	if (!ch->is_rekey || renew_begin(k, who.keys) == E_OK)
		ch->config = child_start(k, ROLE_CONFIG, 0, &k->image, true);
	if (!ch->config)
		change_fail(k);
}

/* A run-time change, or an entry of the history. */
static void change_begin_edit(struct keeper *k, struct keeper_client *c)
{
	struct keeper_change *ch = change_new(k, &c->asker);

	ch->is_edit = c->change == TOOL_CHANGE_EDIT;
	ch->kind = ch->is_edit ? HISTORY_CHANGE : HISTORY_ROLLBACK;
	ch->from = c->from;
	ch->is_pinned = !ch->is_edit || k->document.is_pinned;
	ch->text_fd = fd_steal(&c->text_fd);
	c->wait = CLIENT_CHANGE;
	ch->config = child_start(k, ROLE_CONFIG, 0, &k->image, true);
	if (!ch->config)
		change_fail(k);
}

void change_request_edit(struct keeper *k)
{
	struct keeper_client *c = NULL;

	if (k->stop.stage != STOP_NOT || k->change.state != CHANGE_IDLE)
		return;
	c = control_next_edit(k);
	if (c)
		change_begin_edit(k, c);
}

void change_request_by(struct keeper *k, const struct keeper_asker *who)
{
	k->change.next = *who;
	change_request(k, false);
}

void change_request_rekey(struct keeper *k, const struct keeper_asker *who)
{
	k->change.next = *who;
	change_request(k, true);
}

void change_request(struct keeper *k, bool is_renewal)
{
	if (k->stop.stage != STOP_NOT)
		return;
	if (k->change.state == CHANGE_IDLE) {
		change_begin(k, is_renewal);
		return;
	}
	k->change.want_again = true;
	k->change.want_renewal |= is_renewal;
}

static void change_next(struct keeper *k)
{
	struct keeper_change *ch = &k->change;

	ch->state = CHANGE_IDLE;
	if (ch->want_again && k->stop.stage == STOP_NOT)
		change_begin(k, ch->want_renewal);
	else
		change_request_edit(k);
}

/* From here on c is nobody's: it is ended, and its end means nothing. */
static void change_drop_one(struct keeper_child **c)
{
	if (*c) {
		(*c)->is_candidate = false;
		(*c)->state = CHILD_RETIRED;
		child_kill(*c);
	}
	*c = NULL;
}

void change_drop(struct keeper *k)
{
	struct keeper_change *ch = &k->change;

	if (ch->state != CHANGE_CONFIG && ch->state != CHANGE_PREPARE)
		return;
	change_drop_one(&ch->config);
	change_drop_one(&ch->signer);
	change_drop_one(&ch->dialer);
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++)
		change_drop_one(&ch->edge[i]);
	listener_discard(k);
	page_renew_discard(k);
	history_discard(k);
	renew_undo(k);
	commit_close_image(&ch->image);
}

static void change_fail(struct keeper *k)
{
	struct keeper_change *ch = &k->change;

	if (*ch->why)
		say_format(k, SAY_ERROR, "error: %s", ch->why);
	change_drop(k);
	events_put_change(k, "config.refused", "refused", view_str(ch->why));
	if (!k->is_ready) {
		stop_begin(k, true, 1);
		return;
	}
	k->failed_reloads++;
	usage_changed(k, false);
	control_change_done(k, true);
	change_next(k);
}

void change_fail_first(struct keeper *k)
{
	if (k->stop.stage != STOP_NOT)
		return;
	say_format(k, SAY_ERROR, "error: %s", *k->change.why ? k->change.why : "a role ended");
	stop_begin(k, true, 1);
}

static enum err change_map(struct keeper *k, int fd, uint32_t generation)
{
	struct keeper_image im = { .fd = fd, .generation = generation };
	const char *why = "it is not sealed";

	if (!shm_is_sealed(fd) || shm_map(fd, false, &im.map, &im.bytes) != E_OK ||
	    image_check(view_of(im.map, im.bytes), &im.image, &why) != E_OK ||
	    im.image.header->generation != generation || generation <= k->image.generation) {
		log_line(LOG_ERROR, "the image of the config role can't be used: %s", why);
		commit_close_image(&im);
		return E_PROTO;
	}
	k->change.image = im;
	return E_OK;
}

enum err change_on_image(struct keeper_child *c, uint32_t generation, int fd)
{
	struct keeper *k = c->k;

	if (c != k->change.config || k->change.image.fd >= 0) {
		fd_close(fd);
		return E_DENIED;
	}
	return change_map(k, fd, generation);
}

/* Renewal only: new edges next to the old ones, before anything is decided. */
static enum err change_start_edges(struct keeper *k, unsigned n)
{
	struct keeper_change *ch = &k->change;

	TRY(page_renew(k, n));
	for (unsigned i = 0; i < n; i++) {
		if (ch->edge[i])
			continue;
		ch->edge[i] = child_start(k, ROLE_EDGE, (uint16_t)i, &ch->image, true);
		if (!ch->edge[i])
			return E_SYS;
	}
	return E_OK;
}

static bool change_edges_run(const struct keeper_change *ch, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!ch->edge[i] || ch->edge[i]->state != CHILD_RUNNING)
			return false;
	return true;
}

/* Written down, then done. What the files say can be read again from them; what was said at run
 * time is nowhere else. */
static void change_decide(struct keeper *k)
{
	struct keeper_change *ch = &k->change;

	if (renew_keep(k) != E_OK) {
		(void)snprintf(ch->why, sizeof ch->why,
			       "%.500s: the new keys can't be written: is the disk full?",
			       k->options.state);
		change_fail(k);
		return;
	}
	if (history_record(k) == E_OK) {
		commit_change(k);
		return;
	}
	if (ch->text_fd >= 0 && !ch->is_first) {
		change_fail(k);
		return;
	}
	say_format(k, SAY_WARNING, "warning: %s", ch->why);
	commit_change(k);
}

static bool change_has(const struct keeper_child *c, bool is_kept)
{
	return is_kept || (c && c->state == CHILD_RUNNING);
}

static void change_step(struct keeper *k)
{
	struct keeper_change *ch = &k->change;
	unsigned edges = ch->is_renewal ? commit_edge_count(&ch->image.image) : 0;

	if (ch->state != CHANGE_PREPARE || !change_has(ch->signer, ch->keeps_signer) ||
	    !change_has(ch->dialer, ch->keeps_dialer))
		return;
	if (change_start_edges(k, edges) != E_OK)
		change_fail(k);
	else if (change_edges_run(ch, edges))
		change_decide(k);
	change_settle(k);
}

/* What keeps its reach is kept: which keys and which addresses a process has is fixed at its birth,
 * and when they are the same ones a new process would only cost time. */
static void change_keep(struct keeper *k)
{
	struct keeper_change *ch = &k->change;
	const struct keeper_child *signer = seat_of(k, ROLE_SIGNER, 0)->child,
				  *dialer = seat_of(k, ROLE_DIALER, 0)->child;

	/* A reload reads everything anew: keys from their files, resolvers, issuers */
	if (ch->is_first || ch->text_fd < 0 || ch->is_renewal)
		return;
	ch->keeps_signer =
		change_has(signer, false) && image_same_keys(&k->image.image, &ch->image.image);
	ch->keeps_dialer =
		change_has(dialer, false) && image_same_servers(&k->image.image, &ch->image.image);
}

static void change_prepare(struct keeper *k)
{
	struct keeper_change *ch = &k->change;

	ch->state = CHANGE_PREPARE;
	change_keep(k);
	if (listener_prepare(k, &ch->image.image) != E_OK) {
		change_fail(k);
		return;
	}
	if (!ch->keeps_signer)
		ch->signer = child_start(k, ROLE_SIGNER, 0, &ch->image, true);
	if (!ch->keeps_dialer)
		ch->dialer = child_start(k, ROLE_DIALER, 0, &ch->image, true);
	if ((!ch->signer && !ch->keeps_signer) || (!ch->dialer && !ch->keeps_dialer))
		change_fail(k);
	else
		change_step(k);
}

bool change_on_ready(struct keeper_child *c)
{
	if (!c->is_candidate)
		return false;
	if (c->role != ROLE_CONFIG)
		change_step(c->k);
	return true;
}

static void change_forget(struct keeper_change *ch, const struct keeper_child *c)
{
	if (ch->signer == c)
		ch->signer = NULL;
	if (ch->dialer == c)
		ch->dialer = NULL;
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++)
		if (ch->edge[i] == c)
			ch->edge[i] = NULL;
}

bool change_on_end(struct keeper_child *c, const struct process_end *end)
{
	struct keeper *k = c->k;
	struct keeper_change *ch = &k->change;

	if (!c->is_candidate)
		return false;
	if (c == ch->config) {
		ch->config = NULL;
		if (!end->is_signal && end->value == 0 && ch->image.fd >= 0)
			change_prepare(k);
		else
			change_fail(k);
		return true;
	}
	change_forget(ch, c);
	change_fail(k);
	return true;
}

void change_on_swapped(struct keeper *k)
{
	change_settle(k);
}

static void change_finish(struct keeper *k)
{
	bool is_first = k->change.is_first;

	listener_sweep(k);
	renew_done(k);
	commit_tell(k);
	history_discard(k);
	if (!is_first)
		k->reloads++;
	usage_changed(k, true);
	control_change_done(k, false);
	change_next(k);
}

void change_settle(struct keeper *k)
{
	if (k->change.state == CHANGE_SWAP && k->stop.stage == STOP_NOT && seat_all_run(k))
		change_finish(k);
}

uint64_t change_tick(struct keeper *k)
{
	struct keeper_change *ch = &k->change;

	if (ch->state != CHANGE_SWAP || ch->is_first || k->stop.stage != STOP_NOT)
		return UINT64_MAX;
	if (ch->deadline_ms > k->loop.now_ms)
		return ch->deadline_ms;
	say_format(k, SAY_WARNING,
		   "warning: not all roles run with the new configuration yet: "
		   "look at sluis status");
	change_finish(k);
	return UINT64_MAX;
}
