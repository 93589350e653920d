/*
 * What the audit log has about an incident: when it began and ended, what was done in its time,
 * how long what was closed or limited, and what was reached meanwhile. From the log alone, so that
 * every line of a report can be checked against it, on any machine that has a copy.
 *
 * A log is hostile: it may have been edited, and texts in it are anybody's.
 */
#ifndef TOOL_INCIDENT_GATHER_H
#define TOOL_INCIDENT_GATHER_H

#include "tool/audit_place.h"
#include "tool/reached_table.h"

enum {
	GATHER_ENTRIES = 20000,
	GATHER_SPANS = 4096,
	GATHER_SESSIONS = 1 << 20,
	GATHER_TEXT = 32 << 20,
	GATHER_MARGIN_S = 24 * 3600
};

/* A record of the timeline; texts as the log spells them (log_scan_text). */
struct gather_entry {
	int64_t time_us;
	uint64_t seq;
	struct view kind, action, object, result, origin, actor, detail;
};

/* A level that held for something: "app cases" was "closed, read_only". */
struct gather_span {
	struct view object, level;
	int64_t from_us, until_us; /* until 0: it holds still */
};

/* What was done, counted. */
enum gather_measure {
	GATHER_LEVELS,
	GATHER_REVOKED,
	GATHER_ROTATED,
	GATHER_EVIDENCE,
	GATHER_RECOVERY,
	GATHER_CONFIG,
	GATHER_ALARMS,
	GATHER_NOTES,
	GATHER_MEASURES
};

struct gather {
	/* asked */
	struct audit_place place;
	uint32_t wanted; /* number of the incident; 0: the newest in the log */
	int64_t margin_us, now_us;
	/* the incident; number 0: the log has none (or not that one) */
	uint32_t number;
	int64_t detected_us, opened_us, closed_us; /* closed 0: it is open */
	struct view title, opened_by, closed_by, summary;
	/* in its time: from detection less the margin, to its end or now */
	int64_t from_us, until_us;
	struct gather_entry *entry;
	size_t entries, more; /* more: those that found no room */
	struct gather_span *span;
	size_t spans, spans_more;
	uint64_t measure[GATHER_MEASURES];
	uint64_t first_seq, last_seq; /* of the whole log */
	struct log_scan_result result;
	/* what was reached from detection on */
	struct reached_table reached;
	uint64_t *session; /* a set: open addressing, 0 is free */
	size_t sessions;
	bool sessions_full;
	uint64_t users;
	uint8_t *text;
	size_t text_n;
};

/* gather_init - E_NOMEM, E_SYS; done: also after that */
enum err incident_gather_init(struct gather *g);
void incident_gather_done(struct gather *g);

/* incident_gather_run - reads the log twice. E_CLOSED the log has no such incident · others: said
 * on standard error */
enum err incident_gather_run(struct gather *g);

/* incident_gather_closed_us - so many microseconds of the incident's time an object was closed, by
 * its own level or that over all */
uint64_t incident_gather_closed_us(const struct gather *g, struct view object);

#endif
