/*
 * What a hunt looks for: indicators, each with the values that records are held against.
 *
 * An indicator is a formula of AND and OR over groups; a group holds when one of its values is in
 * the record. Most have one group with one value. Files of strangers fill it: everything is
 * bounded.
 */
#ifndef TOOL_HUNT_SET_H
#define TOOL_HUNT_SET_H

#include "base/ip.h"

enum {
	HUNT_INDICATORS = 1000000,
	HUNT_VALUES = 2000000,
	HUNT_OPS = 4000000,	  /* groups and operators of all formulas */
	HUNT_TEXT = 1 << 27,	  /* bytes of all texts together */
	HUNT_VALUE_BYTES = 4096,  /* of one value */
	HUNT_PARTS = 1 << 23,	  /* bytes of all values that are looked for inside others */
	HUNT_SAME = 1000,	  /* times that a value may be there: a record finds each of them */
	HUNT_DEPTH = 32,	  /* of a formula */
	HUNT_REMARKS_KEPT = 1000, /* with their words; the others are counted */
	HUNT_AGENT_BYTES = 256,	  /* the log has no more of a user agent */
};

#define HUNT_NONE UINT32_MAX

/* What of a record a value is held against. */
enum hunt_field {
	HUNT_IP,   /* the client's address */
	HUNT_HOST, /* of the URL, or asked of TLS; lower case */
	HUNT_PATH,
	HUNT_URL, /* host and path */
	HUNT_AGENT,
	HUNT_USER,
	HUNT_TLS, /* SHA-256 of the client's certificate or TLS class, lower-case hexadecimal */
	HUNT_FIELDS
};

enum hunt_how { HUNT_IS, HUNT_BEGINS, HUNT_ENDS, HUNT_HAS, HUNT_HOWS };

struct hunt_value {
	enum hunt_field field;
	enum hunt_how how;
	struct ip_net net; /* HUNT_IP: the only thing it has */
	struct view text;
};

struct hunt_term {
	struct hunt_value value;
	uint32_t group;
};

struct hunt_group {
	uint32_t indicator;
};

enum { HUNT_OP_AND = -1, HUNT_OP_OR = -2 };

struct hunt_indicator {
	struct view text;	   /* as its file has it */
	struct view name, id;	   /* may be empty */
	struct view file, where;   /* "line 12", "objects[3]", "document.notes[0] (title)" */
	const char *kind;	   /* a word for people */
	int64_t from_us, until_us; /* its validity by itself; 0: open */
	uint32_t op, op_n; /* its formula: groups and operators, last operand first undone */
	bool has_and;
	bool is_partly; /* a part of it is not understood */
};

enum hunt_remark_kind { HUNT_NOT_UNDERSTOOD, HUNT_REVOKED, HUNT_REMARK_KINDS };

/* Something in a file that is not hunted for. */
struct hunt_remark {
	enum hunt_remark_kind kind;
	struct view file, where, id, what;
};

struct hunt_set {
	struct hunt_indicator *indicator;
	struct hunt_term *term;
	struct hunt_group *group;
	int32_t *op; /* >= 0: a group; else HUNT_OP_ */
	struct hunt_remark *remark;
	size_t indicator_n, term_n, group_n, op_n, remark_n;
	size_t indicator_cap, term_cap, group_cap, op_cap, remark_cap;
	uint64_t counted[HUNT_REMARK_KINDS]; /* remarks, kept or not */
	struct hunt_text *texts;	     /* where texts lie */
	size_t text_bytes, part_bytes;
};

/* How far a set has come. */
struct hunt_mark {
	size_t term_n, group_n, op_n, part_bytes;
};

void hunt_set_done(struct hunt_set *s);

/* hunt_set_keep - a copy that lives as long as the set. E_LIMIT, E_NOMEM */
enum err hunt_set_keep(struct hunt_set *s, struct view text, struct view *ret);

/* hunt_set_begin - an indicator: its texts are copied; its formula follows. E_LIMIT, E_NOMEM */
enum err hunt_set_begin(struct hunt_set *s, const struct hunt_indicator *i);

/* hunt_set_group - an operand of the formula; hunt_set_value - one more value of it.
 * E_LIMIT, E_NOMEM */
enum err hunt_set_group(struct hunt_set *s);
enum err hunt_set_value(struct hunt_set *s, const struct hunt_value *v);

/* hunt_set_op - joins the last two operands. E_LIMIT, E_NOMEM */
enum err hunt_set_op(struct hunt_set *s, int32_t op);

/* hunt_set_end - the indicator is complete; hunt_set_drop - it never was */
void hunt_set_end(struct hunt_set *s);
void hunt_set_drop(struct hunt_set *s);

/* hunt_set_add - an indicator of one value. E_LIMIT, E_NOMEM */
enum err hunt_set_add(struct hunt_set *s, const struct hunt_indicator *i,
		      const struct hunt_value *v);

struct hunt_mark hunt_set_mark(const struct hunt_set *s);

/* hunt_set_back - forgets what came since */
void hunt_set_back(struct hunt_set *s, const struct hunt_mark *m);

/* hunt_set_remark - counts, and keeps while there is room. E_NOMEM */
enum err hunt_set_remark(struct hunt_set *s, const struct hunt_remark *r);

#endif
