/*
 * What the signer signs goes past the keeper on a channel of its own; what is said in the log is
 * composed here from hashes, so that it can't be another line than the one it claims to be.
 */
#include "role/keeper/evidence.h"

#include "ipc/evidence_signer.h"
#include "ipc/keeper_role.h"
#include "role/keeper/control.h"
#include "role/keeper/events.h"
#include "role/keeper/post.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <sys/socket.h>

static enum err evidence_pair(struct keeper_client *c, struct keeper_child *signer)
{
	int pair[2] = { -1, -1 };
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct post p = { .type = KEEPER_CHANNEL, .fd_n = 1, .takes = true };
	enum err e = E_OK;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return log_errno("socketpair");
	wbuf_u8(&w, SIGNER_COMMAND);
	wbuf_u16(&w, 0);
	p.body = wbuf_view(&w);
	p.fds[0] = pair[0];
	e = post_send(signer, &p);
	if (e == E_OK)
		e = frame_send(c->source.fd, KEEPER_EVIDENCE_SIGNER, 0, (struct view){ 0 },
			       &pair[1], 1);
	(void)fd_close(pair[1]);
	return e;
}

void evidence_link(struct keeper_client *c)
{
	struct keeper_child *signer = c->k->seats[ROLE_SIGNER].child;

	if (!signer || signer->state != CHILD_RUNNING || evidence_pair(c, signer) != E_OK)
		control_answer(c, true,
			       VIEW("error: the signer does not run: look at `sluis status`, and "
				    "try again"));
	else
		control_answer(c, false, (struct view){ 0 });
}

static void evidence_put_hash(struct wbuf *w, const char *name, struct view hash)
{
	bool is_set = false;

	for (size_t i = 0; i < hash.n; i++)
		is_set |= hash.p[i] != 0;
	if (!is_set)
		return;
	wbuf_str(w, w->n ? "; " : "");
	wbuf_str(w, name);
	WBUF_LIT(w, " sha256 ");
	wbuf_hex(w, hash);
}

enum err evidence_note(struct keeper_client *c, struct view body)
{
	static const char *const actions[TOOL_EVIDENCE_NOTES][2] = {
		[TOOL_EVIDENCE_BEGUN] = { "evidence.begun", "asked" },
		[TOOL_EVIDENCE_COLLECTED] = { "evidence.collected", "ok" },
		[TOOL_EVIDENCE_FAILED] = { "evidence.failed", "failed" },
		[TOOL_EVIDENCE_WAIVED] = { "evidence.waived", "waived" },
	};
	char detail[2 * (TOOL_REASON_MAX + 100)];
	struct wbuf w = wbuf_of(detail, sizeof detail);
	struct view manifest = { 0 }, file = { 0 }, bundle = { 0 }, text = { 0 };
	uint8_t what = 0;

	TRY(view_u8(&body, &what));
	TRY(view_take(&body, TOOL_EVIDENCE_HASH, &manifest));
	TRY(view_take(&body, TOOL_EVIDENCE_HASH, &file));
	TRY(view_str16(&body, &bundle));
	TRY(view_str16(&body, &text));
	TRY(view_end(&body));
	if (what == 0 || what >= TOOL_EVIDENCE_NOTES || bundle.n > TOOL_REASON_MAX ||
	    text.n > TOOL_REASON_MAX)
		return E_PROTO;
	evidence_put_hash(&w, "manifest", manifest);
	evidence_put_hash(&w, "file", file);
	wbuf_str(&w, w.n && text.n ? "; " : "");
	wbuf_view_put(&w, text);
	events_put_actor_detail(c->k, c->uid, actions[what][0], bundle, actions[what][1],
				wbuf_view(&w));
	control_answer(c, false, (struct view){ 0 });
	return E_OK;
}
