/*
 * `sluis audit search` and `sluis audit reached` as they are typed, over a log whose records the
 * test chose: what they find is compared with what plain loops over those choices say. And that no
 * byte of a log moves the terminal (A27).
 */
#include "base/rng.h"
#include "ipc/audit_line.h"
#include "tests/unit/tool/log_folder.h"
#include "tool/audit.h"
#include "tool/audit_match.h"
#include "tool/audit_when.h"
#include "tool/reached_table.h"

#include <jansson.h>
#include <string.h>
#include <sys/mman.h>

enum { RECORDS = 4000, PER_SEGMENT = 700, ARGS_MAX = 24, OUT_MAX = 1 << 23 };

#define START_US INT64_C(1784246400000000) /* 17 July 2026 */

/* One record, as the test thinks of it. */
struct choice {
	uint8_t user, host, route, source, method, status, kind;
	uint64_t in, out;
	int64_t time_us;
};

static const char *const users[] = { "-", "jan", "an\"na<b>\\", "user:x", "caf\xc3\xa9", "jan2" };
static const char *const hosts[] = { "www.example.nl", "Files.example.nl:8443", "[2001:db8::5]:443",
				     "example.nl" };
static const char *const host_names[] = { "www.example.nl", "files.example.nl", "[2001:db8::5]",
					  "example.nl" };
static const char *const routes[] = { "shop/api", "shop/web", "app/files", "app/shop",
				      "shopper/x" };
static const char *const sources[] = { "192.0.2.1", "192.0.2.77", "198.51.100.7", "2001:db8:1::9",
				       "2001:db8:2::9" };
static const char *const methods[] = { "GET", "HEAD", "POST", "PROPFIND", "DELETE" };
static const char *const statuses[] = { "200", "304", "401", "403", "404", "502", "aborted" };
static const char *const kinds[] = { "access", "event", "alarm" };

struct fixture {
	struct log_folder log;
	struct choice *of; /* RECORDS of them */
	char *out;
	int status;
};

static void put(struct fixture *x, unsigned i)
{
	const struct choice *c = &x->of[i];
	const char *source = sources[c->source];
	uint8_t user[256], when[32];
	struct wbuf w = wbuf_of(user, sizeof user), t = wbuf_of(when, sizeof when);

	audit_line_put_text(&w, view_str(users[c->user]));
	wbuf_dec(&t, (uint64_t)(c->time_us - START_US));
	fprintf(x->log.file,
		"{\"time\":\"2026-07-17T%02u:%02u:%02u.000000Z\",\"id\":\"1-1-%u\",\"seq\":%u,"
		"\"kind\":\"%s\",",
		(unsigned)((c->time_us - START_US) / 3600000000),
		(unsigned)((c->time_us - START_US) / 60000000 % 60),
		(unsigned)((c->time_us - START_US) / 1000000 % 60), i, i + 1, kinds[c->kind]);
	fprintf(x->log.file,
		"\"action\":\"%s\",\"object\":\"https://%s/a/"
		"%u\",\"result\":\"%s\",\"origin\":\"%s%s%s:"
		"%u\",\"actor\":\"%.*s\",\"writer\":\"edge[0]\",\"route\":\"%s\",\"bytes_in\":%llu,"
		"\"bytes_out\":%llu" LOG_FOLDER_PREV "\n",
		methods[c->method], hosts[c->host], i, statuses[c->status],
		c->source > 2 ? "[" : "", source, c->source > 2 ? "]" : "", 1024 + i, (int)w.n,
		user, routes[c->route], (unsigned long long)c->in, (unsigned long long)c->out);
}

