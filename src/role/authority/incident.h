/*
 * The record of an incident: when it was noticed, opened and closed, by whom, and what people
 * wrote down meanwhile. In the store, and each step in the audit log, where it can be proved.
 */
#ifndef ROLE_AUTHORITY_INCIDENT_H
#define ROLE_AUTHORITY_INCIDENT_H

#include "role/authority/tell.h"

/* incident_open - which incidents and which notice the store has, at boot; the notice is published.
 * E_SYS */
enum err incident_open(struct authority *a);

/* incident_is_open - one at least */
bool incident_is_open(const struct authority *a);

/* A row of the store; texts are borrowed until the next question to it. */
struct incident {
	uint32_t number, notes;
	uint64_t detected_s, opened_s, closed_s; /* wall clock; closed_s 0: it is open */
	struct view title, opened_by, closed_by, summary;
};

/* incident_after - the next one. E_CLOSED: there is none · E_SYS */
enum err incident_after(struct authority *a, uint32_t number, struct incident *ret,
			struct store_ask *ret_q);

/* Who does something to an incident; texts are borrowed, and fit (ipc/incident_words.h). */
struct incident_act {
	uint32_t number;     /* 0: the one that is open */
	uint64_t detected_s; /* of incident_add */
	struct view text;    /* title, note, summary */
	struct view by;
	uint32_t uid;
	bool is_another; /* although one is open */
};

/*
 * incident_add - opens one; incident_note - writes something down; incident_close - ends it
 *   ret_number  which one it was
 * E_DENIED there is no such one, or add: one is open already · E_AGAIN several are open: which? ·
 * E_CLOSED it was closed already (a note may still be added) · E_LIMIT there are too many ·
 * E_SYS the store or the log takes nothing: nothing was done
 */
enum err incident_add(struct authority *a, const struct incident_act *w, uint32_t *ret_number);
enum err incident_note(struct authority *a, const struct incident_act *w, uint32_t *ret_number);
enum err incident_close(struct authority *a, const struct incident_act *w, uint32_t *ret_number);

/*
 * incident_say - the notice of the status page, from now on; a text may be empty, both: none
 * E_SYS the store or the log takes nothing: nothing is changed
 */
enum err incident_say(struct authority *a, const struct view text[NOTICE_LANGUAGES], uint32_t uid);

#endif
