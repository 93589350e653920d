/* One request over TLS to a port of loopback, and the server that answers it behind the program
 * that it goes through. */
#ifndef TOOL_BLAST_REQUEST_H
#define TOOL_BLAST_REQUEST_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { BLAST_REQUEST_MS = 10000, BLAST_REQUEST_STEP_S = 3 };

/* blast_request - whether an answer with status 200 came; certificates are not looked at */
bool blast_request(uint16_t port);

/* blast_request_port - a port of loopback that is free */
bool blast_request_port(uint16_t *ret);

/* blast_request_serve - a child that answers every request with "ok", for half a minute at most */
bool blast_request_serve(uint16_t *ret_port, int *ret_pid);

#endif