static int set_up(void **state)
{
	struct fixture *x = calloc(1, sizeof *x);
	struct rng rng = { { 1, 2, 3, 4 } };

	x->out = malloc(OUT_MAX);
	x->of = calloc(RECORDS, sizeof *x->of);
	x->log = log_folder_new();
	for (unsigned i = 0; i < RECORDS; i++) {
		x->of[i] =
			(struct choice){ .user = (uint8_t)rng_below(&rng, COUNT_OF(users)),
					 .host = (uint8_t)rng_below(&rng, COUNT_OF(hosts)),
					 .route = (uint8_t)rng_below(&rng, COUNT_OF(routes)),
					 .source = (uint8_t)rng_below(&rng, COUNT_OF(sources)),
					 .method = (uint8_t)rng_below(&rng, COUNT_OF(methods)),
					 .status = (uint8_t)rng_below(&rng, COUNT_OF(statuses)),
					 .kind = (uint8_t)(rng_below(&rng, 10) < 9 ? 0 : 1 + i % 2),
					 .in = rng_below(&rng, 1000),
					 .out = rng_next(&rng) >> 30,
					 .time_us = START_US + INT64_C(20000000) * i };
		if (i % PER_SEGMENT == 0)
			log_folder_segment(&x->log, i + 1);
		put(x, i);
	}
	log_folder_end(&x->log);
	*state = x;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *x = *state;

	log_folder_done(&x->log);
	free(x->of);
	free(x->out);
	free(x);
	return 0;
}

/* Runs it with standard output caught; the last of words is NULL. */
static const char *run(struct fixture *x, const char *const *words)
{
	char *argv[ARGS_MAX] = { strdup("audit") }, *given[ARGS_MAX] = { 0 };
	int argc = 1, out = memfd_create("out", MFD_CLOEXEC), keep = dup(STDOUT_FILENO);
	ssize_t n = 0;

	for (; words[argc - 1]; argc++)
		argv[argc] = strdup(words[argc - 1]);
	argv[argc++] = strdup("--directory");
	argv[argc++] = strdup(x->log.path);
	/* They are moved about, and the first is another afterwards. */
	for (int i = 0; i < argc; i++)
		given[i] = argv[i];
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	x->status = tool_audit(argc, argv);
	fflush(stdout);
	dup2(keep, STDOUT_FILENO);
	n = pread(out, x->out, OUT_MAX - 1, 0);
	x->out[n > 0 ? n : 0] = '\0';
	fd_close(out);
	fd_close(keep);
	while (argc)
		free(given[--argc]);
	return x->out;
}

#define RUN(x, ...) run((x), (const char *const[]){ __VA_ARGS__, NULL })

/* Does a record belong to a question? By the choices alone. */
struct question {
	const char *const *words;
	bool (*is)(const struct choice *c);
};

#define WORDS(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		"search", "--json", __VA_ARGS__, NULL                                              \
	}

static bool is_all(const struct choice *c)
{
	(void)c;
	return true;
}
static bool is_jan(const struct choice *c)
{
	return c->user == 1;
}
static bool is_anna(const struct choice *c)
{
	return c->user == 2;
}
static bool is_cafe(const struct choice *c)
{
	return c->user == 4;
}
static bool is_net(const struct choice *c)
{
	return c->source < 2;
}
static bool is_one(const struct choice *c)
{
	return c->source == 2;
}
static bool is_net6(const struct choice *c)
{
	return c->source == 3;
}
static bool is_app(const struct choice *c)
{
	return c->route == 3;
}
static bool is_route(const struct choice *c)
{
	return c->route < 2;
}
static bool is_rule(const struct choice *c)
{
	return c->route == 1;
}
static bool is_host(const struct choice *c)
{
	return c->host == 1;
}
static bool is_host6(const struct choice *c)
{
	return c->host == 2;
}
static bool is_below(const struct choice *c)
{
	return c->host < 2;
}
static bool is_post(const struct choice *c)
{
	return c->method == 2 && c->kind == 0;
}
static bool is_action(const struct choice *c)
{
	return c->method == 2;
}
static bool is_404(const struct choice *c)
{
	return c->status == 4;
}
static bool is_4xx(const struct choice *c)
{
	return c->status >= 2 && c->status <= 4;
}
static bool is_aborted(const struct choice *c)
{
	return c->status == 6;
}
static bool is_alarm(const struct choice *c)
{
	return c->kind == 2;
}
static bool is_hour(const struct choice *c)
{
	return c->time_us >= START_US + 3600000000 && c->time_us < START_US + 7200000000;
}
static bool is_many(const struct choice *c)
{
	return c->user == 1 && c->source < 2 && c->status == 0 && c->method == 0 && c->kind == 0;
}
static bool is_none(const struct choice *c)
{
	(void)c;
	return false;
}

