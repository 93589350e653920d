/*
 * Levels of isolation (promise P8): kept in the store, published on the gate page, and decided by
 * where only the authority knows who somebody is.
 *
 * Stricter is published before it is on disk, and holds when the disk takes nothing; looser the
 * other way round. What of the store can't be understood closes everything.
 */
#ifndef ROLE_AUTHORITY_ISOLATE_H
#define ROLE_AUTHORITY_ISOLATE_H

#include "role/authority/decide.h"

/* isolate_open - what the store has, published, at boot. E_SYS */
enum err isolate_open(struct authority *a);

/* isolate_remap - the configuration is another one */
void isolate_remap(struct authority *a);

/* isolate_tell_orphans - levels on what the configuration has no more hold nothing back: an alarm
 * for each */
void isolate_tell_orphans(struct authority *a);

/* What somebody, or an alarm, wants set; texts are borrowed. */
struct isolate_wish {
	uint8_t scope; /* enum level_scope */
	uint16_t mask; /* 0: open */
	bool is_exercise;
	uint64_t until_s; /* 0: until it is lifted */
	struct view name, reason, by;
	const struct tell *tell; /* who wants it: uid, is_tool, cell; the rest is set here */
};

/*
 * isolate_set - from now on, everywhere
 * E_OK also when it could not be stored and is stricter than before: an alarm says so, and it is
 * tried again · E_DENIED no such name, or not a set of levels · E_LIMIT no room for one more ·
 * E_SYS looser, and the store or the log could not take it: nothing has changed
 */
enum err isolate_set(struct authority *a, const struct isolate_wish *w);

/* isolate_is_looser - w lets through what is held back now */
bool isolate_is_looser(const struct authority *a, const struct isolate_wish *w);

/* isolate_knows - the image has a listener, zone or application of this name */
bool isolate_knows(const struct authority *a, uint8_t scope, struct view name);

/* isolate_decide - what levels make of d, that the rules allow: s, whom c has shown, at app */
void isolate_decide(const struct authority_cell *c, const struct session *s,
		    const struct image_app *app, struct view groups, struct decision *d);

/* isolate_lets_in - c's client may log in; isolate_lets_enter - ... be let into app as somebody new
 */
bool isolate_lets_in(const struct authority_cell *c);
bool isolate_lets_enter(const struct authority_cell *c, const struct image_app *app);

/* isolate_tick - ends what has an end, stores what could not be stored */
void isolate_tick(struct authority *a);

#endif
