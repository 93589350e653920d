/*
 * libyaml's events to a tree. Runs in the config role and in `sluis check`.
 *
 * libyaml scans and parses; what it accepts beyond the subset is refused here, event by event, so
 * that no alias is ever followed (THREATS A21: a document of a kilobyte that unfolds to gigabytes).
 */
#include "conf/yaml_reader.h"

#include "conf/names.h"
#include "conf/region.h"

#include <yaml.h>

/* Where the parse stands. */
struct yaml_reader_state {
	struct yaml_reader *reader;
	struct node *stack[YAML_READER_DEPTH];
	uint32_t depth;
	struct node *root;
	struct node *pending; /* a map's key waits for its value: key, key_at */
	uint32_t documents;
	uint16_t file;
	bool is_over;	/* this file's tree can't be built any further */
	bool is_broken; /* it would not mean what was written */
};

static struct place yaml_reader_place(const struct yaml_reader_state *s, yaml_mark_t mark)
{
	return (struct place){ .file = s->file,
			       .line = (uint32_t)mark.line + 1,
			       .column = (uint32_t)mark.column + 1 };
}

/* A problem that leaves no tree to look at; the rest of the file is still read for more of them. */
static void yaml_reader_refuse(struct yaml_reader_state *s, yaml_mark_t mark, const char *why)
{
	diag_error(s->reader->diag, yaml_reader_place(s, mark), "%s", why);
	s->is_broken = true;
}

/* A problem behind which nothing can be told apart any more. */
static void yaml_reader_stop(struct yaml_reader_state *s, yaml_mark_t mark, const char *why)
{
	yaml_reader_refuse(s, mark, why);
	s->is_over = true;
}

/* Anchors and tags are told and then not looked at: the value itself is fine. */
static void yaml_reader_check_plain(struct yaml_reader_state *s, const yaml_char_t *anchor,
				    const yaml_char_t *tag, yaml_mark_t mark)
{
	if (anchor)
		diag_error(s->reader->diag, yaml_reader_place(s, mark),
			   "anchors are not part of the format: write the value out where it is "
			   "used");
	if (tag)
		diag_error(s->reader->diag, yaml_reader_place(s, mark),
			   "tags are not part of the format: the option decides what a value is");
}

static struct node *yaml_reader_node(struct yaml_reader_state *s, enum node_kind kind,
				     yaml_mark_t mark)
{
	struct node *n = NULL;

	if (s->reader->nodes == YAML_READER_NODES) {
		yaml_reader_stop(s, mark, "the configuration is too large: 500000 values at most");
		return NULL;
	}
	s->reader->nodes++;
	if (s->pending) {
		n = s->pending;
		s->pending = NULL;
	} else {
		n = REGION_NEW(s->reader->region, struct node, 1);
	}
	n->kind = (uint8_t)kind;
	n->at = yaml_reader_place(s, mark);
	return n;
}

/* Hangs a value under the innermost list or map, or makes it the root. */
static void yaml_reader_place_node(struct yaml_reader_state *s, struct node *n)
{
	if (s->depth)
		node_append(s->stack[s->depth - 1], n);
	else
		s->root = n;
}

static bool yaml_reader_wants_key(const struct yaml_reader_state *s)
{
	const struct node *top = s->depth ? s->stack[s->depth - 1] : NULL;

	return top && top->kind == NODE_MAP && !s->pending;
}

static bool yaml_reader_is_clean(struct view text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((text.p[i] < 0x20 && text.p[i] != '\n' && text.p[i] != '\t') ||
		    text.p[i] == 0x7f)
			return false;
	return true;
}

static void yaml_reader_on_key(struct yaml_reader_state *s, struct view text, yaml_mark_t mark)
{
	if (view_eq(text, VIEW("<<"))) {
		yaml_reader_stop(s, mark,
				 "merge keys are not part of the format: write the "
				 "values out");
		return;
	}
	s->pending = REGION_NEW(s->reader->region, struct node, 1);
	s->pending->key = region_copy(s->reader->region, text);
	s->pending->key_at = yaml_reader_place(s, mark);
}

static void yaml_reader_on_scalar(struct yaml_reader_state *s, const yaml_event_t *e)
{
	struct view text = view_of(e->data.scalar.value, e->data.scalar.length);
	struct node *n = NULL;

	yaml_reader_check_plain(s, e->data.scalar.anchor, e->data.scalar.tag, e->start_mark);
	if (!yaml_reader_is_clean(text))
		yaml_reader_refuse(s, e->start_mark,
				   "control characters are not allowed in a value");
	if (yaml_reader_wants_key(s)) {
		yaml_reader_on_key(s, text, e->start_mark);
		return;
	}
	n = yaml_reader_node(s, NODE_SCALAR, e->start_mark);
	if (!n)
		return;
	n->text = region_copy(s->reader->region, text);
	yaml_reader_place_node(s, n);
}

