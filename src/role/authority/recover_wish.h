/*
 * What people have to approve before it is done: a step of the return, or a level that is set by
 * command when isolation.approvers is configured (docs/recover.md).
 *
 * An approval is sealed with the store's key over everything that was approved, the person and the
 * time, and is looked at anew whenever approvals are counted: a row that was altered, a person who
 * has left the group, or a day that has passed makes it nothing.
 */
#ifndef ROLE_AUTHORITY_RECOVER_WISH_H
#define ROLE_AUTHORITY_RECOVER_WISH_H

#include "role/authority/recover.h"

enum {
	RECOVER_WISH_S = 24 * 3600, /* a wish, and an approval, is good for so long */
	RECOVER_WISH_OPEN = 64,	    /* at a time */
	RECOVER_WISH_KEPT_S = 30 * 24 * 3600
};

struct recover_wish {
	uint32_t id, uid;
	uint8_t kind;  /* enum recover_kind */
	uint8_t scope; /* enum level_scope */
	uint8_t step;  /* the step that is wanted; of a level: RECOVER_OPEN: it lets more through */
	uint8_t told;  /* bits of enum recover_told, as the command said last */
	uint8_t name_n, by_n;
	uint16_t mask, reason_n;
	uint64_t until_s, asked_s, told_s;
	uint8_t name[LEVEL_NAME_MAX], by[64], reason[256];
};

/* How far a wish is. */
struct recover_votes {
	uint8_t have, want;
	bool has_owner; /* the owner's is there, or none is wanted */
};

/* recover_wish_add - id, asked_s and told_s are set; one that is open and asks for the same is
 * taken instead. E_LIMIT too many are open · E_SYS */
enum err recover_wish_add(struct authority *a, struct recover_wish *w);

/* recover_wish_get, recover_wish_after (the next that is open, by number) - E_CLOSED there is none,
 * or it is too old · E_SYS */
enum err recover_wish_get(struct authority *a, uint32_t id, struct recover_wish *ret);
enum err recover_wish_after(struct authority *a, uint32_t id, struct recover_wish *ret);

/* recover_wish_tell - what the command has found now. E_SYS */
enum err recover_wish_tell(struct authority *a, struct recover_wish *w, unsigned told);

/* recover_wish_end - it is done, or taken back. E_SYS. recover_wish_void - all of this kind that
 * are about name (empty: about anything) */
enum err recover_wish_end(struct authority *a, const struct recover_wish *w);
void recover_wish_void(struct authority *a, enum recover_kind kind, struct view name,
		       const char *why);

/* recover_wish_has_approvers - somebody is configured, and there are people who can log in */
bool recover_wish_has_approvers(const struct authority *a);

/* recover_wish_able - how many of the group could approve now: with a password and an authenticator
 * app. Up to IMAGE_APPROVALS_MAX are counted */
uint32_t recover_wish_able(struct authority *a);

/* recover_wish_owner - the group whose word it needs too; empty: none */
struct view recover_wish_owner(const struct authority *a, const struct recover_wish *w);

/* recover_wish_may - may this user approve it? */
bool recover_wish_may(struct authority *a, const struct recover_wish *w, uint32_t user);

/* recover_wish_approve - the user does. E_DENIED did so before · E_SYS */
enum err recover_wish_approve(struct authority *a, const struct recover_wish *w, uint32_t user);

/* recover_wish_count - who has, and still may; people: names, a line each; may be NULL. E_SYS */
enum err recover_wish_count(struct authority *a, const struct recover_wish *w,
			    struct recover_votes *ret, struct wbuf *people);

/*
 * recover_wish_do - when enough people have approved and every gate is open
 *   say  what became of it, for people; 400 bytes are enough
 * True: it is done. False: it waits, or can't be done
 */
bool recover_wish_do(struct authority *a, struct recover_wish *w, struct wbuf *say);

#endif
