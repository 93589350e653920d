/* The fence around a dialer: kernel rules for the servers of its image (promise P4, sys/reach). */
#ifndef ROLE_KEEPER_FENCE_H
#define ROLE_KEEPER_FENCE_H

#include "role/keeper/keeper.h"

/*
 * fence_open - rules for c's image, in a cgroup that c shall be born in; c->fence
 * Without root, cgroup2 or BPF there is none, and Landlock's ports are what holds: told in status.
 */
void fence_open(struct keeper_child *c, const struct keeper_image *image);

/* fence_close - c has ended; accepts one without a fence */
void fence_close(struct keeper_child *c);

#endif
