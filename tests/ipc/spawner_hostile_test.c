/*
 * The spawner between a keeper, an authority and cells that say what they may not (A20, P1): what a
 * cell claims to have counted, what may come over a lifeline, who may kill whom.
 */
#include "role/cell/lifeline.h"
#include "role/spawner/birth.h"
#include "role/spawner/census.h"
#include "role/spawner/counted.h"
#include "role/spawner/link.h"
#include "role/spawner/pending.h"
#include "role/spawner/zygote.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static loop_handler *const handlers[SPAWNER_KINDS] = {
	[SPAWNER_KEEPER] = link_on_event,	  [SPAWNER_LINK] = link_on_event,
	[SPAWNER_LISTENER] = pending_on_listener, [SPAWNER_PEER] = pending_on_peer,
	[SPAWNER_LIFELINE] = birth_on_lifeline,	  [SPAWNER_PIDFD] = birth_on_pidfd,
};

enum { SLOT = 17, SERIAL = 4, LISTENER = 2 };

static int setup(void **state)
{
	struct spawner *s = zygote_new();

	assert_non_null(s);
	assert_int_equal(loop_init(&s->loop, s, handlers, SPAWNER_KINDS), E_OK);
	s->page = calloc(1, sizeof *s->page);
	s->load = calloc(1, sizeof *s->load);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct spawner *s = *state;

	free(s->page);
	free(s->load);
	loop_done(&s->loop);
	return 0;
}

static int pair(int *ret_theirs)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	*ret_theirs = fds[0];
	return fds[1];
}

/* A cell that is there, as far as the spawner knows: its end of the lifeline. */
static int cell(struct spawner *s)
{
	struct spawner_cell_slot *c = &s->cells[SLOT];
	int ours = pair(&c->lifeline.fd);

	c->serial = SERIAL;
	c->who = (struct spawner_cell){ .slot = SLOT, .serial = SERIAL, .listener = LISTENER };
	PAGE_SET(s->page->cell[SLOT].serial, SERIAL);
	return ours;
}

static void put(struct wbuf *w, uint8_t kind, uint16_t word, uint32_t slot, uint64_t more)
{
	struct cell_count c = {
		.kind = kind, .word = word, .slot = slot, .gen = kind > 1, .more = more
	};

	cell_spawner_put(w, &c);
}

/* What becomes of one message with one count. */
static enum err claim(struct spawner *s, uint8_t kind, uint16_t word, uint32_t slot, uint64_t more)
{
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);
	int ours = cell(s);
	enum err e = E_OK;

	s->cells[SLOT].heard = 0;
	wbuf_u32(&w, 0);
	put(&w, kind, word, slot, more);
	assert_int_equal(frame_send(ours, CELL_COUNTS, 0, wbuf_view(&w), NULL, 0), E_OK);
	e = counted_pump(&s->cells[SLOT], 1);
	close(ours);
	s->cells[SLOT].lifeline.fd = fd_close(s->cells[SLOT].lifeline.fd);
	return e;
}

#define WORD(T, member) (uint16_t)(offsetof(struct T, member) / 8)

static void claims_that_are_none(void **state)
{
	struct spawner *s = *state;
	uint16_t accepted = WORD(page_load_listener, accepted);

	assert_int_equal(claim(s, CELL_COUNT_LISTENER, accepted, LISTENER, 3), E_OK);
	assert_int_equal(PAGE_GET(s->load->listener[LISTENER].accepted), 3);
	/* another listener than its own: nothing */
	assert_int_equal(claim(s, CELL_COUNT_LISTENER, accepted, LISTENER + 1, 3), E_OK);
	assert_int_equal(PAGE_GET(s->load->listener[LISTENER + 1].accepted), 0);
	for (unsigned kind = 0; kind < 256; kind++) {
		bool is = kind >= CELL_COUNT_LISTENER && kind < CELL_COUNT_KINDS;
		uint32_t slots = cell_spawner_slots((enum cell_count_kind)kind);
		unsigned words = cell_spawner_words((enum cell_count_kind)kind);

		assert_int_equal(slots != 0, is);
		assert_int_equal(claim(s, (uint8_t)kind, (uint16_t)words, 0, 1), E_PROTO);
		assert_int_equal(claim(s, (uint8_t)kind, UINT16_MAX, 0, 1), E_PROTO);
		assert_int_equal(claim(s, (uint8_t)kind, 0, 0, 1), E_PROTO); /* a gauge, a name */
		assert_int_equal(claim(s, (uint8_t)kind, 6, slots, 1), E_PROTO);
		assert_int_equal(claim(s, (uint8_t)kind, 6, UINT32_MAX, 1), E_PROTO);
	}
	assert_int_equal(claim(s, CELL_COUNT_LISTENER, accepted, LISTENER, CELL_COUNT_MOST + 1),
			 E_LIMIT);
	assert_int_equal(claim(s, CELL_COUNT_LISTENER, accepted, LISTENER, UINT64_MAX), E_LIMIT);
	assert_int_equal(PAGE_GET(s->load->listener[LISTENER].accepted), 3);
}

