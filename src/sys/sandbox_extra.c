/* A build without sanitizers needs no more system calls than the roles' tables say. */
#include "sys/sandbox_part.h"

const struct sandbox_call sandbox_extra_calls[1] = { { 0 } };
const size_t sandbox_extra_call_n = 0;
