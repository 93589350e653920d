/* Names: asked for, shared, rotated, refreshed by TTL, stale, gone, restricted, from /etc/hosts. */
#include "dialer_dns.h"
#include "dialer_kit.h"

#include "ipc/reach_rules.h"
#include "role/dialer/name.h"
#include "sys/resolv.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct kit kit;
static struct dns dns;
static char resolvers[64];

static struct dialer_setup setup(const char *hosts)
{
	(void)snprintf(resolvers, sizeof resolvers, "127.0.0.1:%u", dns.port);
	return (struct dialer_setup){ .resolvers = resolvers, .hosts = view_str(hosts) };
}

static int before(void **state)
{
	(void)state;
	dns = (struct dns){ 0 };
	dns_open(&dns, 0);
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "web");
	return 0;
}

static int after(void **state)
{
	struct page_health_page *page = kit.page;

	(void)state;
	kit_stop(&kit);
	free(page);
	dns_close(&dns);
	return 0;
}

/* Dials slot 0 while the name server answers; the reason, or 0 with the address it came to. */
static uint8_t dial(uint32_t slot, char ret_address[64])
{
	static uint32_t seq;
	uint32_t got_seq = 0;
	uint8_t why = 0;
	int fd = -1, type = 0;

	kit_dial(kit.edge, ++seq, slot, 1);
	for (unsigned i = 0; i < 400 && type == 0; i++) {
		dns_serve(&dns);
		type = kit_answer(&kit, kit.edge, 1, &got_seq, &why, &fd);
	}
	assert_int_not_equal(type, 0);
	assert_int_equal(got_seq, seq);
	if (fd >= 0) {
		struct sockaddr_storage ss;
		socklen_t n = sizeof ss;

		assert_int_equal(getpeername(fd, (struct sockaddr *)&ss, &n), 0);
		if (ret_address)
			(void)inet_ntop(ss.ss_family,
					ss.ss_family == AF_INET
						? (void *)&((struct sockaddr_in *)&ss)->sin_addr
						: (void *)&((struct sockaddr_in6 *)&ss)->sin6_addr,
					ret_address, 64);
		(void)close(fd);
	}
	return why;
}

static void serve_for(unsigned ms)
{
	for (unsigned i = 0; i < ms; i += 20) {
		dns_serve(&dns);
		kit_turns(&kit, 20);
	}
}

/* RFC 8305 §4: families in turn, so each of the three comes first as often */
static void a_name_is_resolved_and_its_addresses_used_in_turn(void **state)
{
	uint16_t port = 0;
	int a = kit_listen("0.0.0.0", 64, &port), six = kit_listen("::1", 64, &port);
	unsigned count[3] = { 0 };
	struct dialer_setup s = setup("");

	(void)state;
	dns.record[0] = (struct dns_record){ "app.test", "127.0.0.2", 60 };
	dns.record[1] = (struct dns_record){ "app.test", "127.0.0.3", 60 };
	dns.record[2] = (struct dns_record){ "app.test", "::1", 60 };
	kit_server(&kit.image, "app.test", port);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	for (unsigned i = 0; i < 30; i++) {
		char address[64] = "";

		assert_int_equal(dial(0, address), 0);
		count[0] += strcmp(address, "127.0.0.2") == 0;
		count[1] += strcmp(address, "127.0.0.3") == 0;
		count[2] += strcmp(address, "::1") == 0;
	}
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(count[i], 10);
	assert_int_equal(dns.questions, 2); /* A and AAAA, once */
	assert_int_equal(PAGE_GET(kit.page->server[0].addresses), 3);
	assert_int_equal(PAGE_GET(kit.page->server[0].name_state), PAGE_NAME_FRESH);
	(void)close(a);
	(void)close(six);
}

static void a_dead_address_is_passed_over(void **state)
{
	uint16_t port = 0;
	int a = kit_listen("127.0.0.2", 64, &port);
	struct dialer_setup s = setup("");

	(void)state;
	dns.record[0] = (struct dns_record){ "app.test", "127.0.0.2", 60 };
	dns.record[1] = (struct dns_record){ "app.test", "127.0.0.9", 60 };
	dns.record[2] = (struct dns_record){ "app.test", "127.0.0.8", 60 };
	kit_server(&kit.image, "app.test", port);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(dial(0, NULL), 0);
	(void)close(a);
}

