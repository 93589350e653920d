/*
 * The staged return (docs/recover.md): which applications are on their way back, and how far each
 * is. A step is a set of levels on the application (ipc/recover_words.h), put through isolate_set;
 * who may take it is decided in recover_gate.c (what the machine sees) and recover_wish.c (people).
 *
 * What is stored here only says how far an application may be: at boot levels that let through more
 * than their step are closed again, and rows that can't be understood close what they were about.
 */
#ifndef ROLE_AUTHORITY_RECOVER_H
#define ROLE_AUTHORITY_RECOVER_H

#include "role/authority/isolate.h"

enum {
	RECOVER_PROBATION_S = 24 * 3600, /* so long after its last step an application may be put
					    back by an alarm; then it has returned */
	RECOVER_NOWHERE = UINT32_MAX
};

/* recover_open - what the store has, at boot, after isolate_open. E_SYS */
enum err recover_open(struct authority *a);

static inline bool recover_is_on(const struct authority *a)
{
	return a->recover.began_s != 0;
}

static inline struct view recover_app_name(const struct recover_app *r)
{
	return view_of(r->name, r->name_n);
}

/* recover_find - NULL: it takes no part in a return */
struct recover_app *recover_find(struct authority *a, struct view name);

/* recover_image_app - the image's application of this name; NULL: it has none */
const struct image_app *recover_image_app(const struct authority *a, struct view name);

/* recover_step_of - how far the application is, whether it takes part or not: RECOVER_OPEN when no
 * level is on it, RECOVER_CLOSED when it takes no part and one is */
enum recover_step recover_step_of(struct authority *a, struct view name);

/* recover_arrange - writes a->recover.order: places in a->recover.at in the order of needs */
void recover_arrange(struct authority *a);

/* recover_put_held - levels of other scopes that hold applications back: "all: closed; ..." */
void recover_put_held(const struct authority *a, struct wbuf *w);

struct recover_wish_to_start {
	uint64_t incident_s; /* 0: since when the strictest level holds */
	struct view reason, by;
	const struct tell *tell; /* as in struct isolate_wish */
};

/*
 * recover_start - every application that a level concerns is closed on its own from now on, and is
 * on its way back
 * E_DENIED there is a return already · E_CLOSED no level concerns any application · E_LIMIT more
 * than RECOVER_APPS, or no room for their levels · E_SYS the store or the log takes nothing
 */
enum err recover_start(struct authority *a, const struct recover_wish_to_start *w);

/* recover_stop - there is no return any more; levels stay as they are. E_SYS */
enum err recover_stop(struct authority *a, struct view reason, const struct tell *tell);

/* recover_take - the application is at this step from now on. As isolate_set */
enum err recover_take(struct authority *a, struct recover_app *r, enum recover_step step,
		      const struct isolate_wish *why);

/* recover_closed - somebody has set a level on an application: one that is closed is at the first
 * step again */
void recover_closed(struct authority *a, const struct isolate_wish *w);

/* recover_tick - stores what could not be stored; applications that have been open for long enough
 * have returned */
void recover_tick(struct authority *a);

#endif
