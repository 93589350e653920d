/*
 * Options as rows of tables: one row drives parsing, range check, default, the manual, the JSON
 * Schema and the boundary tests. No option has code of its own; what joins two options is a check
 * (check.h).
 */
#ifndef CONF_OPTION_H
#define CONF_OPTION_H

#include "conf/model.h"

enum option_kind {
	OPTION_BOOL = 1, /* bool */
	OPTION_NUMBER,	 /* uint64_t, min..max */
	OPTION_SIZE,	 /* uint64_t bytes, min..max */
	OPTION_DURATION, /* uint64_t milliseconds, min..max */
	OPTION_FACTOR,	 /* uint64_t hundredths, min..max */
	OPTION_NAME,	 /* struct view: value_is_name */
	OPTION_TEXT,	 /* struct view: min..max bytes */
	OPTION_WORD,	 /* uint8_t: one of words */
	OPTION_WORDS,	 /* uint8_t: a list of words, bits */
	OPTION_SETS,	 /* struct model_sets: a list of lists of words */
	OPTION_ADDRESS,	 /* struct value_address: kinds by the bits of max */
	OPTION_TEXTS,	 /* struct model_texts: each of min..max bytes */
	OPTION_NETWORKS, /* struct model_networks */
	OPTION_STATUSES, /* struct model_statuses */
	OPTION_PAIRS,	 /* struct model_pairs: any key to a scalar */
	OPTION_MAP,	 /* a struct in place: table */
	OPTION_LIST,	 /* struct model_list of structs: table; at most max */
	OPTION_ABSENT, /* known, but not in this version: false, off, none, 0 and empty are fine */
	OPTION_INCLUDE /* read earlier, by source.c */
};

enum option_flag {
	OPTION_REQUIRED = 1,
	OPTION_LINES = 2 /* a text that may hold line ends and tabs */
};

/* What a word of an OPTION_WORD means when it is not simply its number. */
enum option_word_state { OPTION_WORD_READY, OPTION_WORD_LATER /* warning */, OPTION_WORD_NEVER };

struct option_word {
	const char *word;
	uint8_t value;
	uint8_t state; /* enum option_word_state: the words of CONFIG that this version lacks */
};

struct option_words {
	const struct option_word *p;
	size_t n;
};

struct option_table;

struct option {
	const char *name;
	uint8_t kind;  /* enum option_kind */
	uint8_t flags; /* bits of enum option_flag */
	uint16_t offset;
	uint64_t min, max;
	const char *preset; /* default, as one would write it; NULL: none */
	const struct option_words *words;
	const struct option_table *table;
	const char *doc;
};

struct option_table {
	const char *name; /* of what it describes: "listener" */
	const char *doc;
	const struct option *rows;
	size_t n;
	size_t size;	    /* of its struct, which begins with a const struct node * */
	const char *scalar; /* option that a plain scalar in place of the map stands for; or NULL */
};

/* What the parse needs. */
struct option_parse {
	struct arena *region;
	struct diag *diag;
	uint32_t guesses; /* "did you mean" asked for so far: there is a limit on that work */
};

/*
 * option_parse - the struct that a table makes of a map
 *   node   NULL: every option has its default
 *   ret    a zeroed struct of table->size bytes
 * Problems go to diag; what could not be parsed keeps its default.
 */
void option_parse(struct option_parse *p, const struct option_table *table, const struct node *node,
		  void *ret);

/* option_put_kind - what a row's value must look like: "a number from 1 to 64" */
void option_put_kind(struct wbuf *w, const struct option *row);

/* option_put_preset - a row's default, as one would write it */
void option_put_preset(struct wbuf *w, const struct option *row);

enum { OPTION_GUESSES_MAX = 200 };

#endif
