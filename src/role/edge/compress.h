/*
 * Compression of answers on their way to the client (RFC 9110 §8.4, §12.5.3). Decided twice: what
 * the client takes, when its request comes; whether this answer is one for it, when its head comes.
 */
#ifndef ROLE_EDGE_COMPRESS_H
#define ROLE_EDGE_COMPRESS_H

#include "role/edge/edge.h"

/* What becomes of an answer. */
enum compress_state {
	COMPRESS_OFF,  /* it goes as it is */
	COMPRESS_VARY, /* ... this time; another request could have got it compressed */
	COMPRESS_HEAD, /* the head as if it were compressed: HEAD, 304 */
	COMPRESS_ON,   /* x->z is busy with it */
	COMPRESS_DONE  /* its last chunk has gone */
};

/* compress_ask - notes in x what its rule and its request allow; h: the request's head */
void compress_ask(struct exchange *x, struct view head, const struct http1_head *h);

/* compress_begin - decides about a final answer; x->answer has been set up. May change how its body
 * goes */
void compress_begin(struct edge *e, struct exchange *x, struct view head,
		    const struct http1_head *h);

/* compress_pass - the body goes through a stream that leaves it as it is, so that something can be
 * put behind it. False: none is free */
bool compress_pass(struct edge *e, struct exchange *x);

/* compress_drops - the field does not go on with this answer, or compress_put_fields writes it */
bool compress_drops(struct view head, const struct field *f);

/* compress_put_fields - Content-Encoding, Vary, ETag, Transfer-Encoding, as far as they are ours
 * to say */
void compress_put_fields(struct wbuf *w, const struct exchange *x, struct view head,
			 const struct http1_head *h);

/*
 * compress_take - content (all there is now) goes into the stream, and what has come out of it
 * behind what w holds, as far as it fits. E_PROTO, E_LIMIT: the answer can't be completed
 */
enum err compress_take(struct edge *e, struct exchange *x, struct view content, struct wbuf *w);

/* compress_send - what has come out goes to the client until it does not take any more */
enum err compress_send(struct edge *e, struct exchange *x);

/* compress_pause - the server pauses: the client gets all it has sent so far */
enum err compress_pause(struct edge *e, struct exchange *x);

/* compress_finish - the body ended with the server's connection */
enum err compress_finish(struct edge *e, struct exchange *x);

/* compress_has_more - something for the client is still in the stream */
bool compress_has_more(const struct exchange *x);

/* compress_drop - x ends; NULL streams are fine */
void compress_drop(struct edge *e, struct exchange *x);

/* compress_tick - memory of streams that were not used for a while goes back */
void compress_tick(struct edge *e);

#endif
