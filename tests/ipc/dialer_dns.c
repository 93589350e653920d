/* A name server for tests (RFC 1035 §4.1): A and AAAA of a fixed table. */
#include "dialer_dns.h"

#include "base/wbuf.h"
#include "dialer_kit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DNS_A = 1, DNS_AAAA = 28, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3 };

/* Both on one port: TCP says which, and when UDP has it not free another is tried. */
void dns_open(struct dns *s, uint16_t port)
{
	for (unsigned i = 0; i < 50; i++) {
		struct sockaddr_in a = { .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

		s->port = port;
		s->tcp_fd = kit_listen("127.0.0.1", 8, &s->port);
		s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		a.sin_port = htons(s->port);
		if (s->fd >= 0 && bind(s->fd, (struct sockaddr *)&a, sizeof a) == 0)
			return;
		(void)close(s->fd);
		(void)close(s->tcp_fd);
	}
	perror("dns_open");
	abort();
}

void dns_close(struct dns *s)
{
	(void)close(s->fd);
	(void)close(s->tcp_fd);
	for (unsigned i = 0; i < s->streams; i++)
		(void)close(s->stream[i]);
	s->fd = s->tcp_fd = -1;
	s->streams = 0;
}

/* The question's name as text with dots; false when it is not a plain one. */
static bool dns_question(struct view *in, char text[256], uint16_t *ret_type)
{
	struct wbuf w = wbuf_of(text, 255);
	struct view head = { 0 };
	uint16_t class = 0;
	uint8_t n = 0;

	if (view_take(in, 12, &head) != E_OK)
		return false;
	while (view_u8(in, &n) == E_OK && n) {
		struct view label = { 0 };

		if (view_take(in, n, &label) != E_OK)
			return false;
		if (w.n)
			WBUF_LIT(&w, ".");
		wbuf_view_put(&w, label);
	}
	text[w.n] = '\0';
	return !w.bad && view_u16(in, ret_type) == E_OK && view_u16(in, &class) == E_OK;
}

static unsigned dns_put_records(const struct dns *s, const char *name, uint16_t type,
				struct wbuf *w, bool *ret_known)
{
	unsigned count = 0;

	for (unsigned i = 0; i < DNS_RECORDS && s->record[i].name; i++) {
		const struct dns_record *r = &s->record[i];
		struct in6_addr v6;
		struct in_addr v4;
		bool is_v6 = inet_pton(AF_INET6, r->address, &v6) == 1;

		if (strcasecmp(r->name, name) != 0)
			continue;
		*ret_known = true;
		if ((is_v6 ? DNS_AAAA : DNS_A) != type)
			continue;
		wbuf_u16(w, 0xc00c); /* the name: see the question */
		wbuf_u16(w, type);
		wbuf_u16(w, 1);
		wbuf_u32(w, r->ttl);
		wbuf_u16(w, is_v6 ? 16 : 4);
		if (is_v6)
			wbuf_put(w, &v6, 16);
		else if (inet_pton(AF_INET, r->address, &v4) == 1)
			wbuf_put(w, &v4, 4);
		count++;
	}
	return count;
}

static void dns_answer(struct dns *s, struct view q, struct wbuf *w, bool is_truncated)
{
	struct view in = q;
	char name[256] = "";
	uint8_t answers[2048];
	struct wbuf a = wbuf_of(answers, sizeof answers);
	uint16_t type = 0;
	unsigned count = 0, rcode = 0;
	bool is_known = false;

	if (!dns_question(&in, name, &type))
		return;
	count = dns_put_records(s, name, type, &a, &is_known);
	rcode = s->is_failing ? DNS_SERVFAIL : is_known ? 0 : DNS_NXDOMAIN;
	wbuf_put(w, q.p, 2);
	count = is_truncated ? 0 : count;
	wbuf_u16(w, (uint16_t)(0x8180 | rcode | (is_truncated ? 0x0200 : 0)));
	wbuf_u16(w, 1);
	wbuf_u16(w, rcode ? 0 : (uint16_t)count);
	wbuf_u16(w, 0);
	wbuf_u16(w, 0);
	wbuf_put(w, q.p + 12, q.n - in.n - 12);
	if (rcode == 0 && !is_truncated)
		wbuf_view_put(w, wbuf_view(&a));
	if (s->is_garbled)
		w->n = w->n > 20 ? w->n - 7 : w->n;
}

/* RFC 1035 §4.2.2: each message after its length. */
static void dns_serve_stream(struct dns *s, int fd)
{
	uint8_t q[2048], out[4096];
	ssize_t n = recv(fd, q, sizeof q, MSG_DONTWAIT);
	struct view in = view_of(q, n > 0 ? (size_t)n : 0);
	uint16_t length = 0;

	while (in.n && view_u16(&in, &length) == E_OK) {
		struct wbuf w = wbuf_of(out + 2, sizeof out - 2), head = wbuf_of(out, 2);
		struct view question = { 0 };

		if (view_take(&in, length, &question) != E_OK)
			return; /* questions are small: they come whole */
		dns_answer(s, question, &w, false);
		wbuf_u16(&head, (uint16_t)w.n);
		(void)send(fd, out, w.n + 2, MSG_NOSIGNAL);
	}
}

static void dns_serve_streams(struct dns *s)
{
	int fd = s->streams < DNS_STREAMS ? accept(s->tcp_fd, NULL, NULL) : -1;

	if (fd >= 0)
		s->stream[s->streams++] = fd;
	for (unsigned i = 0; i < s->streams; i++)
		dns_serve_stream(s, s->stream[i]);
}

void dns_serve(struct dns *s)
{
	dns_serve_streams(s);
	for (;;) {
		uint8_t q[512], out[4096];
		struct wbuf w = wbuf_of(out, sizeof out);
		struct sockaddr_storage from;
		socklen_t from_n = sizeof from;
		ssize_t n = recvfrom(s->fd, q, sizeof q, 0, (struct sockaddr *)&from, &from_n);

		if (n <= 0)
			return;
		s->questions++;
		if (s->is_mute)
			continue;
		dns_answer(s, view_of(q, (size_t)n), &w, s->is_truncating);
		(void)sendto(s->fd, w.p, w.n, 0, (struct sockaddr *)&from, from_n);
	}
}
