/* The metrics page: its form (Prometheus text format 0.0.4), its sums, and any cut of it. */
#define SLUIS_VERSION "1.2.3"
#include "role/console/metrics.c"
#include "role/console/metrics_rows.c"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#include <string.h>

enum { PAGE_MAX = 1 << 20 };

static const char site[] = "edges: 2\n"
			   "listeners:\n"
			   "  - {name: front, address: \"127.0.0.1:80\", protocol: http}\n"
			   "  - {name: back, address: \"127.0.0.1:81\", protocol: http}\n"
			   "backends:\n"
			   "  - name: web\n"
			   "    servers: [{name: one, address: \"127.0.0.1:1\"}, {name: two, "
			   "address: \"127.0.0.1:2\"},\n"
			   "      {name: three, address: \"127.0.0.1:3\", state: drain}]\n"
			   "routes:\n"
			   "  - {name: all, hosts: [\"*\"], backend: web}\n";

struct fixture {
	struct made_image made;
	struct page_health_page *health;
	struct page_load_page *edge[2];
	const struct page_load_page *load[PAGE_LOADS];
	struct metrics_source source;
	char *page;
};

static int set_up(void **state)
{
	struct fixture *x = calloc(1, sizeof *x);

	x->made = make_image(site, NULL, 0);
	x->health = calloc(1, sizeof *x->health);
	x->page = malloc(PAGE_MAX);
	for (unsigned i = 0; i < 2; i++) {
		x->edge[i] = calloc(1, sizeof *x->edge[i]);
		x->load[i * 7] = x->edge[i]; /* edges need not be neighbours */
	}
	x->source = (struct metrics_source){ .image = &x->made.im,
					     .health = x->health,
					     .load = x->load,
					     .now_mono_ms = 10000,
					     .has_edge = true };
	*state = x;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *x = *state;

	unmake_image(&x->made);
	free(x->health);
	free(x->edge[0]);
	free(x->edge[1]);
	free(x->page);
	free(x);
	return 0;
}

static const char *render(struct fixture *x)
{
	struct metrics_position at = { 0 };
	struct wbuf w = wbuf_of(x->page, PAGE_MAX - 1);

	assert_true(metrics_put(&x->source, &at, &w));
	assert_false(w.bad);
	x->page[w.n] = '\0';
	return x->page;
}

static void has_line(const char *page, const char *line)
{
	const char *at = strstr(page, line);
	size_t n = strlen(line);

	while (at && ((at != page && at[-1] != '\n') || at[n] != '\n'))
		at = strstr(at + 1, line);
	if (!at)
		fail_msg("no such line: %s\n%s", line, page);
}

static const struct image_server *server(const struct fixture *x, unsigned i)
{
	return image_server_at(&x->made.im, i);
}

static void test_empty_pages(void **state)
{
	const char *page = render(*state);

	has_line(page, "sluis_build_info{version=\"1.2.3\"} 1");
	has_line(page, "sluis_listener_connections{listener=\"front\"} 0");
	has_line(page, "sluis_listener_requests_total{listener=\"back\",code=\"5xx\"} 0");
	/* Unknown health counts as up until the first check; what is drained is not up. */
	has_line(page, "sluis_server_up{pool=\"web\",server=\"one\"} 1");
	has_line(page, "sluis_server_up{pool=\"web\",server=\"three\"} 0");
	has_line(page, "sluis_server_first_byte_seconds_sum{pool=\"web\",server=\"one\"} 0.000000");
	has_line(page, "sluis_server_first_byte_seconds_count{pool=\"web\",server=\"one\"} 0");
	assert_null(strstr(page, "sluis_certificate_expiry_seconds"));
}

