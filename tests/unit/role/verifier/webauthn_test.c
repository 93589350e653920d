/*
 * attestation.c and assertion.c: what WebAuthn §7.1 and §7.2 ask for, each thing wrong once, for
 * every algorithm and format (issue: passkeys; A13: phishing is another origin, host or challenge).
 */
#include "role/verifier/assertion.h"
#include "role/verifier/attestation.h"
#include "role/verifier/library.h"
#include "tests/unit/check.h"
#include "tests/unit/role/verifier/soft_key.h"

#include <sys/resource.h>

static struct verified_credential make(struct soft_key *k, const struct soft_how *how,
				       struct attestation_room *room)
{
	struct soft_out o;
	struct verified_credential v = { 0 };

	soft_key_make(k, how, &o);
	assert_int_equal(attestation_verify(&o.attestation, room, &v), E_OK);
	assert_int_equal(v.is_right, v.why.n == 0);
	return v;
}

static struct verified_assertion show(struct soft_key *k, const struct soft_how *how,
				      struct view key)
{
	struct soft_out o;
	struct verified_assertion v = { 0 };

	soft_key_show(k, how, key, &o);
	assert_int_equal(assertion_verify(&o.assertion, &v), E_OK);
	assert_int_equal(v.is_right, v.why.n == 0);
	return v;
}

/* Every algorithm and format: made, and then shown. */
static void test_right(void **state)
{
	(void)state;
	for (enum soft_kind kind = SOFT_ES256; kind < SOFT_KINDS; kind++) {
		struct soft_key k;

		soft_key_open(&k, kind);
		for (enum soft_format f = SOFT_NONE; f <= SOFT_X5C; f++) {
			struct soft_how how = { .format = f };
			struct attestation_room room;
			struct verified_credential v = make(&k, &how, &room);
			struct verified_assertion a = { 0 };

			if (!v.is_right)
				fail_msg("kind %u format %u: %.*s", kind, f, (int)v.why.n, v.why.p);
			assert_int_equal(v.flags, f == SOFT_X5C ? VERIFIED_ATTESTED : 0);
			assert_int_equal(v.count, k.count);
			assert_int_equal((int)v.algorithm, k.algorithm);
			assert_true(view_eq(v.credential, view_of(k.id, sizeof k.id)));
			assert_true(view_eq(v.aaguid, view_of(k.aaguid, sizeof k.aaguid)));
			a = show(&k, &how, v.key);
			if (!a.is_right)
				fail_msg("kind %u: %.*s", kind, (int)a.why.n, a.why.p);
			assert_int_equal(a.count, k.count);
			assert_int_equal(a.flags, 0);
		}
		soft_key_close(&k);
	}
}

#define OTHER_CHALLENGE VIEW_INIT("another challenge of 32 bytes!!!")

/* What both ceremonies refuse alike. */
static const struct {
	const char *why;
	struct soft_how how;
} both[] = {
	{ "the client data is of another ceremony", { .type = "webauthn.other" } },
	{ "the client data is of another ceremony", { .type = "payment.get" } },
	{ "the client data answers another challenge", { .challenge = OTHER_CHALLENGE } },
	{ "the client data was made for another origin",
	  { .origin = "https://login.example.nl.evil.example" } },
	{ "the client data was made for another origin", { .origin = "http://login.example.nl" } },
	{ "the client data was made for another origin",
	  { .origin = "https://login.example.nl:8443" } },
	{ "the client data is no JSON object", { .json = "[]" } },
	{ "the client data is no JSON object", { .json = "" } },
	{ "the client data is no JSON object", { .json = "{" } },
	{ "the key was used for another host", { .host = "example.nl" } },
	{ "nobody touched the key", { .flags_off = 0x01 } },
	{ "the key did not verify its user", { .flags_off = 0x04 } },
	{ "the key contradicts itself about backups", { .flags_on = 0x10 } },
};

static void test_refused(void **state)
{
	struct attestation_room room;
	struct soft_key k;
	struct soft_how good = { 0 };
	struct verified_credential made = { 0 };

	(void)state;
	soft_key_open(&k, SOFT_ES256);
	made = make(&k, &good, &room);
	assert_true(made.is_right);
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct attestation_room other;
		struct verified_credential v = make(&k, &both[i].how, &other);
		struct verified_assertion a = show(&k, &both[i].how, made.key);

		CHECK_ROW(both[i].why, view_eq(v.why, view_str(both[i].why)));
		CHECK_ROW(both[i].why, v.credential.n == 0 && v.key.n == 0);
		CHECK_ROW(both[i].why, view_eq(a.why, view_str(both[i].why)));
	}
	soft_key_close(&k);
}

