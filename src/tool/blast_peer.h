/* Which local socket is connected with which: asked of the kernel, per network namespace
 * (sock_diag(7)). */
#ifndef TOOL_BLAST_PEER_H
#define TOOL_BLAST_PEER_H

#include "base/err.h"
#include "base/wbuf.h"

enum { BLAST_PEER_MAX = 1 << 20, BLAST_PEER_SPACES = 256 };

struct blast_peer {
	uint64_t inode, other;
};

struct blast_peers {
	struct blast_peer *p; /* owned */
	size_t n, cap;
	uint64_t space[BLAST_PEER_SPACES]; /* network namespaces that were asked */
	size_t space_n;
};

/* blast_peer_add - the sockets of a process's network namespace, once each. E_DENIED not allowed
 * · E_NOMEM, E_LIMIT, E_PROTO, E_SYS */
enum err blast_peer_add(struct blast_peers *l, int pid, uint64_t net_space);
void blast_peer_done(struct blast_peers *l);

/* blast_peer_of - the other end; 0: none that is known */
uint64_t blast_peer_of(const struct blast_peers *l, uint64_t inode);

/* blast_peer_parse - one answer of the kernel. E_AGAIN it was the last · E_PROTO */
enum err blast_peer_parse(struct blast_peers *l, struct view answer);

#endif
