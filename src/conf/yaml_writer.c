/* YAML out; pure. No calls go deeper than the tree's own stack. */
#include "conf/yaml_writer.h"

#include "conf/yaml_reader.h"

static bool yaml_writer_is_plain(struct view text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			       (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/';

		if (!is_word && !(c == '-' && i))
			return false;
	}
	return text.n != 0;
}

void yaml_writer_text(struct wbuf *w, struct view text)
{
	if (yaml_writer_is_plain(text)) {
		wbuf_view_put(w, text);
		return;
	}
	WBUF_LIT(w, "\"");
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '\n')
			WBUF_LIT(w, "\\n");
		else if (c == '\t')
			WBUF_LIT(w, "\\t");
		else if (c == '"' || c == '\\')
			wbuf_view_put(w, c == '"' ? VIEW("\\\"") : VIEW("\\\\"));
		else
			wbuf_put(w, &c, 1);
	}
	WBUF_LIT(w, "\"");
}

static void yaml_writer_open(struct wbuf *w, const struct node *n)
{
	if (n->kind == NODE_SCALAR)
		yaml_writer_text(w, n->text);
	else
		wbuf_view_put(w, n->kind == NODE_LIST ? VIEW("[") : VIEW("{"));
}

void yaml_writer_flow(struct wbuf *w, const struct node *n)
{
	const struct node *stack[YAML_READER_DEPTH + 1], *next = NULL;
	uint32_t depth = 0;

	if (!n)
		return;
	yaml_writer_open(w, n);
	if (n->kind == NODE_SCALAR)
		return;
	stack[depth++] = n;
	next = n->first;
	while (depth) {
		const struct node *top = stack[depth - 1];

		if (!next) {
			wbuf_view_put(w, top->kind == NODE_LIST ? VIEW("]") : VIEW("}"));
			next = --depth ? top->next : NULL;
			continue;
		}
		if (next != top->first)
			WBUF_LIT(w, ", ");
		if (top->kind == NODE_MAP) {
			yaml_writer_text(w, next->key);
			WBUF_LIT(w, ": ");
		}
		yaml_writer_open(w, next);
		if (next->kind == NODE_SCALAR || depth > YAML_READER_DEPTH) {
			next = next->next;
			continue;
		}
		stack[depth++] = next;
		next = next->first;
	}
}

/* "  - name: web", then one option per line below it. */
static void yaml_writer_item(struct wbuf *w, const struct node *item)
{
	const char *lead = "  - ";

	if (item->kind != NODE_MAP || !item->first) {
		wbuf_str(w, lead);
		yaml_writer_flow(w, item);
		WBUF_LIT(w, "\n");
		return;
	}
	for (const struct node *n = item->first; n; n = n->next) {
		wbuf_str(w, lead);
		yaml_writer_text(w, n->key);
		WBUF_LIT(w, ": ");
		yaml_writer_flow(w, n);
		WBUF_LIT(w, "\n");
		lead = "    ";
	}
}

void yaml_writer_document(struct wbuf *w, const struct node *root)
{
	for (const struct node *n = root->first; n; n = n->next) {
		yaml_writer_text(w, n->key);
		if (n->kind != NODE_LIST || !n->first || n->first->kind == NODE_SCALAR) {
			WBUF_LIT(w, ": ");
			yaml_writer_flow(w, n);
			WBUF_LIT(w, "\n");
			continue;
		}
		WBUF_LIT(w, ":\n");
		for (const struct node *item = n->first; item; item = item->next)
			yaml_writer_item(w, item);
	}
}
