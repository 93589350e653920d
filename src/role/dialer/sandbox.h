/* What the dialer may do after its sandbox is closed. */
#ifndef ROLE_DIALER_SANDBOX_H
#define ROLE_DIALER_SANDBOX_H

#include "sys/sandbox.h"

extern const struct sandbox_spec dialer_sandbox;

/* The same with AF_UNIX and the file system's root, for an image that has unix: servers. Landlock
 * still denies every file; connecting to a socket in the file system is not something it knows, so
 * there the sockets' own permissions decide. */
extern const struct sandbox_spec dialer_sandbox_unix;

#endif
