/* From a worker's record to a line of the chain. */
#ifndef ROLE_AUDIT_RENDER_H
#define ROLE_AUDIT_RENDER_H

#include "ipc/record.h"
#include "role/audit/chain.h"

/* Who wrote the record, as the keeper said: not what the record claims. */
struct render_writer {
	struct view name; /* "edge[0]" */
	uint32_t ring;
	uint64_t position;  /* of the record in its ring: unique, and survives a restart of audit */
	bool skips_access;  /* the configuration says log.access: false */
	struct view origin; /* goes before what the record says; empty: it is believed in that */
	uint64_t now_us;    /* not 0: the writer's clock is held to this one, and events of it have
			       no actor */
};

/* render_time - the record's own time, microseconds; 0 when it has none */
uint64_t render_time(struct view record);

/*
 * render_record - one record as one line
 *   record  borrows; hostile
 * E_PROTO malformed: a field cut short, twice, of the wrong type, or kind or time missing ·
 * E_LIMIT, E_SYS as chain_end
 */
enum err render_record(struct chain *c, const struct render_writer *who, struct view record);

#endif