static void test_search(void **state)
{
	const struct question questions[] = {
		{ WORDS("--lines", "5000"), is_all },
		{ WORDS("--user", "jan"), is_jan },
		{ WORDS("--user", "an\"na<b>\\"), is_anna },
		{ WORDS("--user", "caf\xc3\xa9"), is_cafe },
		{ WORDS("--source", "192.0.2.0/24"), is_net },
		{ WORDS("--source", "198.51.100.7"), is_one },
		{ WORDS("--source", "2001:db8:1::/48"), is_net6 },
		{ WORDS("--app", "shop"), is_app },
		{ WORDS("--route", "shop"), is_route },
		{ WORDS("--route", "shop/web"), is_rule },
		{ WORDS("--host", "files.EXAMPLE.nl"), is_host },
		{ WORDS("--host", "[2001:db8::5]"), is_host6 },
		{ WORDS("--host", "*.example.nl"), is_below },
		{ WORDS("--method", "POST"), is_post },
		{ WORDS("--action", "POST"), is_action },
		{ WORDS("--status", "404"), is_404 },
		{ WORDS("--status", "4xx"), is_4xx },
		{ WORDS("--status", "aborted"), is_aborted },
		{ WORDS("--kind", "alarm"), is_alarm },
		{ WORDS("--text", "an\"na<b>"), is_anna },
		{ WORDS("--text", "\"result\":\"404\""), is_404 },
		{ WORDS("--since", "2026-07-17T01:00:00Z", "--until", "2026-07-17T02:00:00Z"),
		  is_hour },
		{ WORDS("--user", "jan", "--source", "192.0.2.0/24", "--status", "200", "--method",
			"GET"),
		  is_many },
		{ WORDS("--user", "ja"), is_none },
		{ WORDS("--session", "5"), is_none },
		{ WORDS("--until", "2026-07-16"), is_none },
	};
	struct fixture *x = *state;

	for (size_t i = 0; i < COUNT_OF(questions); i++) {
		const char *at = run(x, questions[i].words);
		unsigned found = 0;

		CHECK_ROW(questions[i].words[2], x->status == 0);
		for (unsigned j = 0; j < RECORDS; j++)
			if (questions[i].is(&x->of[j])) {
				char id[32];

				/* In order, each once, and nothing between them. */
				snprintf(id, sizeof id, "\"seq\":%u,", j + 1);
				CHECK_ROW(questions[i].words[2], strchr(at, '\n') != NULL);
				CHECK_ROW(questions[i].words[2],
					  memmem(at, (size_t)(strchr(at, '\n') - at), id,
						 strlen(id)) != NULL);
				at = strchr(at, '\n') + 1;
				found++;
			}
		CHECK_ROW(questions[i].words[2], *at == '\0');
		CHECK_ROW(questions[i].words[2], found > 0 || questions[i].is == is_none);
	}
}

static void test_search_text(void **state)
{
	struct fixture *x = *state;
	const char *out = RUN(x, "search", "-n", "2");

	assert_int_equal(x->status, 0);
	assert_non_null(strstr(out, "2026-07-17T00:00:00.000000Z "));
	assert_non_null(strstr(out, "2026-07-17T00:00:20.000000Z "));
	assert_null(strstr(out, "2026-07-17T00:00:40.000000Z "));
	assert_non_null(
		strstr(out, "\n... and 3998 more\n4000 of 4000 records matched, 6 segments "));
	out = RUN(x, "search", "-n", "0", "--user", "nobody", "--since", "10000d");
	assert_int_equal(strncmp(out, "0 of 4000 records matched", 25), 0);
}

