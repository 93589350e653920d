/* Files of keys: made with mode 0600, refused when others may read them. */
#include "role/signer/key_store.h"

#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_STORE_BYTES = 4096 };

enum err key_store_write(int dir_fd, const char *name, const char *new_name, mode_t mode,
			 struct view text)
{
	AUTO_FD fd = -1;

	if (unlinkat(dir_fd, new_name, 0) < 0 && errno != ENOENT)
		return log_errno("removing a left-over file of the key directory");
	fd = openat(dir_fd, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return log_errno("making a file in the key directory");
	if (fchmod(fd, mode) < 0 || fd_write_all(fd, text) != E_OK || fsync(fd) < 0)
		return log_errno("writing a file in the key directory");
	if (renameat(dir_fd, new_name, dir_fd, name) < 0 || fsync(dir_fd) < 0)
		return log_errno("renaming a file in the key directory");
	return E_OK;
}

static EVP_PKEY *key_store_generate(const struct key_store_kind *k, OSSL_LIB_CTX *libctx)
{
	return k->group ? EVP_PKEY_Q_keygen(libctx, NULL, k->algorithm, k->group)
			: EVP_PKEY_Q_keygen(libctx, NULL, k->algorithm);
}

static enum err key_store_make(const struct key_store_kind *k, OSSL_LIB_CTX *libctx, int dir_fd)
{
	EVP_PKEY *pkey = key_store_generate(k, libctx);
	BIO *bio = pkey ? BIO_new(BIO_s_secmem()) : NULL;
	char *text = NULL;
	long n = 0;
	enum err e = E_NOMEM;

	if (bio && PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1)
		n = BIO_get_mem_data(bio, &text);
	if (n > 0)
		e = key_store_write(dir_fd, k->name, k->new_name, S_IRUSR | S_IWUSR,
				    view_of(text, (size_t)n));
	BIO_free(bio);
	EVP_PKEY_free(pkey);
	return e;
}

static bool key_store_is_kind(const struct key_store_kind *k, const EVP_PKEY *pkey)
{
	char group[32] = { 0 };
	size_t n = 0;

	if (!EVP_PKEY_is_a(pkey, k->algorithm))
		return false;
	return !k->group || (EVP_PKEY_get_group_name(pkey, group, sizeof group, &n) == 1 &&
			     view_eq(view_str(group), view_str(k->group)));
}

static enum err key_store_parse(const struct key_store_kind *k, OSSL_LIB_CTX *libctx,
				struct view pem, EVP_PKEY **ret)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	char no_pass_phrase[] = "";
	EVP_PKEY *pkey =
		bio ? PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, no_pass_phrase, libctx, NULL)
		    : NULL;

	BIO_free(bio);
	ERR_clear_error();
	if (!pkey || !key_store_is_kind(k, pkey)) {
		EVP_PKEY_free(pkey);
		return E_DENIED;
	}
	*ret = pkey;
	return E_OK;
}

enum err key_store_read(const struct key_store_kind *k, OSSL_LIB_CTX *libctx, int dir_fd,
			EVP_PKEY **ret, const char **ret_why)
{
	AUTO_FD fd = openat(dir_fd, k->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct secret file = { 0 };
	struct wbuf w = { 0 };
	struct stat st = { 0 };
	enum err e = E_OK;

	*ret_why = k->why_unread;
	if (fd < 0)
		return errno == ENOENT ? E_AGAIN : log_errno("opening a file of the key directory");
	if (fstat(fd, &st) < 0)
		return log_errno("fstat of a file of the key directory");
	*ret_why = k->why_open;
	if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IRWXG | S_IRWXO)))
		return E_DENIED;
	*ret_why = k->why_none;
	TRY(secret_new(KEY_STORE_BYTES, &file));
	w = wbuf_of(file.p, file.n);
	e = fd_read_all(fd, &w);
	if (e == E_OK)
		e = key_store_parse(k, libctx, wbuf_view(&w), ret);
	secret_done(&file);
	return e;
}

enum err key_store_open(const struct key_store_kind *k, OSSL_LIB_CTX *libctx, int dir_fd,
			EVP_PKEY **ret, const char **ret_why)
{
	enum err e = key_store_read(k, libctx, dir_fd, ret, ret_why);

	if (e == E_AGAIN) {
		*ret_why = k->why_unmade;
		TRY(key_store_make(k, libctx, dir_fd));
		e = key_store_read(k, libctx, dir_fd, ret, ret_why);
	}
	return e == E_AGAIN ? E_SYS : e;
}

uint64_t key_store_made_s(const struct key_store_kind *k, int dir_fd)
{
	struct stat st = { 0 };

	if (fstatat(dir_fd, k->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_mtim.tv_sec < 0)
		return 0;
	return (uint64_t)st.st_mtim.tv_sec;
}
