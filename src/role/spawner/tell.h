/* What the spawner has to say to the audit log about its cells. */
#ifndef ROLE_SPAWNER_TELL_H
#define ROLE_SPAWNER_TELL_H

#include "role/spawner/spawner.h"
#include "sys/process.h"

/* tell_crash - an alarm: c was ended by a signal that nobody sent it on purpose */
void tell_crash(struct spawner *s, const struct spawner_cell_slot *c,
		const struct process_end *end);

/* tell_frozen - an alarm: c is kept as evidence, or was ended because others are */
void tell_frozen(struct spawner *s, const struct spawner_cell_slot *c, uint8_t kind, bool is_kept);

/* tell_violation - an alarm: c has said what no cell says */
void tell_violation(struct spawner *s, const struct spawner_cell_slot *c, const char *why);

#endif