static uint64_t number(const json_t *row, const char *name)
{
	const json_t *n = json_object_get(row, name);

	/* Beyond what JSON of jansson holds nothing in this log reaches. */
	return json_is_integer(n) ? (uint64_t)json_integer_value(n) : 0;
}

static const char *text(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

struct sum {
	uint64_t requests, writes, ok, refused, failed, in, out, first, last;
};

static void add(struct sum *s, const struct choice *c)
{
	s->first = s->requests ? s->first : (uint64_t)c->time_us;
	s->last = (uint64_t)c->time_us;
	s->requests++;
	s->writes += c->method > 1;
	s->ok += c->status < 2;
	s->refused += c->status == 2 || c->status == 3;
	s->failed += c->status > 3;
	s->in += c->in;
	s->out += c->out;
}

static void check_sum(const json_t *row, const struct sum *s)
{
	assert_int_equal(number(row, "requests"), s->requests);
	assert_int_equal(number(row, "writes"), s->writes);
	assert_int_equal(number(row, "ok"), s->ok);
	assert_int_equal(number(row, "refused"), s->refused);
	assert_int_equal(number(row, "failed"), s->failed);
	assert_int_equal(number(row, "bytes_in"), s->in);
	assert_int_equal(number(row, "bytes_out"), s->out);
}

/* What belongs to a row, found by going through all choices. */
static struct sum sum_of(const struct fixture *x, const json_t *row,
			 bool (*is)(const struct choice *))
{
	struct sum s = { 0 };

	for (unsigned i = 0; i < RECORDS; i++) {
		const struct choice *c = &x->of[i];

		if (c->kind == 0 && is(c) &&
		    (!row || (strcmp(host_names[c->host], text(row, "host")) == 0 &&
			      strcmp(routes[c->route], text(row, "route")) == 0 &&
			      strcmp(users[c->user], text(row, "user")) == 0 &&
			      strcmp(sources[c->source], text(row, "source")) == 0)))
			add(&s, c);
	}
	return s;
}

/* Every row is what it should be (a host in whatever case is one host, RFC 9110 §4.2.3), and
 * together they are everything: nothing is missing or twice. */
static void check_reached(struct fixture *x, const char *const *words,
			  bool (*is)(const struct choice *))
{
	json_t *got = json_loads(run(x, words), 0, NULL), *row = NULL;
	struct sum all = sum_of(x, NULL, is);
	uint64_t requests = 0, events = 0;
	size_t i = 0;

	assert_int_equal(x->status, 0);
	assert_non_null(got);
	json_array_foreach(json_object_get(got, "rows"), i, row)
	{
		struct sum s = sum_of(x, row, is);
		char when[64];

		assert_true(s.requests > 0);
		check_sum(row, &s);
		snprintf(when, sizeof when, "2026-07-17T%02u:%02u:%02u.000000Z",
			 (unsigned)((s.last - START_US) / 3600000000),
			 (unsigned)((s.last - START_US) / 60000000 % 60),
			 (unsigned)((s.last - START_US) / 1000000 % 60));
		assert_string_equal(text(row, "last"), when);
		requests += s.requests;
	}
	assert_int_equal(requests, all.requests);
	check_sum(json_object_get(got, "sum"), &all);
	for (unsigned j = 0; j < RECORDS; j++)
		events += x->of[j].kind > 0 && is(&x->of[j]);
	assert_int_equal(json_array_size(json_object_get(got, "events")), events);
	assert_int_equal(number(got, "records"), RECORDS);
	assert_true(json_is_true(json_object_get(got, "is_complete")));
	json_decref(got);
}

#define REACHED(...)                                                                               \
	(const char *const[])                                                                      \
	{                                                                                          \
		"reached", "--json", __VA_ARGS__, NULL                                             \
	}

static void test_reached(void **state)
{
	struct fixture *x = *state;

	check_reached(x, REACHED("--user", "jan"), is_jan);
	check_reached(x, REACHED("--user", "an\"na<b>\\"), is_anna);
	check_reached(x, REACHED("--source", "192.0.2.0/24"), is_net);
	check_reached(x, REACHED("--source", "2001:db8:1::9"), is_net6);
	check_reached(x, REACHED("--app", "shop"), is_app);
	check_reached(x, REACHED("--route", "shop"), is_route);
	check_reached(x, REACHED("--host", "files.example.nl"), is_host);
	check_reached(x, REACHED("--user", "nobody"), is_none);
}

static void test_reached_text(void **state)
{
	struct fixture *x = *state;
	const char *out = RUN(x, "reached", "--user", "jan");

	assert_int_equal(x->status, 0);
	assert_non_null(strstr(out, "host "));
	assert_null(strstr(out, "  user  "));
	assert_non_null(strstr(out, "  files.example.nl  "));
	assert_non_null(strstr(out, "\n  (sum) "));
	assert_non_null(strstr(out, "\nevents and alarms:\n2026-07-17T"));
	assert_non_null(strstr(out, " DELETE "));
	out = RUN(x, "reached", "--session", "17");
	assert_int_equal(strncmp(out, "no request\n", 11), 0);
	assert_non_null(strstr(out, "note: no request in the log names its session"));
}

/* Records and events that name a session, and events about a user by somebody else. */
static void test_session(void **state)
{
	struct fixture *x = *state, y = { .out = x->out, .log = log_folder_new() };
	json_t *got = NULL;

	log_folder_segment(&y.log, 1);
	for (unsigned i = 0; i < 4; i++)
		fprintf(y.log.file,
			"{\"time\":\"2026-07-17T00:00:00Z\",\"id\":\"1\",\"seq\":%u,\"kind\":\"%"
			"s\","
			"\"action\":\"%s\",\"object\":\"%s\",\"result\":\"200\",\"origin\":"
			"\"192.0.2.1:5\",\"actor\":\"%s\"%s" LOG_FOLDER_PREV "\n",
			i + 1, i ? "event" : "access", i ? "login.ok" : "GET",
			(const char *const[]){ "http://a/", "session 17", "session 170", "jan" }[i],
			i == 3 ? "uid:0" : "jan", i ? "" : ",\"session\":17");
	log_folder_end(&y.log);
	got = json_loads(RUN(&y, "reached", "--json", "--session", "17"), 0, NULL);
	assert_int_equal(number(json_object_get(got, "sum"), "requests"), 1);
	assert_int_equal(json_array_size(json_object_get(got, "events")), 1);
	assert_true(json_is_true(json_object_get(got, "sessions_are_named")));
	json_decref(got);
	got = json_loads(RUN(&y, "reached", "--json", "--user", "jan"), 0, NULL);
	assert_int_equal(json_array_size(json_object_get(got, "events")), 3);
	json_decref(got);
	assert_non_null(strstr(RUN(&y, "search", "--session", "17"), "\n2 of 4 records matched"));
	assert_non_null(strstr(RUN(&y, "search", "--user", "jan"), "\n3 of 4 records matched"));
	log_folder_done(&y.log);
}

/* A log edited to hold control bytes, escapes and lies: none of them comes out, the rest does. */
static void test_is_safe(void **state)
{
	static const char evil[] =
		"\x1b]0;owned\x07\x9b 2J\r\xe2\x80\xae\n{\"time\":\"\x1b[31m\"\n";
	struct fixture *x = *state;
	const char *const *commands[] = {
		(const char *const[]){ "search", NULL },
		(const char *const[]){ "search", "--json", NULL },
		(const char *const[]){ "reached", "--source", "::/0", NULL },
		(const char *const[]){ "reached", "--json", "--source", "0.0.0.0/0", NULL },
		(const char *const[]){ "reached", "--host", "evil", NULL },
	};

	log_folder_segment(&x->log, 9000);
	fwrite(evil, 1, sizeof evil - 1, x->log.file);
	fprintf(x->log.file, "{\"time\":\"2026-07-17T23:00:00Z\",\"id\":\"\\u001b\",\"seq\":1,"
			     "\"kind\":\"access\","
			     "\"action\":\"\\u001b[2J\",\"object\":\"http://evil\\u001b[2J/"
			     "\",\"result\":\"\\u0007\","
			     "\"origin\":\"\\u202e\",\"actor\":\"\\u001b]0;x\\u0007\",\"bytes_in\":"
			     "18446744073709551615,\"bytes_out\":1" LOG_FOLDER_PREV "\n");
	log_folder_end(&x->log);
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		const char *out = run(x, commands[i]);

		assert_int_equal(x->status, 0);
		for (const char *p = out; *p; p++)
			assert_true(*p == '\n' || ((unsigned char)*p >= 0x20 && *p != 0x7f));
		assert_null(strstr(out, "owned"));
		assert_null(strstr(out, "\xe2\x80\xae"));
	}
	assert_non_null(strstr(RUN(x, "search", "-n", "0"), "note: 2 lines are no records"));
	unlinkat(x->log.dir_fd, "audit-00000000000000009000.jsonl", 0);
}

