/*
 * The command in front of a keeper, an authority and a signer that say anything (THREATS A20, A27):
 * it ends, with a status or with what is wrong; nothing that it prints moves a terminal, no
 * descriptor is left open, and only a good signature is one.
 *
 * Input: WHO, then frames: TYPE, descriptors, level, LEN BODY; with a bit set the body is a text
 * with its length before it.
 */
#include "tool/ask.c"
#include "tool/ask_authority.c"
#include "tool/evidence_ask.c"

#include "tests/fuzz/fuzz.h"

#include <fcntl.h>

enum { FRAMES = 20, WHO = 3, AS_TEXT = 0x80 };

static unsigned rows;

static enum err on_row(void *arg, struct frame *f)
{
	int *kept = arg;

	rows++;
	if (f->fd_n && *kept < 0)
		*kept = frame_take_fd(f, 0);
	return f->type == 63 ? E_PROTO : E_OK;
}

static enum err on_authority_row(void *arg, uint8_t type, struct view body)
{
	(void)arg;
	rows++;
	return type == 63 || body.n > 4000 ? E_PROTO : E_OK;
}

static void on_text(void *arg, uint8_t level, struct view text)
{
	(void)arg;
	(void)level;
	INVARIANT(text.n <= FRAME_BODY_MAX);
}

static void say(struct view *in, int fd)
{
	static uint8_t room[FRAME_BODY_MAX];
	uint8_t type = fuzz_u8(in), how = fuzz_u8(in);
	int fds[FRAME_FDS] = { 0, 0, 0, 0 };
	struct wbuf w = wbuf_of(room, sizeof room);

	if (type & AS_TEXT) {
		wbuf_u8(&w, how & 7);
		wbuf_str16(&w, fuzz_some(in, 1500));
	} else {
		wbuf_view_put(&w, fuzz_some(in, FRAME_BODY_MAX));
	}
	(void)frame_send(fd, type & 63, how, wbuf_view(&w), fds, how % (FRAME_FDS + 1u));
}

static void keeper(int fd, bool has_sink)
{
	int kept = -1;
	struct ask_sink sink = { .on_row = on_row,
				 .arg = &kept,
				 .on_text = has_sink ? on_text : NULL };
	uint8_t status = 1;
	enum err e = ask_listen(fd, &sink, &status);

	INVARIANT(e != E_OK || rows <= FRAMES);
	INVARIANT(e == E_OK || ask_refuse(e) == 1);
	(void)fd_close(kept);
}

static void authority(int fd)
{
	struct ask_authority_end end = { 0 };
	enum err e = ask_authority_listen(fd, on_authority_row, NULL, &end);

	INVARIANT(view_str(end.text).n < sizeof end.text);
	INVARIANT(e == E_OK || ask_authority_failed(e) == 1);
}

/* Nobody has signed it. */
static void signer(int fd)
{
	struct evidence_signature s = { .hash = { 1 } };

	INVARIANT(ask_answer(fd, &s) != E_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	uint8_t who = fuzz_u8(&in);
	int ends[2] = { -1, -1 }, before = -1, after = -1;

	rows = 0;
	before = fcntl(0, F_DUPFD_CLOEXEC, 0);
	(void)fd_close(before);
	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	for (unsigned i = 0; i < FRAMES && in.n; i++)
		say(&in, ends[0]);
	ends[0] = fd_close(ends[0]);
	if (who % WHO == 0)
		keeper(ends[1], who & 0x80);
	else if (who % WHO == 1)
		authority(ends[1]);
	else
		signer(ends[1]);
	(void)fd_close(ends[1]);
	after = fcntl(0, F_DUPFD_CLOEXEC, 0);
	INVARIANT(after == before);
	(void)fd_close(after);
	return 0;
}
