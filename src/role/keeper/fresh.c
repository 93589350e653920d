/* The empty keeper; the program and the tests start from it. */
#include "role/keeper/fresh.h"

#include "role/keeper/seat.h"
#include "sys/clock.h"

#include <unistd.h>

/* Zero is empty everywhere but for descriptors. */
void fresh_init(struct keeper *k)
{
	k->image.fd = k->change.image.fd = k->signals.fd = k->control.fd = -1;
	k->dirs = (struct keeper_statedir){ -1, -1, -1, -1, -1, -1, -1 };
	k->document.fd = k->change.text_fd = k->change.document_fd = k->change.diff_fd = -1;
	k->health = k->own = k->audit = k->exporter = k->shipper = k->relay =
		(struct keeper_page){ -1, -1 };
	k->gate = k->cells = k->cell_load = (struct keeper_page){ -1, -1 };
	k->upgrade.check.fd = -1;
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++)
		k->load[i] = k->next_load[i] = (struct keeper_page){ -1, -1 };
	for (size_t i = 0; i < KEEPER_LISTENERS; i++)
		k->listeners[i].fd = k->listeners[i].next_fd = -1;
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		k->clients[i].source.fd = k->clients[i].text_fd = -1;
		k->clients[i].k = k;
	}
	list_init(&k->free_parcels);
	for (size_t i = 0; i < KEEPER_PARCELS; i++)
		list_append(&k->free_parcels, &k->parcels[i].node);
	seat_init(k);
	k->is_root = geteuid() == 0;
	k->started_wall_s = clock_wall_us() / 1000000;
}
