/* Active checks, passive marking, and the page that goes from one dialer to the next. */
#include "dialer_kit.h"
#include "dialer_server.h"

#include "ipc/record.h"
#include "role/dialer/health.h"
#include "role/dialer/keeper_channel.h"
#include "sys/clock.h"
#include "sys/shm.h"

#include <openssl/ssl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct kit kit;
static struct server server;
static struct image_pool *pool;

#define OK_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"

static int before(void **state)
{
	(void)state;
	server_start(&server, "127.0.0.1", NULL);
	server_say(&server, OK_RESPONSE);
	kit_image_init(&kit.image);
	pool = kit_pool(&kit.image, "web");
	pool->health_kind = IMAGE_HEALTH_HTTP;
	return 0;
}

static int after(void **state)
{
	struct page_health_page *page = kit.page;

	(void)state;
	if (kit.d)
		kit_stop(&kit);
	free(page);
	kit.page = NULL;
	server_stop(&server);
	return 0;
}

static struct page_health_entry *entry(unsigned slot)
{
	return &kit.page->server[slot];
}

struct want {
	unsigned slot;
	uint8_t health;
	uint8_t check;
};

static bool is_so(struct kit *k, void *arg)
{
	const struct want *w = arg;
	const struct page_health_entry *e = &k->page->server[w->slot];

	return PAGE_GET(e->health) == w->health && PAGE_GET(e->last_check) == w->check;
}

static void becomes(unsigned slot, uint8_t health, uint8_t check)
{
	struct want w = { slot, health, check };

	if (!kit_until(&kit, 4000, is_so, &w))
		fail_msg("health %u check %u, expected %u %u", PAGE_GET(entry(slot)->health),
			 PAGE_GET(entry(slot)->last_check), health, check);
}

static void start_one(void)
{
	kit_server(&kit.image, "127.0.0.1", server.port);
	kit_start(&kit, NULL, NULL);
}

