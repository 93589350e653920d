/* Words for conditions; the ones that the configuration has. */
#include "access/access_text.h"

enum { ACCESS_TEXT_NETWORKS = 4, ACCESS_TEXT_GROUPS = 200 };

static const struct {
	uint8_t bit;
	const char *word;
} access_text_words[] = { { GATE_PASSKEY, "passkey" },
			  { GATE_PASSWORD, "password" },
			  { GATE_TOTP, "totp" },
			  { GATE_RECOVERY, "recovery" },
			  { GATE_CERTIFICATE, "client_certificate" } };

static const char *const access_text_days[] = {
	"?", "mon", "tue", "wed", "thu", "fri", "sat", "sun"
};

void access_text_factors(struct wbuf *w, uint8_t factors)
{
	const char *between = "";

	for (size_t i = 0; i < sizeof access_text_words / sizeof *access_text_words; i++) {
		if (!(factors & access_text_words[i].bit))
			continue;
		wbuf_str(w, between);
		wbuf_str(w, access_text_words[i].word);
		between = ", ";
	}
	if (!factors)
		WBUF_LIT(w, "none");
}

static void access_text_minutes(struct wbuf *w, uint32_t minutes)
{
	if (minutes < 600)
		WBUF_LIT(w, "0");
	wbuf_dec(w, minutes / 60);
	WBUF_LIT(w, ":");
	if (minutes % 60 < 10)
		WBUF_LIT(w, "0");
	wbuf_dec(w, minutes % 60);
}

static void access_text_zone(struct wbuf *w, const struct image *im,
			     const struct image_condition *c, const struct access_facts *f)
{
	const struct image_zone *zone = NULL;

	if (c->index >= image_count(im, IMAGE_ZONE))
		return;
	zone = image_zone_at(im, c->index);
	WBUF_LIT(w, "zone ");
	wbuf_view_put(w, image_view(im, zone->name));
	WBUF_LIT(w, " (");
	for (uint32_t i = 0; i < zone->networks.n && i < ACCESS_TEXT_NETWORKS; i++) {
		const struct ip_net *net = image_network_at(im, zone->networks.first + i);

		wbuf_str(w, i ? ", " : "");
		ip_put(w, &net->ip);
		WBUF_LIT(w, "/");
		wbuf_dec(w, ip_is_v4(&net->ip) && net->bits >= 96 ? net->bits - 96u : net->bits);
	}
	wbuf_str(w, zone->networks.n > ACCESS_TEXT_NETWORKS ? ", ...)" : ")");
	WBUF_LIT(w, ": the address is ");
	if (f->has_source)
		ip_put(w, &f->source);
	else
		WBUF_LIT(w, "not known");
}

static void access_text_time(struct wbuf *w, const struct image_condition *c,
			     const struct access_clock *clock)
{
	const char *between = " ";

	WBUF_LIT(w, "time");
	for (unsigned day = 1; day <= 7 && c->days != 0xfe; day++) {
		if (!(c->days & 1u << day))
			continue;
		wbuf_str(w, between);
		wbuf_str(w, access_text_days[day]);
		between = ",";
	}
	WBUF_LIT(w, " ");
	access_text_minutes(w, c->from);
	WBUF_LIT(w, "-");
	access_text_minutes(w, c->to);
	WBUF_LIT(w, ": it is ");
	if (clock->weekday < 1 || clock->weekday > 7) {
		WBUF_LIT(w, "not known");
		return;
	}
	wbuf_str(w, access_text_days[clock->weekday]);
	WBUF_LIT(w, " ");
	access_text_minutes(w, clock->minute);
}

static void access_text_group(struct wbuf *w, struct view name, struct view groups)
{
	const char *between = ": the user is in ";
	struct view rest = view_slice(groups, 0, ACCESS_TEXT_GROUPS);

	WBUF_LIT(w, "group ");
	wbuf_view_put(w, name);
	if (groups.n == 0)
		WBUF_LIT(w, ": the user is in none");
	while (rest.n) {
		size_t end = view_find(rest, '\n');

		wbuf_str(w, between);
		wbuf_view_put(w, view_slice(rest, 0, end));
		rest = view_slice(rest, end + 1, rest.n);
		between = ", ";
	}
	wbuf_str(w, groups.n > ACCESS_TEXT_GROUPS ? " ..." : "");
}

static void access_text_leaf(struct wbuf *w, const struct image *im,
			     const struct image_condition *c, const struct access_facts *f)
{
	switch (c->kind) {
	case IMAGE_IF_GROUP:
		access_text_group(w, image_view(im, c->text), f->groups);
		break;
	case IMAGE_IF_USER:
		WBUF_LIT(w, "user ");
		wbuf_view_put(w, image_view(im, c->text));
		break;
	case IMAGE_IF_ZONE:
		access_text_zone(w, im, c, f);
		break;
	case IMAGE_IF_FACTOR:
		WBUF_LIT(w, "factor ");
		access_text_factors(w, (uint8_t)c->index);
		WBUF_LIT(w, ": shown: ");
		access_text_factors(w, f->factors);
		break;
	case IMAGE_IF_CERTIFICATE:
		wbuf_str(w, f->has_certificate ? "client_certificate: one was shown"
					       : "client_certificate: none was shown");
		break;
	case IMAGE_IF_TIME:
		access_text_time(w, c, &f->clock);
		break;
	default:
		WBUF_LIT(w, "everyone");
		break;
	}
}

void access_text_put(struct wbuf *w, const struct image *im, const struct access_step *step,
		     const struct access_facts *facts)
{
	static const char *const lists[] = {
		[IMAGE_IF_ALL] = "all of", [IMAGE_IF_ANY] = "any of", [IMAGE_IF_NONE] = "none of"
	};
	uint8_t kind = step->condition->kind;

	if (step->depth == 0)
		wbuf_str(w, step->is_deny ? "deny: " : "allow: ");
	if (kind >= IMAGE_IF_ALL && kind <= IMAGE_IF_NONE)
		wbuf_str(w, lists[kind]);
	else
		access_text_leaf(w, im, step->condition, facts);
}