static void test_mistakes(void **state)
{
	const char *const *const mistakes[] = {
		(const char *const[]){ "search", "--status", NULL },
		(const char *const[]){ "search", "--unknown", "x", NULL },
		(const char *const[]){ "search", "x", NULL },
		(const char *const[]){ "search", "--user", "", NULL },
		(const char *const[]){ "search", "--user", "a", "--user", "b", NULL },
		(const char *const[]){ "search", "--source", "192.0.2.1/24", NULL },
		(const char *const[]){ "search", "--source", "jan", NULL },
		(const char *const[]){ "search", "--kind", "requests", NULL },
		(const char *const[]){ "search", "--session", "x", NULL },
		(const char *const[]){ "search", "--since", "yesterday", NULL },
		(const char *const[]){ "search", "-n", "x", NULL },
		(const char *const[]){ "reached", NULL },
		(const char *const[]){ "reached", "--since", "1d", NULL },
		(const char *const[]){ "reached", "--status", "200", NULL },
	};
	struct fixture *x = *state;
	int keep = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(nowhere, STDERR_FILENO);
	for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
		const char *out = run(x, mistakes[i]);

		CHECK_ROW(mistakes[i][1] ? mistakes[i][1] : "", x->status == 2 && *out == '\0');
	}
	(void)RUN(x, "search", "--directory", "/nowhere/at/all", "--help");
	assert_int_equal(x->status, 0);
	dup2(keep, STDERR_FILENO);
	fd_close(keep);
	fd_close(nowhere);
}

