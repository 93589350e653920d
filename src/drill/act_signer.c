/*
 * The signer: whatever is not a handshake of one's own, signed as if it were (promises P2, P3).
 * Each act asks with the certificate and scheme that a handshake would have used, so that nothing
 * but what it lies about can be the reason of a refusal.
 */
#include "drill/peer.h"
#include "ipc/audit_signer.h"
#include "ipc/authority_signer.h"
#include "ipc/edge_signer.h"
#include "ipc/evidence_signer.h"

enum {
	SIGNER_ECDSA = 0x0403,
	SIGNER_ECDSA_384 = 0x0503,
	SIGNER_RSA = 0x0804,
	SIGNER_ED25519 = 0x0807,
	SIGNER_RSA_1 = 0x0201 /* rsa_pkcs1_sha1 */,
	SIGNER_FAR = 4000,
	SIGNER_MANY = 12,
	SIGNER_BODY = 1024
};

#define SIGNER_SPACES "                                                                "
#define SIGNER_HASH   "0123456789abcdef0123456789abcdef"
#define SIGNER_SERVER "TLS 1.3, server CertificateVerify"
#define SIGNER_CLIENT "TLS 1.3, client CertificateVerify"

/* What a handshake's message is, byte for byte (RFC 8446 §4.4.3). */
#define SIGNER_HANDSHAKE SIGNER_SPACES SIGNER_SERVER "\0" SIGNER_HASH

/* A certificate that this process may sign with, and the scheme that fits its key. */
struct signer_key {
	uint32_t certificate;
	uint16_t scheme;
};

static uint16_t signer_scheme(const struct image *im, uint32_t i)
{
	static const uint16_t schemes[] = { [IMAGE_KEY_RSA] = SIGNER_RSA,
					    [IMAGE_KEY_P256] = SIGNER_ECDSA,
					    [IMAGE_KEY_P384] = SIGNER_ECDSA_384,
					    [IMAGE_KEY_ED25519] = SIGNER_ED25519 };
	uint8_t type = image_certificate_at(im, i)->key_type;

	return type < sizeof schemes / sizeof *schemes ? schemes[type] : 0;
}

/* A cell's are those of its listener; an edge has all that listeners use. */
static bool signer_own(const struct intruder *x, const struct image *im, uint32_t i)
{
	bool is_cell = x->role == ROLE_CELL;

	if (!image_certificate_at(im, i)->is_server)
		return false;
	for (uint32_t k = 0; is_cell && k < image_count(im, IMAGE_LISTENER); k++) {
		const struct image_listener *l = image_listener_at(im, k);

		if (l->flags & IMAGE_CELL && l->default_certificate == i)
			return true;
		for (uint32_t j = 0; l->flags & IMAGE_CELL && j < l->sni.n; j++)
			if (image_sni_at(im, l->sni.first + j)->name.n &&
			    image_sni_at(im, l->sni.first + j)->certificate == i)
				return true;
	}
	return !is_cell;
}

static bool signer_find(const struct intruder *x, bool is_own, struct signer_key *ret)
{
	struct image im = { 0 };

	if (!peer_image(x, &im))
		return false;
	for (uint32_t i = 0; i < image_count(&im, IMAGE_CERTIFICATE); i++) {
		if (signer_own(x, &im, i) != is_own)
			continue;
		*ret = (struct signer_key){ i, signer_scheme(&im, i) };
		return true;
	}
	return false;
}

static struct act_got signer_ask(struct intruder *x, const struct signer_key *k,
				 struct view message)
{
	uint8_t body[SIGNER_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct peer_ask a = {
		.peer = ROLE_SIGNER, .type = EDGE_SIGN, .won = SIGNER_SIGNED, .text = "a signature"
	};
	struct act_got got = { 0 };

	wbuf_u32(&w, k->certificate);
	wbuf_u16(&w, k->scheme);
	wbuf_str16(&w, message);
	a.body = wbuf_view(&w);
	got = peer_ask(x, &a);
	x->is_spent |= x->role == ROLE_CELL; /* a connection has few signatures */
	return got;
}

static struct act_got signer_own_key(struct intruder *x, struct view message)
{
	struct signer_key k = { 0 };

