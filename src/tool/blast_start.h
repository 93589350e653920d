/* nginx or HAProxy, started for a moment: a folder of its own, which is gone as soon as it has been
 * read; a listener on a free port of loopback; one request through it. */
#ifndef TOOL_BLAST_START_H
#define TOOL_BLAST_START_H

#include "tool/blast_key.h"

/*
 * blast_start - returns when the program has answered a request over TLS
 *   name     "nginx" or "haproxy"
 *   keys     gets the key that it was given, to look for
 *   ret_pid  gives: blast_start_end
 * E_CLOSED the program is not installed · E_SYS it does not start, or does not answer within ten
 * seconds (both told)
 */
enum err blast_start(const char *name, struct blast_keys *keys, int *ret_pid);

/* blast_start_end - ends it and what it has started, and waits for it */
void blast_start_end(int pid);

#endif