static void add_request(struct reached_table *t, const char *actor, const char *bytes)
{
	struct log_line l = { .time_us = START_US };

	l.field[LOG_ACTION] = VIEW("GET");
	l.field[LOG_RESULT] = VIEW("200");
	l.field[LOG_OBJECT] = VIEW("http://a/");
	l.field[LOG_ACTOR] = view_str(actor);
	l.field[LOG_BYTES_OUT] = view_str(bytes);
	reached_table_add(t, &l);
}

/* Full of rows, or of text: what has no row is added up, and nothing is lost. */
static void test_full_table(void **state)
{
	struct reached_table t = { 0 };
	char actor[16];

	(void)state;
	for (unsigned by_text = 0; by_text < 2; by_text++) {
		CHECK_OK(reached_table_init(&t));
		if (by_text)
			t.text_max = 80; /* "a", "-", "-" and a name of 5: 8 each */
		else
			t.rows_max = 10;
		for (unsigned i = 0; i < 100; i++) {
			snprintf(actor, sizeof actor, "u%04u", i % 20);
			add_request(&t, actor, "10");
		}
		assert_int_equal(t.rows, 10);
		assert_int_equal(reached_sum_requests(&t.all), 100);
		assert_int_equal(reached_sum_requests(&t.other), 50);
		assert_int_equal(t.all.bytes_out, 1000);
		assert_int_equal(t.other.bytes_out, 500);
		reached_table_sort(&t);
		CHECK_VIEW(t.row[9].by[REACHED_USER], "u0009");
		assert_int_equal(t.row[9].sum.ok, 5);
		reached_table_done(&t);
	}
	/* Numbers that a log only claims. */
	CHECK_OK(reached_table_init(&t));
	add_request(&t, "a", "18446744073709551615");
	add_request(&t, "a", "18446744073709551615");
	assert_true(t.all.bytes_out == UINT64_MAX);
	reached_table_done(&t);
}

