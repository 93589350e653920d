/* What is not exactly as tools/make-manifest writes it is no manifest. */
#include "tool/manifest_file.h"

#include "base/wbuf.h"
#include "sys/fd.h"
#include "tool/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MANIFEST_FILE_MAX = 1 << 20, MANIFEST_FORMAT = 1, MANIFEST_CHUNK = 8192 };

static enum err manifest_file_text(const json_t *from, const char *key, char *ret, size_t cap)
{
	const json_t *v = json_object_get(from, key);
	struct wbuf w = wbuf_of(ret, cap - 1);

	wbuf_view_put(&w, view_of(json_string_value(v), json_string_length(v)));
	if (w.bad || w.n == 0)
		return E_PROTO;
	ret[w.n] = '\0';
	return view_find(wbuf_view(&w), '\0') == w.n ? E_OK : E_PROTO;
}

static bool manifest_file_is_hex(const char *text)
{
	size_t n = 0;

	while ((text[n] >= '0' && text[n] <= '9') || (text[n] >= 'a' && text[n] <= 'f'))
		n++;
	return n == MANIFEST_HEX && text[n] == '\0';
}

static enum err manifest_file_entry(const json_t *from, struct manifest_entry *e)
{
	const json_t *bytes = json_object_get(from, "bytes");

	TRY(manifest_file_text(from, "name", e->name, sizeof e->name));
	TRY(manifest_file_text(from, "sha256", e->sha256, sizeof e->sha256));
	if (!json_is_integer(bytes) || json_integer_value(bytes) < 0 ||
	    !manifest_file_is_hex(e->sha256) ||
	    view_find(view_str(e->name), '/') != view_str(e->name).n)
		return E_PROTO;
	e->bytes = (uint64_t)json_integer_value(bytes);
	return E_OK;
}

static enum err manifest_file_parse(const json_t *doc, struct manifest_file *m)
{
	const json_t *list = json_object_get(doc, "programs"), *one = NULL;
	size_t i = 0;

	if (json_integer_value(json_object_get(doc, "format")) != MANIFEST_FORMAT ||
	    json_array_size(list) == 0 || json_array_size(list) > MANIFEST_FILES_MAX)
		return E_PROTO;
	TRY(manifest_file_text(doc, "version", m->version, sizeof m->version));
	json_array_foreach(list, i, one)
	{
		TRY(manifest_file_entry(one, &m->entry[i]));
		if (manifest_file_find(m, m->entry[i].name))
			return E_PROTO; /* twice */
		m->n++;
	}
	return E_OK;
}

static enum err manifest_file_load(int fd, struct manifest_file *m)
{
	struct proc_file text = { 0 };
	json_t *doc = NULL;
	uint64_t bytes = 0;
	enum err e = proc_file_read_fd(fd, MANIFEST_FILE_MAX, &text);

	if (e == E_OK && !text.is_cut)
		doc = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	if (e == E_OK)
		e = doc ? manifest_file_parse(doc, m) : E_PROTO;
	if (e == E_OK)
		e = lseek(fd, 0, SEEK_SET) == 0 ? manifest_file_hash(fd, m->sha256, &bytes) : E_SYS;
	json_decref(doc);
	proc_file_done(&text);
	return e;
}

enum err manifest_file_read(const char *path, struct manifest_file *ret)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return proc_file_error(errno);
	*ret = (struct manifest_file){ 0 };
	return manifest_file_load(fd, ret);
}

const struct manifest_entry *manifest_file_find(const struct manifest_file *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (view_eq(view_str(m->entry[i].name), view_str(name)))
			return &m->entry[i];
	return NULL;
}

static enum err manifest_file_digest(EVP_MD_CTX *ctx, int fd, uint64_t *ret_bytes)
{
	uint8_t buf[MANIFEST_CHUNK];
	uint64_t total = 0;

	for (;;) {
		ssize_t n = read(fd, buf, sizeof buf);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return E_SYS;
		if (n == 0)
			break;
		if (EVP_DigestUpdate(ctx, buf, (size_t)n) != 1)
			return E_SYS;
		total += (uint64_t)n;
	}
	*ret_bytes = total;
	return E_OK;
}

enum err manifest_file_hash(int fd, char ret[MANIFEST_HEX + 1], uint64_t *ret_bytes)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct wbuf w = wbuf_of(ret, MANIFEST_HEX);
	struct stat st = { 0 };
	uint8_t hash[MANIFEST_HEX / 2];
	enum err e = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? E_OK : E_DENIED;

	if (e == E_OK && (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1))
		e = E_SYS;
	if (e == E_OK)
		e = manifest_file_digest(ctx, fd, ret_bytes);
	if (e == E_OK && EVP_DigestFinal_ex(ctx, hash, NULL) != 1)
		e = E_SYS;
	EVP_MD_CTX_free(ctx);
	wbuf_hex(&w, view_of(hash, sizeof hash));
	ret[MANIFEST_HEX] = '\0';
	return e;
}
