/*
 * What is wrong with a configuration, and where: collected over the whole run, told in the order
 * of the text. "file:line:column: error: text" and "...: warning: text".
 */
#ifndef CONF_DIAG_H
#define CONF_DIAG_H

#include "base/arena.h"
#include "base/view.h"

enum { DIAG_MAX = 1000 /* more are counted, not kept */, DIAG_TEXT_MAX = 1000 };

enum diag_level {
	DIAG_CHANGE = 0 /* a line of the difference, told by conf */,
	DIAG_ERROR,
	DIAG_WARNING
};

/* A place in the files that were read. */
struct place {
	uint16_t file;	       /* index in diag.files; 0 is the main file */
	uint32_t line, column; /* from 1; 0: the file as a whole */
};

struct diag_item {
	struct place at;
	uint8_t level; /* enum diag_level */
	struct view text;
};

struct diag {
	struct arena *region;
	struct view *files; /* as shown to people; with a NUL behind each */
	uint16_t file_n;
	struct diag_item *items;
	struct view *named; /* what the lines of named_file stand for, instead of lines */
	uint32_t named_n, named_cap;
	uint16_t named_file;
	uint32_t n, errors, warnings; /* errors, warnings: found, kept or not */
};

/* How a view is given to a printf format's "%.*s": at most 200 bytes of it. */
#define DIAG_VIEW(v) (int)((v).n > 200 ? 200 : (v).n), ((v).n ? (const char *)(v).p : "")

void diag_init(struct diag *d, struct arena *region);

/* diag_error, diag_warning - printf-formatted; bytes that could move a terminal's cursor are
 * escaped (THREATS A27) */
void diag_error(struct diag *d, struct place at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void diag_warning(struct diag *d, struct place at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* diag_name - a place that is told by name ("run-time change: backends/web/servers/b/weight"),
 * because it is in no file; file: one of diag's, the same for all names */
struct place diag_name(struct diag *d, uint16_t file, struct view name);

/* diag_place - "file:line" of at, in the region: to name a second place in a message */
struct view diag_place(struct diag *d, struct place at);

/*
 * diag_tell - every problem, in the order of files, lines and columns
 *   sink   called with a NUL-terminated line without line end, at most 4000 bytes
 */
void diag_tell(struct diag *d, void (*sink)(void *arg, enum diag_level level, const char *text),
	       void *arg);

#endif
