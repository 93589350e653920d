/*
 * Three texts, with a NUL between: a configuration, run-time changes on it, and one change more.
 * What is accepted comes with a document from which the same configuration can be made again: the
 * image's digest is the same, no run-time change gets lost or is told twice, and what a document is
 * printed as is a configuration of the same meaning.
 */
#include "conf/conf.h"
#include "conf/document.h"
#include "fuzz.h"
#include "sys/fd.h"
#include "sys/shm.h"

enum { TEXT_MAX = 1 << 16 };

static void on_problem(void *arg, enum diag_level level, const char *text)
{
	unsigned *errors = arg;

	*errors += level == DIAG_ERROR;
	for (const char *c = text; *c; c++)
		INVARIANT((uint8_t)*c >= 0x20 && *c != 0x7f); /* THREATS A27 */
}

struct made {
	void *document;
	size_t document_n;
	uint64_t digest;
};

static bool make(const struct conf_input *given, struct made *ret)
{
	struct conf_input in = *given;
	struct conf_result result = { 0 };
	struct image im = { 0 };
	AUTO_FD fd = -1;
	const char *why = "";
	unsigned errors = 0;
	void *p = NULL;
	size_t n = 0;

	in.sink = on_problem;
	in.arg = &errors;
	in.wants_document = true;
	if (conf_check_file(&in, &result, &fd) != E_OK) {
		INVARIANT(errors && result.document_fd < 0 && result.diff_fd < 0);
		return false;
	}
	INVARIANT(errors == 0 && shm_is_sealed(result.document_fd));
	INVARIANT((result.diff_fd >= 0) == (result.differences != 0));
	INVARIANT(shm_map(fd, false, &p, &n) == E_OK);
	INVARIANT(image_check(view_of(p, n), &im, &why) == E_OK);
	ret->digest = im.header->digest;
	shm_unmap(p, n);
	INVARIANT(shm_map(result.document_fd, false, &ret->document, &ret->document_n) == E_OK);
	fd_close(result.document_fd);
	fd_close(result.diff_fd);
	return true;
}

static void check_again(const struct made *first)
{
	struct view document = view_of(first->document, first->document_n);
	struct conf_input in = { .path = "", .target = document, .running = document };
	static uint8_t text[2][TEXT_MAX * 4];
	struct wbuf w[2] = { wbuf_of(text[0], sizeof text[0]), wbuf_of(text[1], sizeof text[1]) };
	struct made second = { 0 };
	unsigned errors = 0;

	INVARIANT(make(&in, &second));
	INVARIANT(second.digest == first->digest && second.document_n == first->document_n);
	INVARIANT(view_eq(document, view_of(second.document, second.document_n)));
	shm_unmap(second.document, second.document_n);
	in.sink = on_problem;
	in.arg = &errors;
	INVARIANT(conf_print_text(&in, true, &w[0]) == E_OK && errors == 0);
	INVARIANT(conf_print_text(&in, false, &w[1]) == E_OK && errors == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[TEXT_MAX * 2];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct view all = view_of(data, size > TEXT_MAX ? TEXT_MAX : size);
	size_t first = view_find(all, 0);
	struct view rest = view_slice(all, first + 1, all.n);
	size_t second = view_find(rest, 0);
	struct document_file file = { .shown = VIEW("site.yaml"),
				      .path = VIEW("/nowhere/site.yaml"),
				      .text = view_slice(all, 0, first) };
	struct document d = { .files = &file, .file_n = 1, .changes = view_slice(rest, 0, second) };
	struct conf_input in = { .path = "", .edit = view_slice(rest, second + 1, rest.n) };
	struct made made = { 0 };

	INVARIANT(document_write(&d, &w) == E_OK && w.n == document_bytes(&d));
	in.running = wbuf_view(&w);
	if (!in.edit.n)
		in.target = in.running;
	if (!make(&in, &made))
		return 0;
	check_again(&made);
	shm_unmap(made.document, made.document_n);
	return 0;
}
