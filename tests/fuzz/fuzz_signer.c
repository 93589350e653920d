/*
 * The signer's dispatcher, fed by an edge and an audit that have been taken over (A20, P3).
 *
 * Input: frames. First byte: 0 edge, 1 audit (bit 0), 2 authority (bit 1); type; seq; two bytes
 * length; body.
 * Properties: a frame is answered once with its own seq, or ends its peer; whatever was signed for
 * TLS is one of the three messages that TLS signs, made for this side, and verifies under the key
 * that was asked for; a checkpoint's signature is over what audit_checkpoint_put makes; an
 * assertion's claims, read back by a reader of our own, say what was asked, each once.
 */
#include "base/base64url.h"
#include "proto/tls_signed.h"
#include "role/signer/peer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/role/signer/token_rig.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEYS = 2 }; /* P-256 for servers, Ed25519 for clients */

struct bed {
	struct signer *signer;
	EVP_PKEY *keys[KEYS];
};

static void bed_key(struct bed *b, size_t i, EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	char *text = NULL;
	const char *why = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
	INVARIANT(
		keys_parse(&b->signer->keys,
			   view_of((BIO_get_mem_data(bio, &text), text), (size_t)BIO_pending(bio)),
			   view_of(der, (size_t)n), &b->signer->keys.key[i], &why) == E_OK);
	b->keys[i] = pkey;
	OPENSSL_free(der);
	BIO_free(bio);
}

static void bed_seal(struct bed *b)
{
	char dir[] = "/tmp/fuzz_signer_XXXXXX";
	const char *why = NULL;
	int fd = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY) : -1;

	INVARIANT(fd >= 0 && seal_open(&b->signer->seal, b->signer->keys.libctx, fd, &why) == E_OK);
	INVARIANT(token_rig_open(&b->signer->token, b->signer->keys.libctx, fd) == E_OK);
	(void)unlinkat(fd, "token.key", 0);
	(void)unlinkat(fd, "audit.key", 0);
	(void)unlinkat(fd, "audit.pub", 0);
	(void)rmdir(dir);
	close(fd);
}

static struct bed *bed(void)
{
	static struct bed b;
	static struct keys_key keys[KEYS];

	if (b.signer)
		return &b;
	b.signer = calloc(1, sizeof *b.signer);
	INVARIANT(b.signer && keys_open(&b.signer->keys) == E_OK);
	b.signer->keys.key = keys;
	b.signer->keys.n = KEYS;
	bed_key(&b, 0, EVP_EC_gen("P-256"));
	bed_key(&b, 1, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	keys[0].is_server = true;
	keys[1].is_client = true;
	bed_seal(&b);
	return &b;
}

static void check_signature(EVP_PKEY *key, const char *digest, struct view message, struct view sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	INVARIANT(EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL) == 1);
	INVARIANT(EVP_DigestVerify(ctx, sig.p, sig.n, message.p, message.n) == 1);
	EVP_MD_CTX_free(ctx);
}

static void check_signed(const struct bed *b, struct view asked, struct view body)
{
	struct view message = { 0 }, sig = { 0 };
	struct tls_signed what = { 0 };
	uint32_t certificate = 0;
	uint16_t scheme = 0;

	INVARIANT(view_u32(&asked, &certificate) == E_OK && certificate < KEYS);
	INVARIANT(view_u16(&asked, &scheme) == E_OK);
	INVARIANT(view_str16(&asked, &message) == E_OK && asked.n == 0);
	INVARIANT(view_str16(&body, &sig) == E_OK && body.n == 0);
	INVARIANT(tls_signed_parse(message, &what) == E_OK);
	INVARIANT((certificate == 1) == (what.kind == TLS_SIGNED_13_CLIENT));
	INVARIANT(certificate == 1 ? scheme == 0x0807 : scheme == 0x0403 || scheme == 0x0503);
	INVARIANT(scheme != 0x0503 || what.kind == TLS_SIGNED_12_KEY_EXCHANGE);
	check_signature(b->keys[certificate],
			scheme == 0x0403   ? "SHA256"
			: scheme == 0x0503 ? "SHA384"
					   : NULL,
			message, sig);
}

static void expect(struct view *in, const char *text)
{
	struct view v = view_str(text);

	INVARIANT(view_starts(*in, v));
	*in = view_slice(*in, v.n, in->n);
}

/* A JSON string that is exactly want. */
static void expect_text(struct view *in, struct view want)
{
	size_t at = 0;
	uint8_t c = 0;

	expect(in, "\"");
	while (view_u8(in, &c) == E_OK && c != '"') {
		if (c == '\\')
			INVARIANT(view_u8(in, &c) == E_OK && (c == '"' || c == '\\'));
		INVARIANT(c >= ' ' && at < want.n && want.p[at] == c);
		at++;
	}
	INVARIANT(c == '"' && at == want.n);
}

static void expect_number(struct view *in)
{
	uint8_t c = 0;

	INVARIANT(in->n && in->p[0] > '0' && in->p[0] <= '9');
	while (in->n && in->p[0] >= '0' && in->p[0] <= '9')
		INVARIANT(view_u8(in, &c) == E_OK);
}

static void skip_to(struct view *in, uint8_t end)
{
	*in = view_slice(*in, view_find(*in, end) + 1, in->n);
}

