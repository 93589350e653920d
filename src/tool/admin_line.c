/* Verbs and options from tables: an option that a verb does not take is a mistake, not ignored. */
#include "tool/admin_line.h"

#include "base/view.h"
#include "conf/value.h"
#include "tool/command_line.h"

#include <getopt.h>
#include <stdio.h>

enum { ADMIN_LINE_WEEK_S = 7 * 86400, ADMIN_LINE_ANY = 255 };

static const struct option admin_line_options[] = {
	{ "state", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "yes", no_argument, NULL, 'y' },
	{ "title", required_argument, NULL, 't' },
	{ "groups", required_argument, NULL, 'g' },
	{ "language", required_argument, NULL, 'l' },
	{ "user", required_argument, NULL, 'u' },
	{ "all", no_argument, NULL, 'a' },
	{ "good-for", required_argument, NULL, 'f' },
	{ "invite", no_argument, NULL, 'i' },
	{ "decoy", no_argument, NULL, 'd' },
	{ 0 },
};

static const struct {
	char letter;
	uint16_t option;
} admin_line_needs[] = {
	{ 'y', ADMIN_YES },	 { 't', ADMIN_TITLE },	{ 'g', ADMIN_GROUPS },
	{ 'l', ADMIN_LANGUAGE }, { 'u', ADMIN_USER },	{ 'a', ADMIN_ALL },
	{ 'f', ADMIN_GOOD_FOR }, { 'i', ADMIN_INVITE }, { 'd', ADMIN_DECOY },
};

static bool admin_line_takes(const struct admin_verb *v, int c)
{
	for (size_t i = 0; i < sizeof admin_line_needs / sizeof admin_line_needs[0]; i++)
		if (admin_line_needs[i].letter == c)
			return v->takes & admin_line_needs[i].option;
	return c == 's' || c == 'j';
}

static bool admin_line_duration(const char *text, uint32_t *ret_s)
{
	uint64_t ms = 0;

	if (value_duration(view_str(text), &ms) != E_OK || ms < 1000 || ms / 1000 > UINT32_MAX) {
		(void)fprintf(stderr, "sluis: --good-for takes a time like 7d or 12h, not %s\n",
			      text);
		return false;
	}
	*ret_s = (uint32_t)(ms / 1000);
	return true;
}

static void admin_line_set(struct admin_line *o, int c)
{
	o->state = c == 's' ? optarg : o->state;
	o->title = c == 't' ? optarg : o->title;
	o->groups = c == 'g' ? optarg : o->groups;
	o->language = c == 'l' ? optarg : o->language;
	o->user = c == 'u' ? optarg : o->user;
	o->is_json |= c == 'j';
	o->is_yes |= c == 'y';
	o->is_all |= c == 'a';
	o->wants_invite |= c == 'i';
	o->is_decoy |= c == 'd';
	o->good_for = c == 'f' ? optarg : o->good_for;
}

/* -1: go on; otherwise the exit status. */
static int admin_line_read(int argc, char **argv, const struct admin_verb *v, const char *usage,
			   struct admin_line *ret)
{
	int c = 0;

	*ret = (struct admin_line){ .good_for_s = ADMIN_LINE_WEEK_S };
	while ((c = getopt_long(argc, argv, "h", admin_line_options, NULL)) != -1) {
		if (c == 'h' || !admin_line_takes(v, c)) {
			if (c != 'h' && c != '?')
				(void)fprintf(stderr, "sluis: %s does not take %s\n\n", v->name,
					      argv[optind - 1]);
			(void)fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
		admin_line_set(ret, c);
	}
	if (ret->good_for && !admin_line_duration(ret->good_for, &ret->good_for_s))
		return 2;
	ret->names = argv + optind;
	ret->name_n = argc - optind;
	if (ret->name_n >= v->min && (v->max == ADMIN_LINE_ANY || ret->name_n <= v->max))
		return -1;
	(void)fputs(usage, stderr);
	return 2;
}

int admin_line_run(int argc, char **argv, const struct admin_verb *verbs, const char *usage)
{
	struct view word = view_str(argc > 1 ? argv[1] : "");
	struct admin_line o = { 0 };
	char room[COMMAND_LINE_ROOM];
	int status = 0;

	for (const struct admin_verb *v = verbs; v->name; v++) {
		if (!view_eq(word, view_str(v->name)))
			continue;
		status = admin_line_read(argc - 1, command_line_enter(room, argv[0], argv), v,
					 usage, &o);
		return status < 0 ? v->run(&o) : status;
	}
	if (view_eq(word, VIEW("--help")) || view_eq(word, VIEW("-h"))) {
		(void)fputs(usage, stdout);
		return 0;
	}
	if (word.n)
		(void)fprintf(stderr, "sluis: unknown: %s\n\n", argv[1]);
	(void)fputs(usage, stderr);
	return 2;
}
