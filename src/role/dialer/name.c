/* Names of servers; run by the dialer. The one place that knows c-ares. */
#include "role/dialer/name.h"

#include "base/hash.h"
#include "role/dialer/call.h"
#include "role/dialer/event.h"
#include "role/dialer/health.h"
#include "sys/log.h"
#include "sys/resolv.h"

#include <ares.h>
#include <netinet/in.h>
#include <stdlib.h>

enum { NAME_SOCKETS = 32, NAME_TEXT_MAX = 254 };

struct name {
	struct name_table *table;
	struct dialer_timer refresh;
	struct list waiting;  /* of calls */
	struct list answered; /* in table->answered while an answer has not been acted on */
	struct ip address[DIALER_ADDRESSES];
	struct ip fresh[DIALER_ADDRESSES]; /* what the answer said */
	uint64_t expires_ms, useless_ms /* not even stale after that */, used_ms, retry_ms;
	uint32_t first_server; /* of those with this name: a chain through name_next */
	uint32_t next;	       /* rotation */
	uint32_t fails;	       /* in a row */
	uint32_t fresh_ttl_s;
	int fresh_status;
	uint8_t n, fresh_n;
	uint8_t state; /* enum page_name */
	bool is_static, is_asking;
	char text[NAME_TEXT_MAX + 1]; /* NUL-terminated, for c-ares */
};

struct name_table {
	struct dialer *d;
	ares_channel channel;
	struct name *name;
	uint32_t n;
	uint32_t asking; /* queries on their way */
	struct list answered;
	struct loop_source socket[NAME_SOCKETS];
};

/* --- c-ares' sockets in our loop --- */

static struct loop_source *name_socket_of(struct name_table *t, int fd)
{
	for (unsigned i = 0; i < NAME_SOCKETS; i++)
		if (t->socket[i].fd == fd)
			return &t->socket[i];
	return NULL;
}

/* c-ares tells what it waits for; neither of both means that it is about to close the socket. */
static void name_on_socket(void *arg, ares_socket_t fd, int is_readable, int is_writable)
{
	struct name_table *t = arg;
	struct loop_source *s = name_socket_of(t, fd);
	uint32_t events =
		(is_readable ? (uint32_t)EPOLLIN : 0) | (is_writable ? (uint32_t)EPOLLOUT : 0);
	enum err e = E_OK;

	if (events == 0) {
		if (s)
			(void)loop_remove(&t->d->loop, s);
		return;
	}
	if (s) {
		e = loop_change(&t->d->loop, s, events);
	} else {
		s = name_socket_of(t, -1);
		if (!s)
			return; /* the query runs into its timeout */
		s->fd = fd;
		e = loop_add(&t->d->loop, s, events);
	}
	if (e != E_OK)
		s->fd = -1;
}

void name_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct dialer *d = owner;
	int fd = source->fd;
	bool can_write = events & EPOLLOUT, can_read = events & ~(uint32_t)EPOLLOUT;

	ares_process_fd(d->names->channel, can_read ? fd : ARES_SOCKET_BAD,
			can_write ? fd : ARES_SOCKET_BAD);
}

/* --- asking --- */

static struct ip name_ip_v4(uint32_t a)
{
	return (struct ip){ { [10] = 0xff,
			      [11] = 0xff,
			      [12] = (uint8_t)(a >> 24),
			      [13] = (uint8_t)(a >> 16),
			      [14] = (uint8_t)(a >> 8),
			      [15] = (uint8_t)a } };
}

static void name_keep_answer(struct name *n, const struct ares_addrinfo *from)
{
	uint32_t ttl = NAME_TTL_MAX_S;

	n->fresh_n = 0;
	for (const struct ares_addrinfo_node *a = from->nodes; a; a = a->ai_next) {
		struct ip *ip = &n->fresh[n->fresh_n];

		if (n->fresh_n == DIALER_ADDRESSES)
			break;
		if (a->ai_family == AF_INET && a->ai_addrlen >= sizeof(struct sockaddr_in)) {
			const struct sockaddr_in *v4 = (const void *)a->ai_addr;

			*ip = name_ip_v4(ntohl(v4->sin_addr.s_addr));
		} else if (a->ai_family == AF_INET6 &&
			   a->ai_addrlen >= sizeof(struct sockaddr_in6)) {
			const struct sockaddr_in6 *v6 = (const void *)a->ai_addr;

			for (unsigned i = 0; i < 16; i++)
				ip->b[i] = v6->sin6_addr.s6_addr[i];
		} else {
			continue;
		}
		if (a->ai_ttl >= 0 && (uint32_t)a->ai_ttl < ttl)
			ttl = (uint32_t)a->ai_ttl;
		n->fresh_n++;
	}
	n->fresh_ttl_s = ttl < NAME_TTL_MIN_S ? (uint32_t)NAME_TTL_MIN_S : ttl;
}

