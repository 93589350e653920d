/* Isolation: who decides and where news is; of applications what is read-only and what they need.
 */
#include "conf/compile.h"

#include "ipc/gate_words.h"

static struct image_range compile_incident_calls(struct compile *c, struct model_list list)
{
	struct image_range r = { .first = build_n(&c->build, IMAGE_SAFE_CALL), .n = list.n };

	for (uint32_t i = 0; i < list.n; i++) {
		const struct model_safe_call *from = MODEL_AT(struct model_safe_call, list, i);
		struct image_safe_call *to = build_new(&c->build, IMAGE_SAFE_CALL);

		to->path_prefix = compile_text(c, from->path_prefix);
		to->method = from->method;
	}
	return r;
}

static struct image_range compile_incident_needs(struct compile *c, struct model_texts list)
{
	struct image_range r = { .first = build_n(&c->build, IMAGE_NEED), .n = list.n };

	for (uint32_t i = 0; i < list.n; i++) {
		struct image_need *to = build_new(&c->build, IMAGE_NEED);

		to->app = list.p[i].index;
	}
	return r;
}

void compile_incident_app(struct compile *c, const struct model_app *from, struct image_app *to)
{
	to->read_only_methods = from->read_only.methods;
	to->read_only_also = compile_incident_calls(c, from->read_only.also);
	to->read_only_websocket = from->read_only.websocket;
	to->needs = compile_incident_needs(c, from->needs);
	to->owner = compile_text(c, from->owner);
	to->is_on_status_page = from->is_on_status_page;
}

/* A line each, as groups are told. */
static struct image_str compile_incident_urgent(struct compile *c, struct model_texts list)
{
	uint8_t at[IMAGE_URGENT_MAX * (GATE_USER_MAX + 1)];
	struct wbuf w = wbuf_of(at, sizeof at);

	for (uint32_t i = 0; i < list.n; i++) {
		if (i)
			WBUF_LIT(&w, "\n");
		wbuf_view_put(&w, list.p[i].text);
	}
	return compile_text(c, wbuf_view(&w));
}

void compile_incident_run(struct compile *c)
{
	const struct model_isolation *m = &c->check->model->isolation;
	const struct model_status_page *page = &c->check->model->status_page;

	c->build.header.isolation = (struct image_isolation){
		.approvers = compile_text(c, m->approvers.group),
		.pilot = compile_text(c, m->pilot),
		.news = compile_text(c, m->news),
		.urgent = compile_incident_urgent(c, m->waiting_room.urgent),
		.room_per_minute = (uint32_t)m->waiting_room.per_minute,
		.room_at_a_time = (uint32_t)m->waiting_room.at_a_time,
		.to_open = (uint32_t)m->approvers.to_open,
		.to_close = (uint32_t)m->approvers.to_close,
		.fallback_on = m->fallback_on,
		.soak_s = (uint32_t)(m->soak_ms / 1000),
		.has_approvers = m->approvers.group.n != 0,
	};
	if (page->at)
		c->build.header.status_page = (struct image_status_page){
			.address = compile_address(c, &page->address),
			.titles = compile_gateway_titles(c, &page->title),
			.contacts = compile_gateway_titles(c, &page->contact),
		};
}
