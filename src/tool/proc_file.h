/* Files of /proc, read whole: their size is not known before, and the process may end meanwhile. */
#ifndef TOOL_PROC_FILE_H
#define TOOL_PROC_FILE_H

#include "base/err.h"
#include "base/view.h"

struct proc_file {
	uint8_t *p; /* owned */
	size_t n;
	bool is_cut; /* there was more than the limit */
};

enum { PROC_FILE_PATH = 128 };

/*
 * proc_file_read - /proc/PID/name, or /proc/name for pid 0, up to max bytes
 *   ret  gives; proc_file_done
 * E_CLOSED the process or the file is gone · E_DENIED not allowed · E_NOMEM · E_SYS
 */
enum err proc_file_read(int pid, const char *name, size_t max, struct proc_file *ret);
void proc_file_done(struct proc_file *f);

/* proc_file_read_fd - the same of what is open already */
enum err proc_file_read_fd(int fd, size_t max, struct proc_file *ret);

/* proc_file_link - where a link of /proc/PID leads; ends with NUL. As proc_file_read, E_LIMIT */
enum err proc_file_link(int pid, const char *name, char *ret, size_t cap);

/* proc_file_open - read-only; gives. As proc_file_read */
enum err proc_file_open(int pid, const char *name, int *ret_fd);

/* proc_file_error - errno of a call on /proc as one of those */
enum err proc_file_error(int error);

#endif