/* From within c-ares, possibly before ares_getaddrinfo has returned: only notes the answer. */
static void name_on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *answer)
{
	struct name *n = arg;

	(void)timeouts;
	n->is_asking = false;
	n->table->asking--;
	if (status == ARES_EDESTRUCTION)
		return;
	n->fresh_status = status;
	n->fresh_n = 0;
	if (status == ARES_SUCCESS && answer)
		name_keep_answer(n, answer);
	if (answer)
		ares_freeaddrinfo(answer);
	list_remove(&n->answered);
	list_append(&n->table->answered, &n->answered);
}

static void name_ask(struct name *n)
{
	const struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT,
						   .ai_family = AF_UNSPEC,
						   .ai_socktype = SOCK_STREAM };

	if (n->is_asking || n->is_static)
		return;
	n->is_asking = true;
	n->table->asking++;
	ares_getaddrinfo(n->table->channel, n->text, NULL, &hints, name_on_answer, n);
}

static bool name_is_permitted(const struct dialer *d, const struct image_pool *pool,
			      const struct ip *ip)
{
	for (uint32_t i = 0; i < pool->resolve_to.n; i++)
		if (ip_net_has(image_network_at(&d->image, pool->resolve_to.first + i), ip))
			return true;
	return pool->resolve_to.n == 0;
}

/* The kept addresses that the pool may use, from the next one on. */
static uint8_t name_rotate(const struct dialer *d, const struct dialer_server *s, struct name *n,
			   struct ip *ret)
{
	uint32_t from = n->next++;
	uint8_t count = 0;

	for (uint8_t i = 0; i < n->n; i++) {
		const struct ip *ip = &n->address[(from + i) % n->n];

		if (name_is_permitted(d, s->pool, ip))
			ret[count++] = *ip;
	}
	return count;
}

/* Asks when it is time, forgets what is too old to be used. */
static void name_look_after(struct name *n, uint64_t now_ms)
{
	n->used_ms = now_ms;
	if (n->is_static)
		return;
	if (now_ms >= n->expires_ms && now_ms >= n->retry_ms)
		name_ask(n);
	if (now_ms >= n->useless_ms)
		n->n = 0;
}

enum err name_addresses(struct dialer *d, const struct dialer_server *s, struct ip *ret,
			uint8_t *ret_n)
{
	struct name *n = &d->names->name[s->name];
	uint8_t count = 0;
	bool is_old = false;

	name_look_after(n, d->loop.now_ms);
	/* Nobody used it since it ran out: what it was then may be wrong. */
	is_old = !n->is_static && n->state == PAGE_NAME_FRESH &&
		 d->loop.now_ms >= n->expires_ms + NAME_GRACE_MS;
	if (n->is_asking && (is_old || n->n == 0))
		return E_AGAIN;
	count = name_rotate(d, s, n, ret);
	if (count) {
		*ret_n = count;
		return E_OK;
	}
	/* answered, but that has not been acted on yet */
	return n->n == 0 && !list_is_empty(&n->answered) ? E_AGAIN : E_DENIED;
}

void name_wait(struct dialer *d, const struct dialer_server *s, struct list *node)
{
	list_append(&d->names->name[s->name].waiting, node);
}

/* --- what an answer changes --- */

static uint32_t name_permitted_n(const struct dialer *d, const struct dialer_server *s,
				 const struct name *n)
{
	uint32_t count = 0;

	for (uint8_t i = 0; i < n->n; i++)
		count += name_is_permitted(d, s->pool, &n->address[i]);
	return count;
}

static void name_publish(struct dialer *d, const struct name *n)
{
	for (uint32_t i = n->first_server; i != DIALER_NONE; i = d->server[i].name_next) {
		struct dialer_server *s = &d->server[i];
		bool was_refused = s->is_name_refused;

		s->state.name_state = n->state;
		s->state.addresses = name_permitted_n(d, s, n);
		s->is_name_refused = n->n && !s->state.addresses;
		health_publish(d, s);
		if (s->is_name_refused && !was_refused)
			event_put(d, "name.refused", s, "refused",
				  "resolves to no address that resolve_to permits");
	}
}