static void a_good_answer_is_up_and_the_request_is_as_documented(void **state)
{
	char want[256];

	(void)state;
	pool->health_host = kit_text(&kit.image, "app.internal");
	start_one();
	becomes(0, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	assert_int_equal(PAGE_GET(entry(0)->last_status), 200);
	assert_true(PAGE_GET(entry(0)->check_us) > 0);
	assert_true(PAGE_GET(entry(0)->changed_wall_s) > 1600000000);
	(void)snprintf(want, sizeof want,
		       "GET /healthz HTTP/1.1\r\nHost: app.internal\r\nUser-Agent: sluis-health\r\n"
		       "Accept: */*\r\nConnection: close\r\n\r\n");
	assert_string_equal(server.script->request, want);
}

/* A server that expects a PROXY header is told that nobody is behind it (proxy-protocol.txt §2.1).
 */
static void a_check_of_a_proxied_server_begins_with_a_header(void **state)
{
	(void)state;
	pool->send_proxy = 1;
	start_one();
	becomes(0, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	assert_memory_equal(server.script->request, "PROXY UNKNOWN\r\nGET /healthz HTTP/1.1\r\n",
			    38);
}

static void without_a_host_the_address_is_sent(void **state)
{
	char want[64];

	(void)state;
	pool->health_method = kit_text(&kit.image, "HEAD");
	server_say(&server, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
	start_one();
	becomes(0, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	(void)snprintf(want, sizeof want, "HEAD /healthz HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n",
		       server.port);
	assert_memory_equal(server.script->request, want, strlen(want));
}

static void fall_and_rise_are_counted(void **state)
{
	uint32_t failed = 0, passed = 0;

	(void)state;
	pool->health_fall = 3;
	pool->health_rise = 2;
	start_one();
	becomes(0, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	server_say(&server, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
	becomes(0, PAGE_HEALTH_UP, PAGE_CHECK_STATUS); /* once is not enough */
	becomes(0, PAGE_HEALTH_DOWN, PAGE_CHECK_STATUS);
	failed = PAGE_GET(entry(0)->checks_failed);
	assert_int_equal(failed, 3);
	assert_int_equal(PAGE_GET(entry(0)->last_status), 503);
	server_say(&server, OK_RESPONSE);
	passed = PAGE_GET(entry(0)->checks_ok);
	becomes(0, PAGE_HEALTH_DOWN, PAGE_CHECK_OK);
	becomes(0, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	assert_int_equal(PAGE_GET(entry(0)->checks_ok) - passed, 2);
}

static void the_first_check_decides_at_once(void **state)
{
	(void)state;
	pool->health_fall = 100;
	server_say(&server, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
	start_one();
	becomes(0, PAGE_HEALTH_DOWN, PAGE_CHECK_STATUS);
	assert_int_equal(PAGE_GET(entry(0)->checks_failed), 1);
}

struct answer {
	const char *name, *response, *body;
	uint16_t from, to;
	size_t step;
	uint8_t check;
};

/* first, n times 'x', last */
static void put_padded(char *to, const char *first, size_t n, const char *last)
{
	size_t at = strlen(first);

	memcpy(to, first, at);
	memset(to + at, 'x', n);
	memcpy(to + at + n, last, strlen(last) + 1);
}

static void answers_are_judged(void **state)
{
	static char large[70000 + 200], cut[70000 + 200];
	static const struct answer rows[] = {
		{ "204 in the range", "HTTP/1.1 204 N\r\n\r\n", NULL, 200, 299, 0, PAGE_CHECK_OK },
		{ "302 out of the range", "HTTP/1.1 302 F\r\nContent-Length: 0\r\n\r\n", NULL, 200,
		  299, 0, PAGE_CHECK_STATUS },
		{ "byte by byte", OK_RESPONSE, "ok", 200, 200, 1, PAGE_CHECK_OK },
		{ "no body wanted: the head is enough",
		  "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", NULL, 200, 200, 0,
		  PAGE_CHECK_OK },
		{ "text in chunks", /* the text runs over two of them */
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "4\r\nall \r\n3\r\nwel\r\n1;x=y\r\nl\r\n0\r\nX-T: v\r\n\r\n",
		  "all well", 200, 200, 3, PAGE_CHECK_OK },
		{ "text until the end", "HTTP/1.0 200 OK\r\n\r\naaab", "aab", 200, 200, 1,
		  PAGE_CHECK_OK },
		{ "text not there", OK_RESPONSE, "good", 200, 200, 0, PAGE_CHECK_BODY },
		{ "text only behind the stated end",
		  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxxgood", "good", 200, 200, 0,
		  PAGE_CHECK_BODY },
		{ "cut before the stated end", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nxx",
		  "good", 200, 200, 0, PAGE_CHECK_PROTOCOL },
		{ "an empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "good", 200, 200,
		  0, PAGE_CHECK_BODY },
		{ "100, then 200",
		  "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nLink: x\r\n\r\n" OK_RESPONSE, "ok", 200,
		  200, 1, PAGE_CHECK_OK },
		{ "101 was not asked for",
		  "HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", NULL, 100, 200, 0,
		  PAGE_CHECK_PROTOCOL },
		{ "1xx without end",
		  "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
		  "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
		  "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n" OK_RESPONSE,
		  NULL, 200, 200, 0, PAGE_CHECK_PROTOCOL },
		{ "length and coding both", /* RFC 9112 §6.3 rule 3 */
		  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
		  NULL, 200, 200, 0, PAGE_CHECK_PROTOCOL },
		{ "not HTTP", "220 mail.example.nl ESMTP\r\n", NULL, 200, 399, 0,
		  PAGE_CHECK_PROTOCOL },
		{ "nothing at all", "", NULL, 200, 399, 0, PAGE_CHECK_PROTOCOL },
		{ "a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "x",
		  200, 200, 0, PAGE_CHECK_PROTOCOL },
		{ "a head that is too large", large, NULL, 200, 399, 0, PAGE_CHECK_PROTOCOL },
		{ "text behind the first 64 KB", cut, "good", 200, 399, 0, PAGE_CHECK_BODY },
	};

	(void)state;
	put_padded(large, "HTTP/1.1 200 OK\r\nX: ", 20000, "\r\n\r\n");
	put_padded(cut, "HTTP/1.0 200 OK\r\n\r\n", 65536, "good");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct want w = { 0,
				  rows[i].check == PAGE_CHECK_OK ? PAGE_HEALTH_UP
								 : PAGE_HEALTH_DOWN,
				  rows[i].check };

		kit_image_init(&kit.image);
		pool = kit_pool(&kit.image, "web");
		pool->health_kind = IMAGE_HEALTH_HTTP;
		if (rows[i].body)
			pool->health_body = kit_text(&kit.image, rows[i].body);
		kit.image.status[0] = (struct image_status_range){ rows[i].from, rows[i].to };
		server_say(&server, rows[i].response);
		atomic_store(&server.script->step, rows[i].step);
		start_one();
		if (!kit_until(&kit, 3000, is_so, &w))
			fail_msg("%s: health %u check %u", rows[i].name, PAGE_GET(entry(0)->health),
				 PAGE_GET(entry(0)->last_check));
		kit_stop(&kit);
		free(kit.page);
		kit.page = NULL;
	}
}

static void dead_mute_and_resetting_servers_are_down(void **state)
{
	struct server reset = { 0 };

	(void)state;
	pool->health_timeout_ms = 200;
	server_start(&reset, "127.0.0.1", NULL);
	atomic_store(&reset.script->is_reset, true);
	atomic_store(&server.script->is_mute, true);
	kit_server(&kit.image, "127.0.0.1", server.port);
	kit_server(&kit.image, "127.0.0.1", kit_closed_port());
	kit_server(&kit.image, "127.0.0.1", reset.port);
	kit_start(&kit, NULL, NULL);
	becomes(0, PAGE_HEALTH_DOWN, PAGE_CHECK_TIMEOUT);
	becomes(1, PAGE_HEALTH_DOWN, PAGE_CHECK_REFUSED);
	becomes(2, PAGE_HEALTH_DOWN, PAGE_CHECK_REFUSED);
	assert_int_equal(PAGE_GET(entry(0)->last_status), 0);
	assert_in_range(PAGE_GET(entry(0)->check_us), 190000, 600000);
	server_stop(&reset);
}

static void tcp_checks_connect_only(void **state)
{
	uint16_t port = 0;
	int listener = kit_listen("127.0.0.1", 64, &port);

	(void)state;
	pool->health_kind = IMAGE_HEALTH_TCP;
	kit_server(&kit.image, "127.0.0.1", port);
	kit_server(&kit.image, "127.0.0.1", kit_closed_port());
	kit_start(&kit, NULL, NULL);
	becomes(0, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	becomes(1, PAGE_HEALTH_DOWN, PAGE_CHECK_REFUSED);
	(void)close(listener);
}

static void checks_count_no_dials_and_eject_nobody(void **state)
{
	(void)state;
	pool->outlier_errors = 1;
	pool->outlier_max_percent = 100;
	kit_server(&kit.image, "127.0.0.1", kit_closed_port());
	kit_start(&kit, NULL, NULL);
	becomes(0, PAGE_HEALTH_DOWN, PAGE_CHECK_REFUSED);
	assert_int_equal(PAGE_GET(entry(0)->is_ejected), 0);
	assert_int_equal(PAGE_GET(entry(0)->dials_failed), 0);
}

static void https_is_checked_with_trust_and_name(void **state)
{
	X509 *certificate = NULL, *other = NULL;
	SSL_CTX *tls = server_certificate("DNS:app.internal,IP:127.0.0.1", false, &certificate);
	SSL_CTX *unused = server_certificate("DNS:app.internal", true, &other);
	struct server secure = { 0 };
	unsigned char *der[2] = { NULL, NULL };
	int n[2] = { i2d_X509(certificate, &der[0]), i2d_X509(other, &der[1]) };
	static const struct {
		const char *name;
		uint32_t anchor;
		uint8_t verify, check;
	} rows[] = {
		{ "app.internal", 0, 1, PAGE_CHECK_OK },
		{ "", 0, 1, PAGE_CHECK_OK }, /* its address is in the certificate */
		{ "127.0.0.1", 0, 1, PAGE_CHECK_OK },
		{ "127.0.0.2", 0, 1, PAGE_CHECK_TLS },
		{ "other.internal", 0, 1, PAGE_CHECK_TLS },
		{ "app.internal", 1, 1, PAGE_CHECK_TLS },
		{ "other.internal", 1, 0, PAGE_CHECK_OK },
	};

	(void)state;
	server_start(&secure, "127.0.0.1", tls);
	server_say(&secure, OK_RESPONSE);
	atomic_store(&server.script->speaks_first, true); /* plain text where TLS should be */
	for (size_t i = 0; i < sizeof rows / sizeof *rows + 1; i++) {
		bool is_plain = i == sizeof rows / sizeof *rows;

		kit_image_init(&kit.image);
		pool = kit_pool(&kit.image, "web");
		pool->health_kind = IMAGE_HEALTH_HTTP;
		pool->protocol = IMAGE_HTTPS;
		for (unsigned k = 0; k < 2; k++) {
			kit.image.der[k] = (struct image_str){ kit.image.byte_n, (uint32_t)n[k] };
			memcpy(kit.image.bytes + kit.image.byte_n, der[k], (size_t)n[k]);
			kit.image.byte_n += (uint32_t)n[k];
		}
		kit.image.der_n = 2;
		if (!is_plain) {
			pool->tls_ca = (struct image_range){ rows[i].anchor, 1 };
			pool->tls_name = kit_text(&kit.image, rows[i].name);
			pool->tls_verify = rows[i].verify;
		}
		kit_server(&kit.image, "127.0.0.1", is_plain ? server.port : secure.port);
		kit_start(&kit, NULL, NULL);
		becomes(0,
			!is_plain && rows[i].check == PAGE_CHECK_OK ? PAGE_HEALTH_UP
								    : PAGE_HEALTH_DOWN,
			is_plain ? (uint8_t)PAGE_CHECK_TLS : rows[i].check);
		kit_stop(&kit);
		free(kit.page);
		kit.page = NULL;
	}
	server_stop(&secure);
	for (unsigned k = 0; k < 2; k++)
		OPENSSL_free(der[k]);
	X509_free(certificate);
	X509_free(other);
	SSL_CTX_free(tls);
	SSL_CTX_free(unused);
}

static void a_pool_with_a_client_certificate_is_checked_by_tcp(void **state)
{
	/* An index into no certificate is not a good image, so the pool is changed under the
	 * dialer. */
	(void)state;
	pool->protocol = IMAGE_HTTPS;
	kit_server(&kit.image, "127.0.0.1", server.port);
	pool->tls_client_certificate = IMAGE_NONE;
	kit_start(&kit, NULL, NULL);
	pool->tls_client_certificate = 0;
	becomes(0, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	assert_int_equal(atomic_load(&server.script->requests), 0);
}

/* --- passive marking --- */

static void ejected_after_errors_in_a_row_and_back_in_time(void **state)
{
	uint64_t from = 0;

	(void)state;
	pool->health_kind = IMAGE_HEALTH_NONE;
	pool->outlier_errors = 3;
	pool->outlier_eject_ms = 300;
	kit_server(&kit.image, "127.0.0.1", server.port);
	kit_server(&kit.image, "127.0.0.1", server.port);
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	kit_turns(&kit, 70);
	kit_tell(kit.edge, 0, 1, DIAL_RESET);
	kit_tell(kit.edge, 0, 1, DIAL_ANSWER);
	kit_tell(kit.edge, 0, 1, 0); /* a success between */
	kit_tell(kit.edge, 0, 1, DIAL_TIMEOUT);
	kit_tell(kit.edge, 0, 1, DIAL_TLS);
	kit_tell(kit.edge, 0, 1, DIAL_REFUSED); /* the dialer's own to count */
	kit_tell(kit.edge, 0, 9, DIAL_RESET);	/* another server's generation */
	kit_turns(&kit, 70);
	assert_int_equal(PAGE_GET(entry(0)->is_ejected), 0);
	kit_tell(kit.edge, 0, 1, DIAL_RESET);
	kit_turns(&kit, 1);
	from = kit.d->loop.now_ms;
	assert_int_equal(PAGE_GET(entry(0)->is_ejected), 1);
	assert_int_equal(PAGE_GET(entry(0)->ejections), 1);
	/* half of the pool is out: the other one stays */
	for (unsigned i = 0; i < 10; i++)
		kit_tell(kit.edge, 1, 1, DIAL_RESET);
	kit_turns(&kit, 70);
	assert_int_equal(PAGE_GET(entry(1)->is_ejected), 0);
	while (PAGE_GET(entry(0)->is_ejected) && kit.d->loop.now_ms < from + 2000)
		kit_turns(&kit, 1);
	assert_in_range(kit.d->loop.now_ms - from, 200, 500);
	/* the next ejection in a row is twice as long */
	for (unsigned i = 0; i < 3; i++)
		kit_tell(kit.edge, 0, 1, DIAL_RESET);
	kit_turns(&kit, 1);
	from = kit.d->loop.now_ms;
	assert_int_equal(PAGE_GET(entry(0)->is_ejected), 1);
	while (PAGE_GET(entry(0)->is_ejected) && kit.d->loop.now_ms < from + 2000)
		kit_turns(&kit, 1);
	assert_in_range(kit.d->loop.now_ms - from, 501, 900);
}

static void failed_dials_count_too(void **state)
{
	(void)state;
	pool->health_kind = IMAGE_HEALTH_NONE;
	pool->outlier_errors = 3;
	kit_server(&kit.image, "127.0.0.1", kit_closed_port());
	kit_server(&kit.image, "127.0.0.1", server.port);
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	kit_turns(&kit, 70);
	for (uint32_t i = 1; i <= 3; i++) {
		uint32_t seq = 0;
		uint8_t why = 0;
		int fd = -1;

		assert_int_equal(PAGE_GET(entry(0)->is_ejected), 0);
		kit_dial(kit.edge, i, 0, 1);
		assert_int_equal(kit_answer(&kit, kit.edge, 1000, &seq, &why, &fd), DIALER_FAILED);
	}
	assert_int_equal(PAGE_GET(entry(0)->is_ejected), 1);
}

static void a_pool_is_never_emptied(void **state)
{
	(void)state;
	pool->health_kind = IMAGE_HEALTH_NONE;
	pool->outlier_errors = 1;
	pool->outlier_max_percent = 34;
	for (unsigned i = 0; i < 9; i++)
		kit_server(&kit.image, "127.0.0.1", server.port);
	kit_start(&kit, NULL, NULL);
	kit_edge(&kit);
	kit_turns(&kit, 70);
	for (uint32_t i = 0; i < 9; i++)
		kit_tell(kit.edge, i, 1, DIAL_RESET);
	kit_turns(&kit, 70);
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(PAGE_GET(entry(i)->is_ejected), i < 3);
	assert_int_equal(kit.d->ejected_of_pool[0], 3);
}

/* --- the page --- */

static void tell_keeper_message(struct kit *k, uint8_t type, const uint8_t *body, size_t n)
{
	struct frame f = { .type = type, .body = view_of(body, n) };

	assert_int_equal(frame_dispatch(&keeper_channel_run, FRAME_RUN, k->d, &f), E_OK);
}

static void a_new_generation_takes_over_when_the_old_one_lets_go(void **state)
{
	static const uint8_t now[4] = { 0 },
			     drain_slot_1[9] = { 0, 0, 0, 1, 0, 0, 0, 1, PAGE_ADMIN_DRAIN };
	struct kit old = { 0 };
	unsigned requests = 0;

	(void)state;
	kit_server(&kit.image, "127.0.0.1", kit_closed_port());
	kit_server(&kit.image, "127.0.0.1", server.port);
	kit_server(&kit.image, "127.0.0.1", server.port);
	kit_start(&kit, NULL, NULL);
	becomes(0, PAGE_HEALTH_DOWN, PAGE_CHECK_REFUSED);
	becomes(1, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	becomes(2, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	tell_keeper_message(&kit, KEEPER_SERVER_STATE, drain_slot_1, 9);
	assert_int_equal(PAGE_GET(entry(1)->admin), PAGE_ADMIN_DRAIN);
	old = kit;
	/* generation 2: slot 2 has another server, slot 1 is the same */
	kit = (struct kit){ .image = old.image };
	kit.image.header.generation = 2;
	kit.image.server[2].slot_gen = 2;
	kit.image.pool[0].health_interval_ms = 60000;
	kit_start(&kit, NULL, old.page);
	kit_turns(&kit, 200);
	assert_false(kit.d->is_writer); /* the old one still beats */
	assert_int_equal(PAGE_GET(kit.page->generation), 1);
	assert_int_equal(PAGE_GET(entry(2)->gen), 1);
	tell_keeper_message(&old, KEEPER_DRAIN, now, 4);
	requests = atomic_load(&server.script->requests);
	kit_turns(&kit, 100);
	assert_true(kit.d->is_writer);
	assert_int_equal(PAGE_GET(kit.page->generation), 2);
	assert_int_not_equal(PAGE_GET(kit.page->beat_mono_ms), 0);
	assert_int_equal(PAGE_GET(entry(0)->health), PAGE_HEALTH_DOWN);
	assert_int_equal(PAGE_GET(entry(1)->health), PAGE_HEALTH_UP);
	assert_int_equal(PAGE_GET(entry(1)->admin), PAGE_ADMIN_DRAIN);
	assert_true(PAGE_GET(entry(1)->checks_ok) > 0);
	assert_int_equal(PAGE_GET(entry(2)->gen), 2);
	assert_int_equal(PAGE_GET(entry(2)->health), PAGE_HEALTH_UNKNOWN);
	assert_int_equal(PAGE_GET(entry(2)->checks_ok), 0);
	/* the old one checks no more */
	requests = atomic_load(&server.script->requests);
	kit_turns(&old, 300);
	assert_int_equal(atomic_load(&server.script->requests), requests);
	kit_stop(&old);
}

static void a_dead_writer_is_replaced(void **state)
{
	struct kit old = { 0 };

	(void)state;
	kit_server(&kit.image, "127.0.0.1", kit_closed_port());
	kit_start(&kit, NULL, NULL);
	becomes(0, PAGE_HEALTH_DOWN, PAGE_CHECK_REFUSED);
	old = kit;
	kit = (struct kit){ .image = old.image };
	kit_start(&kit, NULL, old.page); /* the same generation: restarted */
	kit_turns(&kit, 70);
	assert_true(kit.d->is_writer);
	assert_int_equal(PAGE_GET(entry(0)->health), PAGE_HEALTH_DOWN);
	kit_stop(&kit);
	kit = (struct kit){ .image = old.image };
	kit.image.header.generation = 5;
	PAGE_SET(old.page->beat_mono_ms, clock_mono_ms() - HEALTH_DEAD_MS - 10);
	kit_start(&kit, NULL, old.page); /* it died while the reload was on its way */
	kit_turns(&kit, 70);
	assert_true(kit.d->is_writer);
	kit_stop(&old);
}

static void nonsense_on_the_page_is_not_believed(void **state)
{
	struct page_health_page *page = calloc(1, sizeof *page);

	(void)state;
	PAGE_SET(page->server[0].gen, 1);
	PAGE_SET(page->server[0].health, 200);
	PAGE_SET(page->server[0].admin, 99);
	PAGE_SET(page->server[0].is_ejected, 77);
	PAGE_SET(page->server[0].last_check, 250);
	pool->outlier_errors = 3;
	pool->health_interval_ms = 60000;
	kit_server(&kit.image, "127.0.0.1", server.port);
	kit_start(&kit, NULL, page);
	kit_turns(&kit, 1);
	assert_int_equal(kit.d->server[0].state.health, PAGE_HEALTH_UNKNOWN);
	assert_int_equal(PAGE_GET(entry(0)->admin), PAGE_ADMIN_CONFIGURED);
	assert_int_equal(PAGE_GET(entry(0)->is_ejected), 0);
}

static void ejections_are_taken_over_within_the_limit(void **state)
{
	struct page_health_page *page = calloc(1, sizeof *page);
	unsigned out = 0;

	(void)state;
	pool->outlier_errors = 3;
	pool->health_kind = IMAGE_HEALTH_NONE;
	for (unsigned i = 0; i < 4; i++) {
		PAGE_SET(page->server[i].gen, 1);
		PAGE_SET(page->server[i].is_ejected, 1);
		kit_server(&kit.image, "127.0.0.1", server.port);
	}
	kit_start(&kit, NULL, page);
	kit_turns(&kit, 1);
	for (unsigned i = 0; i < 4; i++)
		out += PAGE_GET(entry(i)->is_ejected);
	assert_int_equal(out, 2);
	assert_int_equal(kit.d->ejected_of_pool[0], 2);
	kit_turns(&kit, 450);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(PAGE_GET(entry(i)->is_ejected), 0);
	assert_int_equal(kit.d->ejected_of_pool[0], 0);
}

static void a_disabled_server_is_not_checked(void **state)
{
	static const uint8_t disable[9] = { 0, 0, 0, 0, 0, 0, 0, 1, PAGE_ADMIN_DISABLED };
	static const uint8_t enable[9] = { 0, 0, 0, 1, 0, 0, 0, 1, PAGE_ADMIN_ENABLED };
	unsigned requests = 0;

	(void)state;
	kit_server(&kit.image, "127.0.0.1", server.port);
	kit_server(&kit.image, "127.0.0.1", server.port)->state = IMAGE_SERVER_DISABLED;
	kit_start(&kit, NULL, NULL);
	tell_keeper_message(&kit, KEEPER_SERVER_STATE, disable, 9);
	kit_turns(&kit, 500);
	assert_int_equal(atomic_load(&server.script->requests), 0);
	tell_keeper_message(&kit, KEEPER_SERVER_STATE, enable, 9);
	becomes(1, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	requests = atomic_load(&server.script->requests);
	assert_true(requests > 0);
	assert_int_equal(PAGE_GET(entry(0)->checks_ok), 0);
}

static void events_say_who_and_why(void **state)
{
	static uint8_t buf[RING_RECORD_MAX];
	struct ring_reader reader = { 0 };
	struct ring_data *data = NULL;
	struct view record, text[RECORD_TAG_N] = { { 0 } };
	struct record_field field;
	size_t bytes = 0;
	int fds[2] = { -1, -1 };

	(void)state;
	assert_int_equal(shm_new("ring", ring_data_bytes(RING_BYTES_SMALL), &fds[0]), E_OK);
	assert_int_equal(shm_new("cursor", sizeof(struct ring_cursor), &fds[1]), E_OK);
	assert_int_equal(shm_map(fds[0], true, (void **)&data, &bytes), E_OK);
	ring_init(data, RING_BYTES_SMALL);
	shm_unmap(data, bytes);
	server_say(&server, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
	kit_server(&kit.image, "127.0.0.1", server.port);
	kit_start(&kit, NULL, NULL);
	assert_int_equal(ring_reader_map(fds[0], fds[1], &reader), E_OK);
	assert_int_equal(ring_writer_map(fds[0], fds[1], &kit.d->ring), E_OK);
	becomes(0, PAGE_HEALTH_DOWN, PAGE_CHECK_STATUS);
	assert_int_equal(ring_get(&reader, buf, &record), E_OK);
	while (record.n && record_next(&record, &field) == E_OK)
		if (field.type == RECORD_TEXT && field.tag < RECORD_TAG_N)
			text[field.tag] = field.text;
	assert_true(view_eq(text[RECORD_TAG_ACTION], VIEW("server.down")));
	assert_true(view_eq(text[RECORD_TAG_OBJECT], VIEW("web/127.0.0.1")));
	assert_true(view_eq(text[RECORD_TAG_RESULT], VIEW("down")));
	assert_true(view_eq(text[RECORD_TAG_ORIGIN], VIEW("dialer")));
	assert_true(view_eq(text[RECORD_TAG_DETAIL], VIEW("unexpected status 503")));
	ring_reader_unmap(&reader);
	ring_writer_unmap(&kit.d->ring);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_good_answer_is_up_and_the_request_is_as_documented),
		TEST(without_a_host_the_address_is_sent),
		TEST(a_check_of_a_proxied_server_begins_with_a_header),
		TEST(fall_and_rise_are_counted),
		TEST(the_first_check_decides_at_once),
		TEST(answers_are_judged),
		TEST(dead_mute_and_resetting_servers_are_down),
		TEST(tcp_checks_connect_only),
		TEST(checks_count_no_dials_and_eject_nobody),
		TEST(https_is_checked_with_trust_and_name),
		TEST(a_pool_with_a_client_certificate_is_checked_by_tcp),
		TEST(ejected_after_errors_in_a_row_and_back_in_time),
		TEST(failed_dials_count_too),
		TEST(a_pool_is_never_emptied),
		TEST(a_new_generation_takes_over_when_the_old_one_lets_go),
		TEST(a_dead_writer_is_replaced),
		TEST(nonsense_on_the_page_is_not_believed),
		TEST(ejections_are_taken_over_within_the_limit),
		TEST(a_disabled_server_is_not_checked),
		TEST(events_say_who_and_why),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
