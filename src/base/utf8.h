/* UTF-8, read one character at a time: RFC 3629 §4 to the letter. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/view.h"

/*
 * utf8_next - consumes one character of v
 * E_SHORT nothing is left · E_PROTO what comes next is none (overlong, a surrogate, above U+10FFFF,
 * cut off): one byte was consumed
 */
enum err utf8_next(struct view *v, uint32_t *ret);

/* utf8_is_valid - characters from begin to end */
bool utf8_is_valid(struct view v);

#endif