static void name_change(struct dialer *d, struct name *n, enum page_name state)
{
	static const char *const action[] = {
		[PAGE_NAME_NONE] = "name.unknown",
		[PAGE_NAME_FRESH] = "name.resolved",
		[PAGE_NAME_STALE] = "name.stale",
		[PAGE_NAME_FAILED] = "name.failed",
	};

	if (n->state != state)
		event_put_object(d, action[state], view_str(n->text),
				 state == PAGE_NAME_FRESH ? "ok" : "failed",
				 state == PAGE_NAME_FRESH ? "" : ares_strerror(n->fresh_status));
	n->state = (uint8_t)state;
	name_publish(d, n);
}

/* IPv6 and IPv4 in turn, RFC 8305 §4: a family that does not work here costs one try. */
static void name_interleave(struct name *n)
{
	uint8_t at[2] = { 0, 0 };
	bool want_v4 = false;

	n->n = 0;
	while (n->n < n->fresh_n) {
		uint8_t *i = &at[want_v4 ? 1 : 0];

		while (*i < n->fresh_n && ip_is_v4(&n->fresh[*i]) != want_v4)
			(*i)++;
		if (*i < n->fresh_n)
			n->address[n->n++] = n->fresh[(*i)++];
		want_v4 = !want_v4;
	}
}

static void name_accept(struct dialer *d, struct name *n)
{
	uint64_t ttl_ms = (uint64_t)n->fresh_ttl_s * 1000, now_ms = d->loop.now_ms;

	name_interleave(n);
	n->fails = 0;
	n->expires_ms = now_ms + ttl_ms;
	n->useless_ms = n->expires_ms + NAME_STALE_MS;
	n->retry_ms = 0;
	/* early enough that the next answer is there before this one runs out */
	dialer_timer_set(d, &n->refresh, now_ms + ttl_ms - ttl_ms / 10);
	name_change(d, n, PAGE_NAME_FRESH);
}

static void name_fail(struct dialer *d, struct name *n)
{
	uint64_t now_ms = d->loop.now_ms, wait_ms = NAME_RETRY_MIN_MS;
	bool is_gone = n->fresh_status == ARES_ENOTFOUND || n->fresh_status == ARES_ENODATA;

	for (uint32_t i = 0; i < n->fails && wait_ms < NAME_RETRY_MAX_MS; i++)
		wait_ms *= 2;
	n->fails++;
	n->retry_ms = now_ms + (wait_ms < NAME_RETRY_MAX_MS ? wait_ms : NAME_RETRY_MAX_MS);
	dialer_timer_set(d, &n->refresh, n->retry_ms);
	/* An answer that still counts is used on; that the name is gone cuts its life short. */
	if (n->n && is_gone && n->useless_ms > now_ms + NAME_GONE_MS)
		n->useless_ms = now_ms + NAME_GONE_MS;
	if (now_ms >= n->useless_ms)
		n->n = 0;
	if (n->n && now_ms < n->expires_ms && !is_gone)
		return; /* the refresh failed, there is time for another */
	name_change(d, n, n->n ? PAGE_NAME_STALE : PAGE_NAME_FAILED);
}

static void name_answer(struct dialer *d, struct name *n)
{
	struct list waiting;

	list_remove(&n->answered);
	if (n->fresh_status == ARES_SUCCESS && n->fresh_n)
		name_accept(d, n);
	else
		name_fail(d, n);
	/* A call that goes on waiting would wait for itself: the list is taken over first. */
	list_init(&waiting);
	while (!list_is_empty(&n->waiting)) {
		struct list *node = n->waiting.next;

		list_remove(node);
		list_append(&waiting, node);
	}
	while (!list_is_empty(&waiting))
		call_on_name(d, LIST_OWNER(waiting.next, struct call, node));
}

