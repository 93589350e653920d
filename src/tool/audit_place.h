/* Where an audit log lies: from the options that all of `sluis audit` share. */
#ifndef TOOL_AUDIT_PLACE_H
#define TOOL_AUDIT_PLACE_H

#include "base/err.h"

#include <stdbool.h>

enum { AUDIT_PLACE_PATH = 4096 };

struct audit_place {
	const char *state;     /* --state DIR; NULL: the default */
	const char *directory; /* --directory DIR: the log directory itself; NULL: DIR/audit */
};

/* audit_place_open - the log directory. E_SYS: said on standard error */
enum err audit_place_open(const struct audit_place *p, int *ret_fd);

/* audit_place_file - opens a file of the state directory to read; E_CLOSED when there is none or no
 * state directory is meant · E_SYS: said on standard error */
enum err audit_place_file(const struct audit_place *p, const char *name, int *ret_fd);

/* audit_place_is_live - does an instance run on that state directory? */
bool audit_place_is_live(const struct audit_place *p);

#endif
