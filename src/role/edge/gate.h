/*
 * Where what only a cell does meets the edge's code (src/role/cell): requests to the log-in portal
 * and to applications, which the authority decides about.
 *
 * An edge has no gate: edge.gate is NULL, and a request that a rule sends there is misdirected
 * (421), because such listeners are the spawner's. A cell sets edge.gate to its own const table
 * before its first turn. An exchange that belongs to the gate has X_GATE; it has no server
 * connection and no pool then, and is run by the gate alone, until gate_pass or an answer.
 *
 *   decide   the head is there: take what is needed (hash tokens), mark what servers may not see
 *   put      lines for the head that servers are sent, while that is built
 *   act      the head is built in x->head: answer, gate_pass, or gate_wait for the authority
 *   run      x's turn while it waits: something of the client came, or client_run_later was called
 */
#ifndef ROLE_EDGE_GATE_H
#define ROLE_EDGE_GATE_H

#include "role/edge/edge.h"

/* What a gate may look at before a request's own head is built; all borrowed, gone when act runs.
 */
struct gate_request {
	struct view head;	    /* positions in h are of this */
	const struct http1_head *h; /* a field whose id is set to FIELD_TAKEN_OUT ends here */
	struct view host;	    /* canonical: lower case, no port */
	struct view path;	    /* canonical; "*" for OPTIONS of the server */
	struct view query;	    /* as it came; p NULL: there is none */
};

/* Why a request goes no further; status 0: act is called. why: a fixed text, for the log. */
struct gate_refusal {
	uint16_t status;
	const char *why;
};

/* All must be there. */
struct gate_hooks {
	/* x->rule's action is IMAGE_ACTION_PORTAL or IMAGE_ACTION_APP; x->gate may be set here */
	struct gate_refusal (*decide)(struct edge *e, struct exchange *x,
				      const struct gate_request *q);
	/* whole lines, each with its CRLF: the Cookie field without ours, for example */
	void (*put)(struct edge *e, struct exchange *x, struct wbuf *w);
	/* must answer (gate_answer, local_error), go on (gate_pass) or wait (gate_wait) */
	void (*act)(struct edge *e, struct exchange *x);
	/* the same, while x waits; may do nothing */
	void (*run)(struct edge *e, struct exchange *x);
	/* what gate_wait gave it has passed: must answer */
	void (*expired)(struct edge *e, struct exchange *x);
	/* a server's answer to an exchange with x->gate: fields that are not a server's to send get
	 * the id FIELD_TAKEN_OUT */
	void (*take_answer)(struct view head, const struct http1_head *h);
	/* lines for the final answer of a server to an exchange with x->gate: Set-Cookie */
	void (*put_answer)(struct edge *e, struct exchange *x, struct wbuf *w);
	/* whose session the request was made in, borrowed; empty: nobody's. Which; 0: none */
	struct view (*user)(const struct exchange *x);
	uint32_t (*session)(const struct exchange *x);
	/* an exchange or tunnel with x->gate ends: x->gate is free again. Nothing may be asked of x
	 */
	void (*ended)(struct edge *e, struct exchange *x);
	/* a client's TLS handshake is done */
	void (*greeted)(struct edge *e, struct client *c);
	/* a client's connection, or one HTTP/2 stream of it (c->is_stream), is closed */
	void (*client_ended)(struct edge *e, struct client *c);
	/* every WHEEL_TICK_MS or a little later: revoked sessions are cut here (P7) */
	void (*tick)(struct edge *e);
	/* an event of edge.authority: frames, room for more, or its end */
	void (*on_authority)(struct edge *e, uint32_t events);
	/* edge.authority is a new channel, where nothing is known of its predecessor; may be NULL
	 */
	void (*joined)(struct edge *e);
};

/* ---- for the gate ---- */

/* gate_wait - x waits, for ms at most, then expired is called; what the client sends stays where it
 * is. client_run_later(e, x->c) brings x its turn */
void gate_wait(struct edge *e, struct exchange *x, uint32_t ms);

/*
 * gate_insert - lines (whole ones, each with its CRLF) become the last of the head that servers are
 * sent. E_LIMIT: the head would be too long
 */
enum err gate_insert(struct exchange *x, struct view lines);

/* gate_pass - x goes on to the backends of its rule, as any other. May end x */
void gate_pass(struct edge *e, struct exchange *x);

/*
 * gate_body - appends what has come of the request's content, and wipes it where it was
 * E_OK that was all · E_AGAIN more is to come: gate_wait, and again in x's next turn · E_LIMIT into
 * is full, or the content is over the listener's limit · E_CLOSED, E_PROTO, E_NOMEM as conn_fill
 */
enum err gate_body(struct edge *e, struct exchange *x, struct wbuf *into);

/* gate_wipe - v lies in what k (or NULL) was read into, or in the edge's scratch: its bytes are
 * overwritten there. What lies elsewhere stays */
void gate_wipe(struct edge *e, const struct conn *k, struct view v);

/* An answer of the gate's own. */
struct gate_answer {
	uint16_t status;
	struct view type;  /* Content-Type; empty: none */
	struct view lines; /* whole lines, each with its CRLF: Location, Set-Cookie, Cache-Control,
			      Content-Security-Policy, ... */
	struct view body;
	const char *why; /* a fixed text for the log; may be NULL */
};

/* gate_answer - Date, X-Request-Id, nosniff and HSTS are added. Ends x */
void gate_answer(struct edge *e, struct exchange *x, const struct gate_answer *a);

/* gate_cut - x, wherever it is, ends in its next turn; its client sees a reset, not an end */
void gate_cut(struct edge *e, struct exchange *x);

/* gate_set_authority - fd (taken) is the channel to the authority from now on, non-blocking and
 * edge-triggered; an earlier one is closed. E_SYS (logged): there is none now */
enum err gate_set_authority(struct edge *e, int fd);

/* ---- for the edge ---- */

/* gate_judge - a rule of the gate's took x */
struct gate_refusal gate_judge(struct edge *e, struct exchange *x, const struct gate_request *q);

/* gate_act - x's head is built and nothing was against it */
void gate_act(struct edge *e, struct exchange *x);

/* gate_end - x, which has x->gate, ends */
void gate_end(struct edge *e, struct exchange *x);

void gate_on_event(void *owner, struct loop_source *source, uint32_t events);

#endif
