/*
 * Cells at the dialer (P4, A20): a cell reaches the public routes of its listener, and applications
 * once the authority has allowed them to it; whatever it says itself changes nothing.
 */
#include "tests/ipc/dialer_kit.h"

#include "conf/conf.h"
#include "role/dialer/cell_reach.h"
#include "role/dialer/edge_channel.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const char yaml[] =
	"listeners:\n"
	"  - {name: staff, address: \"127.0.0.1:8443\", certificates: [www], default_certificate: "
	"true, isolation: cell}\n"
	"  - {name: public, address: \"127.0.0.1:8444\", certificates: [www], default_certificate: "
	"true}\n"
	"certificates: [{name: www, chain: " TEST_CERTS "/www.crt, key: " TEST_CERTS
	"/dummy.key}]\n"
	"backends:\n"
	"  - {name: site, servers: [\"127.0.0.1:%u\"]}\n"
	"  - {name: other, servers: [\"127.0.0.1:%u\"]}\n"
	"  - {name: cases, servers: [\"127.0.0.1:%u\"]}\n"
	"  - {name: wiki, servers: [\"127.0.0.1:%u\"]}\n"
	"routes:\n"
	"  - {name: open, hosts: [open.example.nl], backend: site, listeners: [staff]}\n"
	"  - {name: www, hosts: [www.example.nl], backend: other, listeners: [public]}\n"
	"gateway: {host: login.example.nl}\n"
	"identity: [{name: local}]\n"
	"factors: {require: [[password, totp], [passkey]]}\n"
	"apps:\n"
	"  - {name: cases, host: cases.example.nl, backend: cases, access: {allow: {everyone: "
	"true}}}\n"
	"  - {name: wiki, host: wiki.example.nl, backend: wiki, access: {allow: {everyone: "
	"true}}}\n";

enum { SITE, OTHER, CASES, WIKI, POOLS };

static struct kit kit;
static int listening[POOLS], spawner, authority;

static void tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	if (level == DIAG_ERROR)
		fprintf(stderr, "%s\n", text);
}

static int image(void)
{
	char path[64], text[4096];
	struct conf_input in = { .path = path, .sink = tell };
	struct conf_result result = { 0 };
	uint16_t port[POOLS];
	int file = memfd_create("yaml", MFD_CLOEXEC), fd = -1, n = 0;

	for (unsigned i = 0; i < POOLS; i++)
		listening[i] = kit_listen("127.0.0.1", 256, &port[i]);
	n = snprintf(text, sizeof text, yaml, port[0], port[1], port[2], port[3]);
	assert_int_equal(write(file, text, (size_t)n), n);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	assert_int_equal(conf_check_file(&in, &result, &fd), E_OK);
	close(file);
	return fd;
}

static int channel(const struct edge_channel_peer *peer)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(edge_channel_add(kit.d, peer, ends[0]), E_OK);
	return ends[1];
}

static int setup(void **state)
{
	static const struct dialer_setup nothing = { 0 };
	const char *why = "";
	int fd = image();
	void *p = NULL;
	size_t n = 0;

	(void)state;
	kit = (struct kit){ .edge = -1 };
	kit.d = calloc(1, sizeof *kit.d);
	kit.page = calloc(1, sizeof *kit.page);
	assert_int_equal(shm_map(fd, false, &p, &n), E_OK);
	assert_int_equal(image_check(view_of(p, n), &kit.d->image, &why), E_OK);
	close(fd);
	kit.d->page = kit.page;
	assert_int_equal(dialer_start(kit.d, &nothing), E_OK);
	spawner = channel(&(struct edge_channel_peer){ .role = ROLE_SPAWNER });
	authority = channel(&(struct edge_channel_peer){ .role = ROLE_AUTHORITY });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(spawner);
	close(authority);
	for (unsigned i = 0; i < POOLS; i++)
		close(listening[i]);
	kit_stop(&kit);
	free(kit.page);
	return 0;
}

static const struct image_server *server(const char *pool)
{
	for (uint32_t i = 0; i < kit.d->server_n; i++)
		if (view_eq(image_view(&kit.d->image, kit.d->server[i].pool->name), view_str(pool)))
			return kit.d->server[i].conf;
	abort();
}

