/* The command's side of its channel to the authority. */
#include "tool/ask_authority.h"

#include "sys/fd.h"
#include "tool/ask.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

/* What takes long tells how far it is. */
enum { ASK_AUTHORITY_TIMEOUT_S = 30 };

static enum err ask_authority_on_keeper(void *arg, struct frame *f)
{
	int *fd = arg;

	if (f->type != KEEPER_AUTHORITY || f->fd_n != 1 || *fd >= 0)
		return E_PROTO;
	*fd = frame_take_fd(f, 0);
	return E_OK;
}

static enum err ask_authority_ended(struct view body, struct ask_authority_end *ret)
{
	struct authority_tool_end end = { 0 };
	struct wbuf w = wbuf_of(ret->text, sizeof ret->text - 1);

	TRY(authority_tool_end_get(body, &end));
	wbuf_view_put(&w, end.text);
	ret->text[w.n] = '\0';
	ret->is_done = end.is_done;
	ret->n = end.n;
	return E_OK;
}

static enum err ask_authority_listen(int fd, ask_authority_row *on_row, void *arg,
				     struct ask_authority_end *ret)
{
	uint8_t buf[FRAME_MAX];

	for (;;) {
		struct frame f = { 0 };
		enum err e = E_OK;

		TRY(frame_receive(fd, buf, &f));
		if (f.type == AUTHORITY_TOOL_END)
			e = ask_authority_ended(f.body, ret);
		else if (on_row)
			e = on_row(arg, f.type, f.body);
		frame_done(&f);
		if (e != E_OK || f.type == AUTHORITY_TOOL_END)
			return e;
	}
}

static enum err ask_authority_go(int fd, const struct tool_act *act, ask_authority_row *on_row,
				 void *arg, struct ask_authority_end *ret)
{
	struct timeval patience = { .tv_sec = ASK_AUTHORITY_TIMEOUT_S };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	TRY(tool_act_put(&w, act));
	TRY(frame_send(fd, TOOL_ACT, 1, wbuf_view(&w), NULL, 0));
	return ask_authority_listen(fd, on_row, arg, ret);
}

static int ask_authority_failed(enum err e)
{
	if (e == E_LIMIT)
		(void)fputs("sluis: a name or a list is too long\n", stderr);
	else if (e == E_AGAIN)
		(void)fputs("sluis: the authority does not answer\n", stderr);
	else if (e == E_CLOSED)
		(void)fputs("sluis: the authority ended the conversation: it restarts, or too many "
			    "commands run at once; see whether it was done, and try again\n",
			    stderr);
	else
		(void)fprintf(stderr,
			      "sluis: the authority's answer is not understood (%s): is this "
			      "`sluis` of another version?\n",
			      err_name(e));
	return 1;
}

int ask_authority_on(int fd, const struct tool_act *act, ask_authority_row *on_row, void *arg,
		     struct ask_authority_end *ret)
{
	enum err e = ask_authority_go(fd, act, on_row, arg, ret);

	return e == E_OK ? 0 : ask_authority_failed(e);
}

int ask_authority(const char *state_option, const struct tool_act *act, ask_authority_row *on_row,
		  void *arg, struct ask_authority_end *ret)
{
	AUTO_FD fd = -1;

	if (ask_keeper(state_option, TOOL_AUTHORITY, (struct view){ 0 }, ask_authority_on_keeper,
		       &fd) != 0)
		return 1;
	return fd < 0 ? ask_authority_failed(E_PROTO) : ask_authority_on(fd, act, on_row, arg, ret);
}
