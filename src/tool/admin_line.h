/* The command line of `sluis user`, `group`, `session` and `invite`: a verb, its options, names. */
#ifndef TOOL_ADMIN_LINE_H
#define TOOL_ADMIN_LINE_H

#include <stdbool.h>
#include <stdint.h>

/* What a verb takes beside --state, --json and --help; bits. */
enum admin_option {
	ADMIN_YES = 1,
	ADMIN_TITLE = 2,
	ADMIN_GROUPS = 4,
	ADMIN_LANGUAGE = 8,
	ADMIN_USER = 16,
	ADMIN_ALL = 32,
	ADMIN_GOOD_FOR = 64,
	ADMIN_INVITE = 128,
	ADMIN_DECOY = 256
};

struct admin_line {
	const char *state, *title, *groups, *language, *user, *good_for; /* NULL: not given */
	uint32_t good_for_s;
	bool is_json, is_yes, is_all, wants_invite, is_decoy;
	int name_n;
	char **names;
};

struct admin_verb {
	const char *name;
	uint16_t takes;	  /* bits of enum admin_option */
	uint8_t min, max; /* names; max 0: none, 255: any number */
	int (*run)(const struct admin_line *o);
};

/* admin_line_run - the verb that argv[1] names, of a table that a row without a name ends; the exit
 * status */
int admin_line_run(int argc, char **argv, const struct admin_verb *verbs, const char *usage);

#endif
