/* The role's side of its own birth; the same in every role. */
#include "ipc/keeper_role.h"

#include "sys/log.h"

#include <stdarg.h>
#include <stdio.h>

static enum err keeper_role_identity(struct frame *f, struct role_identity *ret)
{
	struct view in = f->body;

	if (f->type != KEEPER_IDENTITY || f->fd_n != 0)
		return E_DENIED;
	TRY(view_u8(&in, &ret->role));
	TRY(view_u16(&in, &ret->index));
	TRY(view_u32(&in, &ret->boot_id));
	TRY(view_u32(&in, &ret->weaker));
	TRY(view_end(&in));
	log_open(role_name((enum role)ret->role), ret->index);
	return E_OK;
}

enum err keeper_role_boot(const struct frame_table *t, void *role, struct role_identity *ret_self)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = E_OK;

	TRY(frame_receive(ROLE_CHANNEL_FD, buf, &f));
	e = keeper_role_identity(&f, ret_self);
	frame_done(&f);
	while (e == E_OK) {
		e = frame_receive(ROLE_CHANNEL_FD, buf, &f);
		if (e == E_OK && f.type == KEEPER_GO && f.body.n == 0 && f.fd_n == 0)
			return E_OK;
		if (e == E_OK)
			e = frame_dispatch(t, FRAME_BOOT, role, &f);
	}
	return e;
}

static struct view keeper_role_text(const char *text)
{
	return view_slice(view_str(text), 0, 1024);
}

enum err keeper_role_ready(const char *have, const char *weaker)
{
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_str16(&w, keeper_role_text(have));
	wbuf_str16(&w, keeper_role_text(weaker));
	return frame_send(ROLE_CHANNEL_FD, ROLE_READY, 0, wbuf_view(&w), NULL, 0);
}

void keeper_role_failed(const char *format, ...)
{
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	char text[1000];
	va_list ap;
	int n = 0;

	va_start(ap, format);
	n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	log_line(LOG_ERROR, "%s", text);
	wbuf_str16(&w, keeper_role_text(text));
	if (frame_send(ROLE_CHANNEL_FD, ROLE_FAILED, 0, wbuf_view(&w), NULL, 0) != E_OK)
		log_line(LOG_ERROR, "the keeper did not take the reason");
}
