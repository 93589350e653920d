/* Written beside its name and renamed: it is never half there. */
#include "role/keeper/hash_key.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char hash_key_file[] = "hash.key", hash_key_new[] = "hash.key.new";

/* E_AGAIN: there is none, or it is not one. */
static enum err hash_key_read(struct keeper *k)
{
	AUTO_FD fd = openat(k->dirs.dir, hash_key_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct wbuf w = wbuf_of(k->hash_key.p, k->hash_key.n);

	if (fd < 0 && errno == ENOENT)
		return E_AGAIN;
	if (fd < 0)
		return log_errno(hash_key_file);
	if (fd_read_all(fd, &w) == E_OK && w.n == KEEPER_HASH_KEY_BYTES)
		return E_OK;
	log_line(LOG_WARNING, "%s is not whole: a new one is made, clients get other servers",
		 hash_key_file);
	return E_AGAIN;
}

static enum err hash_key_write(const struct keeper *k)
{
	AUTO_FD fd = -1;

	if (unlinkat(k->dirs.dir, hash_key_new, 0) < 0 && errno != ENOENT)
		return log_errno(hash_key_new);
	fd = openat(k->dirs.dir, hash_key_new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fd_write_all(fd, view_of(k->hash_key.p, KEEPER_HASH_KEY_BYTES)) != E_OK ||
	    fsync(fd) < 0 || renameat(k->dirs.dir, hash_key_new, k->dirs.dir, hash_key_file) < 0 ||
	    fsync(k->dirs.dir) < 0)
		return log_errno(hash_key_new);
	return E_OK;
}

enum err hash_key_keep(const struct keeper *k)
{
	return hash_key_write(k);
}

enum err hash_key_load(struct keeper *k)
{
	/* One byte more than a key, to see a longer file. */
	TRY(secret_new(KEEPER_HASH_KEY_BYTES + 1, &k->hash_key));
	if (hash_key_read(k) == E_OK)
		return E_OK;
	secret_random(k->hash_key.p, KEEPER_HASH_KEY_BYTES);
	if (hash_key_write(k) != E_OK)
		log_line(LOG_WARNING, "the key that leads clients to servers can't be kept: they "
				      "get others after the next start");
	return E_OK;
}
