/*
 * Audit records as they travel in a ring: what audit renders as one JSON line (DEFAULTS 8.15.01).
 *
 * A record is a sequence of tagged fields: u8 enum record_tag, u8 enum record_type, then the
 * value (u64, or str16). Unknown tags are rendered by number, so an older audit loses nothing.
 * action, object, result, origin, actor and time are always present in the line.
 */
#ifndef IPC_RECORD_H
#define IPC_RECORD_H

#include "base/wbuf.h"

enum record_kind { RECORD_ACCESS = 1, RECORD_EVENT, RECORD_ALARM };

enum record_tag {
	RECORD_TAG_KIND = 1, /* number: enum record_kind */
	RECORD_TAG_TIME,     /* number: wall clock, microseconds */
	RECORD_TAG_ACTION,   /* text: method; or event name "server.down", "role.restart",
				"config.applied", ... */
	RECORD_TAG_OBJECT,   /* text: scheme://host/path; or what the event is about */
	RECORD_TAG_RESULT,   /* text: status code; or "ok", "refused", "failed: why" */
	RECORD_TAG_ORIGIN,   /* text: address:port of the client; or the role's name and index */
	RECORD_TAG_ACTOR,    /* text: user; "-" when nobody is known; "uid:0" for the command */
	RECORD_TAG_REQUEST_ID,
	RECORD_TAG_LISTENER,
	RECORD_TAG_ROUTE,
	RECORD_TAG_POOL,
	RECORD_TAG_SERVER, /* text */
	RECORD_TAG_BYTES_IN,
	RECORD_TAG_BYTES_OUT, /* number */
	RECORD_TAG_DURATION_US,
	RECORD_TAG_FIRST_BYTE_US, /* number */
	RECORD_TAG_TRIES,	  /* number: servers tried */
	RECORD_TAG_TLS,		  /* text: "TLSv1.3 TLS_AES_128_GCM_SHA256" */
	RECORD_TAG_USER_AGENT,	  /* text, cut to 256 bytes */
	RECORD_TAG_DETAIL,	  /* text: why */
	RECORD_TAG_PROTOCOL,	  /* text: "HTTP/1.1" */
	RECORD_TAG_QUERY_BYTES,	  /* number: length of the query; its content is never logged
				     (DEFAULTS 8.15.02) */
	RECORD_TAG_QUEUE_US,	  /* number: waited for a server to become free */
	RECORD_TAG_CONNECT_US, /* number: until the connection to the server stood; absent: it was
				  open already */
	RECORD_TAG_TLS_SERVER_US, /* number: TLS to the server */
	RECORD_TAG_HANDSHAKE_US,  /* number: TLS with the client; with its first request */
	RECORD_TAG_TLS_RESUMED,	  /* number: 1, with its first request */
	RECORD_TAG_SNI,		  /* text: the name the client asked for, when it is not the host */
	RECORD_TAG_ENDED,    /* text: why there is no whole answer: "client", "server", "timeout" */
	RECORD_TAG_TRACE_ID, /* text: of a trace that did not begin here */
	RECORD_TAG_SAMPLE_PERCENT, /* number: it stands for 100 / so many requests */
	RECORD_TAG_PEER, /* text: address:port that sent the PROXY header; ORIGIN is what that says
			  */
	RECORD_TAG_DATAGRAMS_IN,
	RECORD_TAG_DATAGRAMS_OUT,      /* number */
	RECORD_TAG_CLIENT_CERTIFICATE, /* text: SHA-256 of what the client has shown, hexadecimal;
					  with its first request */
	RECORD_TAG_SESSION,	       /* number: of who was logged in */
	RECORD_TAG_TLS_CLASS,	       /* text: SHA-256 of how the client speaks TLS, hexadecimal
					  (proto/tls_class.h); with its first request */
	RECORD_TAG_LEVEL,	       /* text: the strictest level of isolation that held */
	RECORD_TAG_EXERCISE, /* text: the one that would have held it back, were it no exercise */
	RECORD_TAG_N
};

enum record_type { RECORD_NUMBER = 1, RECORD_TEXT };

void record_put_number(struct wbuf *w, enum record_tag tag, uint64_t x);
void record_put_text(struct wbuf *w, enum record_tag tag, struct view text);

/* The fields of an event, which most roles fill in one place. */
struct record_event {
	enum record_kind kind; /* RECORD_EVENT or RECORD_ALARM */
	int64_t wall_us;
	struct view action, object, result, origin, actor, detail;
};

/* record_put_event - a whole event record; empty fields become "-" when they are one of the six */
void record_put_event(struct wbuf *w, const struct record_event *e);

/* A field as audit reads it. */
struct record_field {
	uint8_t tag, type;
	uint64_t number;
	struct view text;
};

/* record_next - consumes one field. E_SHORT, E_PROTO: the record is malformed */
enum err record_next(struct view *rest, struct record_field *ret);

#endif