static void test_sums_over_edges(void **state)
{
	struct fixture *x = *state;
	const struct image_server *s = server(x, 1);
	uint16_t slot = image_listener_at(&x->made.im, 0)->slot;
	const char *page = NULL;

	for (unsigned i = 0; i < 2; i++) {
		struct page_load_server *l = &x->edge[i]->server[s->slot];

		PAGE_SET(x->edge[i]->server_high, IMAGE_SERVER_SLOTS);
		PAGE_SET(l->gen, s->slot_gen);
		PAGE_SET(l->requests, 100 + i);
		PAGE_SET(l->in_flight, 3);
		PAGE_SET(l->latency_us, 1500000 + i);
		PAGE_SET(l->status[2], 90);
		PAGE_SET(l->first_byte[0], 100);
		PAGE_SET(l->first_byte[2], 20);
		PAGE_SET(l->first_byte[15], 7 + i);
		PAGE_SET(l->status[5], i);
		PAGE_SET(x->edge[i]->listener[slot].status[4], 7);
		PAGE_SET(x->edge[i]->listener[slot].handshakes, 10);
		PAGE_SET(x->edge[i]->listener[slot].handshakes_resumed, 4);
		PAGE_SET(x->edge[i]->loops, 5 + i);
	}
	page = render(x);
	has_line(page, "sluis_server_requests_total{pool=\"web\",server=\"two\"} 201");
	has_line(page, "sluis_server_requests_total{pool=\"web\",server=\"one\"} 0");
	has_line(page, "sluis_server_in_flight{pool=\"web\",server=\"two\"} 6");
	has_line(page, "sluis_server_first_byte_seconds_sum{pool=\"web\",server=\"two\"} 3.000001");
	has_line(page, "sluis_server_first_byte_seconds_count{pool=\"web\",server=\"two\"} 255");
	has_line(page, "sluis_server_first_byte_seconds_bucket{pool=\"web\",server=\"two\","
		       "le=\"0.000250\"} 200");
	has_line(page, "sluis_server_first_byte_seconds_bucket{pool=\"web\",server=\"two\","
		       "le=\"0.000500\"} 200");
	has_line(page, "sluis_server_first_byte_seconds_bucket{pool=\"web\",server=\"two\","
		       "le=\"4.096000\"} 240");
	has_line(page, "sluis_server_first_byte_seconds_bucket{pool=\"web\",server=\"two\","
		       "le=\"+Inf\"} 255");
	has_line(page, "sluis_server_responses_total{pool=\"web\",server=\"two\",code=\"5xx\"} 1");
	has_line(page, "sluis_listener_requests_total{listener=\"front\",code=\"4xx\"} 14");
	has_line(page, "sluis_tls_handshakes_total{listener=\"front\",resumed=\"false\"} 20");
	has_line(page, "sluis_tls_handshakes_total{listener=\"front\",resumed=\"true\"} 8");
	has_line(page, "sluis_edge_loops_total{edge=\"0\"} 5");
	has_line(page, "sluis_edge_loops_total{edge=\"7\"} 6");
	assert_null(strstr(page, "edge=\"1\""));
	/* Another server's numbers in the slot are not this one's. */
	PAGE_SET(x->edge[0]->server[s->slot].gen, s->slot_gen + 1);
	has_line(render(x), "sluis_server_requests_total{pool=\"web\",server=\"two\"} 101");
}

/* Rules and pools: by slot and generation; a rule that met no request has no line. */
static void test_rules_and_pools(void **state)
{
	struct fixture *x = *state;
	const struct image_rule *r = image_rule_at(&x->made.im, 0);
	const struct image_pool *p = image_pool_at(&x->made.im, 0);
	const char *page = render(x);

	assert_null(strstr(page, "sluis_route_"));
	has_line(page, "sluis_pool_queue{pool=\"web\"} 0");
	for (unsigned i = 0; i < 2; i++) {
		struct page_load_rule *l = &x->edge[i]->rule[r->slot];

		PAGE_SET(x->edge[i]->rule_high, r->slot + 1);
		PAGE_SET(x->edge[i]->pool_high, p->slot + 1);
		PAGE_SET(l->gen, r->slot_gen);
		PAGE_SET(l->status[2], 5);
		PAGE_SET(l->status[0], 1);
		PAGE_SET(l->duration[3], 6);
		PAGE_SET(l->duration_us, 9000);
		PAGE_SET(x->edge[i]->pool[p->slot].gen, p->slot_gen);
		PAGE_SET(x->edge[i]->pool[p->slot].queue, 2);
		PAGE_SET(x->edge[i]->pool[p->slot].queue_us, 1500000);
	}
	page = render(x);
	has_line(page,
		 "sluis_route_requests_total{route=\"all\",rule=\"default\",code=\"2xx\"} 10");
	has_line(page,
		 "sluis_route_requests_total{route=\"all\",rule=\"default\",code=\"none\"} 2");
	has_line(page, "sluis_route_request_duration_seconds_sum{route=\"all\",rule=\"default\"} "
		       "0.018000");
	has_line(page,
		 "sluis_route_request_duration_seconds_count{route=\"all\",rule=\"default\"} 12");
	has_line(page, "sluis_pool_queue{pool=\"web\"} 4");
	has_line(page, "sluis_pool_queue_seconds_total{pool=\"web\"} 3.000000");
	/* What an edge says it never used is not looked at; nor is another's entry. */
	PAGE_SET(x->edge[0]->rule_high, r->slot);
	PAGE_SET(x->edge[1]->rule[r->slot].gen, r->slot_gen + 1);
	assert_null(strstr(render(x), "sluis_route_"));
}

