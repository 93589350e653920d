/* Files of keys: read without following links, written whole or not at all. */
#ifndef TOOL_ROTATE_FILE_H
#define TOOL_ROTATE_FILE_H

#include "base/wbuf.h"

#include <sys/types.h>

struct rotate_file_owner {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/* rotate_file_failed - what: strerror(errno), on standard error; E_SYS */
enum err rotate_file_failed(const char *what);

/* rotate_file_dir - the folder of an absolute path, opened; *ret_name is in path. E_SYS (told) */
enum err rotate_file_dir(const char *path, int *ret_fd, const char **ret_name);

/* rotate_file_read - the whole file, which its owner alone may write, and that is root or who types
 * this. E_CLOSED there is none · E_DENIED, E_LIMIT, E_SYS: told */
enum err rotate_file_read(int dir_fd, const char *name, struct wbuf *w);

/* rotate_file_put - name.tmp is made (never followed, never there before), written, synced, and
 * renamed to name. E_SYS (told) */
enum err rotate_file_put(int dir_fd, const char *name, const struct rotate_file_owner *owner,
			 struct view text);

/* rotate_file_print - a fingerprint of a file of random bytes that tells nothing of them; empty:
 * there is none. ret: 65 bytes. E_DENIED, E_LIMIT, E_SYS: told */
enum err rotate_file_print(int dir_fd, const char *name, char *ret);

/* rotate_file_sha256 - in hexadecimal; ret: 65 bytes */
void rotate_file_sha256(struct view v, char *ret);

#endif
