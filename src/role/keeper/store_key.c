/* Written beside its name and renamed: it is never half there. */
#include "role/keeper/store_key.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char store_key_file[] = "store.key", store_key_new[] = "store.key.new",
		  store_key_file_next[] = "store.key.next";

/* E_AGAIN: there is none. */
static enum err store_key_read(struct keeper *k, const char *name, struct secret *into)
{
	AUTO_FD fd = openat(k->dirs.dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct wbuf w = wbuf_of(into->p, into->n);
	struct stat st = { 0 };

	if (fd < 0 && errno == ENOENT)
		return E_AGAIN;
	if (fd < 0 || fstat(fd, &st) < 0)
		return log_errno(name);
	if (S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077) &&
	    fd_read_all(fd, &w) == E_OK && w.n == KEEPER_STORE_KEY_BYTES)
		return E_OK;
	log_line(LOG_ERROR,
		 "%s is not whole, or not the keeper's alone (mode 0600): put the right one back "
		 "from your backup; without it no secret in the store of users opens",
		 name);
	return E_DENIED;
}

static enum err store_key_write(const struct keeper *k, const char *name, const struct secret *key)
{
	AUTO_FD fd = -1;

	if (unlinkat(k->dirs.dir, store_key_new, 0) < 0 && errno != ENOENT)
		return log_errno(store_key_new);
	fd = openat(k->dirs.dir, store_key_new,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fd_write_all(fd, view_of(key->p, KEEPER_STORE_KEY_BYTES)) != E_OK ||
	    fsync(fd) < 0 || renameat(k->dirs.dir, store_key_new, k->dirs.dir, name) < 0 ||
	    fsync(k->dirs.dir) < 0)
		return log_errno(name);
	return E_OK;
}

/* A change of keys that was begun: the store may be under the one or the other. */
static enum err store_key_load_next(struct keeper *k)
{
	enum err got = E_OK;

	TRY(secret_new(KEEPER_STORE_KEY_BYTES + 1, &k->store_key_next));
	got = store_key_read(k, store_key_file_next, &k->store_key_next);
	if (got != E_OK)
		secret_done(&k->store_key_next);
	return got == E_AGAIN ? E_OK : got;
}

enum err store_key_load(struct keeper *k)
{
	enum err got = E_OK;

	/* One byte more than a key, to see a longer file */
	if (!k->store_key.p)
		TRY(secret_new(KEEPER_STORE_KEY_BYTES + 1, &k->store_key));
	got = store_key_read(k, store_key_file, &k->store_key);
	if (got == E_OK)
		return store_key_load_next(k);
	if (got != E_AGAIN)
		return got;
	secret_random(k->store_key.p, KEEPER_STORE_KEY_BYTES);
	return store_key_write(k, store_key_file, &k->store_key);
}

enum err store_key_next(struct keeper *k)
{
	enum err e = E_OK;

	if (k->store_key_next.p)
		return E_OK;
	TRY(secret_new(KEEPER_STORE_KEY_BYTES + 1, &k->store_key_next));
	secret_random(k->store_key_next.p, KEEPER_STORE_KEY_BYTES);
	e = store_key_write(k, store_key_file_next, &k->store_key_next);
	if (e != E_OK)
		secret_done(&k->store_key_next);
	return e;
}

enum err store_key_resealed(struct keeper *k)
{
	if (!k->store_key_next.p)
		return E_DENIED;
	if (renameat(k->dirs.dir, store_key_file_next, k->dirs.dir, store_key_file) < 0 ||
	    fsync(k->dirs.dir) < 0)
		return log_errno(store_key_file); /* both are there: the next start goes on */
	for (size_t i = 0; i < KEEPER_STORE_KEY_BYTES; i++)
		k->store_key.p[i] = k->store_key_next.p[i];
	secret_done(&k->store_key_next);
	return E_OK;
}
