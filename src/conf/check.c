/* The list of checks and what they share; config role and `sluis check`. */
#include "conf/check.h"

#include "conf/option.h"
#include "conf/region.h"
#include "conf/suggest.h"

void check_run(struct check *c)
{
	static void (*const checks[])(struct check *) = {
		check_ship_run,	       check_anchors_init, check_names_run,
		check_certificate_run, check_listener_run, check_backend_run,
		check_persistence_run, check_route_run,	   check_delivery_run,
		check_tracing_run,     check_stream_run,   check_gateway_run,
		check_app_run,	       check_incident_run,
	};

	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		checks[i](c);
}

const char *check_where(const struct check *c, struct place at)
{
	return (const char *)diag_place(c->diag, at).p;
}

uint32_t check_resolve(struct check *c, const struct names *names, const char *what,
		       struct view text, struct place at)
{
	uint32_t index = names_get(names, text);
	struct suggest s = suggest_for(text);

	if (index != NAMES_NONE)
		return index;
	if (c->guesses++ < OPTION_GUESSES_MAX)
		for (uint32_t i = 0; i < names->cap; i++)
			if (names->slots[i].key.p)
				suggest_offer(&s, names->slots[i].key);
	if (s.best.n)
		diag_error(c->diag, at, "there is no %s \"%.*s\"; did you mean \"%.*s\"?", what,
			   DIAG_VIEW(text), DIAG_VIEW(s.best));
	else
		diag_error(c->diag, at, "there is no %s \"%.*s\"", what, DIAG_VIEW(text));
	return IMAGE_NONE;
}

bool check_read(struct check *c, struct place at, struct view name, size_t max, struct view *ret)
{
	const char *why = NULL;

	if (source_read(c->region, source_path(c->source, at, name), max, ret, &why) == E_OK)
		return true;
	diag_error(c->diag, at, "%.*s can't be read: %s", DIAG_VIEW(name), why);
	return false;
}

struct view check_lower(const struct check *c, struct view text)
{
	struct wbuf w = wbuf_of(region_alloc(c->region, text.n + 1, 1, 1), text.n);

	for (size_t i = 0; i < text.n; i++)
		wbuf_u8(&w, text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] | 0x20 : text.p[i]);
	return wbuf_view(&w);
}
