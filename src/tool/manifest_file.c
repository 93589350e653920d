/* What is not exactly as tools/make-manifest writes it is no manifest. */
#include "tool/manifest_file.h"

#include "base/wbuf.h"
#include "sys/fd.h"
#include "tool/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MANIFEST_FILE_MAX = 1 << 20,
	MANIFEST_FORMAT = 2,
	MANIFEST_CHUNK = 8192,
	MANIFEST_MODE_DIGITS = 4
};

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

/* Printable, relative, and it stays below: no part is empty, "." or "..". */
static bool manifest_file_is_path(struct view path)
{
	while (path.n) {
		struct view part = view_slice(path, 0, view_find(path, '/'));

		for (size_t i = 0; i < part.n; i++)
			if (part.p[i] <= ' ' || part.p[i] > '~')
				return false;
		if (part.n == 0 || view_eq(part, VIEW(".")) || view_eq(part, VIEW("..")))
			return false;
		if (part.n + 1 == path.n)
			return false; /* it ends with a slash */
		path = view_slice(path, part.n + 1, path.n);
	}
	return true;
}

/* Four octal digits without setuid, setgid and sticky bits, which nothing of ours has. */
static enum err manifest_file_mode(const json_t *from, int *ret)
{
	const json_t *v = json_object_get(from, "mode");
	struct view text = view_of(json_string_value(v), json_string_length(v));
	int mode = 0;

	if (!v) {
		*ret = MANIFEST_NO_MODE;
		return E_OK;
	}
	if (text.n != MANIFEST_MODE_DIGITS || text.p[0] != '0')
		return E_PROTO;
	for (size_t i = 1; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '7')
			return E_PROTO;
		mode = mode * 8 + (text.p[i] - '0');
	}
	*ret = mode;
	return E_OK;
}

/* Where programs are: beside the manifest of a build; in two directories of an installation. */
static const char *manifest_file_name(const struct manifest_file *m, const char *path)
{
	static const struct view places[] = { VIEW_INIT("bin/"), VIEW_INIT("libexec/sluis/") };
	struct view all = view_str(path);

	if (!m->is_installed)
		return view_find(all, '/') == all.n ? path : NULL;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct view rest = view_slice(all, places[i].n, all.n);

		if (view_starts(all, places[i]) && view_find(rest, '/') == rest.n)
			return path + places[i].n;
	}
	return NULL;
}

static enum err manifest_file_entry(const struct manifest_file *m, const json_t *from,
				    struct manifest_entry *e)
{
	const json_t *bytes = json_object_get(from, "bytes");

	TRY(manifest_file_text(from, "path", e->path, sizeof e->path));
	TRY(manifest_file_text(from, "sha256", e->sha256, sizeof e->sha256));
	TRY(manifest_file_mode(from, &e->mode));
	if (!json_is_integer(bytes) || json_integer_value(bytes) < 0 ||
	    !manifest_file_is_hex(e->sha256) || !manifest_file_is_path(view_str(e->path)))
		return E_PROTO;
	e->bytes = (uint64_t)json_integer_value(bytes);
	e->is_optional = json_is_true(json_object_get(from, "optional"));
	e->program = manifest_file_name(m, e->path);
	return E_OK;
}

static enum err manifest_file_parse(const json_t *doc, struct manifest_file *m)
{
	const json_t *list = json_object_get(doc, "files"), *one = NULL;
	char base[8];
	size_t i = 0;

	if (json_integer_value(json_object_get(doc, "format")) != MANIFEST_FORMAT ||
	    json_array_size(list) == 0 || json_array_size(list) > MANIFEST_FILES_MAX)
		return E_PROTO;
	TRY(manifest_file_text(doc, "version", m->version, sizeof m->version));
	TRY(manifest_file_text(doc, "base", base, sizeof base));
	m->is_installed = view_eq(view_str(base), VIEW("../.."));
	if (!m->is_installed && !view_eq(view_str(base), VIEW(".")))
		return E_PROTO;
	json_array_foreach(list, i, one)
	{
		TRY(manifest_file_entry(m, one, &m->entry[i]));
		if (i && strcmp(m->entry[i - 1].path, m->entry[i].path) >= 0)
			return E_PROTO; /* twice, or not sorted */
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

const struct manifest_entry *manifest_file_program(const struct manifest_file *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->entry[i].program && view_eq(view_str(m->entry[i].program), view_str(name)))
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

static enum err manifest_file_sum(const EVP_MD *kind, int fd, char ret[MANIFEST_HEX + 1],
				  uint64_t *ret_bytes)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct wbuf w = wbuf_of(ret, MANIFEST_HEX);
	struct stat st = { 0 };
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	enum err e = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? E_OK : E_DENIED;

	if (e == E_OK && (!ctx || EVP_DigestInit_ex(ctx, kind, NULL) != 1))
		e = E_SYS;
	if (e == E_OK)
		e = manifest_file_digest(ctx, fd, ret_bytes);
	if (e == E_OK && EVP_DigestFinal_ex(ctx, hash, &n) != 1)
		e = E_SYS;
	EVP_MD_CTX_free(ctx);
	if (e == E_OK)
		wbuf_hex(&w, view_of(hash, n));
	ret[w.n] = '\0';
	return e;
}

enum err manifest_file_hash(int fd, char ret[MANIFEST_HEX + 1], uint64_t *ret_bytes)
{
	return manifest_file_sum(EVP_sha256(), fd, ret, ret_bytes);
}

enum err manifest_file_md5(int fd, char ret[MANIFEST_HEX + 1])
{
	uint64_t bytes = 0;

	return manifest_file_sum(EVP_md5(), fd, ret, &bytes);
}
