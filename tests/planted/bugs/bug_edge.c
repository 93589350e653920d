/* Planted bugs of an edge, and of a cell: in a field of a request's head. */
#include "bug.h"

#include "role/edge/conn.h"
#include "role/edge/request.h"

__typeof__(request_begin) __real_request_begin, __wrap_request_begin;

static void bug_edge_say(const struct bug_place *at, struct view v)
{
	struct client *c = at->connection;

	(void)conn_send(at->role, &c->conn, v);
}

enum err __wrap_request_begin(struct edge *e, struct client *c, struct view head,
			      const struct http1_head *h, struct view rest)
{
	const struct bug_place at = { .say = bug_edge_say, .role = e, .connection = c };

	bug_run(head, &at);
	return __real_request_begin(e, c, head, h, rest);
}
