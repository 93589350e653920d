/* The command's side of the control socket. The keeper may be an older or newer program. */
#include "tool/ask.h"

#include "sys/fd.h"
#include "tool/state_dir.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A reload may take as long as its configuration takes to compile. */
enum { ASK_TIMEOUT_S = 120 };

void ask_put_line(bool is_error, struct view text)
{
	char line[4200];
	struct wbuf w = wbuf_of(line, sizeof line - 1);

	for (size_t i = 0; i < text.n && i < 1000; i++) {
		struct view c = view_slice(text, i, 1);

		if (*c.p >= 0x20 && *c.p != 0x7f) {
			wbuf_view_put(&w, c);
		} else {
			WBUF_LIT(&w, "\\x");
			wbuf_hex(&w, c);
		}
	}
	line[w.n] = '\0';
	(void)fprintf(is_error ? stderr : stdout, "%s\n", line);
}

static enum err ask_text(const struct ask_sink *sink, struct view in)
{
	struct view text = { 0 };
	uint8_t level = 0;

	TRY(view_u8(&in, &level));
	TRY(view_str16(&in, &text));
	if (sink->on_text)
		sink->on_text(sink->arg, level, text);
	else
		ask_put_line(level == TOOL_TEXT_ERROR || level == TOOL_TEXT_WARNING, text);
	return E_OK;
}

/* Until KEEPER_DONE, whose one byte is the exit status. */
static enum err ask_listen(int fd, const struct ask_sink *sink, uint8_t *ret_status)
{
	uint8_t buf[FRAME_MAX];
	enum err e = E_OK;

	while (e == E_OK) {
		struct frame f = { 0 };

		TRY(frame_receive(fd, buf, &f));
		if (f.type == KEEPER_DONE) {
			e = view_u8(&f.body, ret_status);
			frame_done(&f);
			return e;
		}
		if (f.type == KEEPER_TEXT)
			e = ask_text(sink, f.body);
		else if (sink->on_row)
			e = sink->on_row(sink->arg, &f);
		frame_done(&f);
	}
	return e;
}

/* Why there was no answer, in words; the exit status. */
static int ask_refuse(enum err e)
{
	if (e == E_AGAIN)
		(void)fprintf(stderr, "sluis: the keeper does not answer\n");
	else if (e == E_CLOSED)
		(void)fprintf(stderr,
			      "sluis: the keeper closed the connection: it serves root and its "
			      "own user, and %s\n",
			      "a few commands at a time; or it is stopping");
	else
		(void)fprintf(stderr,
			      "sluis: the keeper's answer is not understood (%s): is this "
			      "`sluis` of another version?\n",
			      err_name(e));
	return 1;
}

/* A connection on which the question has been asked. E_DENIED: told */
static enum err ask_question(const char *state_option, uint8_t type, struct view body, int pass,
			     int *ret_fd)
{
	struct timeval patience = { .tv_sec = ASK_TIMEOUT_S };
	AUTO_FD fd = -1;

	if (state_dir_connect(state_option, &fd) != E_OK)
		return E_DENIED;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	TRY(frame_send(fd, type, 0, body, &pass, pass >= 0 ? 1 : 0));
	*ret_fd = fd_steal(&fd);
	return E_OK;
}

int ask_keeper(const char *state_option, uint8_t type, struct view body,
	       enum err (*on_row)(void *arg, struct frame *f), void *arg)
{
	struct ask_sink sink = { .on_row = on_row, .arg = arg };

	return ask_keeper_with(state_option, type, body, -1, &sink);
}

int ask_keeper_with(const char *state_option, uint8_t type, struct view body, int pass,
		    const struct ask_sink *sink)
{
	AUTO_FD fd = -1;
	uint8_t status = 1;
	enum err e = ask_question(state_option, type, body, pass, &fd);

	if (e == E_DENIED)
		return 1;
	if (e == E_OK)
		e = ask_listen(fd, sink, &status);
	return e == E_OK ? status != 0 : ask_refuse(e);
}
