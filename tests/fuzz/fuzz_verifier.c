/*
 * What strangers send at enrolment and at log-in with a passkey (A13, A20).
 *
 * Input: first byte: 0 attestation object, 1 authenticator data and a signature (u16 length in
 * front), 2 client data, 3 a stored hash. The rest: those bytes.
 * Properties: an answer, the same each time; a credential that is taken has an id, a sound key of a
 * known algorithm, was made for our host by a verified user; an assertion that is right is signed
 * by our key, as OpenSSL alone sees it; client data that is right has the challenge in it; a hash
 * that is read is written back as it was.
 */
#include "base/base64url.h"
#include "role/verifier/assertion.h"
#include "role/verifier/attestation.h"
#include "role/verifier/client_data.h"
#include "role/verifier/cose.h"
#include "role/verifier/library.h"
#include "role/verifier/phc.h"
#include "tests/fuzz/fuzz.h"

#include <openssl/evp.h>

#define FUZZ_HOST      "login.example.nl"
#define FUZZ_CHALLENGE "yMnKy8zNzs_Q0dLT1NXW19jZ2tvc3d7f4OHi4-Tl5uc"
#define FUZZ_DATA(type)                                                                            \
	"{\"type\":\"" type "\",\"challenge\":\"" FUZZ_CHALLENGE                                   \
	"\",\"origin\":\"https://login.example.nl\",\"crossOrigin\":false}"

/* The public half of the key that signed the corpus. */
static const uint8_t key_of_corpus[64] = {
	0xce, 0x2f, 0xee, 0x71, 0xa3, 0x2e, 0xcb, 0xca, 0x98, 0x48, 0x14, 0x34, 0x02,
	0xd2, 0xba, 0x35, 0x34, 0x33, 0x69, 0xc3, 0x0a, 0x6a, 0xfe, 0x63, 0xcc, 0x5f,
	0x06, 0x19, 0xdd, 0x67, 0x55, 0xfe, 0x69, 0x71, 0x34, 0xc9, 0x41, 0xf6, 0xd7,
	0xfc, 0x59, 0x91, 0x6a, 0x5a, 0xb3, 0x25, 0x77, 0x8b, 0x33, 0x28, 0x62, 0xcf,
	0x5b, 0x96, 0xec, 0x8b, 0xd5, 0x20, 0x47, 0x67, 0x76, 0x8e, 0xba, 0xa1,
};

static void fuzz_challenge(struct hash32 *h)
{
	for (size_t i = 0; i < sizeof h->b; i++)
		h->b[i] = (uint8_t)(200 + i);
}

static void check_host(struct view data)
{
	struct view host = VIEW(FUZZ_HOST);
	uint8_t hash[32];

	INVARIANT(EVP_Digest(host.p, host.n, hash, NULL, EVP_sha256(), NULL) == 1);
	INVARIANT(data.n >= 37 && view_starts(data, view_of(hash, sizeof hash)));
	INVARIANT((data.p[32] & 5) == 5);
}

static void fuzz_attestation(struct view object)
{
	struct verify_attestation q = { .host = VIEW(FUZZ_HOST),
					.origin = VIEW("https://" FUZZ_HOST),
					.client_data = VIEW(FUZZ_DATA("webauthn.create")),
					.attestation = object };
	struct attestation_room room, room2;
	struct verified_credential v = { 0 }, w = { 0 };

	if (object.n > GATE_ATTESTATION_MAX)
		return;
	fuzz_challenge(&q.challenge);
	INVARIANT(attestation_verify(&q, &room, &v) == E_OK);
	INVARIANT(attestation_verify(&q, &room2, &w) == E_OK);
	INVARIANT(v.is_right == w.is_right && view_eq(v.why, w.why) && view_eq(v.key, w.key));
	if (!v.is_right) {
		INVARIANT(v.why.n && !v.key.n && !v.credential.n && !v.flags);
		return;
	}
	INVARIANT(!v.why.n && v.credential.n && v.credential.n <= GATE_CREDENTIAL_MAX);
	INVARIANT(cose_is_sound((int)v.algorithm, v.key) && v.aaguid.n == 16);
	INVARIANT(!(v.flags & VERIFIED_BACKED_UP) || (v.flags & VERIFIED_BACKUP_ELIGIBLE));
}

