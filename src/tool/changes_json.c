/* Changes are kept as text; its tree becomes JSON as it is, every scalar a string: the words of the
 * file, which have a meaning only with their option. */
#include "tool/changes_json.h"

#include "conf/region.h"
#include "conf/yaml_reader.h"

#include <jansson.h>
#include <stdio.h>

static json_t *changes_json_one(const struct node *n)
{
	json_t *text = NULL;

	if (n->kind == NODE_LIST)
		return json_array();
	if (n->kind == NODE_MAP)
		return json_object();
	text = json_stringn((const char *)n->text.p, n->text.n);
	return text ? text : json_null();
}

static void changes_json_put(json_t *parent, const struct node *n, json_t *made)
{
	if (json_is_array(parent))
		(void)json_array_append_new(parent, made);
	else /* a key of the reader's has a NUL behind it */
		(void)json_object_set_new(parent, (const char *)n->key.p, made);
}

static json_t *changes_json_tree(const struct node *root)
{
	const struct node *stack[YAML_READER_DEPTH], *n = root->first;
	json_t *made[YAML_READER_DEPTH], *top = changes_json_one(root);
	uint32_t depth = 1;

	stack[0] = root;
	made[0] = top;
	while (depth) {
		json_t *one = NULL;

		if (!n) {
			n = stack[--depth]->next;
			continue;
		}
		one = changes_json_one(n);
		changes_json_put(made[depth - 1], n, one);
		if (!n->first || depth == YAML_READER_DEPTH) {
			n = n->next;
			continue;
		}
		stack[depth] = n;
		made[depth++] = one;
		n = n->first;
	}
	return top;
}

/* An empty list has no text. */
static json_t *changes_json_list(struct arena *region, struct view changes)
{
	struct diag diag = { 0 };
	struct yaml_reader reader = { .region = region, .diag = &diag };
	struct view file = VIEW("run-time changes");
	const struct node *root = NULL;

	diag_init(&diag, region);
	diag.files[0] = file;
	diag.file_n = 1;
	if (changes.n == 0)
		return json_array();
	root = yaml_reader_parse(&reader, changes, 0);
	return root && root->kind == NODE_LIST ? changes_json_tree(root) : NULL;
}

int changes_json_print(struct view changes, uint32_t number, bool is_pinned)
{
	struct arena region = { 0 };
	json_t *doc = NULL;
	int status = 1;

	if (region_open(&region) != E_OK)
		return 1;
	doc = json_pack("{s:I, s:b, s:o}", "entry", (json_int_t)number, "pinned", (int)is_pinned,
			"changes", changes_json_list(&region, changes));
	if (doc && json_dumpf(doc, stdout, JSON_INDENT(2)) == 0)
		status = 0;
	(void)putchar('\n');
	json_decref(doc);
	region_close(&region);
	return status;
}