static uint64_t app(const char *name)
{
	for (uint32_t i = 0; i < image_count(&kit.d->image, IMAGE_APP); i++)
		if (view_eq(image_view(&kit.d->image, image_app_at(&kit.d->image, i)->name),
			    view_str(name)))
			return image_app_at(&kit.d->image, i)->id;
	abort();
}

static uint16_t listener(const char *name)
{
	for (uint32_t i = 0; i < image_count(&kit.d->image, IMAGE_LISTENER); i++)
		if (view_eq(image_view(&kit.d->image, image_listener_at(&kit.d->image, i)->name),
			    view_str(name)))
			return image_listener_at(&kit.d->image, i)->slot;
	abort();
}

static int introduce(uint32_t slot, uint64_t serial, uint16_t at)
{
	struct spawner_cell who = { .slot = slot, .serial = serial, .listener = at };
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(spawner_cell_put(&w, &who), E_OK);
	assert_int_equal(frame_send(spawner, SPAWNER_CELL, 0, wbuf_view(&w), &ends[0], 1), E_OK);
	close(ends[0]);
	kit_spin(&kit, 4);
	return ends[1];
}

static void say(uint8_t type, uint32_t slot, uint64_t serial, uint64_t id)
{
	struct authority_reach r = { .slot = slot, .serial = serial, .app = id };
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);

	assert_int_equal(authority_reach_put(&w, &r), E_OK);
	assert_int_equal(frame_send(authority, type, 0, wbuf_view(&w), NULL, 0), E_OK);
}

/* What came of asking for a server of that pool. */
static int dial(int cell, const char *pool)
{
	const struct image_server *s = server(pool);
	uint32_t seq = 0;
	uint8_t why = 0;
	int fd = -1, type = 0;

	kit_dial(cell, 7, s->slot, s->slot_gen);
	type = kit_answer(&kit, cell, 2000, &seq, &why, &fd);
	fd_close(fd);
	assert_int_equal(seq, 7);
	return type == DIALER_CONNECTED ? 0 : why;
}

static void public_routes_of_its_listener_alone(void **state)
{
	int cell = introduce(3, 1, listener("staff")), lost = introduce(4, 2, 999),
	    wrong = introduce(5, 3, listener("public"));

	(void)state;
	assert_int_equal(dial(cell, "site"), 0);
	assert_int_equal(dial(cell, "other"), DIAL_UNKNOWN);
	assert_int_equal(dial(cell, "cases"), DIAL_UNKNOWN);
	assert_int_equal(dial(lost, "site"), DIAL_UNKNOWN);
	/* An edge's listener has no cells, whatever a spawner says */
	assert_int_equal(dial(wrong, "other"), DIAL_UNKNOWN);
	close(cell);
	close(lost);
	close(wrong);
}

static void an_application_once_it_is_allowed(void **state)
{
	int cell = introduce(3, 1, listener("staff")), other = introduce(4, 2, listener("staff"));

	(void)state;
	say(AUTHORITY_ALLOW, 3, 1, app("cases"));
	assert_int_equal(dial(cell, "cases"), 0); /* said a moment before, on another channel */
	assert_int_equal(dial(cell, "wiki"), DIAL_UNKNOWN);
	assert_int_equal(dial(other, "cases"), DIAL_UNKNOWN);
	say(AUTHORITY_ALLOW, 3, 1, app("wiki"));
	say(AUTHORITY_FORBID, 3, 1, app("cases"));
	kit_spin(&kit, 4);
	assert_int_equal(dial(cell, "cases"), DIAL_UNKNOWN);
	assert_int_equal(dial(cell, "wiki"), 0);
	say(AUTHORITY_FORBID, 3, 1, 0);
	kit_spin(&kit, 4);
	assert_int_equal(dial(cell, "wiki"), DIAL_UNKNOWN);
	assert_int_equal(dial(cell, "site"), 0);
	close(cell);
	close(other);
}

