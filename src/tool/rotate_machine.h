/* Items that the machine does by itself: sessions, the key of assertions, the keeper's keys. */
#ifndef TOOL_ROTATE_MACHINE_H
#define TOOL_ROTATE_MACHINE_H

#include "tool/rotate_item.h"

/*
 * rotate_machine_do - all open ones of these kinds, or this one (only not NULL)
 * What is found done is only written down; one renewal of all roles serves all keys. E_SYS (told):
 * something is still open, and the next try goes on from there
 */
enum err rotate_machine_do(struct rotate *r, const struct rotate_item *only);

#endif