static const struct {
	const char *why;
	struct soft_how how;
} making[] = {
	{ "the client data is of another ceremony", { .type = "webauthn.get" } },
	{ "the attestation's signature is wrong",
	  { .format = SOFT_SELF, .breaks_signature = true } },
	{ "the attestation's signature is wrong",
	  { .format = SOFT_X5C, .breaks_signature = true } },
	{ "the attestation's format is neither none nor packed", { .fmt = "fido-u2f" } },
	{ "the attestation's format is neither none nor packed", { .fmt = "" } },
	{ "the attestation says none, and yet something", { .format = SOFT_SELF, .fmt = "none" } },
	{ "the attestation's certificate is not an authenticator's",
	  { .format = SOFT_X5C, .cert_unit = "Web" } },
	{ "the attestation's certificate is a CA's", { .format = SOFT_X5C, .cert_is_ca = true } },
	{ "the attestation's certificate is of another model",
	  { .format = SOFT_X5C, .cert_is_other_model = true } },
	{ "the attestation can't be read", { .flags_off = 0x40 } },
	{ "the attestation's key can't be read", { .flags_on = 0x80 } },
	{ "the attestation's key can't be read", { .key_tail = "\0", .key_tail_n = 1 } },
	{ "the attestation's key can't be read",
	  { .extensions = "\xa0", .extension_n = 1, .key_tail = "\xa0", .key_tail_n = 1 } },
	{ "the attestation can't be read", { .tail = "\0", .tail_n = 1 } },
	{ "the key's algorithm is not known here", { .algorithm = -25 } },
	{ "the key's algorithm is not known here", { .algorithm = -65535 } },
	{ "the attestation can't be read", { .algorithm = -8 } },
	{ "the attestation can't be read", { .algorithm = -257 } },
};

static void test_refused_making(void **state)
{
	struct soft_key k;

	(void)state;
	soft_key_open(&k, SOFT_ES256);
	for (size_t i = 0; i < COUNT_OF(making); i++) {
		struct attestation_room room;
		struct verified_credential v = make(&k, &making[i].how, &room);

		if (!view_eq(v.why, view_str(making[i].why)))
			fail_msg("%zu %s: %.*s", i, making[i].why, (int)v.why.n, v.why.p);
	}
	soft_key_close(&k);
}

/* Extensions that authenticators add unasked: CTAP 2.1 §12.1, and ones that nobody knows. */
static void test_extensions(void **state)
{
	static const struct view rows[] = {
		VIEW_INIT("\xa1\x6b"
			  "credProtect\x02"),
		VIEW_INIT("\xa2\x6b"
			  "credProtect\x01\x6bhmac-secret\xf5"),
		VIEW_INIT("\xa1\x6bhmac-secret\xf4"),
		VIEW_INIT("\xa1\x68"
			  "credBlob\xf5"),
		VIEW_INIT("\xa1\x6cminPinLength\x08"),
		VIEW_INIT("\xa1\x63new\x82\x01\x02"),
		VIEW_INIT("\xa0"),
	};
	struct soft_key k;

	(void)state;
	soft_key_open(&k, SOFT_ES256);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct soft_how how = { .format = SOFT_SELF,
					.extensions = (const char *)rows[i].p,
					.extension_n = rows[i].n };
		struct attestation_room room;
		struct verified_credential v = make(&k, &how, &room);

		if (!v.is_right)
			fail_msg("%zu: %.*s", i, (int)v.why.n, v.why.p);
	}
	soft_key_close(&k);
}

/* WebAuthn §6.1.3: whether a key may leave its device is kept. */
static void test_backup_flags(void **state)
{
	struct attestation_room room;
	struct soft_how may = { .flags_on = 0x08 }, has = { .flags_on = 0x18 };
	struct verified_credential v = { 0 };
	struct soft_key k;

	(void)state;
	soft_key_open(&k, SOFT_ES256);
	v = make(&k, &may, &room);
	assert_int_equal(v.flags, VERIFIED_BACKUP_ELIGIBLE);
	assert_int_equal(show(&k, &has, v.key).flags,
			 VERIFIED_BACKUP_ELIGIBLE | VERIFIED_BACKED_UP);
	soft_key_close(&k);
}

