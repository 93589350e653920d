/*
 * An interruption may come between any two lines. Each key is therefore looked at before it is
 * made: one whose fingerprint is no longer that of the beginning has been made already, and all
 * that is left is that every role has it.
 */
#include "tool/rotate_machine.h"

#include "sys/fd.h"
#include "tool/rotate_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool rotate_machine_wants(const struct rotate_item *i, const struct rotate_item *only)
{
	return i->progress == ROTATE_OPEN && (!only || i == only);
}

static bool rotate_machine_differs(const char *was, const char *now)
{
	return !view_eq(view_str(was), view_str(now));
}

static enum err rotate_machine_sessions(struct rotate *r, struct rotate_item *i)
{
	char text[80];
	uint32_t n = 0;

	if (rotate_ask_sessions(r, &n) != 0)
		return E_SYS;
	(void)snprintf(text, sizeof text, "%u sessions ended", (unsigned)n);
	return rotate_item_close(r, i, ROTATE_IS_DONE, text);
}

/* ---- the key of assertions ---- */

static enum err rotate_machine_replace_token(int dir)
{
	struct rotate_file_owner owner = { .mode = 0600 };
	struct stat st = { 0 };
	EVP_PKEY *key = NULL;
	enum err e = E_OK;

	if (fstatat(dir, "token.key", &st, AT_SYMLINK_NOFOLLOW) < 0 && fstat(dir, &st) < 0)
		return rotate_file_failed("token.key");
	owner.uid = st.st_uid;
	owner.gid = st.st_gid;
	key = rotate_key_p256();
	if (!key)
		return E_SYS;
	e = rotate_key_put(key, dir, "token.key", &owner);
	EVP_PKEY_free(key);
	return e;
}

/* A new key in the place of the old one, which is gone with its public half: nothing that it has
 * signed is believed any more. */
static enum err rotate_machine_token(struct rotate *r, const struct rotate_item *i)
{
	AUTO_FD dir = openat(r->dir_fd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char now[ROTATE_PRINT + 1];

	if (dir < 0)
		return rotate_file_failed("DIR/keys");
	TRY(rotate_item_token_print(r, now));
	if (!rotate_machine_differs(i->was, now))
		TRY(rotate_machine_replace_token(dir));
	if (unlinkat(dir, "token.old.key", 0) < 0 && errno != ENOENT)
		return rotate_file_failed("token.old.key");
	return fsync(dir) == 0 ? E_OK : rotate_file_failed("DIR/keys");
}

/* ---- the keeper's ---- */

static const struct rotate_item_key *rotate_machine_key(const struct rotate_item *i)
{
	for (unsigned k = 0; k < ROTATE_KEEPER_KEYS; k++)
		if (view_eq(view_str(rotate_item_keys[k].name), view_str(i->name)))
			return &rotate_item_keys[k];
	return NULL;
}

/* The bit of a key that is still the one of the beginning. */
static enum err rotate_machine_bit(const struct rotate *r, const struct rotate_item *i,
				   uint8_t *keys)
{
	const struct rotate_item_key *key = rotate_machine_key(i);
	char now[ROTATE_PRINT + 1] = "";

	if (!key)
		return E_OK;
	if (key->file)
		TRY(rotate_file_print(r->dir_fd, key->file, now));
	if (!rotate_machine_differs(i->was, now))
		*keys |= key->bit;
	return E_OK;
}

/* Everything that one renewal will bring into force. E_CLOSED: nothing is open */
static enum err rotate_machine_prepare(struct rotate *r, const struct rotate_item *only,
				       uint8_t *keys)
{
	bool is_any = false;

	for (size_t at = 0; at < r->list.n; at++) {
		struct rotate_item *i = &r->list.items[at];

		if (!rotate_machine_wants(i, only))
			continue;
		if (i->kind == ROTATE_TOKEN)
			TRY(rotate_machine_token(r, i));
		else if (i->kind == ROTATE_KEEPER_KEY)
			TRY(rotate_machine_bit(r, i, keys));
		else
			continue;
		is_any = true;
	}
	return is_any ? E_OK : E_CLOSED;
}

static const char *rotate_machine_words(const struct rotate_item *i)
{
	if (i->kind == ROTATE_TOKEN)
		return "a new key signs; the old public key is no longer in the key set";
	if (view_eq(view_str(i->name), VIEW("tickets")))
		return "new keys in memory: older session tickets open nothing";
	if (view_eq(view_str(i->name), VIEW("store.key")))
		return "all sealed secrets are sealed under the new key, the old one is gone";
	return "a new key in all roles";
}

/* Looked at afresh: what is still as it was at the beginning is not done. */
static enum err rotate_machine_settle(struct rotate *r, struct rotate_item *i)
{
	const struct rotate_item_key *key = rotate_machine_key(i);
	bool has_print = i->kind == ROTATE_TOKEN || (key && key->file);

	if (i->kind == ROTATE_TOKEN)
		TRY(rotate_item_token_print(r, i->now));
	else if (key && key->file)
		TRY(rotate_file_print(r->dir_fd, key->file, i->now));
	if (!has_print || rotate_machine_differs(i->was, i->now))
		return rotate_item_close(r, i, ROTATE_IS_DONE, rotate_machine_words(i));
	i->now[0] = '\0';
	(void)fprintf(stderr, "sluis: %s is still the old one: look at the log\n", i->name);
	(void)rotate_ask_record(r, ROTATE_FAILED, i->name, "it is still the old one");
	return E_DENIED;
}

static enum err rotate_machine_keys(struct rotate *r, const struct rotate_item *only)
{
	uint8_t keys = 0;
	enum err e = rotate_machine_prepare(r, only, &keys), one = E_OK;

	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	if (rotate_ask_keys(r, keys) != 0)
		return E_SYS;
	for (size_t at = 0; at < r->list.n; at++) {
		struct rotate_item *i = &r->list.items[at];

		if ((i->kind != ROTATE_TOKEN && i->kind != ROTATE_KEEPER_KEY) ||
		    !rotate_machine_wants(i, only))
			continue;
		one = rotate_machine_settle(r, i);
		e = one == E_OK ? e : one;
	}
	return e;
}

enum err rotate_machine_do(struct rotate *r, const struct rotate_item *only)
{
	enum err e = E_OK, one = E_OK;

	for (size_t at = 0; at < r->list.n; at++) {
		struct rotate_item *i = &r->list.items[at];

		if (i->kind != ROTATE_SESSIONS || !rotate_machine_wants(i, only))
			continue;
		one = rotate_machine_sessions(r, i);
		e = one == E_OK ? e : one;
	}
	one = rotate_machine_keys(r, only);
	return e == E_OK ? one : e;
}
