/* Pipes, made when they are first needed, closed when the edge is idle; splice in and out. */
#include "role/edge/pipe.h"

#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct pipe *pipe_get(struct pipe_pool *pool)
{
	struct pipe *p = pool->free;
	int ends[2] = { -1, -1 };

	if (p) {
		pool->free = p->next;
		return p;
	}
	p = pool->closed;
	if (!p && pool->n == pool->most)
		return NULL;
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
		return NULL;
	if (p)
		pool->closed = p->next;
	else
		p = &pool->all[pool->n++];
	(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES); /* fewer calls; else it is a smaller one */
	*p = (struct pipe){ .in = ends[1], .out = ends[0] };
	return p;
}

static void pipe_close(struct pipe_pool *pool, struct pipe *p)
{
	p->in = fd_close(p->in);
	p->out = fd_close(p->out);
	p->n = 0;
	p->next = pool->closed;
	pool->closed = p;
}

struct pipe *pipe_put(struct pipe_pool *pool, struct pipe *p)
{
	if (p && p->n) {
		pipe_close(pool, p);
	} else if (p) {
		p->next = pool->free;
		pool->free = p;
	}
	return NULL;
}

enum err pipe_fill(struct pipe *p, int from, size_t max, size_t *ret)
{
	ssize_t n = splice(from, NULL, p->in, NULL, max < PIPE_BYTES ? max : PIPE_BYTES,
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	*ret = n > 0 ? (size_t)n : 0;
	p->n += *ret;
	if (n > 0)
		return E_OK;
	if (n == 0)
		return E_CLOSED;
	return errno == EAGAIN || errno == EINTR ? E_AGAIN : E_PROTO;
}

enum err pipe_drain(struct pipe *p, int to)
{
	while (p->n) {
		ssize_t n = splice(p->out, NULL, to, NULL, p->n, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN ? E_AGAIN : E_CLOSED;
		p->n -= (size_t)n;
	}
	return E_OK;
}

void pipe_pool_trim(struct pipe_pool *pool)
{
	while (pool->free) {
		struct pipe *p = pool->free;

		pool->free = p->next;
		pipe_close(pool, p);
	}
}