/* RFC 8305 §5: the next address joins after 250 ms, not after the first one's timeout. */
static void a_mute_address_costs_a_quarter_of_a_second(void **state)
{
	uint16_t port = 0;
	int mute = kit_listen("127.0.0.2", 0, &port), good = kit_listen("127.0.0.3", 16, &port);
	struct dialer_setup s = setup("");
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fill[4];
	uint64_t slowest = 0;

	(void)state;
	assert_int_equal(inet_pton(AF_INET, "127.0.0.2", &a.sin_addr), 1);
	for (unsigned i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fill[i], (struct sockaddr *)&a, sizeof a);
	}
	kit.image.pool[0].connect_ms = 3000;
	dns.record[0] = (struct dns_record){ "app.test", "127.0.0.2", 60 };
	dns.record[1] = (struct dns_record){ "app.test", "127.0.0.3", 60 };
	kit_server(&kit.image, "app.test", port);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	for (unsigned i = 0; i < 4; i++) { /* each address comes first twice */
		uint64_t from = kit.d->loop.now_ms;
		char address[64] = "";

		assert_int_equal(dial(0, address), 0);
		assert_string_equal(address, "127.0.0.3");
		if (kit.d->loop.now_ms - from > slowest)
			slowest = kit.d->loop.now_ms - from;
	}
	assert_in_range(slowest, 240, 700);
	for (unsigned i = 0; i < 4; i++)
		(void)close(fill[i]);
	(void)close(mute);
	(void)close(good);
}

static void one_name_of_two_servers_is_asked_once(void **state)
{
	uint16_t port = 0;
	int a = kit_listen("127.0.0.1", 64, &port);
	struct dialer_setup s = setup("");

	(void)state;
	dns.record[0] = (struct dns_record){ "app.test", "127.0.0.1", 60 };
	kit_server(&kit.image, "app.test", port);
	kit_server(&kit.image, "app.test", kit_closed_port());
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	assert_int_equal(dial(0, NULL), 0);
	assert_int_equal(dial(1, NULL), DIAL_REFUSED);
	assert_int_equal(dns.questions, 2);
	assert_int_equal(PAGE_GET(kit.page->server[1].addresses), 1);
	(void)close(a);
}

static void ttl_is_respected_and_a_name_in_use_is_asked_before_it_runs_out(void **state)
{
	uint16_t port = 0;
	int a = kit_listen("127.0.0.1", 64, &port), b = kit_listen("127.0.0.2", 64, &port);
	struct dialer_setup s = setup("");
	char address[64] = "";

	(void)state;
	dns.record[0] = (struct dns_record){ "app.test", "127.0.0.1", 1 };
	kit_server(&kit.image, "app.test", port);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	assert_int_equal(dial(0, address), 0);
	assert_string_equal(address, "127.0.0.1");
	dns.record[0].address = "127.0.0.2";
	assert_int_equal(dial(0, address), 0);
	assert_string_equal(address, "127.0.0.1"); /* one second has not passed */
	serve_for(1300);
	assert_int_equal(dial(0, address), 0);
	assert_string_equal(address, "127.0.0.2");
	(void)close(a);
	(void)close(b);
}

static void a_zero_ttl_does_not_ask_for_each_dial(void **state)
{
	uint16_t port = 0;
	int a = kit_listen("127.0.0.1", 64, &port);
	struct dialer_setup s = setup("");

	(void)state;
	dns.record[0] = (struct dns_record){ "app.test", "127.0.0.1", 0 };
	kit_server(&kit.image, "app.test", port);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(dial(0, NULL), 0);
	assert_true(dns.questions <= 4);
	(void)close(a);
}

static void the_last_answer_is_used_when_the_resolver_fails(void **state)
{
	uint16_t port = 0;
	int a = kit_listen("127.0.0.1", 64, &port);
	struct dialer_setup s = setup("");

	(void)state;
	dns.record[0] = (struct dns_record){ "app.test", "127.0.0.1", 1 };
	kit_server(&kit.image, "app.test", port);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	assert_int_equal(dial(0, NULL), 0);
	dns.is_failing = true;
	serve_for(2500);
	assert_int_equal(dial(0, NULL), 0);
	assert_int_equal(PAGE_GET(kit.page->server[0].name_state), PAGE_NAME_STALE);
	dns.is_failing = false;
	serve_for(4500);
	assert_int_equal(dial(0, NULL), 0);
	assert_int_equal(PAGE_GET(kit.page->server[0].name_state), PAGE_NAME_FRESH);
	(void)close(a);
}

static void a_name_that_does_not_exist_says_so_and_is_not_asked_all_the_time(void **state)
{
	struct dialer_setup s = setup("");
	unsigned questions = 0;

	(void)state;
	kit_server(&kit.image, "nobody.test", 80);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	assert_int_equal(dial(0, NULL), DIAL_NAME);
	questions = dns.questions;
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(dial(0, NULL), DIAL_NAME);
	assert_int_equal(dns.questions, questions);
	assert_int_equal(PAGE_GET(kit.page->server[0].name_state), PAGE_NAME_FAILED);
}

