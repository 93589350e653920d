/* Accepting, waiting, judging six bytes. */
#include "role/spawner/pending.h"

#include "role/edge/accept.h"
#include "role/spawner/birth.h"
#include "role/spawner/census.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum { PENDING_BATCH = 16, PENDING_HELLO = 6, PENDING_RECORD_MAX = 16384 + 256 };

void pending_init(struct spawner *s)
{
	list_init(&s->pending);
	list_init(&s->free_pending);
	for (uint32_t i = 0; i < SPAWNER_PENDING; i++) {
		s->all_pending[i].source.fd = -1;
		s->all_pending[i].s = s;
		list_append(&s->free_pending, &s->all_pending[i].node);
	}
}

enum err pending_listen(struct spawner *s, uint16_t slot, int fd)
{
	struct spawner_listener *l = &s->listeners[slot];

	loop_close(&l->source);
	*l = (struct spawner_listener){ .source = { .fd = fd, .kind = SPAWNER_LISTENER },
					.s = s,
					.slot = slot };
	if (fd_set_nonblocking(fd) == E_OK &&
	    loop_add(&s->loop, &l->source, EPOLLIN | EPOLLEXCLUSIVE) == E_OK)
		return E_OK;
	loop_close(&l->source);
	return E_SYS;
}

/* Its descriptor is another's now, or closed; the place may be named by an event of this turn. */
static void pending_free(struct spawner *s, struct spawner_pending *p)
{
	/* A cell has the connection too: closing alone would not take it out of the loop */
	if (p->source.fd >= 0)
		(void)fd_close(loop_remove(&s->loop, &p->source));
	list_remove(&p->node);
	p->freed_turn = s->loop.turn;
	p->is_ready = false;
	list_append(&s->free_pending, &p->node);
	s->pending_n--;
}

static void pending_drop(struct spawner *s, struct spawner_pending *p, enum page_cell_refusal why)
{
	census_refuse(s, why);
	pending_free(s, p);
}

void pending_stop(struct spawner *s)
{
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++) {
		struct spawner_listener *l = &s->listeners[i];

		/* Others have the socket too: closing alone would not take it out of the loop */
		if (l->source.fd >= 0 && !l->is_paused)
			(void)fd_close(loop_remove(&s->loop, &l->source));
		else
			loop_close(&l->source);
		l->is_paused = false;
	}
}

/* ---- accepting ---- */

/* The oldest of this address when it has too many; the oldest of all when there is no room. */
static void pending_make_room(struct spawner *s, uint64_t key)
{
	struct spawner_pending *oldest = NULL;
	unsigned n = 0;

	for (struct list *at = s->pending.next; at != &s->pending; at = at->next) {
		struct spawner_pending *p = LIST_OWNER(at, struct spawner_pending, node);

		if (p->key != key)
			continue;
		oldest = oldest ? oldest : p;
		n++;
	}
	if (n >= SPAWNER_PENDING_SOURCE)
		pending_drop(s, oldest, PAGE_CELL_ADDRESS);
	else if (s->pending_n >= SPAWNER_PENDING - PENDING_BATCH)
		pending_drop(s, LIST_OWNER(s->pending.next, struct spawner_pending, node),
			     PAGE_CELL_SILENT);
}

/* The list is in order of freeing: when its first place is too fresh, all are. */
static struct spawner_pending *pending_place(struct spawner *s)
{
	struct spawner_pending *p = NULL;

	if (list_is_empty(&s->free_pending))
		return NULL;
	p = LIST_OWNER(s->free_pending.next, struct spawner_pending, node);
	if (p->freed_turn && p->freed_turn == s->loop.turn)
		return NULL;
	list_remove(&p->node);
	list_append(&s->pending, &p->node);
	s->pending_n++;
	return p;
}

static void pending_accepted(struct spawner *s, const struct image_listener *il, int fd,
			     const struct sockaddr_storage *from)
{
	int least = PENDING_HELLO, on = 1;
	struct spawner_pending *p = NULL;
	struct ip ip = { 0 };
	uint16_t port = 0;
	uint64_t key = 0;

	accept_address(from, &ip, &port);
	key = census_key(s, &ip);
	pending_make_room(s, key);
	p = pending_place(s);
	if (!p) {
		(void)fd_close(fd);
		census_refuse(s, PAGE_CELL_ALL);
		return;
	}
	p->source = (struct loop_source){ .fd = fd, .kind = SPAWNER_PEER };
	p->ip = ip;
	p->port = port;
	p->key = key;
	p->listener = il->slot;
	p->is_ready = false;
	p->due_ms = s->loop.now_ms + il->handshake_ms;
	PAGE_ADD(s->load->listener[il->slot].accepted, 1);
	/* What is there already is looked at at once, mostly a whole ClientHello */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least);
	/* A first answer waits for a server, and must not wait for the client's late ACK of what
	 * HTTP/2 has said before */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (loop_add(&s->loop, &p->source, EPOLLIN | EPOLLRDHUP) != E_OK)
		pending_drop(s, p, PAGE_CELL_SYSTEM);
}

