/* Written beside its name and renamed: it is never half there. */
#include "role/keeper/store_key.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char store_key_file[] = "store.key", store_key_new[] = "store.key.new";

/* E_AGAIN: there is none yet. */
static enum err store_key_read(struct keeper *k)
{
	AUTO_FD fd = openat(k->dirs.dir, store_key_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct wbuf w = wbuf_of(k->store_key.p, k->store_key.n);
	struct stat st = { 0 };

	if (fd < 0 && errno == ENOENT)
		return E_AGAIN;
	if (fd < 0 || fstat(fd, &st) < 0)
		return log_errno(store_key_file);
	if (S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077) &&
	    fd_read_all(fd, &w) == E_OK && w.n == KEEPER_STORE_KEY_BYTES)
		return E_OK;
	log_line(LOG_ERROR,
		 "%s is not whole, or not the keeper's alone (mode 0600): put the right one back "
		 "from your backup; without it no secret in the store of users opens",
		 store_key_file);
	return E_DENIED;
}

static enum err store_key_write(const struct keeper *k)
{
	AUTO_FD fd = -1;

	if (unlinkat(k->dirs.dir, store_key_new, 0) < 0 && errno != ENOENT)
		return log_errno(store_key_new);
	fd = openat(k->dirs.dir, store_key_new,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fd_write_all(fd, view_of(k->store_key.p, KEEPER_STORE_KEY_BYTES)) != E_OK ||
	    fsync(fd) < 0 ||
	    renameat(k->dirs.dir, store_key_new, k->dirs.dir, store_key_file) < 0 ||
	    fsync(k->dirs.dir) < 0)
		return log_errno(store_key_file);
	return E_OK;
}

enum err store_key_load(struct keeper *k)
{
	enum err got = E_OK;

	/* One byte more than a key, to see a longer file */
	if (!k->store_key.p)
		TRY(secret_new(KEEPER_STORE_KEY_BYTES + 1, &k->store_key));
	got = store_key_read(k);
	if (got != E_AGAIN)
		return got;
	secret_random(k->store_key.p, KEEPER_STORE_KEY_BYTES);
	return store_key_write(k);
}
