/* Which program this is: the build id that the linker gave it. */
#ifndef SYS_PROGRAM_H
#define SYS_PROGRAM_H

#include "base/wbuf.h"

enum { PROGRAM_ID_MAX = 64 };

/* program_put_id - appends the build id (a hash over the program as it was linked); nothing when it
 * was linked without one */
void program_put_id(struct wbuf *w);

#endif