static void a_mute_resolver_ends_the_dial_in_time(void **state)
{
	struct dialer_setup s = setup("");

	(void)state;
	dns.is_mute = true;
	kit.image.pool[0].connect_ms = 300;
	kit_server(&kit.image, "app.test", 80);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	assert_int_equal(dial(0, NULL), DIAL_NAME);
	assert_int_equal(kit.d->calls_of_edges, 0);
}

static void garbled_answers_do_no_harm(void **state)
{
	struct dialer_setup s = setup("");

	(void)state;
	dns.is_garbled = true;
	dns.record[0] = (struct dns_record){ "app.test", "127.0.0.1", 60 };
	kit.image.pool[0].connect_ms = 300;
	kit_server(&kit.image, "app.test", 80);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	assert_int_equal(dial(0, NULL), DIAL_NAME);
}

static void a_truncated_answer_is_asked_for_over_tcp(void **state)
{
	uint16_t port = 0;
	int a = kit_listen("127.0.0.1", 64, &port);
	struct dialer_setup s = setup("");

	(void)state;
	dns.is_truncating = true;
	dns.record[0] = (struct dns_record){ "app.test", "127.0.0.1", 60 };
	kit_server(&kit.image, "app.test", port);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	assert_int_equal(dial(0, NULL), 0);
	assert_true(dns.streams > 0);
	(void)close(a);
}

static void resolve_to_holds_a_lying_resolver(void **state)
{
	uint16_t port = 0;
	int a = kit_listen("127.0.0.1", 64, &port);
	struct dialer_setup s = setup("");
	char address[64] = "";

	(void)state;
	dns.record[0] = (struct dns_record){ "app.test", "127.9.9.9", 60 };
	dns.record[1] = (struct dns_record){ "app.test", "127.0.0.1", 60 };
	dns.record[2] = (struct dns_record){ "evil.test", "127.9.9.9", 60 };
	assert_int_equal(ip_net_parse(VIEW("127.0.0.0/24"), &kit.image.network[0]), E_OK);
	kit.image.network_n = 1;
	kit.image.pool[0].resolve_to = (struct image_range){ 0, 1 };
	kit_server(&kit.image, "app.test", port);
	kit_server(&kit.image, "evil.test", port);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(dial(0, address), 0);
		assert_string_equal(address, "127.0.0.1");
	}
	assert_int_equal(dial(1, NULL), DIAL_NAME);
	assert_int_equal(PAGE_GET(kit.page->server[0].addresses), 1);
	assert_int_equal(PAGE_GET(kit.page->server[1].addresses), 0);
	(void)close(a);
}

static void more_addresses_than_are_kept_do_no_harm(void **state)
{
	static char text[DNS_RECORDS][32];
	uint16_t port = 0;
	int a = kit_listen("0.0.0.0", 64, &port);
	struct dialer_setup s = setup("");

	(void)state;
	for (unsigned i = 0; i < 30; i++) {
		(void)snprintf(text[i], sizeof text[i], "127.0.1.%u", i + 1);
		dns.record[i] = (struct dns_record){ "app.test", text[i], 60 };
	}
	kit_server(&kit.image, "app.test", port);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(dial(0, NULL), 0);
	assert_int_equal(PAGE_GET(kit.page->server[0].addresses), DIALER_ADDRESSES);
	(void)close(a);
}

/* "localhost" needs no line: RFC 6761 §6.3 */
static void hosts_go_before_the_resolver(void **state)
{
	uint16_t port = 0;
	int a = kit_listen("127.0.0.7", 64, &port), b = kit_listen("127.0.0.1", 64, &port);
	struct dialer_setup s =
		setup("# comment 127.0.0.9 app.test\n127.0.0.7\tother APP.test # x\n\n");
	char address[64] = "";

	(void)state;
	kit_server(&kit.image, "app.test", port);
	kit_server(&kit.image, "localhost", port);
	kit_start(&kit, &s, NULL);
	kit_edge(&kit);
	assert_int_equal(dial(0, address), 0);
	assert_string_equal(address, "127.0.0.7");
	assert_int_equal(dial(1, NULL), 0);
	assert_int_equal(dns.questions, 0);
	(void)close(a);
	(void)close(b);
}

