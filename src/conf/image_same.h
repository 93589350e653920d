/* What two images have in common: whether those who work by the old one may go on with the new. */
#ifndef CONF_IMAGE_SAME_H
#define CONF_IMAGE_SAME_H

#include "conf/image.h"

/* image_same_keys - a signer that was born with a serves b too: every certificate has its index,
 * its key and its uses */
bool image_same_keys(const struct image *a, const struct image *b);

/*
 * image_same_servers - a dialer that was born with a serves b too: pools and servers differ in
 * nothing but weights, backups, and a state that decides neither about health checks nor about a
 * slow start, and cells reach the same ones. False when in doubt: any text that came or went makes
 * it so
 */
bool image_same_servers(const struct image *a, const struct image *b);

#endif
