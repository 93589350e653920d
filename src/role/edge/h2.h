/*
 * HTTP/2 in the edge: every stream is a connection of its own that speaks strict HTTP/1.1.
 *
 * One layer turns frames into HTTP/1.1 text and text into frames, on both sides; requests,
 * exchanges, answers, bodies and tunnels see a struct client or struct upstream whose conn has a
 * stream instead of a socket. So nothing that a strict HTTP/1.1 parser would refuse can come out of
 * a conversion.
 *
 * session   one connection that speaks HTTP/2; its owner is a client's or an upstream's conn
 * stream    one of its streams; its conn is that of a client (requests come in) or of an upstream
 *           (answers come in) that has no socket
 *
 * What is sent lies in one buffer per session and goes out once per turn of the loop. What flow
 * control holds back waits in the stream's conn.out, which stops the other side as every spill
 * does.
 */
#ifndef ROLE_EDGE_H2_H
#define ROLE_EDGE_H2_H

#include "proto/h2_fields.h"
#include "proto/h2_message.h"
#include "role/edge/edge.h"
#include "role/edge/h2_gone.h"

#include <nghttp2/nghttp2.h>

enum {
	H2_WINDOW = 64 * 1024,		    /* of a stream: content that waits in one buffer */
	H2_CONNECTION_WINDOW = 1024 * 1024, /* of all streams of a connection together */
	H2_FRAME_HEAD = 9,
	H2_SIZE_LINE = 10,	   /* room in front of content for a chunk's size line */
	H2_OUT_ROOM = 16384 + 256, /* a frame and a little: what one step may write */
	H2_LIBRARY_BYTES = 1 << 30 /* ceiling of nghttp2's memory */
};

/* How the content of a message comes, as text. */
enum h2_content { H2_CONTENT_NONE, H2_CONTENT_LENGTH, H2_CONTENT_CHUNKED, H2_CONTENT_RAW };

/* What the next text to be sent is. */
enum h2_text { H2_TEXT_HEAD, H2_TEXT_BODY, H2_TEXT_RAW, H2_TEXT_DONE };

struct h2_stream {
	struct h2_session *session; /* NULL: the slot is free */
	struct conn *conn;	    /* NULL: its head is not complete yet */
	struct list node;	    /* session.streams */
	struct list ready;	    /* session.ready: to be run */
	struct list parked;	    /* session.parked: its request has to wait */
	struct h2_stream *next;	    /* free list */
	int32_t id;		    /* 0: not begun yet */
	uint8_t method;		    /* enum http_method of the request */
	/* from frames to text */
	uint8_t content_kind; /* enum h2_content */
	uint8_t held;	      /* the last byte of content of known length, until its end is said */
	bool has_held, has_ended; /* END_STREAM came */
	bool gave_end;
	bool is_refused;	/* by the peer, unprocessed: may be sent again elsewhere */
	bool was_cut, is_first; /* the session ended under it; it was its first */
	bool is_too_large;	/* its head is */
	bool is_malformed;	/* and reset for it */
	bool is_running;	/* counted in session.running_n */
	bool is_closing;	/* ... in session.closing_n */
	bool has_head;		/* the final one has come */
	uint64_t content_left;	/* of known length: still to come */
	struct buffer *text;	/* heads */
	struct buffer *content; /* behind H2_SIZE_LINE bytes of room */
	struct buffer *trailers;
	/* from text to frames */
	uint8_t text_kind; /* enum h2_text */
	uint8_t body_kind; /* enum http_body */
	bool has_all;	   /* the text is complete: END_STREAM behind what waits */
	bool ends_next;	   /* ... in the frame being made */
	bool said_end;	   /* END_STREAM has been handed to the library */
	bool is_deferred;  /* the library waits for more */
	bool is_closed;	   /* the library has forgotten it */
	bool is_extended;  /* extended CONNECT, RFC 8441 */
	bool has_moved;	   /* some of conn.out went out since its deadline was set */
	struct chunked chunks;
	uint64_t body_left;
	struct view piece; /* being sent; only during a call */
	struct buffer *trailers_out;
	uint64_t began_ms;		   /* at a server */
	uint8_t accept[H2_MESSAGE_ACCEPT]; /* server side, extended CONNECT: what is expected */
};

/* Where frames begin in what comes. */
struct h2_watch {
	uint32_t left; /* of the one under way */
	uint8_t head_n, head[H2_FRAME_HEAD];
};

struct h2_session {
	nghttp2_session *ng; /* NULL: the slot is free */
	struct edge *edge;
	struct conn *conn;   /* the owner's */
	struct buffer *out;  /* frames of this turn */
	struct buffer *head; /* of a field block under way */
	struct h2_message message;
	struct h2_stream *heading; /* whose block it is; NULL: of one that is not kept */
	struct list streams, ready, parked;
	struct list dirty;	 /* edge.h2_dirty: to be flushed */
	struct list node;	 /* server_state.sessions */
	struct h2_session *next; /* free list */
	struct h2_gone gone;
	struct h2_watch watch;
	uint32_t stream_n, stream_max;
	uint32_t closing_n;	 /* of stream_n: closed by the peer, and not looked at yet */
	uint32_t running_n;	 /* of a client: requests that are worked on */
	uint32_t header_size;	 /* of a head */
	uint32_t window_credit;	 /* WINDOW_UPDATE that what was sent accounts for */
	uint32_t oddities;	 /* of a server, since its last answer */
	uint64_t stray_bytes;	 /* of field blocks that are not kept */
	uint64_t block_began_ms; /* a field block began and has not ended; 0: none */
	uint64_t blocked_ms;	 /* since when conn.out has been there; 0: it is not */
	uint32_t blocked_at;	 /* how much of it had gone when its deadline was set */
	uint64_t drain_at_ms;	 /* when the last GOAWAY follows the first; 0: none was sent */
	uint32_t idle_ms;	 /* at a server: how long it is kept without streams */
	uint64_t read_ms;	 /* when something was last read */
	uint32_t error;		 /* NGHTTP2_... to end it with */
	bool is_server;		 /* our part in it */
	bool had_stream;
	bool is_dead;	    /* only to be closed */
	bool is_leaving;    /* the last GOAWAY has been sent or received: no new streams */
	bool is_waited_for; /* streams have more to send as soon as conn.out is gone */
	bool want_read;	    /* more may be there to read */
	bool has_settings;  /* the peer's have come */
};

#endif