/* Never followed: a place is kept for it, so that the rest can be read. */
static void yaml_reader_on_alias(struct yaml_reader_state *s, const yaml_event_t *e)
{
	struct node *n = NULL;

	if (yaml_reader_wants_key(s)) {
		yaml_reader_stop(s, e->start_mark, "a key must be a word");
		return;
	}
	yaml_reader_refuse(s, e->start_mark,
			   "aliases are not part of the format: write the value out");
	n = yaml_reader_node(s, NODE_SCALAR, e->start_mark);
	if (n)
		yaml_reader_place_node(s, n);
}

static void yaml_reader_open(struct yaml_reader_state *s, enum node_kind kind,
			     const yaml_char_t *anchor, const yaml_char_t *tag, yaml_mark_t mark)
{
	struct node *n = NULL;

	yaml_reader_check_plain(s, anchor, tag, mark);
	if (yaml_reader_wants_key(s)) {
		yaml_reader_stop(s, mark, "a key must be a word");
	} else if (s->depth == YAML_READER_DEPTH) {
		yaml_reader_stop(s, mark, "too deep: 24 levels at most");
	} else {
		n = yaml_reader_node(s, kind, mark);
		if (!n)
			return;
		yaml_reader_place_node(s, n);
		s->stack[s->depth++] = n;
	}
}

/* A key twice has no meaning that two readers would agree on. */
static void yaml_reader_check_keys(struct yaml_reader_state *s, const struct node *map)
{
	struct names seen = names_of(s->reader->region);
	struct diag *d = s->reader->diag;

	INVARIANT(map); /* libyaml ends only what it began */
	for (const struct node *n = map->first; n && map->n > 1; n = n->next) {
		uint32_t before = names_put(&seen, n->key, n->key_at.line);

		if (before != NAMES_NONE)
			diag_error(d, n->key_at, "\"%.*s\" is given twice: it is also in line %u",
				   DIAG_VIEW(n->key), before);
	}
}

static void yaml_reader_on_document(struct yaml_reader_state *s, const yaml_event_t *e)
{
	if (++s->documents > 1)
		yaml_reader_stop(s, e->start_mark, "a second document: a file holds one");
	else if (e->data.document_start.version_directive ||
		 e->data.document_start.tag_directives.start !=
			 e->data.document_start.tag_directives.end)
		yaml_reader_refuse(s, e->start_mark, "directives are not part of the format");
}

static void yaml_reader_on(struct yaml_reader_state *s, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		yaml_reader_on_document(s, e);
		break;
	case YAML_ALIAS_EVENT:
		yaml_reader_on_alias(s, e);
		break;
	case YAML_SCALAR_EVENT:
		yaml_reader_on_scalar(s, e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		yaml_reader_open(s, NODE_LIST, e->data.sequence_start.anchor,
				 e->data.sequence_start.tag, e->start_mark);
		break;
	case YAML_MAPPING_START_EVENT:
		yaml_reader_open(s, NODE_MAP, e->data.mapping_start.anchor,
				 e->data.mapping_start.tag, e->start_mark);
		break;
	case YAML_MAPPING_END_EVENT:
		yaml_reader_check_keys(s, s->stack[--s->depth]);
		break;
	case YAML_SEQUENCE_END_EVENT:
		s->depth--;
		break;
	case YAML_STREAM_END_EVENT:
		s->is_over = true;
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
}

/* What libyaml found wrong with the text itself. */
static void yaml_reader_syntax(struct yaml_reader_state *s, const yaml_parser_t *p)
{
	struct place at = yaml_reader_place(s, p->problem_mark);
	const char *problem = p->problem ? p->problem : "the text can't be read";

	if (p->error == YAML_READER_ERROR) {
		at = (struct place){ .file = s->file };
		diag_error(s->reader->diag, at, "not UTF-8 text at byte %zu: %s", p->problem_offset,
			   problem);
	} else if (view_eq(view_str(problem),
			   VIEW("found character that cannot start any token"))) {
		diag_error(s->reader->diag, at,
			   "no value begins with this character: indent with spaces, not tabs, and "
			   "put quotes around a text that begins with @ or `");
	} else if (p->context) {
		diag_error(s->reader->diag, at, "%s (%s in line %zu)", problem, p->context,
			   p->context_mark.line + 1);
	} else {
		diag_error(s->reader->diag, at, "%s", problem);
	}
	s->is_over = true;
	s->is_broken = true;
}

struct node *yaml_reader_parse(struct yaml_reader *r, struct view text, uint16_t file)
{
	struct yaml_reader_state s = { .reader = r, .file = file };
	uint32_t errors = r->diag->errors;
	yaml_parser_t parser;

	if (view_starts(text, VIEW("\xef\xbb\xbf"))) /* a mark of UTF-8, which it is anyway */
		text = view_slice(text, 3, text.n);
	if (!yaml_parser_initialize(&parser)) {
		diag_error(r->diag, (struct place){ .file = file }, "no memory to read the file");
		return NULL;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, text.n ? text.p : (const uint8_t *)"", text.n);
	while (!s.is_over) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			yaml_reader_syntax(&s, &parser);
			break;
		}
		yaml_reader_on(&s, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (s.is_broken)
		return NULL;
	if (!s.root && r->diag->errors == errors)
		diag_error(r->diag, (struct place){ .file = file, .line = 1, .column = 1 },
			   "the file is empty");
	return s.root;
}
