/* What there is to rotate, and how an item is closed. */
#ifndef TOOL_ROTATE_ITEM_H
#define TOOL_ROTATE_ITEM_H

#include "tool/rotate_ask.h"

/* A key that the keeper has: its item, its file (NULL: memory alone), its bit. */
struct rotate_item_key {
	const char *name, *file;
	uint8_t bit; /* enum tool_rotate_key */
};

enum { ROTATE_KEEPER_KEYS = 4 };

extern const struct rotate_item_key rotate_item_keys[ROTATE_KEEPER_KEYS];

/* rotate_item_list - adds what the running configuration has and the list has not, with the
 * fingerprints of now. E_LIMIT · E_SYS (told) */
enum err rotate_item_list(struct rotate *r);

/* rotate_item_close - done or waived: first in the audit log, then in the list. E_SYS (told) */
enum err rotate_item_close(struct rotate *r, struct rotate_item *i, enum rotate_progress progress,
			   const char *evidence);

/* rotate_item_note - what is known of an item that stays open, in the list. E_SYS (told) */
enum err rotate_item_note(struct rotate *r, struct rotate_item *i, const char *evidence);

/* rotate_item_token_print - fingerprint of DIR/keys/token.key; empty: there is none. E_SYS,
 * E_DENIED (told) */
enum err rotate_item_token_print(const struct rotate *r, char *ret);

/* rotate_item_certificate - the certificate that "certificate/www" is about; NULL: there is none */
const struct image_certificate *rotate_item_certificate(const struct rotate *r,
							const struct rotate_item *i);

#endif
