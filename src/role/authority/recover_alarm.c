/* Stricter needs nobody's approval: what was said to be dangerous closes at once. */
#include "role/authority/recover_alarm.h"

#include "role/authority/recover_wish.h"

static bool recover_alarm_concerns(const struct authority *a, const struct recover_app *r)
{
	if (r->step == RECOVER_OPEN)
		return r->since_s + RECOVER_PROBATION_S > authority_wall_s(a);
	return r->step > RECOVER_CLOSED;
}

static void recover_alarm_fall(struct authority *a, struct recover_app *r, struct view action)
{
	uint8_t reason_at[128];
	struct wbuf reason = wbuf_of(reason_at, sizeof reason_at);
	const struct isolate_wish why = { .reason = VIEW_INIT("an alarm"),
					  .by = VIEW_INIT("authority") };
	struct isolate_wish w = why;
	struct tell t = { .action = "recover.fell_back",
			  .result = "closed",
			  .object = recover_app_name(r),
			  .is_alarm = true };

	WBUF_LIT(&reason, "put back from ");
	wbuf_view_put(&reason, recover_step_name((enum recover_step)r->step));
	WBUF_LIT(&reason, " by the alarm ");
	wbuf_view_put(&reason, view_slice(action, 0, sizeof r->fell_by));
	w.reason = t.detail = wbuf_view(&reason);
	r->fell_s = authority_wall_s(a);
	r->fell_n = (uint8_t)user_copy(r->fell_by, sizeof r->fell_by, action);
	if (recover_take(a, r, RECOVER_CLOSED, &w) != E_OK)
		t.result = "failed";
	tell_event(a, &t);
}

void recover_on_alarm(struct authority *a, unsigned class, struct view action)
{
	if (!recover_is_on(a) || class >= IMAGE_ALARM_CLASSES ||
	    view_eq(action, VIEW("recover.fell_back")) ||
	    !(authority_image(a)->header->isolation.fallback_on & 1u << class))
		return;
	for (uint32_t i = 0; i < a->recover.n; i++)
		if (recover_alarm_concerns(a, &a->recover.at[i]))
			recover_alarm_fall(a, &a->recover.at[i], action);
	recover_wish_void(a, RECOVER_WISH_STEP, (struct view){ 0 }, "an alarm");
}
