/*
 * Two passes over the file: the first finds the end of the content and with it the tag that
 * authenticates it; the second decrypts, piece by piece, through OpenSSL. The result is worth
 * something only when all of it has gone through.
 */
#include "tool/evidence_in.h"

#include "sys/fd.h"
#include "tool/evidence_ber.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IN_BUFFER = 1 << 18 };

struct in_job {
	struct evidence_in *in;
	const char *why;
	enum err failed; /* of on_bytes */
	int fd;
	uint64_t size;
	uint8_t *buf; /* owned, IN_BUFFER */
	/* the envelope: front without the content's tag, then tail */
	uint8_t envelope[EVIDENCE_BER_FRONT + EVIDENCE_BER_TAIL];
	size_t envelope_n, front;
	uint64_t content; /* where the first piece begins */
	/* second pass */
	uint64_t at;
	size_t left; /* of the present piece */
	bool is_end;
};

static enum err in_fail(struct in_job *j, enum err e, const char *why)
{
	j->why = why;
	return e;
}

/* Bytes of the file at this place, fewer only at its end. */
static size_t in_peek(struct in_job *j, uint64_t at, void *to, size_t n)
{
	uint8_t *p = to;
	size_t have = 0;

	while (have < n) {
		ssize_t got = pread(j->fd, &p[have], n - have, (off_t)(at + have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	return have;
}

/* ---- first pass ---- */

static enum err in_find_end(struct in_job *j, uint64_t *ret_end)
{
	uint8_t head[EVIDENCE_BER_HEAD];
	uint64_t at = j->content;

	for (;;) {
		size_t head_n = 0, n = 0;
		size_t have = in_peek(j, at, head, sizeof head);
		enum err e = evidence_ber_piece(view_of(head, have), &head_n, &n);

		if (e == E_CLOSED) {
			*ret_end = at + 2;
			return E_OK;
		}
		if (e != E_OK || at + head_n + n > j->size)
			return in_fail(j, E_DENIED, "the file is damaged, or cut off");
		at += head_n + n;
	}
}

static enum err in_envelope(struct in_job *j)
{
	size_t n = in_peek(j, 0, j->envelope, EVIDENCE_BER_FRONT), tail = 0;
	uint64_t end = 0;

	if (evidence_ber_front(view_of(j->envelope, n), &j->front) != E_OK)
		return in_fail(j, E_PROTO, "this is neither a bundle nor an encrypted bundle");
	j->content = j->front + 2;
	TRY(in_find_end(j, &end));
	tail = in_peek(j, end, &j->envelope[j->front], EVIDENCE_BER_TAIL);
	if (end + tail != j->size ||
	    evidence_ber_tail(view_of(&j->envelope[j->front], tail)) != E_OK)
		return in_fail(j, E_DENIED, "the file is damaged, or cut off");
	j->envelope_n = j->front + tail;
	return E_OK;
}

/* ---- second pass: OpenSSL reads pieces here and writes what they say there ---- */

static int in_bio_read(BIO *bio, char *to, int n)
{
	struct in_job *j = BIO_get_data(bio);
	uint8_t head[EVIDENCE_BER_HEAD];
	size_t head_n = 0, have = 0;

	while (!j->is_end && j->left == 0) {
		have = in_peek(j, j->at, head, sizeof head);
		if (evidence_ber_piece(view_of(head, have), &head_n, &j->left) != E_OK)
			j->is_end = true;
		else
			j->at += head_n;
	}
	if (j->is_end || n <= 0)
		return 0;
	have = in_peek(j, j->at, to, (size_t)n < j->left ? (size_t)n : j->left);
	j->at += have;
	j->left -= have;
	return (int)have;
}

static int in_bio_write(BIO *bio, const char *from, int n)
{
	struct in_job *j = BIO_get_data(bio);

	if (n <= 0)
		return 0;
	j->failed = j->in->on_bytes(j->in->arg, view_of(from, (size_t)n));
	return j->failed == E_OK ? n : -1;
}

static long in_bio_ctrl(BIO *bio, int command, long n, void *p)
{
	const struct in_job *j = BIO_get_data(bio);

	(void)n;
	(void)p;
	if (command == BIO_CTRL_EOF)
		return j->is_end;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *in_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sluis evidence");

	if (!m || BIO_meth_set_read(m, in_bio_read) != 1 ||
	    BIO_meth_set_write(m, in_bio_write) != 1 || BIO_meth_set_ctrl(m, in_bio_ctrl) != 1) {
		BIO_meth_free(m);
		return NULL;
	}
	return m;
}

static enum err in_decrypt_with(struct in_job *j, EVP_PKEY *key, BIO_METHOD *method)
{
	const uint8_t *p = j->envelope;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)j->envelope_n);
	BIO *from = BIO_new(method), *to = BIO_new(method);
	enum err e = in_fail(j, E_PROTO, "its envelope is not understood");

	if (cms && from && to) {
		BIO_set_data(from, j);
		BIO_set_data(to, j);
		BIO_set_init(from, 1);
		BIO_set_init(to, 1);
		j->at = j->content;
		e = CMS_decrypt(cms, key, NULL, from, to, CMS_BINARY) == 1
			    ? E_OK
			    : in_fail(j, E_DENIED,
				      "it can't be decrypted: the key is not a recipient's, or the "
				      "bundle was altered");
	}
	if (j->failed != E_OK)
		e = j->failed;
	BIO_free(from);
	BIO_free(to);
	CMS_ContentInfo_free(cms);
	return e;
}

static enum err in_decrypt(struct in_job *j)
{
	BIO *file = NULL;
	EVP_PKEY *key = NULL;
	BIO_METHOD *method = NULL;
	enum err e = E_OK;

	j->in->was_encrypted = true;
	TRY(in_envelope(j));
	if (!j->in->key_path)
		return in_fail(j, E_DENIED, "it is encrypted: say --key with a recipient's key");
	file = BIO_new_file(j->in->key_path, "r");
	key = file ? PEM_read_bio_PrivateKey(file, NULL, NULL, NULL) : NULL;
	method = in_method();
	if (!key)
		e = in_fail(j, E_DENIED, "the key can't be read as a private key in PEM form");
	else
		e = method ? in_decrypt_with(j, key, method) : E_NOMEM;
	BIO_meth_free(method);
	EVP_PKEY_free(key);
	BIO_free(file);
	ERR_clear_error();
	return e;
}

static enum err in_plain(struct in_job *j)
{
	for (uint64_t at = 0; at < j->size;) {
		size_t n = in_peek(j, at, j->buf, IN_BUFFER);

		if (n == 0)
			return in_fail(j, E_SYS, "it can't be read to its end");
		TRY(j->in->on_bytes(j->in->arg, view_of(j->buf, n)));
		at += n;
	}
	return E_OK;
}

static enum err in_open(struct in_job *j)
{
	struct stat st = { 0 };
	uint8_t first = 0;

	j->fd = open(j->in->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	j->buf = malloc(IN_BUFFER);
	if (j->fd < 0 || fstat(j->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return in_fail(j, E_SYS, "it can't be opened as a regular file");
	if (!j->buf)
		return in_fail(j, E_NOMEM, "there is no memory");
	j->size = (uint64_t)st.st_size;
	if (in_peek(j, 0, &first, 1) != 1)
		return in_fail(j, E_PROTO, "it is empty");
	return first == 0x30 ? in_decrypt(j) : in_plain(j);
}

enum err evidence_in_run(struct evidence_in *in, const char **ret_why)
{
	struct in_job *j = calloc(1, sizeof *j);
	enum err e = E_NOMEM;

	*ret_why = "there is no memory";
	if (!j)
		return E_NOMEM;
	j->in = in;
	j->fd = -1;
	e = in_open(j);
	*ret_why = j->why ? j->why : "it is not a whole bundle";
	(void)fd_close(j->fd);
	free(j->buf);
	free(j);
	return e;
}
