/* Listening sockets: one per listener, shared by all edges or the
 * relay's, kept over reloads and upgrades. */
#ifndef ROLE_KEEPER_LISTENER_H
#define ROLE_KEEPER_LISTENER_H

#include "role/keeper/keeper.h"

/*
 * listener_prepare - binds what image has and is not open yet; says what fails and why
 * E_DENIED some address can't be had: everything is as before
 */
enum err listener_prepare(struct keeper *k, const struct image *image);

/* listener_discard - closes what listener_prepare opened */
void listener_discard(struct keeper *k);

/* listener_commit - what was prepared is now in use; listener_sweep - what is in no image closes */
void listener_commit(struct keeper *k);
void listener_sweep(struct keeper *k);

/* listener_find_cells - which listeners of the image in use are the spawner's: after an upgrade */
void listener_find_cells(struct keeper *k);

/* listener_is_datagram - what a socket that was handed over is for; false for -1 */
bool listener_is_datagram(int fd);

/* listener_post - its listeners of the image, or only the new ones, to an edge, the relay or the
 * console */
enum err listener_post(struct keeper_child *c, bool only_new);

#endif
