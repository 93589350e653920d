/* Origins against the image's; linear in the origins of one rule. */
#include "route/cors.h"

#include "proto/field.h"

struct view cors_field(struct view head, const struct http1_head *h, struct view name)
{
	struct view found = { 0 };
	bool is_there = false;

	for (size_t i = 0; i < h->field_n; i++) {
		if (!view_ieq(field_name_view(head, &h->fields[i]), name))
			continue;
		if (is_there)
			return (struct view){ 0 };
		is_there = true;
		found = field_value_view(head, &h->fields[i]);
	}
	return found;
}

static bool cors_is_label_byte(uint8_t b)
{
	return (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '-' || b == '_' || b == '.';
}

/* "*.example.nl" against "www.example.nl", with the same scheme in front: what the star stands for
 * is labels. */
static bool cors_wild(struct view pattern, size_t star, struct view origin)
{
	struct view front = view_slice(pattern, 0, star),
		    back = view_slice(pattern, star + 1, pattern.n), labels = { 0 };

	if (origin.n <= front.n + back.n || !view_starts(origin, front) || !view_ends(origin, back))
		return false;
	labels = view_slice(origin, front.n, origin.n - front.n - back.n);
	for (size_t i = 0; i < labels.n; i++)
		if (!cors_is_label_byte(labels.p[i]))
			return false;
	return true;
}

bool cors_allows(const struct image *im, const struct image_cors *c, struct view origin)
{
	if (origin.n == 0)
		return false;
	if (c->flags & IMAGE_CORS_ANY_ORIGIN)
		return true;
	for (uint32_t i = 0; i < c->origins.n; i++) {
		struct view pattern = image_view(im, *image_origin_at(im, c->origins.first + i));
		size_t star = view_find(pattern, '*');

		if (star == pattern.n ? view_eq(origin, pattern) : cors_wild(pattern, star, origin))
			return true;
	}
	return false;
}

bool cors_is_preflight(struct view head, const struct http1_head *h)
{
	return h->method_id == METHOD_OPTIONS && cors_field(head, h, VIEW("Origin")).n &&
	       field_is_token(cors_field(head, h, VIEW("Access-Control-Request-Method")));
}
