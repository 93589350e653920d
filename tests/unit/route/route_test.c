/* route/route.c: which rule takes a request (THREATS A4, A17, G), over images compiled from text.
 */
#include "route/route.h"

#include "conf/conf.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char config[] =
	"listeners:\n"
	"  - {name: public, address: \"127.0.0.1:8080\", protocol: http}\n"
	"backends:\n"
	"  - {name: a, servers: [\"127.0.0.1:1\"]}\n"
	"  - {name: b, servers: [\"127.0.0.1:2\"]}\n"
	"routes:\n"
	"  - name: exact\n"
	"    hosts: [www.example.nl]\n"
	"    rules:\n"
	"      - {name: old, match: {path_exact: /old}, redirect: {status: 308, location: /new}}\n"
	"      - {name: api, match: {path_prefix: /api/, methods: [GET, PROPFIND]}, backend: a}\n"
	"      - {name: v2, match: {headers: {X-Version: \"2\"}}, backend: b}\n"
	"      - {name: beta, match: {query: {beta: \"1\"}}, backend: b}\n"
	"      - {name: img, match: {path_regex: \"^/img/[0-9]+$\"}, respond: {status: 403, body: "
	"\"no\\n\", content_type: text/plain}}\n"
	"      - {name: inside, match: {path_prefix: /inside, source: [192.0.2.0/24]}, backend: "
	"b}\n"
	"    backend: a\n"
	"  - name: wild\n"
	"    hosts: [\"*.example.nl\"]\n"
	"    rules:\n"
	"      - {name: only, match: {path_exact: /only}, backend: b}\n"
	"  - name: any\n"
	"    hosts: [\"*\"]\n"
	"    backend: b\n";

struct row {
	const char *name, *host, *path, *query, *method, *field, *source, *rule;
};

static const struct row rows[] = {
	{ "exact path", "www.example.nl", "/old", NULL, "GET", NULL, NULL, "exact/old" },
	{ "exact path is not a prefix", "www.example.nl", "/old/x", NULL, "GET", NULL, NULL,
	  "exact/default" },
	{ "prefix itself", "www.example.nl", "/api", NULL, "GET", NULL, NULL, "exact/api" },
	{ "prefix below", "www.example.nl", "/api/x", NULL, "GET", NULL, NULL, "exact/api" },
	{ "prefix ends on a segment", "www.example.nl", "/apis", NULL, "GET", NULL, NULL,
	  "exact/default" },
	{ "method named by text", "www.example.nl", "/api/x", NULL, "PROPFIND", NULL, NULL,
	  "exact/api" },
	{ "method that is not listed", "www.example.nl", "/api/x", NULL, "POST", NULL, NULL,
	  "exact/default" },
	{ "methods are case-sensitive, RFC 9110 §9.1", "www.example.nl", "/api/x", NULL, "get",
	  NULL, NULL, "exact/default" },
	{ "header value", "www.example.nl", "/", NULL, "GET", "X-Version: 2\r\n", NULL,
	  "exact/v2" },
	{ "header name without case", "www.example.nl", "/", NULL, "GET", "x-version: 2\r\n", NULL,
	  "exact/v2" },
	{ "header with another value", "www.example.nl", "/", NULL, "GET", "X-Version: 22\r\n",
	  NULL, "exact/default" },
	{ "query parameter", "www.example.nl", "/", "a=b&beta=1", "GET", NULL, NULL, "exact/beta" },
	{ "query parameter with another value", "www.example.nl", "/", "beta=11", "GET", NULL, NULL,
	  "exact/default" },
	{ "regex", "www.example.nl", "/img/12", NULL, "GET", NULL, NULL, "exact/img" },
	{ "regex is anchored where it says so", "www.example.nl", "/img/12x", NULL, "GET", NULL,
	  NULL, "exact/default" },
	{ "source network", "www.example.nl", "/inside", NULL, "GET", NULL, "192.0.2.9",
	  "exact/inside" },
	{ "source elsewhere", "www.example.nl", "/inside", NULL, "GET", NULL, "192.0.3.9",
	  "exact/default" },
	{ "wildcard", "x.example.nl", "/only", NULL, "GET", NULL, NULL, "wild/only" },
	{ "wildcard takes several labels", "y.x.example.nl", "/only", NULL, "GET", NULL, NULL,
	  "wild/only" },
	{ "no fall-through to a less specific host", "x.example.nl", "/other", NULL, "GET", NULL,
	  NULL, NULL },
	{ "the wildcard is not its own parent", "example.nl", "/only", NULL, "GET", NULL, NULL,
	  "any/default" },
	{ "any host", "elsewhere", "/", NULL, "GET", NULL, NULL, "any/default" },
};

struct fixture {
	struct image image;
	struct route_regexes *regexes;
};

