/*
 * One line of the audit log: a flat JSON object in a fixed shape, chained to the line before it
 * (promise P9). Written by the audit role, read back by it after a crash and by `sluis audit`.
 *
 *   {"time":"...Z","id":"<boot>-<ring>-<position>","seq":N,"kind":"access","action":"GET",
 *    "object":"...","result":"200","origin":"...","actor":"-", more fields ...,
 *    "prev":"<SHA-256 of the line before, without its newline, in hexadecimal>"}
 *
 * A reader takes the shape for nothing more than a claim: every byte may have been edited.
 */
#ifndef IPC_AUDIT_LINE_H
#define IPC_AUDIT_LINE_H

#include "base/wbuf.h"

enum {
	AUDIT_LINE_MAX = 1 << 16, /* bytes, newline included */
	AUDIT_LINE_HASH = 32,	  /* SHA-256 */
};

struct audit_line_hash {
	uint8_t b[AUDIT_LINE_HASH];
};

/*
 * audit_line_put_text - text as the inside of a JSON string that no terminal, browser or log viewer
 * can be moved by (THREATS A27, F): printable ASCII but " \ < > & and printable UTF-8 stay, every
 * other byte or character becomes \u00XX or its \uXXXX. A byte that is not UTF-8 is taken as
 * Latin-1.
 */
void audit_line_put_text(struct wbuf *w, struct view text);

/* audit_line_put_printable - the same for text shown to a person: " \ < > & stay too */
void audit_line_put_printable(struct wbuf *w, struct view text);

enum audit_line_type { AUDIT_LINE_TEXT = 1, AUDIT_LINE_NUMBER, AUDIT_LINE_BOOL };

/* One member of the object. */
struct audit_line_field {
	struct view key;  /* without quotes */
	struct view text; /* AUDIT_LINE_TEXT: between the quotes, still escaped; else as written */
	uint64_t number;  /* AUDIT_LINE_NUMBER; AUDIT_LINE_BOOL: 0 or 1 */
	uint8_t type;	  /* enum audit_line_type */
};

struct audit_line {
	struct view time, id, kind, action, object, result, origin, actor; /* still escaped */
	struct view seq_text;						   /* as written */
	uint64_t seq;
	struct audit_line_hash prev;
	struct view more; /* the members between actor and prev, for audit_line_next */
};

/*
 * audit_line_parse - a whole line without its newline
 *   line     borrows; hostile
 *   ret      borrows from line
 *   ret_why  on E_PROTO: what is wrong, a fixed text
 */
enum err audit_line_parse(struct view line, struct audit_line *ret, const char **ret_why);

/*
 * audit_line_begin - the same, but more has not been looked at: audit_line_next may find it
 * malformed, or a fixed field in it again. For who reads all members anyway
 */
enum err audit_line_begin(struct view line, struct audit_line *ret, const char **ret_why);

/* audit_line_next - consumes one member of more. E_AGAIN there is none left · E_PROTO malformed
 * (never after audit_line_parse said E_OK) */
enum err audit_line_next(struct view *more, struct audit_line_field *ret);

/* audit_line_find - the member key with this type; NULL text and number 0 when absent: false */
bool audit_line_find(const struct audit_line *l, struct view key, enum audit_line_type type,
		     struct audit_line_field *ret);

/* audit_line_get_hex - exactly n bytes written as 2n lower-case hexadecimal digits. E_PROTO */
enum err audit_line_get_hex(struct view hex, uint8_t *ret, size_t n);

#endif
