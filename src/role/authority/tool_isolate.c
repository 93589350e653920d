/* What a person asks for is looked at in full before anything changes. */
#include "role/authority/tool_isolate.h"

#include "role/authority/isolate.h"
#include "role/authority/recover_wish.h"
#include "role/authority/tool_recover.h"

enum { TOOL_ISOLATE_SOONEST_S = 1, TOOL_ISOLATE_BY = 32 };

static const char tool_isolate_unsaved[] =
	"in force, but not stored: the disk takes nothing; it is tried again";

static const char tool_isolate_alone[] =
	"; nobody else was asked: isolation.approvers is not configured";

static bool tool_isolate_is_good(struct tool *t, const struct isolate_wish *w)
{
	struct view scope = level_scope_name((enum level_scope)w->scope);

	if (!scope.n || w->mask & ~LEVEL_MASK_ALL ||
	    w->mask & (LEVEL_BIT(LEVEL_OPEN) | LEVEL_BIT(LEVEL_PILOT_RETURN))) {
		tool_end(t, false, "this version has no such level");
		return false;
	}
	if (!w->reason.n) {
		tool_end(t, false, "say why: --reason TEXT");
		return false;
	}
	if (w->mask && !isolate_knows(t->a, w->scope, w->name)) {
		tool_end(t, false, "the configuration has no %.*s named \"%.*s\"", (int)scope.n,
			 (const char *)scope.p, (int)w->name.n, (const char *)w->name.p);
		return false;
	}
	if (w->until_s && w->until_s < authority_wall_s(t->a) + TOOL_ISOLATE_SOONEST_S) {
		tool_end(t, false, "--until is over already");
		return false;
	}
	return true;
}

/* It holds; and who has set it should know what it takes to lift it, while there is time. */
static void tool_isolate_done(struct tool *t, const struct isolate_wish *w, bool is_looser)
{
	uint32_t to_open = authority_image(t->a)->header->isolation.to_open,
		 able = recover_wish_has_approvers(t->a) ? recover_wish_able(t->a) : to_open;
	const char *said = t->a->levels_unsaved_ms ? tool_isolate_unsaved : "in force";

	t->n = 1;
	if (w->mask && !w->is_exercise && able < to_open)
		tool_end(t, true,
			 "%s; lifting it takes %u approvals, and only %u of those who may approve "
			 "have a password and an authenticator app",
			 said, to_open, able);
	else
		tool_end(t, true, "%s%s", said, is_looser ? tool_isolate_alone : "");
}

void tool_isolate_set(struct tool *t, const struct tool_act *act)
{
	const struct tell tell = { .uid = t->uid, .is_tool = true };
	uint8_t by_at[TOOL_ISOLATE_BY];
	struct wbuf by = wbuf_of(by_at, sizeof by_at);
	struct isolate_wish w = { .scope = (uint8_t)TOOL_LEVEL_SCOPE(act->flags),
				  .mask = TOOL_LEVEL_MASK(act->flags),
				  .is_exercise = TOOL_LEVEL_IS_EXERCISE(act->flags),
				  .until_s = act->number,
				  .name = act->name,
				  .reason = act->title,
				  .tell = &tell };
	bool is_looser = false;
	enum err e = E_OK;

	wbuf_str(&by, "uid:");
	wbuf_dec(&by, t->uid);
	w.by = wbuf_view(&by);
	if (!tool_isolate_is_good(t, &w) || !tool_recover_may_set(t, &w))
		return;
	is_looser = tool_recover_is_loosened(t->a, &w);
	e = isolate_set(t->a, &w);
	if (e == E_LIMIT) {
		tool_end(t, false, "there are %d levels already: lift some first", LEVEL_ENTRIES);
		return;
	}
	if (e != E_OK) {
		tool_end(t, false,
			 "the store or the audit log takes nothing now: nothing is changed");
		return;
	}
	recover_closed(t->a, &w);
	tool_isolate_done(t, &w, is_looser);
}

enum err tool_isolate_row(struct tool *t, bool *ret_over)
{
	const struct level_book *b = &t->a->levels.book;
	struct tool_level_row r = { 0 };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	*ret_over = t->after >= b->n;
	if (*ret_over)
		return E_OK;
	r.scope = b->at[t->after].scope;
	r.mask = b->at[t->after].mask;
	r.is_exercise = b->at[t->after].is_exercise;
	r.is_known =
		isolate_knows(t->a, r.scope, view_of(b->at[t->after].name, b->at[t->after].name_n));
	r.since_s = b->at[t->after].since_s;
	r.until_s = b->at[t->after].until_s;
	r.name = view_of(b->at[t->after].name, b->at[t->after].name_n);
	r.reason =
		view_of(t->a->level_notes[t->after].reason, t->a->level_notes[t->after].reason_n);
	r.by = view_of(t->a->level_notes[t->after].by, t->a->level_notes[t->after].by_n);
	TRY(tool_level_row_put(&w, &r));
	TRY(tool_send(t, AUTHORITY_LEVEL, &w));
	t->after++;
	t->n++;
	return E_OK;
}
