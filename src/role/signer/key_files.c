/* Reading key files: into locked memory, wiped as soon as OpenSSL has its own copy. */
#include "role/signer/key_files.h"

#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_FILES_BYTES = 64 * 1024, KEY_FILES_PATH = 4096 };

static void key_files_say(struct wbuf *why, const struct image *im,
			  const struct image_certificate *c, const char *text)
{
	WBUF_LIT(why, "certificate ");
	wbuf_view_put(why, image_view(im, c->name));
	WBUF_LIT(why, ": key ");
	wbuf_view_put(why, image_view(im, c->key_path));
	WBUF_LIT(why, ": ");
	wbuf_str(why, text);
}

/* The whole file; E_SYS with errno's text said, E_LIMIT. */
static enum err key_files_read(const char *path, struct wbuf *into, const char **ret_why,
			       mode_t *ret_mode)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st = { 0 };

	if (fd < 0 || fstat(fd, &st) < 0) {
		*ret_why = strerrordesc_np(errno);
		return E_SYS;
	}
	*ret_why = "it is no regular file";
	if (!S_ISREG(st.st_mode))
		return E_DENIED;
	*ret_mode = st.st_mode;
	*ret_why = "it can't be read, or is larger than 64 kB";
	return fd_read_all(fd, into);
}

static enum err key_files_one(struct keys *k, const struct image *im, uint32_t i,
			      struct secret *file, struct wbuf *why)
{
	const struct image_certificate *c = image_certificate_at(im, i);
	char path[KEY_FILES_PATH] = { 0 };
	struct wbuf w = wbuf_of(path, sizeof path - 1), text = wbuf_of(file->p, file->n);
	const char *reason = "its path is too long";
	mode_t mode = 0;
	enum err e = E_OK;

	wbuf_view_put(&w, image_view(im, c->key_path));
	e = w.bad ? E_LIMIT : key_files_read(path, &text, &reason, &mode);
	if (e == E_OK)
		e = keys_parse(k, wbuf_view(&text), image_view(im, c->spki), &k->key[i], &reason);
	secret_wipe(file->p, file->n);
	if (e != E_OK) {
		key_files_say(why, im, c, reason);
		return e;
	}
	k->key[i].is_server = c->is_server;
	k->key[i].is_client = c->is_client;
	if (mode & (S_IRWXO | S_IWGRP))
		log_line(LOG_WARNING, "key file %s is open to other users: chmod 0600", path);
	return E_OK;
}

enum err key_files_load(struct keys *k, const struct image *im, struct arena *arena,
			struct wbuf *ret_why)
{
	uint32_t n = (uint32_t)image_count(im, IMAGE_CERTIFICATE);
	struct secret file = { 0 };
	enum err e = E_OK;

	k->key = ARENA_NEW(arena, struct keys_key, n ? n : 1);
	if (!k->key || secret_new(KEY_FILES_BYTES, &file) != E_OK) {
		wbuf_str(ret_why, "no locked memory for key files: raise the memory lock limit");
		return E_NOMEM;
	}
	k->n = n;
	for (uint32_t i = 0; i < n && e == E_OK; i++)
		e = key_files_one(k, im, i, &file, ret_why);
	secret_done(&file);
	return e;
}
