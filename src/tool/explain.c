/* The command line of `sluis explain`: an instance that runs, or a file that is compiled here. */
#include "tool/explain.h"

#include "conf/conf.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "tool/ask.h"
#include "tool/explain_user.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EXPLAIN_ANSWERED = 3 /* exit status: no rule takes the request */ };

static const char explain_usage[] =
	"usage: sluis explain URL [--method M] [--header 'NAME: VALUE']... [--source IP]\n"
	"                     [--listener NAME] [--config FILE | --state DIR] [--json]\n"
	"       sluis explain --user NAME --host HOST [--path PATH] [--source IP]\n"
	"                     [--factor passkey|password|totp]... [--state DIR] [--json]\n"
	"\n"
	"A URL is https://host/path or http://..., and for connections without requests\n"
	"tls://name:port, tcp://address:port or udp://address:port.\n"
	"\n"
	"Says which listener, certificate, route and rule a request would fall under, why not the\n"
	"rules before it, and which servers could get it; nothing is sent. Without --config the\n"
	"running instance is asked. Exit status: 0 a rule takes it, 3 Sluis answers or refuses it\n"
	"itself, 1 there is no configuration to ask, 2 the question is not understood.\n"
	"\n"
	"With --user: may this person open the application on that host, and by which condition?\n"
	"The running instance decides, as of this minute, with the factors that are given, or "
	"with\n"
	"all that the person has. Exit status: 0 yes, 3 no, or not with these factors.\n";

struct explain_options {
	struct explain_question q;
	struct explain_user_question user; /* .user: NULL: what a request gets is asked */
	const char *state, *config;
	bool is_json;
};

/* The options of --user. */
static bool explain_set_user(struct explain_user_question *q, int c)
{
	if (c == 'u')
		q->user = optarg;
	else if (c == 'o')
		q->host = optarg;
	else if (c == 'p')
		q->path = optarg;
	else if (c == 'f' && q->factor_n < EXPLAIN_FACTORS_MAX)
		q->factors[q->factor_n++] = optarg;
	else
		return false;
	return true;
}

static int explain_set(struct explain_options *o, int c)
{
	if (c == 'm')
		o->q.method = optarg;
	else if (c == 'i')
		o->q.source = optarg;
	else if (c == 'l')
		o->q.listener = optarg;
	else if (c == 's')
		o->state = optarg;
	else if (c == 'c')
		o->config = optarg;
	else if (c == 'j')
		o->is_json = true;
	else if (c == 'H' && o->q.header_n < EXPLAIN_HEADERS_MAX)
		o->q.headers[o->q.header_n++] = optarg;
	else if (!explain_set_user(&o->user, c))
		return c == 'h' ? 0 : 2;
	return -1;
}

/* A URL, or a user: never both. */
static bool explain_is_one(const struct explain_options *o, int words)
{
	const struct explain_user_question *u = &o->user;

	if (!u->user)
		return words == 1 && !u->host && !u->path && !u->factor_n;
	return words == 0 && !o->config && !o->q.listener && !o->q.header_n;
}

/* -1: go on; otherwise the exit status. */
static int explain_options_read(int argc, char **argv, struct explain_options *ret)
{
	static const struct option options[] = {
		{ "method", required_argument, NULL, 'm' },
		{ "header", required_argument, NULL, 'H' },
		{ "source", required_argument, NULL, 'i' },
		{ "listener", required_argument, NULL, 'l' },
		{ "user", required_argument, NULL, 'u' },
		{ "host", required_argument, NULL, 'o' },
		{ "path", required_argument, NULL, 'p' },
		{ "factor", required_argument, NULL, 'f' },
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c = 0, status = -1;

	*ret = (struct explain_options){ .q = { .method = "GET" } };
	while (status < 0 && (c = getopt_long(argc, argv, "hH:", options, NULL)) != -1)
		status = explain_set(ret, c);
	if (status < 0 && !explain_is_one(ret, argc - optind))
		status = 2;
	if (status >= 0)
		(void)fputs(explain_usage, status == 0 ? stdout : stderr);
	else if (!ret->user.user)
		ret->q.url = argv[optind];
	return status;
}

static void explain_tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	if (level == DIAG_ERROR)
		ask_put_line(true, view_str(text));
}

/* The image of a file, as if it had just been applied: no server has a state yet. */
static int explain_compile(const char *path, struct snapshot *s)
{
	struct conf_input in = { .path = path, .sink = explain_tell };
	struct conf_result result = { 0 };
	AUTO_FD fd = -1;
	const char *why = "it can't be mapped";
	void *p = NULL;
	size_t n = 0;

	if (conf_check_file(&in, &result, &fd) != E_OK) {
		(void)fprintf(stderr, "%s: %u errors\n", path, (unsigned)result.errors);
		return 1;
	}
	if (shm_map(fd, false, &p, &n) != E_OK ||
	    image_check(view_of(p, n), &s->image, &why) != E_OK) {
		(void)fprintf(stderr, "sluis: %s: %s\n", path, why);
		return 1;
	}
	return 0;
}

static int explain_answer(struct explain *e, const struct explain_options *o)
{
	int status = 0;

	e->q = &o->q;
	e->im = &e->s->image;
	if (explain_find(e) != E_OK)
		return 2;
	if (o->is_json)
		status = explain_print_json(e);
	else
		explain_print_text(e);
	if (status == 0 && e->why)
		status = EXPLAIN_ANSWERED;
	return status;
}

int explain_main(int argc, char **argv)
{
	struct explain_options o = { 0 };
	struct snapshot *s = NULL;
	struct explain *e = NULL;
	int status = explain_options_read(argc, argv, &o);

	if (status >= 0)
		return status;
	if (o.user.user) {
		o.user.source = o.q.source;
		o.user.state = o.state;
		o.user.is_json = o.is_json;
		return explain_user(&o.user);
	}
	s = calloc(1, sizeof *s);
	e = calloc(1, sizeof *e);
	if (!s || !e) {
		perror("sluis");
		free(s);
		free(e);
		return 1;
	}
	status = o.config ? explain_compile(o.config, s)
			  : ask_keeper(o.state, TOOL_STATUS, (struct view){ 0 }, snapshot_row, s);
	s->now_s = time(NULL);
	e->s = s;
	if (status == 0 && !s->image.header) {
		(void)fputs("sluis: there is no configuration in use yet\n", stderr);
		status = 1;
	}
	if (status == 0)
		status = explain_answer(e, &o);
	free(e->rules);
	free(e);
	free(s);
	return status;
}