static void rules_of_reach_are_those_of_the_image(void **state)
{
	struct reach_rule rules[16];
	struct image im = { 0 };
	struct ip resolver[2];
	size_t n = 0;

	(void)state;
	assert_int_equal(ip_parse(VIEW("192.0.2.53"), &resolver[0]), E_OK);
	assert_int_equal(ip_parse(VIEW("2001:db8::53"), &resolver[1]), E_OK);
	kit_image_init(&kit.image);
	kit_pool(&kit.image, "fixed");
	kit_server(&kit.image, "10.0.0.1", 8080);
	kit_server(&kit.image, "/run/app.sock", 0);
	kit_check(&kit.image, &im);
	assert_true(reach_rules_count(&im, 2) >= 1);
	n = reach_rules_fill(&im, resolver, 2, rules);
	assert_int_equal(n, 1); /* no name: no name server either */
	assert_int_equal(rules[0].net.bits, 128);
	assert_int_equal(rules[0].port, 8080);
	assert_int_equal(rules[0].protocol, REACH_TCP);
	kit_pool(&kit.image, "named")->resolve_to = (struct image_range){ 0, 2 };
	assert_int_equal(ip_net_parse(VIEW("10.1.0.0/16"), &kit.image.network[0]), E_OK);
	assert_int_equal(ip_net_parse(VIEW("fd00::/8"), &kit.image.network[1]), E_OK);
	kit.image.network_n = 2;
	kit_server(&kit.image, "app.test", 443);
	kit_pool(&kit.image, "anywhere");
	kit_server(&kit.image, "far.test", 444);
	kit_check(&kit.image, &im);
	n = reach_rules_fill(&im, resolver, 2, rules);
	assert_true(n <= reach_rules_count(&im, 2));
	assert_int_equal(n, 1 + 2 + 1 + 4);
	assert_int_equal(rules[1].net.bits, 96 + 16);
	assert_int_equal(rules[1].port, 443);
	assert_int_equal(rules[2].net.bits, 8);
	assert_int_equal(rules[3].net.bits, 0);
	assert_int_equal(rules[3].port, 444);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(ip_eq(&rules[4 + i].net.ip, &resolver[i / 2]));
		assert_int_equal(rules[4 + i].port, 53);
		assert_int_equal(rules[4 + i].protocol, i % 2 ? REACH_TCP : REACH_UDP);
	}
}

static void resolv_conf_is_read_as_the_manual_says(void **state)
{
	static const char text[] = "# nameserver 192.0.2.9\n"
				   "search example.nl\n"
				   "nameserver 192.0.2.1\n"
				   "nameserver\t2001:db8::53\n"
				   "nameserver fe80::1%eth0\n"
				   "options edns0\n"
				   "nameserver 192.0.2.2 # second\n"
				   "nameserver 192.0.2.3";
	struct ip ip[RESOLV_SERVERS_MAX], want;

	(void)state;
	assert_int_equal(resolv_servers(view_str(text), ip), 3);
	assert_int_equal(ip_parse(VIEW("2001:db8::53"), &want), E_OK);
	assert_true(ip_eq(&ip[1], &want));
	assert_int_equal(ip_parse(VIEW("192.0.2.2"), &want), E_OK);
	assert_true(ip_eq(&ip[2], &want));
	assert_int_equal(resolv_servers(VIEW("options rotate\n"), ip), 1);
	assert_int_equal(ip_parse(VIEW("127.0.0.1"), &want), E_OK);
	assert_true(ip_eq(&ip[0], &want));
	assert_int_equal(resolv_hosts(VIEW("127.0.0.1 a b\n::1 a\n"), VIEW("b"), ip, 3), 1);
	assert_int_equal(resolv_hosts(VIEW("127.0.0.1 a b\n::1 a\n"), VIEW("a"), ip, 3), 2);
	assert_int_equal(resolv_hosts(VIEW("127.0.0.1 a b\n::1 a\n"), VIEW("c"), ip, 3), 0);
	assert_int_equal(resolv_hosts(VIEW("127.0.0.1 a b\n::1 a\n"), VIEW("a"), ip, 1), 1);
	assert_int_equal(resolv_hosts(VIEW("nonsense\n\xff\xfe a\n"), VIEW("a"), ip, 3), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_is_resolved_and_its_addresses_used_in_turn),
		TEST(a_dead_address_is_passed_over),
		TEST(a_mute_address_costs_a_quarter_of_a_second),
		TEST(one_name_of_two_servers_is_asked_once),
		TEST(ttl_is_respected_and_a_name_in_use_is_asked_before_it_runs_out),
		TEST(a_zero_ttl_does_not_ask_for_each_dial),
		TEST(the_last_answer_is_used_when_the_resolver_fails),
		TEST(a_name_that_does_not_exist_says_so_and_is_not_asked_all_the_time),
		TEST(a_mute_resolver_ends_the_dial_in_time),
		TEST(garbled_answers_do_no_harm),
		TEST(a_truncated_answer_is_asked_for_over_tcp),
		TEST(resolve_to_holds_a_lying_resolver),
		TEST(more_addresses_than_are_kept_do_no_harm),
		TEST(hosts_go_before_the_resolver),
		cmocka_unit_test(rules_of_reach_are_those_of_the_image),
		cmocka_unit_test(resolv_conf_is_read_as_the_manual_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
