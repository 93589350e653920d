/*
 * The chain: lines made in memory, each carrying the hash of the one before, waiting to be written
 * in one piece; and the Merkle tree that has them as leaves. Only the audit role has one.
 */
#ifndef ROLE_AUDIT_CHAIN_H
#define ROLE_AUDIT_CHAIN_H

#include "ipc/merkle.h"

enum {
	CHAIN_OUT = 4 << 20,  /* bytes of lines that may wait */
	CHAIN_BATCH = 1 << 19 /* aimed at per write */
};

struct alarms;

struct chain {
	struct audit_hash digest;
	struct audit_line_hash hash; /* of the last line made; zero before the first */
	uint64_t seq;		     /* of the last line made; 0 before the first */
	struct merkle_frontier tree; /* each line is a leaf of it, without its newline */
	struct wbuf out;	     /* lines made, from the last write on */
	size_t put;		     /* bytes of out that are in the file already */
	size_t line_at;		     /* where in out the line being made begins */
	uint32_t boot_id;
	struct alarms *alarms; /* told of each alarm that becomes a line; NULL: nobody is */
};

/* What every line begins with; empty texts become "-", an empty id one of audit's own. */
struct chain_line {
	int64_t wall_us;
	struct view id, kind, action, object, result, origin, actor;
};

/* CHAIN_KEY - a member's name, a literal, with what stands around it in the line */
#define CHAIN_KEY(name) VIEW(",\"" name "\":")

/* A place to return to. */
struct chain_mark {
	struct audit_line_hash hash;
	struct merkle_frontier tree;
	uint64_t seq;
	size_t n;
};

/* chain_init - out borrows CHAIN_OUT bytes. E_SYS: the hash library */
enum err chain_init(struct chain *c, uint8_t *out, uint32_t boot_id);

/* chain_begin, chain_text .. chain_bool, chain_end - one line, its keys by CHAIN_KEY; E_LIMIT: it
 * did not fit and nothing is left of it · E_SYS the hash library failed, likewise */
void chain_begin(struct chain *c, const struct chain_line *l);
void chain_text(struct chain *c, struct view key, struct view text);
void chain_number(struct chain *c, struct view key, uint64_t x);
void chain_bool(struct chain *c, struct view key, bool x);
enum err chain_end(struct chain *c);

/* chain_has_room - for one more line of any length */
bool chain_has_room(const struct chain *c);

struct chain_mark chain_mark(const struct chain *c);
void chain_return(struct chain *c, const struct chain_mark *m);

#endif