static void gauges_are_nobodys_to_claim(void **state)
{
	struct spawner *s = *state;

	assert_int_equal(
		claim(s, CELL_COUNT_LISTENER, WORD(page_load_listener, connections), LISTENER, 1),
		E_PROTO);
	assert_int_equal(
		claim(s, CELL_COUNT_LISTENER, WORD(page_load_listener, h2_streams), LISTENER, 1),
		E_PROTO);
	assert_int_equal(claim(s, CELL_COUNT_SERVER, WORD(page_load_server, in_flight), 0, 1),
			 E_PROTO);
	assert_int_equal(claim(s, CELL_COUNT_SERVER, WORD(page_load_server, h2_streams), 0, 1),
			 E_PROTO);
	assert_int_equal(claim(s, CELL_COUNT_POOL, WORD(page_load_pool, queue), 0, 1), E_PROTO);
	assert_int_equal(claim(s, CELL_COUNT_POOL, WORD(page_load_pool, in_flight), 0, 1), E_PROTO);
	assert_int_equal(claim(s, CELL_COUNT_SERVER, WORD(page_load_server, requests), 5, 2), E_OK);
	assert_int_equal(PAGE_GET(s->load->server[5].requests), 2);
	assert_int_equal(PAGE_GET(s->load->server[5].gen), 1);
	assert_int_equal(PAGE_GET(s->load->server_high), 6);
}

static void a_cell_that_talks_too_much(void **state)
{
	struct spawner *s = *state;
	uint8_t body[4] = { 0 };
	int ours = cell(s);
	enum err e = E_OK;

	for (unsigned i = 0; i <= CELL_COUNTS_PER_S; i++)
		assert_int_equal(frame_send(ours, CELL_COUNTS, 0, view_of(body, 4), NULL, 0), E_OK);
	e = counted_pump(&s->cells[SLOT], UINT32_MAX);
	assert_int_equal(e, E_LIMIT);
	close(ours);
}

static void other_words_of_a_cell(void **state)
{
	static const uint8_t body[64];
	struct spawner *s = *state;
	int null = open("/dev/null", O_RDONLY);

	for (unsigned type = 0; type < 256; type++)
		for (unsigned n = 0; n < 40; n += 3) {
			int ours = -1;

			if (type == CELL_COUNTS && n >= 4 && !(n & 1))
				continue;
			ours = cell(s);
			assert_int_equal(
				frame_send(ours, (uint8_t)type, 0, view_of(body, n), &null, n & 1),
				E_OK);
			assert_int_not_equal(counted_pump(&s->cells[SLOT], 1), E_OK);
			close(ours);
			s->cells[SLOT].lifeline.fd = fd_close(s->cells[SLOT].lifeline.fd);
		}
	close(null);
}

/* RFC 8446 §5.1, §4: nothing else begins a cell */
static void what_begins_tls(void **state)
{
	uint8_t hello[6] = { 22, 3, 1, 0, 200, 1 };

	(void)state;
	assert_true(pending_is_hello(hello));
	for (unsigned i = 0; i < 6; i++)
		for (unsigned b = 0; b < 256; b++) {
			uint8_t was = hello[i];
			bool is = false;

			hello[i] = (uint8_t)b;
			is = pending_is_hello(hello);
			if (i == 0 || i == 1 || i == 5)
				assert_int_equal(is, b == was);
			else if (i == 2)
				assert_int_equal(is, b <= 4);
			else if (i == 3)
				assert_int_equal(is, b <= 65 && (b < 65 || hello[4] == 0));
			else
				assert_int_equal(is, b >= 4);
			hello[i] = was;
		}
}

/* A lifeline brings channels and the end; no image, page, listener, key. */
static void what_a_lifeline_may_bring(void **state)
{
	static const uint8_t body[64];
	struct spawner *s = *state;

	for (unsigned type = 0; type < 256; type++)
		for (unsigned n = 0; n < 10; n++)
			for (unsigned fds = 0; fds < 3; fds++) {
				struct frame f = { .type = (uint8_t)type,
						   .body = view_of(body, n),
						   .fd_n = fds };

				if ((type == KEEPER_DRAIN && n == 4 && fds == 0))
					continue;
				for (unsigned i = 0; i < fds; i++)
					f.fds[i] = fcntl(0, F_DUPFD_CLOEXEC, 3);
				/* even a CHANNEL: of role 0, in body */
				assert_int_equal(
					frame_dispatch(&lifeline_table, FRAME_RUN, s->e, &f),
					E_DENIED);
			}
}