void name_turn(struct dialer *d)
{
	struct name_table *t = d->names;

	if (!t)
		return;
	if (t->asking)
		ares_process_fd(t->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	while (!list_is_empty(&t->answered))
		name_answer(d, LIST_OWNER(t->answered.next, struct name, answered));
}

void name_on_timer(struct dialer *d, struct dialer_timer *timer)
{
	struct name *n = LIST_OWNER(timer, struct name, refresh);
	uint64_t ttl_ms = (uint64_t)n->fresh_ttl_s * 1000;
	uint64_t idle_ms = ttl_ms > 30000 ? ttl_ms * 2 : 60000;

	if (n->n && d->loop.now_ms >= n->useless_ms) {
		n->n = 0;
		name_change(d, n, PAGE_NAME_FAILED);
	}
	if (d->loop.now_ms < n->used_ms + idle_ms)
		name_ask(n); /* in use; a name that is not is asked when it is needed again */
}

/* --- the table --- */

static enum err name_open_channel(struct name_table *t, const struct dialer_setup *setup)
{
	char lookups[] = "b", nowhere[] = "/dev/null";
	struct ares_options o = {
		.flags = ARES_FLAG_NOALIASES,
		.timeout = NAME_QUERY_MS,
		.tries = NAME_QUERY_TRIES,
		.lookups = lookups, /* DNS only: no file can be opened later */
		.sock_state_cb = name_on_socket,
		.sock_state_cb_data = t,
		.resolvconf_path = nowhere,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
		   ARES_OPT_SOCK_STATE_CB | (setup->resolvers ? ARES_OPT_RESOLVCONF : 0);
	int r = ares_library_init(ARES_LIB_INIT_ALL);

	if (r == ARES_SUCCESS)
		r = ares_init_options(&t->channel, &o, mask);
	if (r == ARES_SUCCESS && setup->resolvers)
		r = ares_set_servers_ports_csv(t->channel, setup->resolvers);
	if (r == ARES_SUCCESS)
		return E_OK;
	log_line(LOG_ERROR, "the resolver can't be set up: %s", ares_strerror(r));
	return r == ARES_ENOMEM ? E_NOMEM : E_SYS;
}

/* Position of text in the open-addressing table, by its hash; the table is never full. */
static uint32_t name_find(const struct name_table *t, const uint32_t *at, uint32_t size,
			  struct view text)
{
	uint32_t i = (uint32_t)hash_fnv1a(text) & (size - 1);

	while (at[i] && !view_eq(view_str(t->name[at[i] - 1].text), text))
		i = (i + 1) & (size - 1);
	return i;
}

static void name_add(struct name_table *t, struct view text, const struct dialer_setup *setup)
{
	struct name *n = &t->name[t->n++];
	struct wbuf w = wbuf_of(n->text, NAME_TEXT_MAX);

	n->table = t;
	n->first_server = DIALER_NONE;
	n->refresh.kind = DIALER_TIMER_NAME;
	wheel_entry_init(&n->refresh.entry);
	list_init(&n->waiting);
	list_init(&n->answered);
	wbuf_view_put(&w, text);
	n->n = (uint8_t)resolv_hosts(setup->hosts, text, n->address, DIALER_ADDRESSES);
	n->is_static = n->n != 0;
	n->state = n->is_static ? PAGE_NAME_FRESH : PAGE_NAME_NONE;
}

static void name_join(struct name_table *t, uint32_t index, struct dialer_server *s)
{
	struct name *n = &t->name[index];

	s->name = index;
	s->name_next = n->first_server;
	n->first_server = (uint32_t)(s - t->d->server);
	s->state.name_state = n->state;
	s->state.addresses = name_permitted_n(t->d, s, n);
}

static enum err name_fill(struct name_table *t, const struct dialer_setup *setup)
{
	struct dialer *d = t->d;
	uint32_t size = 2, *at = NULL;

	while (size < d->server_n * 2)
		size *= 2;
	at = calloc(size, sizeof *at);
	if (!at)
		return E_NOMEM;
	for (uint32_t i = 0; i < d->server_n; i++) {
		const struct image_address *a = &d->server[i].conf->address;
		struct view text = view_slice(image_view(&d->image, a->name), 0, NAME_TEXT_MAX);
		uint32_t k = 0;

		if (a->kind != IMAGE_ADDRESS_NAME)
			continue;
		k = name_find(t, at, size, text);
		if (at[k] == 0) {
			name_add(t, text, setup);
			at[k] = t->n;
		}
		name_join(t, at[k] - 1, &d->server[i]);
	}
	free(at);
	return E_OK;
}

static uint32_t name_count(const struct dialer *d)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->server_n; i++)
		n += d->server[i].conf->address.kind == IMAGE_ADDRESS_NAME;
	return n;
}

enum err name_init(struct dialer *d, const struct dialer_setup *setup)
{
	struct name_table *t = NULL;
	uint32_t n = name_count(d);

	if (n == 0)
		return E_OK;
	t = calloc(1, sizeof *t);
	if (!t)
		return E_NOMEM;
	d->names = t;
	t->d = d;
	list_init(&t->answered);
	for (unsigned i = 0; i < NAME_SOCKETS; i++)
		t->socket[i] = (struct loop_source){ .fd = -1, .kind = DIALER_SOURCE_RESOLVER };
	t->name = calloc(n, sizeof *t->name);
	if (!t->name)
		return E_NOMEM;
	TRY(name_open_channel(t, setup));
	return name_fill(t, setup);
}

void name_done(struct dialer *d)
{
	if (!d->names)
		return;
	if (d->names->channel)
		ares_destroy(d->names->channel);
	ares_library_cleanup();
	free(d->names->name);
	free(d->names);
	d->names = NULL;
}
