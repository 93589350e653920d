/* Numbers first; every act that worked is then told with its reason, allowed or not. */
#include "tool/drill_print.h"

#include "tool/columns.h"

#include <stdio.h>
#include <unistd.h>

void drill_print_summary(const struct drill_result *r, struct wbuf *w)
{
	static const struct {
		enum drill_verdict verdict;
		const char *text;
		bool is_always;
	} parts[] = { { DRILL_REFUSED, " refused", true },
		      { DRILL_DIED, " died", true },
		      { DRILL_ALLOWED, " allowed by design", true },
		      { DRILL_BREACH, " breaches", true },
		      { DRILL_UNABLE, " not possible here", false },
		      { DRILL_UNFINISHED, " unfinished", false } };
	struct drill_sums s = drill_result_total(r);

	wbuf_dec(w, r->twin_n);
	WBUF_LIT(w, " roles, ");
	wbuf_dec(w, s.tried);
	WBUF_LIT(w, " acts");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (!parts[i].is_always && !s.n[parts[i].verdict])
			continue;
		WBUF_LIT(w, ", ");
		wbuf_dec(w, s.n[parts[i].verdict]);
		wbuf_str(w, parts[i].text);
	}
}

/* "37": all were stopped; "37 +2": and two are allowed; "37 !1": a breach. */
static void print_group(struct columns *c, const struct drill_sums *s)
{
	static const char *const marks[DRILL_VERDICTS] = {
		[DRILL_ALLOWED] = " +", [DRILL_BREACH] = " !", [DRILL_UNFINISHED] = " ?"
	};
	char text[80];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_dec(&w, s->n[DRILL_REFUSED] + s->n[DRILL_DIED]);
	for (unsigned v = 0; v < DRILL_VERDICTS; v++) {
		if (!marks[v] || !s->n[v])
			continue;
		wbuf_str(&w, marks[v]);
		wbuf_dec(&w, s->n[v]);
	}
	columns_cell(c, s->tried ? wbuf_view(&w) : VIEW("-"));
}

static void print_rows(const struct drill_result *r, struct columns *c)
{
	columns_text(c, "role");
	for (unsigned g = 0; g < ACT_GROUPS; g++)
		columns_text(c, act_group_name((enum act_group)g));
	columns_text(c, "refused");
	columns_text(c, "died");
	columns_text(c, "allowed");
	columns_text(c, "BREACH");
	columns_end(c);
	for (unsigned i = 0; i < r->twin_n; i++) {
		const struct drill_twin *t = &r->twin[i];
		struct drill_sums all = drill_result_sum(r, t, ACT_GROUPS);

		columns_text(c, role_name(t->role));
		for (unsigned g = 0; g < ACT_GROUPS; g++) {
			struct drill_sums s = drill_result_sum(r, t, (enum act_group)g);

			print_group(c, &s);
		}
		columns_number(c, all.n[DRILL_REFUSED]);
		columns_number(c, all.n[DRILL_DIED]);
		columns_number(c, all.n[DRILL_ALLOWED]);
		columns_number(c, all.n[DRILL_BREACH]);
		columns_end(c);
	}
}

static void print_act(const struct drill_twin *t, uint32_t i, enum drill_verdict v,
		      const struct allowed *excuse)
{
	enum act_group group = ACT_FILES;
	const struct act *a = act_at(i, &group);
	char how[160];

	drill_result_how(t, i, how, sizeof how);
	(void)printf("  %-9s %-9s %-24s %s [%s]", role_name(t->role), drill_verdict_name(v),
		     a->name, a->tries, a->cites);
	if (*how)
		(void)printf(": %s", how);
	if (excuse)
		(void)printf(" -- %s", excuse->reason);
	(void)putchar('\n');
}

/* Those whose verdict is in the set. */
static void print_acts(const struct drill_result *r, unsigned verdicts, const char *title)
{
	uint32_t n = act_count();
	bool is_begun = false;

	for (unsigned k = 0; k < r->twin_n; k++)
		for (uint32_t i = 0; i < n; i++) {
			const struct allowed *excuse = NULL;
			enum drill_verdict v = drill_result_of(r, &r->twin[k], i, &excuse);

			if (!(verdicts & 1u << v) ||
			    (v == DRILL_UNFINISHED && r->twin[k].state == DRILL_BROKEN))
				continue;
			if (!is_begun)
				(void)printf("\n%s\n", title);
			is_begun = true;
			print_act(&r->twin[k], i, v, excuse);
		}
}

void drill_print(const struct drill_result *r, bool is_long)
{
	struct columns c = { 0 };
	char text[256];
	struct wbuf w = wbuf_of(text, sizeof text);

	print_rows(r, &c);
	c.is_printing = true;
	print_rows(r, &c);
	if (is_long)
		print_acts(r, 1u << DRILL_REFUSED | 1u << DRILL_DIED | 1u << DRILL_UNABLE,
			   "Stopped:");
	print_acts(r, 1u << DRILL_ALLOWED, "Allowed by design:");
	print_acts(r, 1u << DRILL_UNFINISHED, "Unfinished:");
	print_acts(r, 1u << DRILL_BREACH, "BREACHES:");
	for (unsigned i = 0; i < r->twin_n; i++)
		if (r->twin[i].state == DRILL_BROKEN)
			(void)printf("\n%s is unfinished: %s\n", role_name(r->twin[i].role),
				     r->twin[i].why);
	drill_print_summary(r, &w);
	(void)printf("\n%.*s (%u.%u s)\n", (int)w.n, text, (unsigned)(r->ms / 1000),
		     (unsigned)(r->ms % 1000 / 100));
}
