/* A drill's result for programs; the form is described in docs/drill.md. */
#include "tool/drill_print.h"

#include <jansson.h>
#include <stdio.h>

enum { DRILL_JSON_FORMAT = 1 };

static json_t *json_sums(const struct drill_sums *s)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "acts", (int)s->tried, "refused",
			 (int)s->n[DRILL_REFUSED], "died", (int)s->n[DRILL_DIED], "allowed",
			 (int)s->n[DRILL_ALLOWED], "breaches", (int)s->n[DRILL_BREACH],
			 "not_possible", (int)s->n[DRILL_UNABLE], "unfinished",
			 (int)s->n[DRILL_UNFINISHED]);
}

static json_t *json_act(const struct drill_twin *t, uint32_t i, enum drill_verdict v,
			const struct allowed *excuse)
{
	enum act_group group = ACT_FILES;
	const struct act *a = act_at(i, &group);
	static const struct board_row none;
	const struct board_row *row = t->board ? &t->board->row[i] : &none;
	char how[160];
	json_t *doc = NULL;

	drill_result_how(t, i, how, sizeof how);
	doc = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s}", "name", a->name, "group",
			act_group_name(group), "tries", a->tries, "cites", a->cites, "verdict",
			v == DRILL_BREACH ? "breach" : drill_verdict_name(v), "errno",
			(int)atomic_load(&row->error), "signal", (int)atomic_load(&row->signal),
			"detail", how);
	if (excuse)
		(void)json_object_set_new(doc, "reason", json_string(excuse->reason));
	return doc;
}

static json_t *json_role(const struct drill_result *r, const struct drill_twin *t)
{
	struct drill_sums s = drill_result_sum(r, t, ACT_GROUPS);
	json_t *doc = json_pack("{s:s, s:o, s:i, s:i}", "role", role_name(t->role), "totals",
				json_sums(&s), "processes",
				t->board ? (int)atomic_load(&t->board->births) : 0, "ms",
				t->ended_ms ? (int)(t->ended_ms - t->began_ms) : -1);
	json_t *acts = json_array();
	uint32_t n = act_count();

	for (uint32_t i = 0; i < n; i++) {
		const struct allowed *excuse = NULL;
		enum drill_verdict v = drill_result_of(r, t, i, &excuse);

		if (v != DRILL_NOT_TRIED)
			(void)json_array_append_new(acts, json_act(t, i, v, excuse));
	}
	(void)json_object_set_new(doc, "acts", acts);
	if (t->state == DRILL_BROKEN)
		(void)json_object_set_new(doc, "broken", json_string(t->why));
	return doc;
}

int drill_print_json(const struct drill_result *r)
{
	struct drill_sums s = drill_result_total(r);
	json_t *doc = json_pack("{s:i, s:b, s:i, s:o}", "format", (int)DRILL_JSON_FORMAT, "root",
				(int)!(r->is_so & ALLOWED_USER), "ms", (int)r->ms, "totals",
				json_sums(&s));
	json_t *roles = json_array();
	int status = 1;

	for (unsigned i = 0; i < r->twin_n; i++)
		(void)json_array_append_new(roles, json_role(r, &r->twin[i]));
	(void)json_object_set_new(doc, "roles", roles);
	if (doc)
		status = json_dumpf(doc, stdout, JSON_INDENT(1)) == 0 ? 0 : 1;
	(void)putchar('\n');
	json_decref(doc);
	return status;
}
