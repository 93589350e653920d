/* Programs that the kernel runs for a control group's members when they connect, send, or make a
 * socket, and the tables they look into (bpf(2)). */
#ifndef TOOL_BLAST_REACH_H
#define TOOL_BLAST_REACH_H

#include "tool/blast_net.h"

/* blast_reach_look - programs, holds_connect, rule. E_DENIED not allowed · E_SYS */
enum err blast_reach_look(int group_fd, struct blast_net *ret);

/*
 * blast_reach_put_rule - a key of sys/reach's table in words: "tcp 10.0.0.0/8:8080"
 *   key  24 bytes: length in bits, port, protocol, a byte, address
 * false: it is none of those
 */
bool blast_reach_put_rule(struct view key, char ret[BLAST_NET_RULE]);

#endif
