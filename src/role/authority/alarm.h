/*
 * Alarms: what audit has seen come into the log, kept until somebody says that it is dealt with.
 * One row per action and object while it is open, with how often; the audit log has each of them.
 *
 * At most ALARM_ROWS are kept; those that were closed first go first. When all of them are open,
 * further kinds are counted in one row, alarm.flood: who can raise alarms can't push out others.
 */
#ifndef ROLE_AUTHORITY_ALARM_H
#define ROLE_AUTHORITY_ALARM_H

#include "ipc/alarm_words.h"
#include "ipc/audit_authority.h"
#include "role/authority/authority.h"

enum { ALARM_ROWS_MAX = 1000 };

struct alarm {
	uint32_t number;
	uint64_t first_s, last_s, count, first_seq, last_seq;
	uint64_t closed_s; /* 0: it is open */
	struct view action, object, writer, origin, result, detail, closed_by, reason;
	bool is_new; /* there was none of its kind open */
};

/* alarm_open - how many are open, from the store. E_SYS */
enum err alarm_open(struct authority *a);

/* alarm_set_channel - takes audit's; alarm_on_event - what it says */
enum err alarm_set_channel(struct authority *a, int fd);
void alarm_on_event(void *owner, struct loop_source *source, uint32_t events);

/* alarm_count_open - that nobody has closed */
uint32_t alarm_count_open(const struct authority *a);

/* alarm_after - the next by number; want_closed: whatever its state. Its texts are borrowed until
 * store_end(q). E_CLOSED none · E_SYS */
enum err alarm_after(struct authority *a, uint32_t number, bool want_closed, struct store_ask *q,
		     struct alarm *ret);
/* alarm_get - that one; likewise */
enum err alarm_get(struct authority *a, uint32_t number, struct store_ask *q, struct alarm *ret);

/* alarm_close - it is dealt with. E_CLOSED there is no such open one · E_SYS */
enum err alarm_close(struct authority *a, uint32_t number, struct view by, struct view reason);

#endif