static void test_when(void **state)
{
	static const struct {
		const char *text;
		enum err e;
		int64_t us;
	} rows[] = {
		{ "2026-07-17T00:00:00Z", E_OK, START_US },
		{ "2026-07-17T00:00:00.5Z", E_OK, START_US + 500000 },
		{ "2026-07-17", E_OK, START_US },
		{ "1960-01-01", E_OK, 1 },
		{ "90s", E_OK, START_US - INT64_C(90000000) },
		{ "90m", E_OK, START_US - INT64_C(5400000000) },
		{ "2h", E_OK, START_US - INT64_C(7200000000) },
		{ "7d", E_OK, START_US - INT64_C(604800000000) },
		{ "1w", E_OK, START_US - INT64_C(604800000000) },
		{ "0s", E_OK, START_US },
		{ "9999999999999999999w", E_OK, 1 },
		{ "100000d", E_OK, 1 },
		{ "", E_PROTO, 0 },
		{ "d", E_PROTO, 0 },
		{ "7", E_PROTO, 0 },
		{ "7x", E_PROTO, 0 },
		{ "-7d", E_PROTO, 0 },
		{ "2026-13-17", E_PROTO, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t us = 0;

		CHECK_ROW(rows[i].text,
			  audit_when_parse(view_str(rows[i].text), START_US, &us) == rows[i].e);
		CHECK_ROW(rows[i].text, us == rows[i].us);
	}
}

static void test_parts(void **state)
{
	static const struct {
		const char *object, *host, *origin, *ip;
	} rows[] = {
		{ "https://a.nl/b", "a.nl", "192.0.2.1:5", "192.0.2.1" },
		{ "tls://a.nl", "a.nl", "[2001:db8::1]:5", "2001:db8::1" },
		{ "udp://[::1]:53", "[::1]", "2001:db8::1", "2001:db8::1" },
		{ "http://a:80", "a", "192.0.2.1", "192.0.2.1" },
		{ "http://[::1", "[::1", "[2001:db8::1", "2001:db8::1" },
		{ "http:/a", "", "command", NULL },
		{ "-", "", "", NULL },
		{ "", "", "192.0.2.1:5:6", NULL },
		{ "://a", "a", ":", NULL },
		{ "http://", "", "[]", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t buf[64];
		struct wbuf w = wbuf_of(buf, sizeof buf);
		struct ip ip = { 0 };
		bool is_ip = audit_match_address(view_str(rows[i].origin), &ip) == E_OK;

		CHECK_ROW(rows[i].object, view_eq(audit_match_host(view_str(rows[i].object)),
						  view_str(rows[i].host)));
		CHECK_ROW(rows[i].origin, is_ip == (rows[i].ip != NULL));
		ip_put(&w, &ip);
		CHECK_ROW(rows[i].origin, !is_ip || view_eq(wbuf_view(&w), view_str(rows[i].ip)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),	 cmocka_unit_test(test_search_text),
		cmocka_unit_test(test_reached),	 cmocka_unit_test(test_reached_text),
		cmocka_unit_test(test_session),	 cmocka_unit_test(test_is_safe),
		cmocka_unit_test(test_mistakes), cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_when),	 cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