static void what_the_keeper_may_bring(void **state)
{
	static const uint8_t body[128];
	static const uint8_t boot_only[] = { KEEPER_IMAGE, KEEPER_PAGE, KEEPER_RING,
					     KEEPER_LISTENER };
	struct spawner *s = *state;

	for (unsigned type = 0; type < 256; type++)
		for (unsigned n = 0; n < 100; n += 5) { /* no message has these lengths */
			struct frame f = { .type = (uint8_t)type, .body = view_of(body, n) };

			assert_int_equal(frame_dispatch(&zygote_table, FRAME_BOOT, s, &f),
					 E_DENIED);
			assert_int_equal(frame_dispatch(&zygote_table, FRAME_RUN, s, &f), E_DENIED);
		}
	for (size_t i = 0; i < sizeof boot_only; i++) {
		static const uint8_t sizes[] = { 4, 4, 7, 2 };
		struct frame f = { .type = boot_only[i], .body = view_of(body, sizes[i]) };

		for (f.fd_n = 0; f.fd_n < (boot_only[i] == KEEPER_RING ? 2 : 1); f.fd_n++)
			f.fds[f.fd_n] = fcntl(0, F_DUPFD_CLOEXEC, 3);
		assert_int_equal(frame_dispatch(&zygote_table, FRAME_RUN, s, &f), E_DENIED);
	}
	for (unsigned role = 0; role < 256; role++) {
		uint8_t channel[3] = { (uint8_t)role, 0, 0 };
		struct frame f = { .type = KEEPER_CHANNEL, .body = view_of(channel, 3), .fd_n = 1 };
		bool is = role == ROLE_SIGNER || role == ROLE_DIALER || role == ROLE_AUTHORITY ||
			  role == ROLE_AUDIT;
		int theirs = -1, ours = pair(&theirs);

		f.fds[0] = theirs;
		assert_int_equal(frame_dispatch(&zygote_table, FRAME_RUN, s, &f),
				 is ? E_OK : E_DENIED);
		close(ours);
	}
}

static void kill_frame(int fd, uint32_t slot, uint64_t serial)
{
	struct spawner_kill k = { .slot = slot, .serial = serial };
	uint8_t body[32];
	struct wbuf w = wbuf_of(body, sizeof body);

	assert_int_equal(spawner_kill_put(&w, &k), E_OK);
	assert_int_equal(frame_send(fd, AUTHORITY_CELL_KILL, 0, wbuf_view(&w), NULL, 0), E_OK);
}

/* The authority alone, and only the cell that it means. */
static void who_may_kill(void **state)
{
	struct spawner *s = *state;
	struct spawner_cell_slot *c = &s->cells[SLOT];
	int theirs = -1, authority = pair(&theirs), signer = -1, ours = cell(s), status = 0;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			(void)pause();
	c->pidfd.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_int_equal(link_set(s, ROLE_AUTHORITY, theirs), E_OK);
	signer = pair(&theirs);
	assert_int_equal(link_set(s, ROLE_SIGNER, theirs), E_OK);
	kill_frame(signer, SLOT, SERIAL);
	kill_frame(authority, SLOT, SERIAL + 1);
	kill_frame(authority, SLOT + 1, SERIAL);
	kill_frame(authority, CELL_SLOTS, SERIAL);
	kill_frame(authority, UINT32_MAX, SERIAL);
	kill_frame(authority, SLOT + 1, 0);
	assert_int_equal(loop_turn(&s->loop, 0), E_OK);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(s->links[LINK_SIGNER].source.fd, -1);
	kill_frame(authority, SLOT, SERIAL);
	assert_int_equal(loop_turn(&s->loop, 0), E_OK);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(c->is_killed); /* counted when it is reaped */
	close(ours);
	close(signer);
	close(authority);
}

/* Rows are taken once; another spawner's are left alone. */
static void rows_are_taken_once(void **state)
{
	struct spawner *s = *state;
	struct spawner_cell who = { 0 };
	uint64_t last = 0;

	for (uint32_t i = 0; i < CELL_SLOTS; i += 2)
		PAGE_SET(s->page->cell[i].serial, 1000000 + i);
	for (unsigned i = 0; i < CELL_SLOTS / 2; i++) {
		assert_int_equal(census_claim(s, &who), E_OK);
		assert_true(who.slot % 2 == 1 && who.serial > last);
		last = who.serial;
	}
	assert_int_equal(census_claim(s, &who), E_LIMIT);
	census_free(s, 4, 5); /* not its serial */
	assert_int_equal(PAGE_GET(s->page->cell[4].serial), 1000004);
	census_free(s, 4, 1000004);
	assert_int_equal(census_claim(s, &who), E_OK);
	assert_int_equal(who.slot, 4);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(claims_that_are_none),
		T(gauges_are_nobodys_to_claim),
		T(a_cell_that_talks_too_much),
		T(other_words_of_a_cell),
		T(what_begins_tls),
		T(what_a_lifeline_may_bring),
		T(what_the_keeper_may_bring),
		T(who_may_kill),
		T(rows_are_taken_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