static void check_claims(struct view in, const struct authority_token *q)
{
	struct view lines = q->groups;

	expect(&in, "{\"iss\":\"https://login.example.nl\",\"sub\":");
	expect_text(&in, q->user);
	expect(&in, ",\"aud\":\"cases\",\"iat\":");
	expect_number(&in);
	expect(&in, ",\"nbf\":");
	expect_number(&in);
	expect(&in, ",\"exp\":");
	expect_number(&in);
	expect(&in, ",\"auth_time\":");
	expect_number(&in);
	expect(&in, ",\"amr\":[");
	skip_to(&in, ']');
	expect(&in, ",\"jti\":\"");
	skip_to(&in, '"');
	expect(&in, ",\"sid\":\"");
	skip_to(&in, '"');
	if (q->title.n) {
		expect(&in, ",\"name\":");
		expect_text(&in, q->title);
	}
	expect(&in, ",\"groups\":[");
	for (bool is_first = true; lines.n; is_first = false) {
		size_t n = view_find(lines, '\n');

		if (!is_first)
			expect(&in, ",");
		expect_text(&in, view_slice(lines, 0, n));
		lines = view_slice(lines, n + 1, lines.n);
	}
	expect(&in, "]}");
	INVARIANT(in.n == 0);
}

static void check_token(struct view asked, struct view body)
{
	uint8_t room[GATE_JWT_MAX];
	struct wbuf claims = wbuf_of(room, sizeof room);
	struct authority_token q = { 0 };
	struct signer_token a = { 0 };

	INVARIANT(authority_token_get(asked, &q) == E_OK && q.app == TOKEN_RIG_APP);
	INVARIANT(signer_token_get(body, &a) == E_OK);
	skip_to(&a.token, '.');
	INVARIANT(base64url_get(view_slice(a.token, 0, view_find(a.token, '.')), &claims) == E_OK);
	skip_to(&a.token, '.');
	INVARIANT(a.token.n == 86 && view_find(a.token, '.') == a.token.n);
	check_claims(wbuf_view(&claims), &q);
}

static void check_authority(const struct frame *asked, const struct frame *f)
{
	struct signer_token_keys keys = { 0 };

	if (f->type == SIGNER_TOKEN)
		check_token(asked->body, f->body);
	else if (f->type == SIGNER_TOKEN_KEYS)
		INVARIANT(signer_token_keys_get(f->body, &keys) == E_OK);
	else
		INVARIANT(f->type == SIGNER_TOKEN_REFUSED && f->body.n == 0);
}

static void check_answer(const struct bed *b, const struct frame *asked, enum role role,
			 const struct frame *f)
{
	uint8_t room[AUDIT_CHECKPOINT_TEXT_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct audit_checkpoint c = { 0 };

	INVARIANT(f->seq == asked->seq && f->fd_n == 0);
	if (role == ROLE_AUTHORITY) {
		check_authority(asked, f);
	} else if (role == ROLE_EDGE && f->type == SIGNER_SIGNED) {
		check_signed(b, asked->body, f->body);
	} else if (role == ROLE_EDGE) {
		INVARIANT(f->type == SIGNER_REFUSED && f->body.n == 0);
	} else if (f->type == SIGNER_CHECKPOINT) {
		INVARIANT(audit_checkpoint_get_ask(asked->body, &c) == E_OK);
		audit_checkpoint_put(&w, &c);
		check_signature(b->signer->seal.pkey, NULL, wbuf_view(&w), f->body);
	} else {
		INVARIANT(f->type == SIGNER_PUBLIC_KEY && f->body.n == AUDIT_KEY);
	}
}

static void play(struct bed *b, enum role role, struct frame *f, int fd, int other)
{
	struct signer_peer peer = { .source = { .fd = fd },
				    .signer = b->signer,
				    .tokens = 2,
				    .role = (uint8_t)role,
				    .large = b->signer->answers[0] };
	struct frame asked = *f, answer = { 0 };
	uint8_t buf[FRAME_MAX];
	enum err e = peer_handle(&peer, f);

	INVARIANT(e != E_AGAIN && e != E_SYS);
	if (e == E_OK) {
		INVARIANT(frame_receive(other, buf, &answer) == E_OK);
		check_answer(b, &asked, role, &answer);
	}
	INVARIANT(frame_receive(other, buf, &answer) == E_AGAIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size), body = { 0 };
	struct bed *b = bed();
	uint8_t who = 0, type = 0, seq = 0;
	uint16_t n = 0;
	int fds[2];

	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds) == 0);
	while (view_u8(&in, &who) == E_OK && view_u8(&in, &type) == E_OK &&
	       view_u8(&in, &seq) == E_OK && view_u16(&in, &n) == E_OK &&
	       view_take(&in, n < in.n ? n : in.n, &body) == E_OK) {
		uint8_t *copy = fuzz_copy(body);
		struct frame f = { .type = type, .seq = seq, .body = view_of(copy, body.n) };

		if (body.n <= FRAME_BODY_MAX)
			play(b,
			     who & 2   ? ROLE_AUTHORITY
			     : who & 1 ? ROLE_AUDIT
				       : ROLE_EDGE,
			     &f, fds[0], fds[1]);
		free(copy);
	}
	close(fds[0]);
	close(fds[1]);
	return 0;
}
