/* A URL as it was typed becomes the canonical form that keys of the cache have; edges compare. */
#include "tool/cache.h"

#include "base/wbuf.h"
#include "cache/cache_pattern.h"
#include "proto/uri.h"
#include "tool/ask.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

enum { CACHE_SCRATCH = 3 * TOOL_PATTERN_MAX };

static const char cache_usage[] =
	"usage: sluis cache purge URL [--prefix] [--json] [--state DIR]\n"
	"       sluis cache purge --host HOST[:PORT] | --all [--json] [--state DIR]\n"
	"\n"
	"Forgets answers that every edge keeps in memory, and says how many. What servers are\n"
	"answering at that moment is not kept either.\n"
	"  URL       as clients ask for it, with its query; without a port: at every port\n"
	"  --prefix  and all that begins so: https://www.example.nl/img/\n"
	"  --host    all of a host, whatever the scheme\n"
	"  --all     everything\n"
	"\n"
	"Exit status: 1 when an edge did not answer.\n";

struct cache_options {
	const char *state, *host, *url;
	bool is_prefix, is_all, is_json;
};

struct cache_answers {
	json_t *list;
	bool is_json;
	uint32_t edges;
	uint64_t entries, bytes;
};

static enum err cache_row(void *arg, struct frame *f)
{
	struct cache_answers *a = arg;
	struct view in = f->body;
	uint16_t edge = 0;
	uint32_t pid = 0, entries = 0;
	uint64_t bytes = 0;

	if (f->type != KEEPER_PURGED)
		return E_OK;
	TRY(view_u16(&in, &edge));
	TRY(view_u32(&in, &pid));
	TRY(view_u32(&in, &entries));
	TRY(view_u64(&in, &bytes));
	a->edges++;
	a->entries += entries;
	a->bytes += bytes;
	if (a->is_json)
		(void)json_array_append_new(a->list, json_pack("{s:i, s:I, s:I, s:I}", "edge",
							       (int)edge, "pid", (json_int_t)pid,
							       "entries", (json_int_t)entries,
							       "bytes", (json_int_t)bytes));
	else
		(void)printf("edge[%u]: %lu entries, %lu bytes\n", (unsigned)edge,
			     (unsigned long)entries, (unsigned long)bytes);
	return E_OK;
}

static int cache_print_json(struct cache_answers *a, bool is_whole)
{
	json_t *doc = json_pack("{s:o, s:I, s:I, s:b}", "edges", a->list, "entries",
				(json_int_t)a->entries, "bytes", (json_int_t)a->bytes, "complete",
				(int)is_whole);
	int status = doc && json_dumpf(doc, stdout, JSON_INDENT(2)) == 0 ? 0 : 1;

	json_decref(doc);
	(void)putchar('\n');
	return status;
}

static int cache_ask(const struct cache_options *o, enum cache_pattern_kind kind, struct view text)
{
	uint8_t body[TOOL_PATTERN_MAX + 3];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct cache_answers a = { .is_json = o->is_json,
				   .list = o->is_json ? json_array() : NULL };
	int status = 0;

	wbuf_u8(&w, (uint8_t)kind);
	wbuf_str16(&w, text);
	if (wbuf_check(&w) != E_OK) {
		(void)fprintf(stderr, "sluis: that is too long, %d bytes at most\n",
			      TOOL_PATTERN_MAX);
		return 2;
	}
	status = ask_keeper(o->state, TOOL_CACHE_PURGE, wbuf_view(&w), cache_row, &a);
	if (o->is_json)
		return cache_print_json(&a, status == 0) != 0 ? 1 : status;
	if (a.edges > 1)
		(void)printf("together: %lu entries, %lu bytes\n", (unsigned long)a.entries,
			     (unsigned long)a.bytes);
	return status;
}

static int cache_refuse(const char *what, const char *text)
{
	(void)fprintf(stderr, "sluis: expected %s, not %s\n", what, text);
	return 2;
}

