/*
 * Two keys in one file, {id, 32 bytes} each: the one that makes cookies, then the one before it
 * (id 0: there is none). Written beside the old file and renamed over it: it is never half there.
 */
#include "role/keeper/persist_key.h"

#include "ipc/keeper_role.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PERSIST_KEY_RENEW_S = 30 * 24 * 3600 /* the greatest max_age of a cookie */ };

static const char persist_key_file[] = "persistence.key", persist_key_new[] = "persistence.key.new";

/* Ours alone, whole, and with a key in it; *ret_age_s since it was made. */
static enum err persist_key_read(struct keeper *k, int64_t *ret_age_s)
{
	AUTO_FD fd = openat(k->dirs.dir, persist_key_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct wbuf w = wbuf_of(k->persist_keys.p, k->persist_keys.n);
	struct stat st = { 0 };

	if (fd < 0 && errno == ENOENT)
		return E_AGAIN;
	if (fd < 0 || fstat(fd, &st) < 0)
		return log_errno(persist_key_file);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) ||
	    st.st_size != PERSIST_KEYS_BYTES || fd_read_all(fd, &w) != E_OK ||
	    w.n != PERSIST_KEYS_BYTES || w.p[0] == 0) {
		log_line(LOG_WARNING,
			 "%s is not whole, or not the keeper's alone: a new one is made, clients "
			 "with persistence cookies are balanced anew",
			 persist_key_file);
		return E_DENIED;
	}
	*ret_age_s = clock_wall_us() / 1000000 - st.st_mtime;
	return E_OK;
}

static enum err persist_key_write(const struct keeper *k)
{
	AUTO_FD fd = -1;

	if (unlinkat(k->dirs.dir, persist_key_new, 0) < 0 && errno != ENOENT)
		return log_errno(persist_key_new);
	fd = openat(k->dirs.dir, persist_key_new,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return log_errno(persist_key_new);
	TRY(fd_write_all(fd, view_of(k->persist_keys.p, PERSIST_KEYS_BYTES)));
	if (fsync(fd) < 0 ||
	    renameat(k->dirs.dir, persist_key_new, k->dirs.dir, persist_key_file) < 0 ||
	    fsync(k->dirs.dir) < 0)
		return log_errno(persist_key_file);
	return E_OK;
}

/* A new first key; the one that was first opens what it has made. */
static void persist_key_renew(struct keeper *k)
{
	uint8_t *p = k->persist_keys.p;
	uint8_t before = p[0];

	for (size_t i = 0; i < PERSIST_KEY_BYTES; i++)
		p[PERSIST_KEY_BYTES + i] = p[i];
	secret_random(p + 1, PERSIST_KEY_BYTES - 1);
	p[0] = (uint8_t)(before % UINT8_MAX + 1);
}

void persist_key_fresh(struct keeper *k)
{
	uint8_t before = k->renew.was[1].p[0];

	secret_wipe(k->persist_keys.p, k->persist_keys.n);
	secret_random(k->persist_keys.p + 1, PERSIST_KEY_BYTES - 1);
	k->persist_keys.p[0] = (uint8_t)(before % UINT8_MAX + 1);
}

enum err persist_key_keep(const struct keeper *k)
{
	return persist_key_write(k);
}

enum err persist_key_load(struct keeper *k)
{
	int64_t age_s = 0;
	enum err got = E_OK;

	if (!k->persist_keys.p)
		TRY(secret_new(PERSIST_KEYS_BYTES + 1 /* to see a file's end */, &k->persist_keys));
	got = persist_key_read(k, &age_s);
	if (got == E_OK && age_s < PERSIST_KEY_RENEW_S)
		return E_OK;
	if (got != E_OK)
		secret_wipe(k->persist_keys.p, k->persist_keys.n);
	persist_key_renew(k);
	if (persist_key_write(k) != E_OK)
		log_line(LOG_WARNING,
			 "the key of persistence cookies can't be kept: clients are balanced anew "
			 "after the next start");
	return E_OK;
}
