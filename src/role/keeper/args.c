/* The keeper's options. People type `sluis run`, which knows the same ones. */
#include "role/keeper/args.h"

#include "sys/log.h"

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

enum { ARGS_UID_BASE = 61100 };

static enum err args_path(const char *name, const char *value, char ret[KEEPER_PATH_MAX + 1])
{
	struct wbuf w = wbuf_of(ret, KEEPER_PATH_MAX);

	wbuf_str(&w, value);
	if (w.bad || w.n == 0) {
		log_line(LOG_ERROR, "--%s: 1 to %d bytes", name, KEEPER_PATH_MAX);
		return E_PROTO;
	}
	ret[w.n] = '\0';
	return E_OK;
}

/* Paths outlive the working directory, which becomes the root. */
static enum err args_absolute(const char *name, const char *value, char ret[KEEPER_PATH_MAX + 1])
{
	char here[KEEPER_PATH_MAX + 1], whole[2 * KEEPER_PATH_MAX + 4];
	struct wbuf w = wbuf_of(whole, sizeof whole - 1);

	if (*value == '/' || *value == '\0')
		return args_path(name, value, ret);
	if (!getcwd(here, sizeof here))
		return log_errno("getcwd");
	wbuf_str(&w, here);
	WBUF_LIT(&w, "/");
	wbuf_str(&w, value);
	whole[w.n] = '\0';
	return args_path(name, w.bad ? "" : whole, ret);
}

static enum err args_number(const char *name, const char *value, uint64_t max, uint32_t *ret)
{
	uint64_t n = 0;

	if (view_dec(view_str(value), &n) != E_OK || n > max) {
		log_line(LOG_ERROR, "--%s: a number from 0 to %llu", name, (unsigned long long)max);
		return E_PROTO;
	}
	*ret = (uint32_t)n;
	return E_OK;
}

/* "P4" or "P5": the promises that a kernel may fail to keep. */
static enum err args_weaker(const char *value, uint32_t *ret)
{
	uint64_t n = 0;
	struct view v = view_str(value);

	if (!view_starts(v, VIEW("P")) || view_dec(view_slice(v, 1, v.n), &n) != E_OK || n < 4 ||
	    n > 5) {
		log_line(LOG_ERROR, "--allow-weaker: P4 (where a role may connect to) or P5 (what "
				    "else it may do)");
		return E_PROTO;
	}
	*ret |= 1u << n;
	return E_OK;
}

/* Of a twin: the role whose place an intruder takes. */
static enum err args_drill(const char *value, uint32_t *ret)
{
	for (unsigned r = ROLE_CONFIG; r < ROLE_N; r++)
		if (view_eq(view_str(value), view_str(role_name((enum role)r)))) {
			*ret = r;
			return E_OK;
		}
	log_line(LOG_ERROR, "--drill: no such role");
	return E_PROTO;
}

static enum err args_take(int c, struct keeper_options *o)
{
	uint32_t n = 0;

	switch (c) {
	case 'c':
		return args_absolute("config", optarg, o->config);
	case 's':
		return args_absolute("state", optarg, o->state);
	case 'p':
		return args_absolute("programs", optarg, o->programs);
	case 'w':
		return args_weaker(optarg, &o->weaker);
	case 'u':
		return args_number("uid-range", optarg, UINT32_MAX - 1000u, &o->uid_base);
	case 'd':
		return args_number("drain-ms", optarg, 86400000u, &o->drain_ms);
	case 'r':
		return args_drill(optarg, &o->drill);
	case 'h':
		TRY(args_number("handover", optarg, 1u << 20, &n));
		o->handover_fd = (int)n;
		return E_OK;
	case 'k':
		o->is_self_check = true;
		return E_OK;
	default:
		return E_PROTO; /* getopt has told */
	}
}

enum err args_parse(int argc, char *const *argv, struct keeper_options *ret)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "programs", required_argument, NULL, 'p' },
		{ "allow-weaker", required_argument, NULL, 'w' },
		{ "uid-range", required_argument, NULL, 'u' },
		{ "drain-ms", required_argument, NULL, 'd' },
		{ "drill", required_argument, NULL, 'r' },
		{ "handover", required_argument, NULL, 'h' },
		{ "self-check", no_argument, NULL, 'k' },
		{ 0 },
	};
	int c = 0;

	*ret = (struct keeper_options){ .uid_base = ARGS_UID_BASE,
					.drain_ms = KEEPER_DRAIN_MS,
					.handover_fd = -1 };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		TRY(args_take(c, ret));
	if (optind != argc || (!ret->is_self_check && (!*ret->config || !*ret->state))) {
		log_line(LOG_ERROR,
			 "usage: sluis-keeper --config FILE --state DIR [--programs DIR] "
			 "[--allow-weaker P4|P5] [--uid-range BASE] [--drain-ms N]");
		return E_PROTO;
	}
	return E_OK;
}