/* The port that the scheme has anyway is none. */
static void cache_put_host(struct wbuf *w, const struct uri_host *h, uint16_t usual)
{
	wbuf_view_put(w, h->name);
	if (h->port && h->port != usual) {
		WBUF_LIT(w, ":");
		wbuf_dec(w, h->port);
	}
}

static int cache_purge_host(const struct cache_options *o)
{
	uint8_t scratch[512], text[512];
	struct wbuf s = wbuf_of(scratch, sizeof scratch), w = wbuf_of(text, sizeof text);
	struct uri_host host = { 0 };

	if (uri_host_parse(view_str(o->host), &s, &host) != E_OK)
		return cache_refuse("HOST or HOST:PORT", o->host);
	cache_put_host(&w, &host, 0);
	return cache_ask(o, CACHE_PATTERN_HOST, wbuf_view(&w));
}

/* "https://Host:443/a/../b?c" to "https://host/b?c". */
static enum err cache_canonical(struct view url, struct wbuf *w)
{
	uint8_t host_bytes[512], path_bytes[CACHE_SCRATCH];
	struct wbuf host_text = wbuf_of(host_bytes, sizeof host_bytes);
	struct wbuf path_text = wbuf_of(path_bytes, sizeof path_bytes);
	struct view authority = { 0 }, rest = { 0 };
	struct uri_target target = { 0 };
	struct uri_host host = { 0 };
	const char *why = "";
	bool is_https = false;

	TRY(uri_absolute_split(url, &is_https, &authority, &rest));
	TRY(uri_host_parse(authority, &host_text, &host));
	TRY(uri_target_parse(rest, &path_text, &target, &why));
	wbuf_str(w, is_https ? "https://" : "http://");
	cache_put_host(w, &host, is_https ? 443 : 80);
	wbuf_view_put(w, target.path);
	if (target.query.p && target.query.n) {
		WBUF_LIT(w, "?");
		wbuf_view_put(w, target.query);
	}
	return wbuf_check(w);
}

static int cache_purge_url(const struct cache_options *o)
{
	uint8_t text[TOOL_PATTERN_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);

	if (cache_canonical(view_str(o->url), &w) != E_OK)
		return cache_refuse("a URL like https://www.example.nl/path", o->url);
	return cache_ask(o, o->is_prefix ? CACHE_PATTERN_PREFIX : CACHE_PATTERN_URL, wbuf_view(&w));
}

/* -1: go on; otherwise the exit status. */
static int cache_options_read(int argc, char **argv, struct cache_options *ret)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "host", required_argument, NULL, 'H' },
		{ "prefix", no_argument, NULL, 'p' },
		{ "all", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c = 0;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		ret->state = c == 's' ? optarg : ret->state;
		ret->host = c == 'H' ? optarg : ret->host;
		ret->is_prefix |= c == 'p';
		ret->is_all |= c == 'a';
		ret->is_json |= c == 'j';
		if (c == 'h' || c == '?')
			return c == 'h' ? 0 : 2;
	}
	if (argc - optind < 1 || argc - optind > 2 ||
	    !view_eq(view_str(argv[optind]), VIEW("purge")))
		return 2;
	ret->url = argc - optind == 2 ? argv[optind + 1] : NULL;
	/* exactly one thing to purge */
	if (ret->is_all + (ret->host != NULL) + (ret->url != NULL) != 1)
		return 2;
	return ret->is_prefix && !ret->url ? 2 : -1;
}

int cache_main(int argc, char **argv)
{
	struct cache_options o = { 0 };
	int status = cache_options_read(argc, argv, &o);

	if (status >= 0) {
		(void)fputs(cache_usage, status == 0 ? stdout : stderr);
		return status;
	}
	if (o.is_all)
		return cache_ask(&o, CACHE_PATTERN_ALL, (struct view){ 0 });
	return o.host ? cache_purge_host(&o) : cache_purge_url(&o);
}
