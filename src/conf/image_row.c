/* Bounds of single fields; the rows themselves are in image.c and image_gateway.c. */
#include "conf/image_row.h"

enum { IMAGE_UNIX_MAX = 107 /* sun_path with its NUL */ };

static bool range_is_inside(const struct image *im, enum image_section s, struct image_range r)
{
	uint32_t n = image_count(im, s);

	return r.first <= n && r.n <= n - r.first;
}

static bool str_is_inside(const struct image *im, struct image_str s)
{
	return range_is_inside(im, IMAGE_BYTES, (struct image_range){ s.at, s.n });
}

static bool str_is_between(const struct image *im, struct image_str s, uint32_t min, uint32_t max)
{
	return s.n >= min && s.n <= max && str_is_inside(im, s);
}

static bool text_is_between(const struct image *im, struct image_str s, uint32_t min, uint32_t max)
{
	return str_is_between(im, s, min, max) && view_find(image_view(im, s), 0) == s.n;
}

static bool address_is_good(const struct image *im, const struct image_address *a,
			    const struct image_row *row)
{
	if (a->kind == 0)
		return row->b != 0 && a->name.n == 0;
	if (a->kind > IMAGE_ADDRESS_UNIX || !(row->a & 1u << a->kind))
		return false;
	if (a->kind == IMAGE_ADDRESS_IP)
		return a->port != 0 && a->name.n == 0;
	if (a->kind == IMAGE_ADDRESS_NAME)
		return a->port != 0 && text_is_between(im, a->name, 1, 253);
	return text_is_between(im, a->name, 2, IMAGE_UNIX_MAX) &&
	       view_starts(image_view(im, a->name), VIEW("/"));
}

/* One field of one element; at is aligned for its type because the section and its elements are. */
static bool field_is_good(const struct image *im, const struct image_row *row, const void *at)
{
	uint32_t x = 0;

	switch (row->kind) {
	case ROW_STR:
		return str_is_between(im, *(const struct image_str *)at, row->a, row->b);
	case ROW_TEXT:
		return text_is_between(im, *(const struct image_str *)at, row->a, row->b);
	case ROW_RANGE:
		return ((const struct image_range *)at)->n >= row->b &&
		       range_is_inside(im, (enum image_section)row->a,
				       *(const struct image_range *)at);
	case ROW_ADDRESS:
		return address_is_good(im, (const struct image_address *)at, row);
	case ROW_INDEX:
	case ROW_INDEX_OR_NONE:
		x = *(const uint32_t *)at;
		return x < image_count(im, (enum image_section)row->a) ||
		       (row->kind == ROW_INDEX_OR_NONE && x == IMAGE_NONE);
	case ROW_U8:
		x = *(const uint8_t *)at;
		break;
	case ROW_U16:
		x = *(const uint16_t *)at;
		break;
	default:
		x = *(const uint32_t *)at;
		break;
	}
	return x >= row->a && x <= row->b;
}

bool image_rows_are_good(const struct image *im, const struct image_row *rows, size_t n)
{
	for (size_t r = 0; r < n; r++) {
		enum image_section s = (enum image_section)rows[r].section;
		size_t size = image_section_size(s);

		for (size_t i = 0; i < image_count(im, s); i++) {
			const uint8_t *element = image_at(im, s, i, size);

			if (!field_is_good(im, &rows[r], element + rows[r].offset))
				return false;
		}
	}
	return true;
}

bool image_row_header_is_good(const struct image *im, const struct image_row *rows, size_t n)
{
	const uint8_t *header = (const uint8_t *)im->header;

	for (size_t r = 0; r < n; r++)
		if (!field_is_good(im, &rows[r], header + rows[r].offset))
			return false;
	return true;
}

bool image_row_follows(struct image_range r, uint32_t *end)
{
	if (r.n == 0)
		return true;
	if (r.first < *end)
		return false;
	*end = r.first + r.n;
	return true;
}
