/* A name server for tests: one UDP socket on loopback, answered between two turns of the dialer. */
#ifndef TESTS_IPC_DIALER_DNS_H
#define TESTS_IPC_DIALER_DNS_H

#include <stdbool.h>
#include <stdint.h>

enum { DNS_RECORDS = 32, DNS_STREAMS = 8 };

struct dns_record {
	const char *name, *address;
	uint32_t ttl;
};

struct dns {
	int fd;
	uint16_t port;
	struct dns_record record[DNS_RECORDS]; /* up to the first without a name */
	bool is_mute;			       /* the server is down */
	bool is_failing;		       /* SERVFAIL */
	bool is_truncating; /* datagrams say "ask over TCP" (RFC 7766 §5), which is then answered */
	int tcp_fd, stream[DNS_STREAMS];
	unsigned streams;
	bool is_garbled;    /* answers that are cut or nonsense */
	unsigned questions; /* seen so far */
};

/* dns_open - on 127.0.0.1; port 0: any free one */
void dns_open(struct dns *s, uint16_t port);
void dns_close(struct dns *s);

/* dns_serve - answers what has come, without waiting */
void dns_serve(struct dns *s);

#endif