/* Out of descriptors: level-triggered would spin, so look away until the next tick. */
static void pending_pause(struct spawner *s, struct spawner_listener *l)
{
	int fd = loop_remove(&s->loop, &l->source);

	log_line(LOG_ERROR, "out of descriptors: not accepting for a moment");
	l->source.fd = fd;
	l->is_paused = true;
}

void pending_on_listener(void *owner, struct loop_source *source, uint32_t events)
{
	struct spawner *s = owner;
	struct spawner_listener *l = LIST_OWNER(source, struct spawner_listener, source);
	const struct image_listener *il = s->e->now->listener[l->slot];

	(void)events;
	for (unsigned i = 0; i < PENDING_BATCH && il; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t n = sizeof from;
		int fd = accept4(source->fd, (struct sockaddr *)&from, &n,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			pending_pause(s, l);
		if (fd < 0)
			return;
		pending_accepted(s, il, fd, &from);
	}
}

/* ---- judging ---- */

bool pending_is_hello(const uint8_t b[6])
{
	unsigned length = (unsigned)b[3] << 8 | b[4];

	return b[0] == 22 && b[1] == 3 && b[2] <= 4 && length >= 4 &&
	       length <= PENDING_RECORD_MAX && b[5] == 1;
}

/* E_AGAIN nothing yet · E_CLOSED it is gone · E_PROTO no TLS */
static enum err pending_look(const struct spawner_pending *p)
{
	uint8_t b[PENDING_HELLO] = { 0 };
	ssize_t n = recv(p->source.fd, b, sizeof b, MSG_PEEK | MSG_DONTWAIT);
	bool is_hello = n == (ssize_t)sizeof b && pending_is_hello(b);

	secret_wipe(b, sizeof b);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return E_AGAIN;
	if (n < 0)
		return E_CLOSED;
	return is_hello ? E_OK : n == 0 ? E_CLOSED : E_PROTO;
}

static void pending_start(struct spawner *s, struct spawner_pending *p)
{
	struct birth_client c = { .ip = p->ip,
				  .port = p->port,
				  .listener = p->listener,
				  .key = p->key,
				  .fd = p->source.fd,
				  .seen_ns = p->seen_ns };
	enum page_cell_refusal why = census_admit(s, p->key, p->listener);

	if (why == PAGE_CELL_REFUSALS && birth_start(s, &c) != E_OK)
		why = PAGE_CELL_SYSTEM;
	if (why != PAGE_CELL_REFUSALS)
		census_refuse(s, why);
	pending_free(s, p); /* the cell has its own descriptor of the connection */
}

/* Without a signer its handshake would fail at once: it waits for the next one, as long as a silent
 * one may. False: it need not */
static bool pending_waits(struct spawner *s, struct spawner_pending *p)
{
	if (s->links[LINK_SIGNER].source.fd >= 0)
		return false;
	/* What it has said would be told again and again */
	p->is_ready = loop_change(&s->loop, &p->source, 0) == E_OK;
	return p->is_ready;
}

void pending_on_peer(void *owner, struct loop_source *source, uint32_t events)
{
	struct spawner *s = owner;
	struct spawner_pending *p = LIST_OWNER(source, struct spawner_pending, source);
	enum err got = pending_look(p);

	if (got == E_AGAIN && !(events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)))
		return;
	p->seen_ns = clock_mono_ns();
	if (got == E_OK && pending_waits(s, p))
		return;
	if (got == E_OK)
		pending_start(s, p);
	else
		pending_drop(s, p, got == E_PROTO ? PAGE_CELL_NO_TLS : PAGE_CELL_SILENT);
}

void pending_tick(struct spawner *s)
{
	struct list *next = NULL;

	for (struct list *at = s->pending.next; at != &s->pending; at = next) {
		struct spawner_pending *p = LIST_OWNER(at, struct spawner_pending, node);

		next = at->next;
		if (p->due_ms <= s->loop.now_ms || s->is_draining)
			pending_drop(s, p, PAGE_CELL_SILENT);
		else if (p->is_ready && s->links[LINK_SIGNER].source.fd >= 0)
			pending_start(s, p);
	}
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++) {
		struct spawner_listener *l = &s->listeners[i];

		if (l->source.fd >= 0 && l->is_paused)
			l->is_paused =
				loop_add(&s->loop, &l->source, EPOLLIN | EPOLLEXCLUSIVE) != E_OK;
	}
}
