/*
 * Bytes in and out of one connection, plain or TLS; the only place in the edge with recv and send.
 */
#ifndef ROLE_EDGE_CONN_H
#define ROLE_EDGE_CONN_H

#include "role/edge/edge.h"

/* conn_open - fd is taken; a client may have said something already. Nothing is told of it before
 * conn_watch */
void conn_open(struct edge *e, struct conn *k, int fd, enum source_kind kind);

/* conn_watch - enters the loop, edge-triggered: what there is to read by now is told too. E_SYS */
enum err conn_watch(struct edge *e, struct conn *k);

/* conn_close - closes the descriptor and gives back buffers and TLS state; has_more: reset instead
 * of a FIN */
void conn_close(struct edge *e, struct conn *k, bool want_reset);

/* conn_tls - what is known of the connection's TLS; of a stream that of its session's; NULL: plain
 */
const struct tls_conn *conn_tls(const struct conn *k);

/* conn_note - what an event says: readable, ended, broken */
void conn_note(struct conn *k, uint32_t events);

/* conn_room - bytes that k may be given now without much of them having to wait here, up to
 * READ_BYTES; 0: none, and who has to give them is run when there is room */
size_t conn_room(const struct conn *k);

/* conn_is_quiet - open, and nothing has come: asks the kernel. byte: scratch */
bool conn_is_quiet(const struct conn *k, uint8_t *byte);

/*
 * conn_peek - what has come, and stays where it is: for what stands in front of TLS
 *   into   empty
 * E_OK something, old or new · E_AGAIN nothing new · E_CLOSED · E_PROTO as conn_fill
 */
enum err conn_peek(struct conn *k, struct wbuf *into);

/* conn_skip - n bytes that conn_peek has shown are gone. E_PROTO: they are not */
enum err conn_skip(struct edge *e, struct conn *k, size_t n);

/* conn_pending - bytes received earlier and kept */
struct view conn_pending(const struct conn *k);

/*
 * conn_fill - more bytes: *ret is everything unused, kept bytes included
 *   max   bytes to read at most, up to READ_BYTES
 * E_OK new bytes · E_AGAIN nothing new now · E_CLOSED the peer has ended its side (k->was_cut:
 * against the rules of TLS) E_PROTO broken: reset or bad TLS · E_LIMIT the kept bytes fill their
 * buffer · E_NOMEM no buffer The bytes lie in the edge's scratch or in k->in: use them, then say
 * what is left with conn_keep.
 */
enum err conn_fill(struct edge *e, struct conn *k, size_t max, struct view *ret);

/* conn_keep - rest (a tail of what conn_fill or conn_pending gave) is for later. E_NOMEM */
enum err conn_keep(struct edge *e, struct conn *k, struct view rest);

/*
 * conn_send - all of v, encrypted when the connection is; what the kernel does not take becomes the
 * spill E_OK sent or spilled (k->out tells) · E_CLOSED the peer is gone · E_LIMIT, E_NOMEM it can't
 * be kept · E_PROTO TLS
 */
enum err conn_send(struct edge *e, struct conn *k, struct view v);

/* conn_send_last - the same for the last bytes of all: with TLS close_notify goes in the same send
 */
enum err conn_send_last(struct edge *e, struct conn *k, struct view v);

/* conn_send_wire - v goes out as it is: handshake bytes and alerts */
enum err conn_send_wire(struct edge *e, struct conn *k, struct view v);

/* conn_flush - the spill, as far as it goes. E_OK all gone · E_AGAIN some left · E_CLOSED */
enum err conn_flush(struct edge *e, struct conn *k);

/* conn_can_splice - whether what comes on one plain connection may be moved to another inside the
 * kernel now: neither has TLS, and nothing waits in front of it */
bool conn_can_splice(const struct conn *from, const struct conn *to);

/*
 * conn_splice - moves up to max bytes that are not looked at; conn_can_splice holds
 *   ret   bytes that have left `from`; what `to` did not take is its spill
 * E_OK (to->cant_send: it takes nothing any more) · E_AGAIN nothing new now · E_CLOSED `from` has
 * ended · E_PROTO it is broken · E_LIMIT no pipe is free: conn_fill serves
 */
enum err conn_splice(struct edge *e, struct conn *from, struct conn *to, size_t max, size_t *ret);

/* conn_drop_spill - what the peer has not taken is forgotten */
void conn_drop_spill(struct edge *e, struct conn *k);

/* conn_handshake - one step of TLS as server (a client connection) or client. E_OK done · E_AGAIN ·
 * E_CLOSED, E_PROTO failed */
enum err conn_handshake(struct edge *e, struct conn *k);

/* conn_say_end - close_notify, once; a close that follows needs no shutdown */
void conn_say_end(struct edge *e, struct conn *k);

/* conn_end - says that nothing more will be sent: close_notify and FIN */
void conn_end(struct edge *e, struct conn *k);

#endif