	return signer_find(x, true, &k) ? signer_ask(x, &k, message)
					: act_unable("no listener has a certificate");
}

/* ---- what is no handshake ---- */

static struct act_got signer_handshake(struct intruder *x)
{
	return signer_own_key(x, VIEW(SIGNER_HANDSHAKE));
}

static struct act_got signer_twice(struct intruder *x)
{
	struct act_got first = signer_own_key(x, VIEW(SIGNER_HANDSHAKE));

	return first.outcome == BOARD_WORKED ? signer_own_key(x, VIEW(SIGNER_HANDSHAKE)) : first;
}

static struct act_got signer_hash(struct intruder *x)
{
	return signer_own_key(x, VIEW(SIGNER_HASH));
}

static struct act_got signer_nothing(struct intruder *x)
{
	return signer_own_key(x, (struct view){ 0 });
}

static struct act_got signer_short_pad(struct intruder *x)
{
	return signer_own_key(x,
			      view_slice(VIEW(SIGNER_HANDSHAKE), 1, sizeof SIGNER_HANDSHAKE - 1));
}

static struct act_got signer_hash_20(struct intruder *x)
{
	return signer_own_key(x,
			      view_slice(VIEW(SIGNER_HANDSHAKE), 0, sizeof SIGNER_HANDSHAKE - 13));
}

static struct act_got signer_tail(struct intruder *x)
{
	return signer_own_key(x, VIEW(SIGNER_SPACES SIGNER_SERVER "\0" SIGNER_HASH "more"));
}

static struct act_got signer_other_context(struct intruder *x)
{
	return signer_own_key(x, VIEW(SIGNER_SPACES "TLS 1.3, sluisje CertificateVerify"
						    "\0" SIGNER_HASH));
}

static struct act_got signer_as_client(struct intruder *x)
{
	return signer_own_key(x, VIEW(SIGNER_SPACES SIGNER_CLIENT "\0" SIGNER_HASH));
}

/* RFC 8422 §5.4: a point of another length than its curve's, a curve of one's own, more behind. */
static struct act_got signer_point(struct intruder *x)
{
	return signer_own_key(x, VIEW(SIGNER_HASH SIGNER_HASH "\3\0\35\37"
							      "0123456789abcdef0123456789abcde"));
}

static struct act_got signer_curve(struct intruder *x)
{
	return signer_own_key(x, VIEW(SIGNER_HASH SIGNER_HASH "\1\0\35\40" SIGNER_HASH));
}

static struct act_got signer_exchange_tail(struct intruder *x)
{
	return signer_own_key(x, VIEW(SIGNER_HASH SIGNER_HASH "\3\0\35\40" SIGNER_HASH "more"));
}

static struct act_got signer_ssh(struct intruder *x)
{
	return signer_own_key(x, VIEW("\0\0\0\40" SIGNER_HASH
				      "\62\0\0\0\4root\0\0\0\16ssh-connection\0\0\0\11publickey"));
}

static struct act_got signer_jwt(struct intruder *x)
{
	return signer_own_key(x, VIEW("eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9."
				      "eyJzdWIiOiJyb290IiwiYXVkIjoiY2FzZXMifQ"));
}

static struct act_got signer_checkpoint_text(struct intruder *x)
{
	return signer_own_key(x, VIEW("sluis audit checkpoint v1\n1\n" SIGNER_HASH SIGNER_HASH
				      "\n2026-01-01T00:00:00.000000Z\nopen\n"));
}

static struct act_got signer_certificate(struct intruder *x)
{
	return signer_own_key(x, VIEW("\60\202\1\12\240\3\2\1\2\2\1\1" SIGNER_HASH SIGNER_HASH));
}

static struct act_got signer_scheme_of_others(struct intruder *x)
{
	struct signer_key k = { 0 };

	if (!signer_find(x, true, &k))
		return act_unable("no listener has a certificate");
	k.scheme = k.scheme == SIGNER_RSA ? SIGNER_ECDSA : SIGNER_RSA;
	return signer_ask(x, &k, VIEW(SIGNER_HANDSHAKE));
}

static struct act_got signer_old_scheme(struct intruder *x)
{
	struct signer_key k = { 0 };

	if (!signer_find(x, true, &k))
		return act_unable("no listener has a certificate");
	k.scheme = SIGNER_RSA_1;
	return signer_ask(x, &k, VIEW(SIGNER_HANDSHAKE));
}

static struct act_got signer_far(struct intruder *x)
{
	const struct signer_key k = { SIGNER_FAR, SIGNER_ECDSA };

