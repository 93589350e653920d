/* What a role is given at its birth, and the channels between roles. */
#ifndef ROLE_KEEPER_BOOT_H
#define ROLE_KEEPER_BOOT_H

#include "role/keeper/keeper.h"

/* boot_post - everything from IDENTITY to GO. E_CLOSED, E_NOMEM, E_SYS: end it */
enum err boot_post(struct keeper_child *c, const struct keeper_image *image);

/* boot_post_image - KEEPER_IMAGE */
enum err boot_post_image(struct keeper_child *c, const struct keeper_image *image);

/* boot_link - a channel between two roles, one end each. E_SYS (logged), E_NOMEM · E_CLOSED the
 * user has ended; a provider that has is none: its user hears the end, and is linked to the next
 * one */
enum err boot_link(struct keeper_child *provider, struct keeper_child *user);

/* boot_link_provider - links a signer or dialer that runs to all that need it */
void boot_link_provider(struct keeper_child *provider);

#endif
