/* Descriptors: ownership by scope, and the few calls on them that every role needs. */
#ifndef SYS_FD_H
#define SYS_FD_H

#include "base/wbuf.h"

/* AUTO_FD - a local descriptor that is closed when its scope ends, unless fd_steal gave it away */
#define AUTO_FD __attribute__((cleanup(fd_closep))) int

/* fd_close - closes fd when it is one (>= 0); returns -1: fd = fd_close(fd); */
int fd_close(int fd);
void fd_closep(int *fd);

/* fd_steal - gives the descriptor away and leaves -1 */
int fd_steal(int *fd);

/* fd_set_nonblocking, fd_set_inherit - E_SYS (logged) */
enum err fd_set_nonblocking(int fd);
enum err fd_set_inherit(int fd, bool want_inherit);

/* fd_read_file - the whole of a small file into buf. E_LIMIT it is larger · E_SYS (logged with
 * path) */
enum err fd_read_all(int fd, struct wbuf *buf);

/* fd_write_all - all of v, to a file or pipe that blocks. E_SYS (not logged: full disks are the
 * caller's to tell) */
enum err fd_write_all(int fd, struct view v);

#endif