static void check_signed(struct view data, struct view signature)
{
	static const char text[] = FUZZ_DATA("webauthn.get");
	uint8_t message[GATE_AUTH_DATA_MAX + 32], point[65] = { 4 }, hash[32];
	struct wbuf w = wbuf_of(message, sizeof message), p = wbuf_of(point, sizeof point);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY *pkey = EVP_EC_gen("P-256"); /* its curve; the point is replaced */

	p.n = 1;
	wbuf_put(&p, key_of_corpus, sizeof key_of_corpus);
	INVARIANT(EVP_Digest(text, sizeof text - 1, hash, NULL, EVP_sha256(), NULL) == 1);
	wbuf_view_put(&w, data);
	wbuf_put(&w, hash, sizeof hash);
	INVARIANT(ctx && pkey && EVP_PKEY_set1_encoded_public_key(pkey, point, sizeof point) == 1);
	INVARIANT(EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, pkey, NULL) == 1);
	INVARIANT(EVP_DigestVerify(ctx, signature.p, signature.n, w.p, w.n) == 1);
	EVP_PKEY_free(pkey);
	EVP_MD_CTX_free(ctx);
}

static void fuzz_assertion(struct view in)
{
	struct verify_assertion q = { .host = VIEW(FUZZ_HOST),
				      .origin = VIEW("https://" FUZZ_HOST),
				      .algorithm = (uint32_t)COSE_ES256,
				      .key = view_of(key_of_corpus, sizeof key_of_corpus),
				      .client_data = VIEW(FUZZ_DATA("webauthn.get")) };
	struct verified_assertion v = { 0 };

	if (view_str16(&in, &q.auth_data) != E_OK || q.auth_data.n > GATE_AUTH_DATA_MAX ||
	    in.n > 512)
		return;
	q.signature = in;
	fuzz_challenge(&q.challenge);
	INVARIANT(assertion_verify(&q, &v) == E_OK);
	INVARIANT(v.is_right == !v.why.n);
	if (!v.is_right)
		return;
	check_host(q.auth_data);
	check_signed(q.auth_data, q.signature);
}

static void fuzz_client_data(struct view json)
{
	struct hash32 challenge = { { 0 } };
	struct client_data_want want = { VIEW("webauthn.get"), &challenge,
					 VIEW("https://" FUZZ_HOST) };
	bool has = false;

	fuzz_challenge(&challenge);
	if (json.n > GATE_CLIENT_DATA_MAX || client_data_check(json, &want) != NULL)
		return;
	/* an escape may spell a letter: then the text itself is not there, but 32 escapes are */
	has = memmem(json.p, json.n, FUZZ_CHALLENGE, sizeof FUZZ_CHALLENGE - 1) != NULL;
	INVARIANT(has || view_find(json, '\\') < json.n);
}

static void fuzz_hash(struct view text)
{
	uint8_t room[512];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct phc h = { 0 };

	if (text.n > VERIFIER_ENCODED_MAX || phc_get(text, &h) != E_OK)
		return;
	phc_put(&w, &h);
	INVARIANT(!w.bad && view_eq(wbuf_view(&w), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct view) = { fuzz_attestation, fuzz_assertion,
						      fuzz_client_data, fuzz_hash };
	static bool is_open;
	struct view in = view_of(data, size);
	uint8_t kind = 0, *copy = NULL;

	if (!is_open)
		INVARIANT(library_open() == E_OK);
	is_open = true;
	if (view_u8(&in, &kind) != E_OK || kind >= sizeof kinds / sizeof kinds[0])
		return 0;
	copy = fuzz_copy(in);
	kinds[kind](view_of(copy, in.n));
	free(copy);
	return 0;
}