static void test_keeper_and_audit(void **state)
{
	struct fixture *x = *state;
	struct page_keeper_page *k = calloc(1, sizeof *k);
	struct page_audit_page *a = calloc(1, sizeof *a);
	const char *page = NULL;

	has_line(render(x), "sluis_audit_lost_total 0");
	x->source.keeper = k;
	x->source.audit = a;
	PAGE_SET(k->generation, 7);
	PAGE_SET(k->role[5].role, ROLE_EDGE);
	PAGE_SET(k->role[5].index, 3);
	PAGE_SET(k->role[5].cpu_us, 1230000);
	PAGE_SET(k->role[5].restarts, 4);
	PAGE_SET(a->lost, 9);
	page = render(x);
	has_line(page, "sluis_image_generation 7");
	has_line(page, "sluis_role_cpu_seconds_total{role=\"edge\",index=\"3\"} 1.230000");
	has_line(page, "sluis_role_restarts_total{role=\"edge\",index=\"3\"} 4");
	has_line(page, "sluis_audit_lost_total 9");
	x->source.keeper = NULL;
	x->source.audit = NULL;
	free(k);
	free(a);
}

/* OpenMetrics 1.0: a counter's family has no _total, the page ends with # EOF. */
static void test_openmetrics(void **state)
{
	struct fixture *x = *state;
	const char *page = NULL;

	x->source.is_openmetrics = true;
	page = render(x);
	has_line(page, "# TYPE sluis_listener_accepted counter");
	has_line(page, "sluis_listener_accepted_total{listener=\"front\"} 0");
	assert_string_equal(page + strlen(page) - 6, "# EOF\n");
	x->source.is_openmetrics = false;
	assert_null(strstr(render(x), "# EOF"));
}

static void test_health(void **state)
{
	struct fixture *x = *state;
	struct page_health_entry *e = &x->health->server[server(x, 0)->slot];
	const char *page = NULL;

	PAGE_SET(e->gen, server(x, 0)->slot_gen);
	PAGE_SET(e->health, PAGE_HEALTH_DOWN);
	PAGE_SET(e->checks_ok, 5);
	PAGE_SET(e->checks_failed, 6);
	PAGE_SET(e->check_us, 1234);
	page = render(x);
	has_line(page, "sluis_server_up{pool=\"web\",server=\"one\"} 0");
	has_line(page, "sluis_server_checks_total{pool=\"web\",server=\"one\",result=\"ok\"} 5");
	has_line(page,
		 "sluis_server_checks_total{pool=\"web\",server=\"one\",result=\"failed\"} 6");
	has_line(page, "sluis_server_check_seconds{pool=\"web\",server=\"one\"} 0.001234");
	PAGE_SET(e->health, PAGE_HEALTH_UP);
	PAGE_SET(e->is_ejected, 1);
	page = render(x);
	has_line(page, "sluis_server_up{pool=\"web\",server=\"one\"} 0");
	has_line(page, "sluis_server_ejected{pool=\"web\",server=\"one\"} 1");
	PAGE_SET(e->is_ejected, 0);
	PAGE_SET(e->admin, PAGE_ADMIN_DISABLED);
	has_line(render(x), "sluis_server_up{pool=\"web\",server=\"one\"} 0");
	PAGE_SET(e->admin, PAGE_ADMIN_CONFIGURED);
	has_line(render(x), "sluis_server_up{pool=\"web\",server=\"one\"} 1");
}

