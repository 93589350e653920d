/*
 * Cells: channels by the thousand, of processes that are each taken to be hostile. A cell may ask
 * for the signature of its own handshake, and of those to servers, a few times; nothing waits for
 * it here.
 */
#ifndef ROLE_SIGNER_CELLS_H
#define ROLE_SIGNER_CELLS_H

#include "role/signer/signer.h"

enum {
	CELLS_BURST = 4,	   /* signatures at once */
	CELLS_PER_TOKEN_MS = 2000, /* ... and one more each so often */
};

/*
 * cells_scope - what cells of each listener may sign with, from the image: that listener's
 * certificates; and as a client those of the pools that its public routes and applications lead to
 *   a  gives the memory, cells_memory bytes at most
 * E_NOMEM
 */
enum err cells_scope(struct signer *s, const struct image *im, struct arena *a);
size_t cells_memory(const struct image *im);

/* cells_add - fd (taken) is the channel to that cell. E_LIMIT, E_SYS (logged) */
enum err cells_add(struct signer *s, const struct spawner_cell *who, int fd);

void cells_on_event(void *owner, struct loop_source *source, uint32_t events);

#endif