	return signer_ask(x, &k, VIEW(SIGNER_HANDSHAKE));
}

static struct act_got signer_foreign(struct intruder *x)
{
	struct signer_key k = { 0 };

	return signer_find(x, false, &k) ? signer_ask(x, &k, VIEW(SIGNER_HANDSHAKE))
					 : act_unable("every certificate is its own");
}

static struct act_got signer_many(struct intruder *x)
{
	struct act_got got = { 0 };

	for (unsigned i = 0; i < SIGNER_MANY; i++) {
		got = signer_own_key(x, VIEW(SIGNER_HANDSHAKE));
		if (got.outcome != BOARD_WORKED)
			return got;
	}
	return got;
}

/* ---- what another peer may ask ---- */

static struct act_got signer_say(struct intruder *x, uint8_t type, uint8_t won,
				 const struct wbuf *w)
{
	const struct peer_ask a = { .peer = ROLE_SIGNER,
				    .type = type,
				    .won = won,
				    .body = wbuf_view(w),
				    .text = "a signature" };

	return peer_ask(x, &a);
}

static struct act_got signer_token_for(struct intruder *x, uint64_t app, struct view user)
{
	const struct authority_token t = { .app = app,
					   .factors = GATE_PASSKEY,
					   .user = user,
					   .title = VIEW("Intruder"),
					   .groups = VIEW("staff") };
	uint8_t body[SIGNER_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (authority_token_put(&w, &t) != E_OK)
		return act_unable("the question can't be made");
	return signer_say(x, AUTHORITY_TOKEN, SIGNER_TOKEN, &w);
}

/* Those who may not ask have no image with them, or one; any number will do. */
static uint64_t signer_app(const struct intruder *x)
{
	struct image im = { 0 };

	return peer_image(x, &im) && image_count(&im, IMAGE_APP) ? image_app_at(&im, 0)->id : 1;
}

static struct act_got signer_token(struct intruder *x)
{
	return signer_token_for(x, signer_app(x), VIEW("root"));
}

static struct act_got signer_token_app(struct intruder *x)
{
	return signer_token_for(x, UINT64_MAX, VIEW("root"));
}

static struct act_got signer_token_keys(struct intruder *x)
{
	const struct wbuf w = { 0 };

	return signer_say(x, AUTHORITY_TOKEN_KEYS, SIGNER_TOKEN_KEYS, &w);
}

static struct act_got signer_tree_of(struct intruder *x, uint64_t leaves)
{
	uint8_t body[AUDIT_TREE_ASK];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u64(&w, leaves);
	WBUF_LIT(&w, SIGNER_HASH);
	return signer_say(x, AUDIT_TREE, SIGNER_TREE, &w);
}

static struct act_got signer_tree(struct intruder *x)
{
	return signer_tree_of(x, 1000000);
}

static struct act_got signer_tree_empty(struct intruder *x)
{
	return signer_tree_of(x, 0);
}

static struct act_got signer_checkpoint_at(struct intruder *x, uint64_t wall_us)
{
	uint8_t body[AUDIT_CHECKPOINT_ASK];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u8(&w, 1);
	wbuf_u64(&w, 1000000);
	WBUF_LIT(&w, SIGNER_HASH);
	wbuf_u64(&w, wall_us);
	return signer_say(x, AUDIT_CHECKPOINT, SIGNER_CHECKPOINT, &w);
}

static struct act_got signer_checkpoint(struct intruder *x)
{
	return signer_checkpoint_at(x, UINT64_C(1800000000000000));
}

static struct act_got signer_checkpoint_far(struct intruder *x)
{
	return signer_checkpoint_at(x, UINT64_MAX);
}

static struct act_got signer_evidence(struct intruder *x)
{
	uint8_t body[EVIDENCE_HASH];
	struct wbuf w = wbuf_of(body, sizeof body);

