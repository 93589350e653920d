/* What the keeper sends the dialer, at birth and later. */
#ifndef ROLE_DIALER_KEEPER_CHANNEL_H
#define ROLE_DIALER_KEEPER_CHANNEL_H

#include "role/dialer/edge_channel.h"

/* What arrives before dialer_start can be called. */
struct keeper_birth {
	struct dialer *d;
	int channel[ROLE_EDGES_MAX];
	struct edge_channel_peer peer[ROLE_EDGES_MAX];
	uint32_t channel_n;
};

/* The boot messages; their handlers' role is the struct keeper_birth. */
extern const struct frame_table keeper_channel_boot;

/* The messages of the run phase; their handlers' role is the struct dialer. */
extern const struct frame_table keeper_channel_run;

/* keeper_channel_on_event - from the loop; a keeper that is gone ends the dialer */
void keeper_channel_on_event(void *owner, struct loop_source *source, uint32_t events);

#endif
