/*
 * The whole audit log (docs/audit-log.md), line by line and in order, as fast as the disk gives it:
 * for questions that concern every record there is. It checks no signature: `sluis audit verify`
 * does.
 *
 * A line may have been written by anybody who could write to the folder: it is parsed as what a
 * hostile file says. One that is no record is counted, and shown to nobody.
 */
#ifndef TOOL_LOG_SCAN_H
#define TOOL_LOG_SCAN_H

#include "base/wbuf.h"

/* The fields that questions are asked about. */
enum log_field {
	LOG_TIME,
	LOG_ID,
	LOG_SEQ,
	LOG_KIND,
	LOG_ACTION, /* the method of an access record */
	LOG_OBJECT, /* ... its URL */
	LOG_RESULT, /* ... its status */
	LOG_ORIGIN, /* ADDRESS:PORT or [ADDRESS]:PORT of the client; or a word */
	LOG_ACTOR,  /* the user; "-": nobody */
	LOG_WRITER,
	LOG_LISTENER,
	LOG_ROUTE,
	LOG_POOL,
	LOG_SERVER,
	LOG_BYTES_IN,
	LOG_BYTES_OUT,
	LOG_USER_AGENT,
	LOG_SNI,
	LOG_DETAIL,
	LOG_SESSION,
	LOG_TLS_CLASS,
	LOG_FIELDS
};

/* One line, without its newline; it lives until the function it was shown to returns. */
struct log_line {
	struct view text;
	struct view field[LOG_FIELDS]; /* as written, between its quotes; p NULL: it has none */
	int64_t time_us;	       /* since 1970, UTC */
};

struct log_scan {
	int dir_fd;		    /* DIR/audit; borrowed */
	int64_t since_us, until_us; /* of records that are shown: since <= time < until; 0: any */
	/* Now and then; total and done are bytes of all segments that are read. May be NULL */
	void (*on_progress)(void *arg, uint64_t done, uint64_t total);
	/* E_OK: go on; anything else ends the scan, which returns it */
	enum err (*on_line)(void *arg, const struct log_line *line);
	void *arg;
};

struct log_scan_result {
	uint64_t records;  /* that were read */
	uint64_t strange;  /* lines that are no record; a torn end, but not the newest segment's */
	uint64_t segments; /* that were read; those outside the time are passed over */
};

/*
 * log_scan_run - all of it
 * E_CLOSED there is no segment · E_SYS one can't be read (logged) · E_NOMEM · what on_line returned
 */
enum err log_scan_run(const struct log_scan *s, struct log_scan_result *ret);

/*
 * log_scan_text - what a field says, its escapes (\u00XX, \uXXXX, \", \\) taken away, as UTF-8
 * E_LIMIT it does not fit in w, which has its beginning
 */
enum err log_scan_text(struct view field, struct wbuf *w);

/* log_scan_number - a field that is a number. E_DENIED: it is none */
enum err log_scan_number(struct view field, uint64_t *ret);

#endif