/* A row that is used again: nothing of the earlier cell is left, nor does it come back. */
static void a_new_cell_begins_with_nothing(void **state)
{
	int cell = introduce(3, 1, listener("staff")), next = -1;

	(void)state;
	say(AUTHORITY_ALLOW, 3, 1, app("cases"));
	assert_int_equal(dial(cell, "cases"), 0);
	next = introduce(3, 9, listener("staff"));
	assert_int_equal(dial(next, "cases"), DIAL_UNKNOWN);
	say(AUTHORITY_ALLOW, 3, 9, app("wiki"));
	kit_spin(&kit, 4);
	say(AUTHORITY_ALLOW, 3, 1, app("cases")); /* late, of the earlier one */
	kit_spin(&kit, 4);
	assert_int_equal(dial(next, "cases"), DIAL_UNKNOWN);
	assert_int_equal(dial(next, "wiki"), 0);
	close(cell);
	close(next);
}

/* More applications than there is room for: the oldest goes, none is mixed up. */
static void many_are_allowed(void **state)
{
	int cell = introduce(3, 1, listener("staff"));

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		say(AUTHORITY_ALLOW, 3, 1, i % 2 ? app("cases") : app("wiki"));
	say(AUTHORITY_ALLOW, 3, 1, 12345); /* not of this image */
	kit_spin(&kit, 4);
	assert_int_equal(dial(cell, "cases"), 0);
	assert_int_equal(dial(cell, "wiki"), 0);
	assert_int_equal(dial(cell, "other"), DIAL_UNKNOWN);
	close(cell);
}

static bool is_ended(int fd)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = E_OK;

	kit_spin(&kit, 4);
	do {
		e = frame_receive(fd, buf, &f);
		frame_done(&f);
	} while (e == E_OK);
	return e == E_CLOSED;
}

static void a_cell_can_t_speak_for_others(void **state)
{
	static const uint8_t body[64];
	static const uint8_t sizes[] = { 0, 4, 8, 9, 20, 32, 33 };
	int null = open("/dev/null", O_RDONLY);

	(void)state;
	for (unsigned type = 0; type < 256; type++)
		for (size_t i = 0; i < sizeof sizes; i++) {
			bool is_right =
				(type == EDGE_DIAL || type == EDGE_SUCCESS) && sizes[i] == 8;
			int cell = -1;

			if (is_right)
				continue;
			cell = introduce(3, type * 16 + i + 1, listener("staff"));
			assert_int_equal(frame_send(cell, (uint8_t)type, 1, view_of(body, sizes[i]),
						    &null, sizes[i] >= 20),
					 E_OK);
			assert_true(is_ended(cell));
			close(cell);
		}
	close(null);
	assert_int_equal(kit.d->edge_n, 1);
}

/* What a cell says of a server is no reason to keep others from it. */
static void failures_are_not_believed(void **state)
{
	const struct image_server *s = server("site");
	int cell = introduce(3, 1, listener("staff"));

	(void)state;
	for (int i = 0; i < 100; i++)
		kit_tell(cell, s->slot, s->slot_gen, DIAL_RESET);
	kit_spin(&kit, 4);
	assert_false(PAGE_GET(kit.page->server[s->slot].is_ejected));
	assert_int_equal(dial(cell, "site"), 0);
	close(cell);
}

static void spawner_s_and_authority_s_tables(void **state)
{
	static const uint8_t body[64];
	int null = open("/dev/null", O_RDONLY);

	(void)state;
	for (unsigned type = 0; type < 256; type++)
		for (unsigned n = 18; n < 36; n++) {
			if (type == SPAWNER_CELL && n == 32)
				continue;
			assert_int_equal(frame_send(spawner, (uint8_t)type, 0, view_of(body, n),
						    &null, n & 1),
					 E_OK);
			assert_true(is_ended(spawner));
			close(spawner);
			spawner = channel(&(struct edge_channel_peer){ .role = ROLE_SPAWNER });
			n += 3;
		}
	assert_int_equal(frame_send(authority, SPAWNER_CELL, 0, view_of(body, 32), &null, 1), E_OK);
	assert_true(is_ended(authority));
	close(authority);
	authority = channel(&(struct edge_channel_peer){ .role = ROLE_AUTHORITY });
	say(AUTHORITY_ALLOW, CELL_SLOTS, 1, app("cases")); /* no such row */
	assert_true(is_ended(authority));
	close(authority);
	authority = channel(&(struct edge_channel_peer){ .role = ROLE_AUTHORITY });
	say(AUTHORITY_FORBID, 1, 0, 0); /* no such cell */
	assert_true(is_ended(authority));
	close(null);
}

