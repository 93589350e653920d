/* Comparing images; pure. The keeper asks before it starts a new signer or dialer. */
#include "conf/image_same.h"

static bool image_same_text(const struct image *a, struct image_str x, const struct image *b,
			    struct image_str y)
{
	return view_eq(image_view(a, x), image_view(b, y));
}

static bool image_same_certificate(const struct image *a, const struct image *b, uint32_t i)
{
	const struct image_certificate *x = image_certificate_at(a, i),
				       *y = image_certificate_at(b, i);

	return image_same_text(a, x->name, b, y->name) &&
	       image_same_text(a, x->key_path, b, y->key_path) &&
	       image_same_text(a, x->spki, b, y->spki) && x->key_type == y->key_type &&
	       x->key_bits == y->key_bits && x->is_client == y->is_client &&
	       x->is_server == y->is_server &&
	       view_eq(view_of(x->fingerprint, sizeof x->fingerprint),
		       view_of(y->fingerprint, sizeof y->fingerprint));
}

bool image_same_keys(const struct image *a, const struct image *b)
{
	uint32_t n = image_count(a, IMAGE_CERTIFICATE);

	if (n != image_count(b, IMAGE_CERTIFICATE))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!image_same_certificate(a, b, i))
			return false;
	return true;
}

static bool image_same_section(const struct image *a, const struct image *b, enum image_section s)
{
	size_t size = image_section_size(s), n = image_count(a, s);

	return n == image_count(b, s) && view_eq(view_of(image_at(a, s, 0, size), n * size),
						 view_of(image_at(b, s, 0, size), n * size));
}

/* Everything but what the dialer never reads: a state counts when it decides about checks, or when
 * a slow start begins with it. */
static bool image_same_server(const struct image *a, const struct image_server *x,
			      const struct image_server *y)
{
	struct image_server left = *x;
	bool is_slow = image_pool_at(a, x->pool)->slow_start_ms != 0;
	bool is_same = x->state == y->state || (!is_slow && x->state != IMAGE_SERVER_DISABLED &&
						y->state != IMAGE_SERVER_DISABLED);

	left.weight = y->weight;
	left.is_backup = y->is_backup;
	left.state = y->state;
	return is_same && view_eq(view_of(&left, sizeof left), view_of(y, sizeof *y));
}

static bool image_same_has_cell(const struct image *im)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_LISTENER); i++)
		if (image_listener_at(im, i)->flags & IMAGE_CELL)
			return true;
	return false;
}

/* Which pools cells may be connected to: by applications, and by what else is on their listeners.
 */
static bool image_same_cells(const struct image *a, const struct image *b)
{
	static const enum image_section whole[] = { IMAGE_APP,	IMAGE_LISTENER,	  IMAGE_HOST,
						    IMAGE_RULE, IMAGE_RULE_INDEX, IMAGE_SPLIT };

	if (!image_same_has_cell(a) && !image_same_has_cell(b))
		return true;
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		if (!image_same_section(a, b, whole[i]))
			return false;
	return true;
}

bool image_same_servers(const struct image *a, const struct image *b)
{
	static const enum image_section whole[] = { IMAGE_BYTES, IMAGE_DER, IMAGE_NETWORK,
						    IMAGE_POOL, IMAGE_STATUS_RANGE };
	uint32_t n = image_count(a, IMAGE_SERVER);

	if (n != image_count(b, IMAGE_SERVER) || !image_same_keys(a, b) || !image_same_cells(a, b))
		return false;
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		if (!image_same_section(a, b, whole[i]))
			return false;
	for (uint32_t i = 0; i < n; i++)
		if (!image_same_server(a, image_server_at(a, i), image_server_at(b, i)))
			return false;
	return true;
}
