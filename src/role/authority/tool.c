/* One act at a time per channel; what is not an act ends it. */
#include "role/authority/tool.h"

#include "role/authority/tool_act.h"
#include "role/authority/tool_list.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"

#include <stdarg.h>
#include <stdio.h>

enum { TOOL_FRAMES = 4, TOOL_ROWS = 64, TOOL_TEXT = 512, TOOL_STACK = 15 * 1024 };

static enum err on_act(void *role, struct frame *f)
{
	struct tool *t = role;
	struct tool_act act = { 0 };

	TRY(tool_act_get(f->body, &act));
	if (t->kind || t->asleep || act.kind >= ACT_KINDS)
		return E_DENIED;
	t->seq = f->seq;
	t->n = 0;
	tool_act_do(t, &act);
	return E_OK;
}

static const struct frame_def tool_defs[] = {
	{ TOOL_ACT, 0, FRAME_RUN, 57 + 8, 57 + 8 + GATE_TITLE_MAX + 256 + 2048 + 8, on_act },
};

static const struct frame_table tool_table = { tool_defs, 1 };

enum err tool_add(struct authority *a, uint32_t uid, int fd)
{
	for (unsigned i = 0; i < AUTHORITY_TOOLS; i++) {
		struct tool *t = &a->tools[i];

		if (t->source.fd >= 0)
			continue;
		*t = (struct tool){ .source = { .fd = fd, .kind = SOURCE_TOOL },
				    .a = a,
				    .uid = uid };
		if (fd_set_nonblocking(fd) == E_OK &&
		    loop_add(&a->loop, &t->source, EPOLLIN) == E_OK)
			return E_OK;
		loop_close(&t->source);
		return E_SYS;
	}
	(void)fd_close(fd);
	return E_LIMIT;
}

enum err tool_send(struct tool *t, uint8_t type, const struct wbuf *w)
{
	TRY(wbuf_check(w));
	return frame_send(t->source.fd, type, t->seq, wbuf_view(w), NULL, 0);
}

void tool_end(struct tool *t, bool is_done, const char *format, ...)
{
	char text[TOOL_TEXT];
	uint8_t body[TOOL_TEXT + 16];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct authority_tool_end end = { .is_done = is_done, .n = t->n };
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	end.text = view_str(text);
	t->kind = 0;
	/* a command that does not read even this is gone, or as good as */
	if (authority_tool_end_put(&w, &end) != E_OK ||
	    tool_send(t, AUTHORITY_TOOL_END, &w) != E_OK)
		loop_close(&t->source);
}

/* As many rows as there is room for; then the loop says when there is more. */
static void tool_go_on(struct tool *t)
{
	bool was_waiting = t->is_waiting;
	enum err e = E_OK;

	for (unsigned i = 0; i < TOOL_ROWS && t->kind && e == E_OK; i++)
		e = tool_list_step(t);
	if (t->source.fd < 0)
		return;
	if (e != E_OK && e != E_AGAIN) {
		loop_close(&t->source);
		return;
	}
	t->is_waiting = t->kind != 0;
	if (t->is_waiting != was_waiting &&
	    loop_change(&t->a->loop, &t->source,
			t->is_waiting ? (uint32_t)EPOLLOUT : (uint32_t)EPOLLIN) != E_OK)
		loop_close(&t->source);
}

/* A password that came in a frame lies where it was read. */
static __attribute__((noinline)) void tool_wipe_stack(void)
{
	uint8_t below[TOOL_STACK];

	secret_wipe(below, sizeof below);
}

static void tool_pump(struct tool *t)
{
	enum err e = E_AGAIN;

	if (!t->kind && !t->asleep)
		e = frame_pump(t->source.fd, &tool_table, FRAME_RUN, t, TOOL_FRAMES);
	tool_wipe_stack();
	if (t->source.fd < 0)
		return;
	if (e != E_OK && e != E_AGAIN) {
		if (e != E_CLOSED)
			log_line(LOG_ERROR, "a command's message is refused (%s)", err_name(e));
		loop_close(&t->source);
		return;
	}
	tool_go_on(t);
}

void tool_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct tool *t = LIST_OWNER(source, struct tool, source);

	(void)owner;
	(void)events;
	/* it waits for its answer: whatever it says meanwhile ends it, and so does its end */
	if (t->asleep) {
		loop_close(source);
		return;
	}
	tool_pump(t);
}