static void test_refused_showing(void **state)
{
	struct attestation_room room, room2;
	struct soft_how good = { 0 }, broken = { .breaks_signature = true },
			creates = { .type = "webauthn.create" }, carries = { .flags_on = 0x40 },
			more = { .key_tail = "x", .key_tail_n = 1 };
	struct verified_credential v = { 0 }, w = { 0 };
	struct verified_assertion a = { 0 };
	struct soft_key k, other;
	struct soft_out o;

	(void)state;
	soft_key_open(&k, SOFT_ES256);
	soft_key_open(&other, SOFT_ES256);
	v = make(&k, &good, &room);
	w = make(&other, &good, &room2);
	CHECK_VIEW(show(&k, &broken, v.key).why, "the signature is not the key's");
	CHECK_VIEW(show(&k, &good, w.key).why, "the signature is not the key's");
	CHECK_VIEW(show(&k, &creates, v.key).why, "the client data is of another ceremony");
	CHECK_VIEW(show(&k, &carries, v.key).why, "the key's data can't be read");
	CHECK_VIEW(show(&k, &more, v.key).why, "the key's data can't be read");
	CHECK_VIEW(show(&k, &good, view_slice(v.key, 0, 63)).why, "the stored key is none");
	CHECK_VIEW(show(&k, &good, (struct view){ 0 }).why, "the stored key is none");
	/* each byte that was signed */
	soft_key_show(&k, &good, v.key, &o);
	for (size_t i = 33; i < o.auth_data_v.n; i++) { /* the host's hash and flags: above */
		o.auth_data[i] ^= 2;
		assert_int_equal(assertion_verify(&o.assertion, &a), E_OK);
		CHECK_VIEW(a.why, "the signature is not the key's");
		o.auth_data[i] ^= 2;
	}
	/* the key of another algorithm */
	o.assertion.algorithm = (uint32_t)-8;
	assert_int_equal(assertion_verify(&o.assertion, &a), E_OK);
	CHECK_VIEW(a.why, "the stored key is none");
	o.assertion.algorithm = 7;
	assert_int_equal(assertion_verify(&o.assertion, &a), E_OK);
	CHECK_VIEW(a.why, "the stored key is none");
	/* an empty host, one with a NUL */
	o.assertion.algorithm = (uint32_t)-7;
	o.assertion.signature = (struct view){ 0 };
	assert_int_equal(assertion_verify(&o.assertion, &a), E_OK);
	assert_false(a.is_right);
	soft_key_close(&k);
	soft_key_close(&other);
}

/* A point that is on no curve, and an RSA key whose signatures anybody can make. */
static void test_unsound_keys(void **state)
{
	struct attestation_room room;
	struct soft_how how = { 0 };
	struct verified_credential v = { 0 };
	struct soft_key k;
	struct soft_out o;

	(void)state;
	soft_key_open(&k, SOFT_ES256);
	soft_key_make(&k, &how, &o);
	o.object[o.object_v.n - 1] ^= 1; /* the last byte of y */
	assert_int_equal(attestation_verify(&o.attestation, &room, &v), E_OK);
	CHECK_VIEW(v.why, "the key is none of its algorithm");
	soft_key_close(&k);
	soft_key_open(&k, SOFT_RS256);
	soft_key_make(&k, &how, &o);
	o.object[o.object_v.n - 3] = 0; /* 65537 becomes 1 */
	assert_int_equal(attestation_verify(&o.attestation, &room, &v), E_OK);
	CHECK_VIEW(v.why, "the key is none of its algorithm");
	soft_key_close(&k);
}

/* Cut anywhere, and with any one bit turned: an answer, and never a credential that isn't signed.
 */
static void test_damage(void **state)
{
	struct attestation_room room;
	struct soft_how how = { .format = SOFT_SELF };
	struct verified_credential v = { 0 };
	struct soft_key k;
	struct soft_out o;
	size_t all = 0;

	(void)state;
	soft_key_open(&k, SOFT_EDDSA);
	soft_key_make(&k, &how, &o);
	all = o.attestation.attestation.n;
	for (size_t n = 0; n < all; n++) {
		o.attestation.attestation.n = n;
		assert_int_equal(attestation_verify(&o.attestation, &room, &v), E_OK);
		assert_false(v.is_right);
	}
	o.attestation.attestation.n = all;
	for (size_t i = 0; i < all * 8; i++) {
		o.object[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(attestation_verify(&o.attestation, &room, &v), E_OK);
		if (v.is_right)
			fail_msg("bit %zu of byte %zu", i % 8, i / 8);
		o.object[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(attestation_verify(&o.attestation, &room, &v), E_OK);
	assert_true(v.is_right);
	soft_key_close(&k);
}

/* As little as the role's heap (library_heap.c): an item that claims gigabytes finds none, and
 * nobody fills them. Sanitizers bound what is asked for at one time themselves. */
static int bound_memory(void)
{
#ifdef TEST_BOUNDS_MEMORY
	const struct rlimit data = { 256 << 20, 256 << 20 };

	return setrlimit(RLIMIT_DATA, &data);
#else
	return 0;
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),	       cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_making), cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_backup_flags),   cmocka_unit_test(test_refused_showing),
		cmocka_unit_test(test_unsound_keys),   cmocka_unit_test(test_damage),
	};

	if (bound_memory() < 0 || library_open() != E_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
