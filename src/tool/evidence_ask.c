/* The command's side of its channel to the signer; the keeper makes it and does not listen. */
#include "tool/evidence_ask.h"

#include "sys/fd.h"
#include "tool/ask.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { ASK_SIGNER_TIMEOUT_S = 20 };

static void ask_put_hash(struct wbuf *w, const uint8_t *hash)
{
	for (size_t i = 0; i < TOOL_EVIDENCE_HASH; i++)
		wbuf_u8(w, hash ? hash[i] : 0);
}

int evidence_ask_note(const char *state_option, const struct evidence_note *n)
{
	uint8_t body[2 * TOOL_REASON_MAX + 2 * TOOL_EVIDENCE_HASH + 16];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u8(&w, (uint8_t)n->what);
	ask_put_hash(&w, n->manifest);
	ask_put_hash(&w, n->file);
	wbuf_str16(&w, view_slice(view_str(n->id), 0, TOOL_REASON_MAX));
	wbuf_str16(&w, view_slice(view_str(n->detail), 0, TOOL_REASON_MAX));
	return ask_keeper(state_option, TOOL_EVIDENCE_NOTE, wbuf_view(&w), NULL, NULL);
}

static enum err ask_on_channel(void *arg, struct frame *f)
{
	int *fd = arg;

	if (f->type != KEEPER_EVIDENCE_SIGNER || f->fd_n != 1 || *fd >= 0)
		return E_PROTO;
	*fd = frame_take_fd(f, 0);
	return E_OK;
}

static enum err ask_answer(int fd, struct evidence_signature *s)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = frame_receive(fd, buf, &f);

	if (e != E_OK)
		return e;
	if (f.type == SIGNER_EVIDENCE)
		e = evidence_signer_get(f.body, s);
	else
		e = f.type == SIGNER_EVIDENCE_REFUSED ? E_DENIED : E_PROTO;
	frame_done(&f);
	return e == E_OK ? evidence_signer_check(s) : e;
}

int evidence_ask_sign(const char *state_option, struct evidence_signature *s)
{
	struct timeval patience = { .tv_sec = ASK_SIGNER_TIMEOUT_S };
	AUTO_FD fd = -1;
	enum err e = E_CLOSED;

	if (ask_keeper(state_option, TOOL_EVIDENCE_SIGNER, (struct view){ 0 }, ask_on_channel,
		       &fd) != 0)
		return 1;
	if (fd >= 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		e = frame_send(fd, EVIDENCE_SIGN, 1, view_of(s->hash, sizeof s->hash), NULL, 0);
	}
	if (e == E_OK)
		e = ask_answer(fd, s);
	if (e == E_OK)
		return 0;
	(void)fprintf(stderr, "sluis evidence: the signer did not sign the manifest (%s)\n",
		      err_name(e));
	return 1;
}
