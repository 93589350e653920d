/* OpenSSL keeps numbers in memory as limbs, the least first: on this machine all bytes reversed. */
#include "tool/blast_key.h"

#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_NUMBER = 1024, KEY_LINE = 48 };

enum err blast_key_open(struct blast_keys *k)
{
	*k = (struct blast_keys){ 0 };
	return blast_search_new(&k->search);
}

void blast_key_close(struct blast_keys *k)
{
	blast_search_free(k->search);
	*k = (struct blast_keys){ 0 };
}

static bool key_put_both(struct blast_keys *k, struct view number)
{
	uint8_t back[KEY_NUMBER];
	struct wbuf w = wbuf_of(back, sizeof back);
	bool is_put = false;

	for (size_t i = number.n; i > 0; i--)
		wbuf_u8(&w, number.p[i - 1]);
	is_put = blast_search_add(k->search, k->n, number) == E_OK &&
		 blast_search_add(k->search, k->n, wbuf_view(&w)) == E_OK;
	secret_wipe(back, sizeof back);
	return is_put;
}

/* A number that has it all: a prime of RSA, the scalar of a curve. */
static bool key_put_number(struct blast_keys *k, const EVP_PKEY *key, const char *name)
{
	BIGNUM *number = NULL;
	uint8_t bytes[KEY_NUMBER];
	int n = 0;
	bool is_put = false;

	if (EVP_PKEY_get_bn_param(key, name, &number) != 1)
		return false;
	n = BN_num_bytes(number);
	if (n > 0 && n <= KEY_NUMBER)
		is_put = key_put_both(k, view_of(bytes, (size_t)BN_bn2bin(number, bytes)));
	BN_clear_free(number);
	secret_wipe(bytes, sizeof bytes);
	return is_put;
}

static bool key_put_raw(struct blast_keys *k, const EVP_PKEY *key)
{
	uint8_t bytes[KEY_NUMBER];
	size_t n = sizeof bytes;
	bool is_put = EVP_PKEY_get_raw_private_key(key, bytes, &n) == 1 &&
		      blast_search_add(k->search, k->n, view_of(bytes, n)) == E_OK;

	secret_wipe(bytes, sizeof bytes);
	return is_put;
}

static bool key_put_parsed(struct blast_keys *k, const EVP_PKEY *key)
{
	static const char *const parts[] = { OSSL_PKEY_PARAM_RSA_FACTOR1,
					     OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_D };
	bool is_put = false;

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		return key_put_number(k, key, OSSL_PKEY_PARAM_PRIV_KEY);
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA &&
	    EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA_PSS)
		return key_put_raw(k, key);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		is_put |= key_put_number(k, key, parts[i]);
	return is_put;
}

/* The second line of a PEM block: the first is the same for all keys of a kind. */
static void key_put_text(struct blast_keys *k, struct view text)
{
	bool is_inside = false;
	unsigned lines = 0;

	while (text.n) {
		struct view line = view_slice(text, 0, view_find(text, '\n'));

		text = view_slice(text, line.n + 1, text.n);
		if (view_starts(line, VIEW("-----"))) {
			is_inside = view_starts(line, VIEW("-----BEGIN ")) &&
				    view_ends(line, VIEW("PRIVATE KEY-----"));
			lines = 0;
		} else if (is_inside && ++lines == 2 && line.n >= KEY_LINE) {
			/* Too short or too many: the numbers are looked for all the same */
			if (blast_search_add(k->search, k->n, line) != E_OK)
				return;
		}
	}
}

/* An encrypted one is left alone: nobody is asked for its password. */
static int key_no_password(char *to, int size, int is_writing, void *arg)
{
	(void)to;
	(void)size;
	(void)is_writing;
	(void)arg;
	return -1;
}

static bool key_put(struct blast_keys *k, struct view text)
{
	BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, key_no_password, NULL) : NULL;
	bool is_put = key && key_put_parsed(k, key);

	if (is_put)
		key_put_text(k, text);
	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return is_put;
}

static bool key_read(const char *path, struct wbuf *w)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st = { 0 };

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	       st.st_size < BLAST_KEY_FILE && fd_read_all(fd, w) == E_OK;
}

static bool key_is_there(const struct blast_keys *k, const char *path)
{
	for (unsigned i = 0; i < k->n; i++)
		if (view_eq(view_str(k->path[i]), view_str(path)))
			return true;
	return false;
}

void blast_key_add(struct blast_keys *k, const char *path)
{
	struct secret room = { 0 };
	struct wbuf w = { 0 };

	if (!k->search || key_is_there(k, path))
		return;
	if (k->n == BLAST_SEARCH_KEYS || view_str(path).n >= BLAST_KEY_PATH ||
	    secret_new(BLAST_KEY_FILE, &room) != E_OK) {
		k->left_out++;
		return;
	}
	w = wbuf_of(room.p, room.n);
	if (key_read(path, &w) && key_put(k, wbuf_view(&w)))
		(void)snprintf(k->path[k->n++], BLAST_KEY_PATH, "%s", path);
	else
		k->left_out++;
	secret_done(&room);
}
