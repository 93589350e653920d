/* The way of a run-time change from the command line to the keeper, or to a trial of it. */
#include "tool/change_ask.h"

#include "conf/conf.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "tool/ask.h"
#include "tool/change_lines.h"

#include <stdio.h>

enum { CHANGE_ASK_DIFFERS = 3 /* exit status */ };

/* A sealed memory file of these bytes: what a reader checks can't change under it. */
static enum err change_ask_memory(struct view bytes, int *ret_fd)
{
	AUTO_FD fd = -1;
	struct wbuf w = { 0 };
	void *p = NULL;

	TRY(shm_new("sluis-change", bytes.n, &fd));
	TRY(shm_map(fd, true, &p, NULL));
	w = wbuf_of(p, bytes.n);
	wbuf_view_put(&w, bytes);
	shm_unmap(p, bytes.n);
	TRY(shm_seal(fd));
	*ret_fd = fd_steal(&fd);
	return E_OK;
}

struct change_ask_found {
	struct view document;
	uint32_t number;
	bool is_pinned;
};

static enum err change_ask_row(void *arg, struct frame *f)
{
	struct change_ask_found *found = arg;
	struct view in = f->body;
	AUTO_FD fd = -1;
	uint8_t pinned = 0;
	void *p = NULL;
	size_t n = 0;

	if (f->type != KEEPER_STATUS_DOCUMENT || f->fd_n != 1)
		return E_OK;
	TRY(view_u32(&in, &found->number));
	TRY(view_u8(&in, &pinned));
	fd = frame_take_fd(f, 0);
	TRY(shm_map(fd, false, &p, &n));
	found->document = view_of(p, n);
	found->is_pinned = pinned != 0;
	return E_OK;
}

int change_ask_running(const char *state, struct view *ret, uint32_t *ret_number,
		       bool *ret_is_pinned)
{
	struct change_ask_found found = { 0 };
	int status = ask_keeper(state, TOOL_DOCUMENT, (struct view){ 0 }, change_ask_row, &found);

	if (status == 0 && found.document.n == 0) {
		(void)fputs("sluis: the keeper gave no configuration\n", stderr);
		return 1;
	}
	*ret = found.document;
	if (ret_number)
		*ret_number = found.number;
	if (ret_is_pinned)
		*ret_is_pinned = found.is_pinned;
	return status;
}

static void change_ask_tell(void *arg, enum diag_level level, const char *text)
{
	change_lines_text(arg, (uint8_t)level, view_str(text));
}

/* What the config role would do, here and with the caller's rights. */
static int change_ask_try(const struct conf_input *given, struct change_lines *lines,
			  struct conf_result *ret)
{
	struct conf_input in = *given;
	enum err e = E_OK;

	in.sink = change_ask_tell;
	in.arg = lines;
	e = conf_check_file(&in, ret, NULL);

	fd_close(ret->document_fd);
	fd_close(ret->diff_fd);
	if (e == E_OK && ret->differences == 0 && !lines->is_json)
		(void)puts("no difference");
	if (e != E_OK && !lines->is_json)
		(void)fprintf(stderr, "sluis: %u errors, %u warnings\n", (unsigned)ret->errors,
			      (unsigned)ret->warnings);
	return change_lines_end(lines, e == E_OK ? 0 : 1);
}

static int change_ask_dry(const struct change_ask *a)
{
	struct conf_input in = { .path = "", .wants_document = true };
	struct conf_result result = { 0 };
	struct change_lines lines = { 0 };
	int status = change_ask_running(a->state, &in.running, NULL, NULL);

	if (status != 0)
		return status;
	if (a->kind == TOOL_CHANGE_EDIT)
		in.edit = a->text;
	else
		in.target = a->text;
	change_lines_begin(&lines, a->is_json, true);
	return change_ask_try(&in, &lines, &result);
}

int change_ask_diff(const char *state, const char *path, bool is_json)
{
	struct conf_input in = { .path = path, .wants_document = true };
	struct conf_result result = { 0 };
	struct change_lines lines = { 0 };
	int status = change_ask_running(state, &in.running, NULL, NULL);

	change_lines_begin(&lines, is_json, true);
	if (status == 0)
		status = change_ask_try(&in, &lines, &result);
	return status == 0 && result.differences ? CHANGE_ASK_DIFFERS : status;
}

int change_ask_send(const struct change_ask *a)
{
	uint8_t body[TOOL_REASON_MAX + 16];
	struct wbuf w = wbuf_of(body, sizeof body);
	AUTO_FD fd = -1;
	struct change_lines lines = { 0 };
	struct ask_sink sink = { .on_row = change_lines_row,
				 .on_text = change_lines_text,
				 .arg = &lines };

	if (a->is_dry)
		return change_ask_dry(a);
	if (view_str(a->reason).n > TOOL_REASON_MAX) {
		(void)fprintf(stderr, "sluis: --reason: at most %d bytes\n", TOOL_REASON_MAX);
		return 2;
	}
	if (change_ask_memory(a->text, &fd) != E_OK)
		return 1;
	wbuf_u8(&w, a->kind);
	wbuf_u32(&w, a->from);
	wbuf_str16(&w, view_str(a->reason));
	change_lines_begin(&lines, a->is_json, false);
	return change_lines_end(&lines,
				ask_keeper_with(a->state, TOOL_CHANGE, wbuf_view(&w), fd, &sink));
}
