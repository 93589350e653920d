/* A name server for tests (RFC 1035 §4.1): A and AAAA of a fixed table. */
#include "dialer_dns.h"

#include "base/wbuf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DNS_A = 1, DNS_AAAA = 28, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3 };

void dns_open(struct dns *s, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;

	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&a, n) != 0 ||
	    getsockname(s->fd, (struct sockaddr *)&a, &n) != 0) {
		perror("dns_open");
		abort();
	}
	s->port = ntohs(a.sin_port);
}

void dns_close(struct dns *s)
{
	(void)close(s->fd);
	s->fd = -1;
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

static void dns_answer(struct dns *s, struct view q, struct wbuf *w)
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
	wbuf_u16(w, (uint16_t)(0x8180 | rcode));
	wbuf_u16(w, 1);
	wbuf_u16(w, rcode ? 0 : (uint16_t)count);
	wbuf_u16(w, 0);
	wbuf_u16(w, 0);
	wbuf_put(w, q.p + 12, q.n - in.n - 12);
	if (rcode == 0)
		wbuf_view_put(w, wbuf_view(&a));
	if (s->is_garbled)
		w->n = w->n > 20 ? w->n - 7 : w->n;
}

void dns_serve(struct dns *s)
{
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
		dns_answer(s, view_of(q, (size_t)n), &w);
		(void)sendto(s->fd, w.p, w.n, 0, (struct sockaddr *)&from, from_n);
	}
}