static void tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	(void)level;
	printf("%s\n", text);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	char path[] = "/tmp/route-test-XXXXXX";
	struct conf_input in = { .path = path, .sink = tell };
	struct conf_result result = { 0 };
	const char *why = "";
	int file = mkstemp(path), image_fd = -1;
	void *map = NULL;
	size_t bytes = 0;

	assert_int_equal(fd_write_all(file, view_str(config)), E_OK);
	assert_int_equal(conf_check_file(&in, &result, &image_fd), E_OK);
	assert_int_equal(shm_map(image_fd, false, &map, &bytes), E_OK);
	assert_int_equal(image_check(view_of(map, bytes), &f->image, &why), E_OK);
	assert_int_equal(route_regexes_new(&f->image, &f->regexes), E_OK);
	(void)unlink(path);
	(void)fd_close(file);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	f->regexes = route_regexes_free(f->regexes);
	free(f);
	return 0;
}

/* The first rule whose judgement is TAKES, by route_judge alone. */
static const struct image_rule *judge(const struct fixture *f, const struct route_request *q)
{
	const struct image_host *h =
		image_find_host(&f->image, image_listener_at(&f->image, 0), q->host);

	for (uint32_t i = 0; h && i < h->rules.n; i++) {
		uint32_t index = *image_rule_index_at(&f->image, h->rules.first + i), field = 0;

		if (route_judge(&f->image, index, q, f->regexes, &field) == ROUTE_TAKES)
			return image_rule_at(&f->image, index);
	}
	return NULL;
}

static const struct image_rule *find(const struct fixture *f, const struct row *row)
{
	struct field fields[1] = { { 0 } };
	struct http1_head head = { .fields = fields, .field_cap = 1 };
	struct view text = view_str(row->field);
	struct ip source = { 0 };
	struct route_request q = {
		.host = view_str(row->host),
		.target = { .path = view_str(row->path), .query = view_str(row->query) },
		.method = http_method_of(view_str(row->method)),
		.method_name = view_str(row->method),
		.head = text,
		.fields = &head,
		.source = &source,
	};

	assert_int_equal(ip_parse(view_str(row->source ? row->source : "203.0.113.1"), &source),
			 E_OK);
	if (text.n) {
		size_t colon = view_find(text, ':');

		fields[0] = (struct field){ .name_n = (uint16_t)colon,
					    .value = (uint16_t)(colon + 2),
					    .value_n = (uint16_t)(text.n - colon - 4) };
		head.field_n = 1;
	}
	assert_ptr_equal(judge(f, &q),
			 route_find(&f->image, image_listener_at(&f->image, 0), &q, f->regexes));
	return route_find(&f->image, image_listener_at(&f->image, 0), &q, f->regexes);
}

static void test_rules(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct image_rule *rule = find(f, &rows[i]);
		struct view name = rule ? image_view(&f->image, rule->name) : (struct view){ 0 };

		if (rows[i].rule ? !view_eq(name, view_str(rows[i].rule)) : rule != NULL)
			fail_msg("%s: got \"%.*s\"", rows[i].name, (int)name.n,
				 (const char *)name.p);
	}
}

/* What `sluis explain` says about a rule that does not take a request. */
static void test_reasons(void **state)
{
	static const struct {
		const char *path, *method, *source;
		uint32_t rule;
		enum route_verdict verdict;
	} reasons[] = {
		{ "/old", "GET", NULL, 0, ROUTE_TAKES },
		{ "/new", "GET", NULL, 0, ROUTE_OTHER_PATH },
		{ "/api", "POST", NULL, 1, ROUTE_OTHER_METHOD },
		{ "/", "GET", NULL, 2, ROUTE_OTHER_FIELD },
		{ "/", "GET", NULL, 3, ROUTE_OTHER_FIELD },
		{ "/img/x", "GET", NULL, 4, ROUTE_OTHER_PATH },
		{ "/inside", "GET", "192.0.3.1", 5, ROUTE_OTHER_SOURCE },
		{ "/inside", "GET", "192.0.2.1", 5, ROUTE_TAKES },
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < COUNT_OF(reasons); i++) {
		struct http1_head head = { 0 };
		struct ip source = { 0 };
		struct route_request q = {
			.host = VIEW("www.example.nl"),
			.target = { .path = view_str(reasons[i].path) },
			.method = http_method_of(view_str(reasons[i].method)),
			.method_name = view_str(reasons[i].method),
			.fields = &head,
			.source = &source,
		};
		const char *from = reasons[i].source ? reasons[i].source : "203.0.113.1";
		uint32_t field = 99;

		assert_int_equal(ip_parse(view_str(from), &source), E_OK);
		assert_int_equal(route_judge(&f->image, reasons[i].rule, &q, f->regexes, &field),
				 reasons[i].verdict);
		if (reasons[i].verdict == ROUTE_OTHER_FIELD)
			assert_int_equal(field, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reasons, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