/* A cell has its share of the table and no more. */
static void calls_of_a_cell_are_few(void **state)
{
	const struct image_server *s = server("site");
	int cell = introduce(3, 1, listener("staff")), edge = kit_edge(&kit);
	unsigned busy = 0;

	(void)state;
	for (unsigned i = 0; i < EDGE_CHANNEL_CELL_PENDING + 40; i++)
		kit_dial(cell, i, s->slot, s->slot_gen);
	kit_spin(&kit, 4);
	assert_true(kit.d->calls_of_cells <= EDGE_CHANNEL_CELL_PENDING);
	for (;;) {
		uint32_t seq = 0;
		uint8_t why = 0;
		int fd = -1, type = kit_answer(&kit, cell, 50, &seq, &why, &fd);

		fd_close(fd);
		if (type <= 0)
			break;
		busy += type == DIALER_FAILED && why == DIAL_BUSY;
	}
	assert_int_equal(kit.d->calls_of_cells, 0);
	assert_int_equal(dial(edge, "other"), 0); /* an edge is no cell */
	(void)busy;
	close(cell);
	close(edge);
	kit.edge = -1;
}

/* An edge reaches what its own rules lead to (P4): an application's server is the cells', which the
 * authority allows to it one by one; site is a route's on a listener of cells, and no secret. */
static void an_edge_reaches_no_application(void **state)
{
	int edge = channel(&(struct edge_channel_peer){ .role = ROLE_EDGE });

	(void)state;
	assert_int_equal(dial(edge, "cases"), DIAL_UNKNOWN);
	assert_int_equal(dial(edge, "wiki"), DIAL_UNKNOWN);
	assert_int_equal(dial(edge, "other"), 0);
	assert_int_equal(dial(edge, "site"), 0);
	close(edge);
}

/* A cell that asks for what is another's raises an alarm (egress.refused), unless the last
 * minute explains it: an authority that is new, an application that was taken from it. An
 * edge that asks for a server which is not there does so once it knows its dialer. */
static void strange_wishes_raise_alarms(void **state)
{
	int cell = introduce(3, 1, listener("staff")),
	    edge = channel(&(struct edge_channel_peer){ .role = ROLE_EDGE });
	struct edge_channel *ch = NULL;

	(void)state;
	assert_int_equal(dial(cell, "cases"), DIAL_UNKNOWN);
	assert_int_equal(kit.d->alarm_ms, 0); /* the authority has just come */
	kit.d->reach_lost_ms -= CELL_REACH_SETTLE_MS;
	assert_int_equal(dial(cell, "cases"), DIAL_UNKNOWN);
	assert_int_not_equal(kit.d->alarm_ms, 0);
	kit.d->alarm_ms = 0;
	say(AUTHORITY_ALLOW, 3, 1, app("cases"));
	say(AUTHORITY_FORBID, 3, 1, app("cases"));
	kit_spin(&kit, 4);
	assert_int_equal(dial(cell, "cases"), DIAL_UNKNOWN);
	assert_int_equal(kit.d->alarm_ms, 0); /* a request that was under way */
	for (unsigned i = 0; i < DIALER_EDGES; i++)
		if (kit.d->edge[i].is_used && kit.d->edge[i].role == ROLE_EDGE)
			ch = &kit.d->edge[i];
	assert_non_null(ch);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t seq = 0;
		uint8_t why = 0;
		int fd = -1;

		kit_dial(edge, 9, IMAGE_SERVER_SLOTS - 1, 77);
		(void)kit_answer(&kit, edge, 2000, &seq, &why, &fd);
		assert_int_equal(why, DIAL_UNKNOWN);
		assert_int_equal(kit.d->alarm_ms != 0, i == 1);
		ch->since_ms -= CELL_REACH_SETTLE_MS;
	}
	close(cell);
	close(edge);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(strange_wishes_raise_alarms),
		T(public_routes_of_its_listener_alone),
		T(an_application_once_it_is_allowed),
		T(a_new_cell_begins_with_nothing),
		T(many_are_allowed),
		T(a_cell_can_t_speak_for_others),
		T(failures_are_not_believed),
		T(spawner_s_and_authority_s_tables),
		T(calls_of_a_cell_are_few),
		T(an_edge_reaches_no_application),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
