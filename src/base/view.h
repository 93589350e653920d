/*
 * A borrowed run of bytes, and the bounded reads from it.
 *
 * All bytes that come from outside travel as a view; no other module does pointer arithmetic
 * on them. Reads consume from the front, or consume nothing and say E_SHORT.
 */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct view {
	const uint8_t *p; /* borrowed; never outlives its source; may be NULL when n is 0 */
	size_t n;
};

/* VIEW - a view of a string literal, without its NUL */
#define VIEW(lit) ((struct view){ (const uint8_t *)("" lit), sizeof(lit) - 1 })

/* VIEW_INIT - the same as an initialiser, for tables */
#define VIEW_INIT(lit)                                                                             \
	{                                                                                          \
		(const uint8_t *)("" lit), sizeof(lit) - 1                                         \
	}

static inline struct view view_of(const void *p, size_t n)
{
	return (struct view){ (const uint8_t *)p, n };
}

/* view_str - a view of a NUL-terminated string; NULL gives the empty view */
struct view view_str(const char *s);

/* view_slice - at most n bytes from position from; clipped to what is there */
struct view view_slice(struct view v, size_t from, size_t n);

/* view_take - moves the first n bytes of v to *ret. E_SHORT: v has fewer, nothing moved */
enum err view_take(struct view *v, size_t n, struct view *ret);

/* view_u8 .. view_u64 - consume one big-endian number. E_SHORT: nothing consumed */
enum err view_u8(struct view *v, uint8_t *ret);
enum err view_u16(struct view *v, uint16_t *ret);
enum err view_u32(struct view *v, uint32_t *ret);
enum err view_u64(struct view *v, uint64_t *ret);

/* view_str16 - consume a u16 length and that many bytes. E_SHORT: nothing consumed */
enum err view_str16(struct view *v, struct view *ret);

/* view_end - E_PROTO unless everything was consumed: a message has no unread tail */
enum err view_end(const struct view *v);

/* view_eq - same bytes (not constant time: never for secrets) */
bool view_eq(struct view a, struct view b);

/* view_ieq - same bytes, ASCII letters compared without case */
bool view_ieq(struct view a, struct view b);

bool view_starts(struct view v, struct view prefix);
bool view_ends(struct view v, struct view suffix);

/* view_find - position of the first byte b, or v.n */
size_t view_find(struct view v, uint8_t b);

/* view_trim - without SP and HTAB at both ends (RFC 9110 §5.6.3 OWS) */
struct view view_trim(struct view v);

/* view_dec - the whole view as a decimal number: digits only, 1 to 19 of them. E_PROTO otherwise */
enum err view_dec(struct view v, uint64_t *ret);

#endif