/* Whatever the other processes write, every line keeps its form. */
static void test_form(void **state)
{
	struct fixture *x = *state;
	const char *at = NULL;
	unsigned samples = 0, types = 0;

	memset(x->health, 0xff, sizeof *x->health);
	memset(x->edge[0], 0xff, sizeof *x->edge[0]);
	for (at = render(x); *at; at = strchr(at, '\n') + 1) {
		size_t n = strcspn(at, "\n"),
		       name = strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789");

		types += strncmp(at, "# TYPE sluis_", 13) == 0;
		if (*at == '#')
			continue;
		samples++;
		assert_true(name > 6 && (at[name] == '{' || at[name] == ' '));
		assert_true(n < METRICS_LINE_MAX);
		for (size_t i = n; i > 0 && at[i - 1] != ' '; i--)
			assert_true((at[i - 1] >= '0' && at[i - 1] <= '9') || at[i - 1] == '.');
	}
	assert_true(samples > 100);
	for (unsigned i = 0; i < metrics_row_n; i++) /* no certificate, no keeper: not even words */
		types += metrics_rows[i].scope == SCOPE_CERTIFICATE ||
			 metrics_rows[i].scope == SCOPE_ROLE || metrics_rows[i].scope == SCOPE_RULE;
	assert_int_equal(types, metrics_row_n);
}

/* Property: the page is the same through buffers of any size. */
static void test_any_cut(void **state)
{
	struct fixture *x = *state;
	char *whole = strdup(render(x)), *parts = malloc(PAGE_MAX);

	for (size_t room = METRICS_LINE_MAX; room < METRICS_LINE_MAX + 300; room += 37) {
		struct metrics_position at = { 0 };
		size_t n = 0;
		bool is_whole = false;

		while (!is_whole) {
			struct wbuf w = wbuf_of(parts + n, room);

			is_whole = metrics_put(&x->source, &at, &w);
			assert_true(w.n > 0 || is_whole);
			assert_false(w.bad);
			n += w.n;
		}
		parts[n] = '\0';
		assert_string_equal(parts, whole);
	}
	free(whole);
	free(parts);
}

/* What every row must be: a name of its own, by Prometheus' conventions, a sentence. */
static void test_rows(void **state)
{
	(void)state;
	for (unsigned i = 0; i < metrics_row_n; i++) {
		const struct metrics_row *r = &metrics_rows[i];
		bool is_total = view_ends(view_str(r->name), VIEW("_total"));

		assert_true(view_starts(view_str(r->name), VIEW("sluis_")));
		assert_true(view_ends(view_str(r->help), VIEW(".")));
		if (is_total != (strcmp(r->type, "counter") == 0))
			fail_msg("%s: _total is for counters, and for all of them", r->name);
		for (unsigned k = 0; k < i; k++)
			if (strcmp(metrics_rows[k].name, r->name) == 0)
				fail_msg("%s is there twice", r->name);
	}
}

static void test_label_escapes(void **state)
{
	char buf[4096] = "";
	struct wbuf w = wbuf_of(buf, sizeof buf - 1);
	bool has = false;

	(void)state;
	metrics_put_label(&w, &has, "a", VIEW("x\"y\\z\n\x01"));
	metrics_put_label(&w, &has, "b", VIEW("ca\xc3\xaf"));
	buf[w.n] = '\0';
	assert_string_equal(buf, "{a=\"x\\\"y\\\\z??\",b=\"ca\xc3\xaf\"");
}

static void test_unhealthy(void **state)
{
	struct fixture *x = *state;
	struct metrics_source s = x->source;

	memset(x->health, 0, sizeof *x->health);
	PAGE_SET(x->health->beat_mono_ms, 9000);
	assert_null(metrics_why_unhealthy(&s));
	s.now_mono_ms = 20000;
	assert_non_null(strstr(metrics_why_unhealthy(&s), "dialer"));
	s = x->source;
	s.has_edge = false;
	assert_non_null(strstr(metrics_why_unhealthy(&s), "edge"));
	s.image = NULL;
	assert_non_null(strstr(metrics_why_unhealthy(&s), "configuration"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_pages),	cmocka_unit_test(test_sums_over_edges),
		cmocka_unit_test(test_rules_and_pools), cmocka_unit_test(test_keeper_and_audit),
		cmocka_unit_test(test_openmetrics),	cmocka_unit_test(test_rows),
		cmocka_unit_test(test_health),		cmocka_unit_test(test_form),
		cmocka_unit_test(test_any_cut),		cmocka_unit_test(test_label_escapes),
		cmocka_unit_test(test_unhealthy),
	};

	return cmocka_run_group_tests_name("console_metrics", tests, set_up, tear_down);
}