	WBUF_LIT(&w, SIGNER_HASH);
	return signer_say(x, EVIDENCE_SIGN, SIGNER_EVIDENCE, &w);
}

enum {
	SIGNER_TLS = ACT_ROLE(ROLE_EDGE) | ACT_ROLE(ROLE_CELL),
	SIGNER_AUDIT = ACT_ROLE(ROLE_AUDIT),
	SIGNER_AUTHORITY = ACT_ROLE(ROLE_AUTHORITY),
	SIGNER_ALL = SIGNER_TLS | SIGNER_AUDIT | SIGNER_AUTHORITY | ACT_ROLE(ROLE_SPAWNER)
};

#define SIGNER_ROW(what, text, who, how)                                                           \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = "P3 C", .run = (how), .roles = (who),    \
		.flags = ACT_LAST, .unfit = "it has no channel"                                    \
	}

static const struct act signer_acts[] = {
	SIGNER_ROW("sign-handshake", "sign a handshake that it was not asked for", SIGNER_TLS,
		   signer_handshake),
	SIGNER_ROW("sign-replayed", "ask for the same signature again", SIGNER_TLS, signer_twice),
	SIGNER_ROW("sign-hash", "sign a bare hash", SIGNER_TLS, signer_hash),
	SIGNER_ROW("sign-nothing", "sign an empty message", SIGNER_TLS, signer_nothing),
	SIGNER_ROW("sign-short-pad", "sign a handshake with 63 spaces", SIGNER_TLS,
		   signer_short_pad),
	SIGNER_ROW("sign-other-hash", "sign a handshake with a hash of 20 bytes", SIGNER_TLS,
		   signer_hash_20),
	SIGNER_ROW("sign-tail", "sign a handshake with bytes behind it", SIGNER_TLS, signer_tail),
	SIGNER_ROW("sign-other-context", "sign a handshake in another context", SIGNER_TLS,
		   signer_other_context),
	SIGNER_ROW("sign-as-client", "sign as a client with a server's key", SIGNER_TLS,
		   signer_as_client),
	SIGNER_ROW("sign-point", "sign a key exchange whose point has another length", SIGNER_TLS,
		   signer_point),
	SIGNER_ROW("sign-own-curve", "sign a key exchange with a curve of its own", SIGNER_TLS,
		   signer_curve),
	SIGNER_ROW("sign-exchange-tail", "sign a key exchange with bytes behind it", SIGNER_TLS,
		   signer_exchange_tail),
	SIGNER_ROW("sign-ssh", "sign a log-in by SSH", SIGNER_TLS, signer_ssh),
	SIGNER_ROW("sign-assertion-text", "sign an assertion as if it were TLS", SIGNER_TLS,
		   signer_jwt),
	SIGNER_ROW("sign-checkpoint-text", "sign the log's checkpoint as if it were TLS",
		   SIGNER_TLS, signer_checkpoint_text),
	SIGNER_ROW("sign-certificate", "sign a certificate", SIGNER_TLS, signer_certificate),
	SIGNER_ROW("sign-other-scheme", "sign with a scheme that is not the key's", SIGNER_TLS,
		   signer_scheme_of_others),
	SIGNER_ROW("sign-old-scheme", "sign with RSA and SHA-1", SIGNER_TLS, signer_old_scheme),
	SIGNER_ROW("sign-no-certificate", "sign with a certificate that there is not", SIGNER_TLS,
		   signer_far),
	SIGNER_ROW("sign-foreign", "sign with a certificate that is not for its clients",
		   SIGNER_TLS, signer_foreign),
	SIGNER_ROW("sign-many", "sign more handshakes than a connection has", SIGNER_TLS,
		   signer_many),
	SIGNER_ROW("ask-assertion", "have an assertion signed that somebody is root", SIGNER_ALL,
		   signer_token),
	SIGNER_ROW("ask-assertion-nowhere", "have one signed for an application that there is not",
		   SIGNER_AUTHORITY, signer_token_app),
	SIGNER_ROW("ask-assertion-keys", "ask for the keys of assertions",
		   SIGNER_ALL & ~(unsigned)SIGNER_AUTHORITY, signer_token_keys),
	SIGNER_ROW("ask-tree", "have a tree signed that never was", SIGNER_ALL, signer_tree),
	SIGNER_ROW("ask-empty-tree", "have an empty tree signed", SIGNER_AUDIT, signer_tree_empty),
	SIGNER_ROW("ask-checkpoint", "have a checkpoint signed over lines that never were",
		   SIGNER_ALL, signer_checkpoint),
	SIGNER_ROW("ask-checkpoint-far", "have a checkpoint signed of a time without a date",
		   SIGNER_AUDIT, signer_checkpoint_far),
	SIGNER_ROW("ask-evidence", "have evidence signed that nobody collected", SIGNER_ALL,
		   signer_evidence),
};

const struct act_table act_signer = { signer_acts, sizeof signer_acts / sizeof *signer_acts,
				      ACT_SIGNER };
