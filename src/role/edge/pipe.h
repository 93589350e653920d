/*
 * Pipes for bytes that only pass through: what comes in long runs goes from socket to socket inside
 * the kernel (splice(2)) and is never copied into the edge.
 *
 * A pipe belongs to nobody while it is empty. One that was not emptied on its way waits in the
 * spill of the connection it leads to (struct buffer.pipe), and is closed, never lent again, when
 * that connection ends first: no byte can reach another one.
 */
#ifndef ROLE_EDGE_PIPE_H
#define ROLE_EDGE_PIPE_H

#include "role/edge/edge.h"

/* pipe_get - an empty pipe, or NULL: all are in use, or there are no descriptors */
struct pipe *pipe_get(struct pipe_pool *pool);

/* pipe_put - gives it back, or closes it when there is something in it; returns NULL; accepts NULL
 */
struct pipe *pipe_put(struct pipe_pool *pool, struct pipe *p);

/*
 * pipe_fill - what a socket has, up to max bytes and as far as the pipe has room
 *   ret   bytes taken
 * E_OK · E_AGAIN the socket has nothing now · E_CLOSED its end · E_PROTO it is broken
 */
enum err pipe_fill(struct pipe *p, int from, size_t max, size_t *ret);

/* pipe_drain - into a socket, as far as it takes it. E_OK the pipe is empty · E_AGAIN some is left
 * · E_CLOSED nobody takes it any more */
enum err pipe_drain(struct pipe *p, int to);

/* pipe_pool_trim - closes those that nobody uses */
void pipe_pool_trim(struct pipe_pool *pool);

#endif
