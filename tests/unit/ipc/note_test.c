/*
 * Notes, checkpoints and verifier keys as C2SP's signed-note, tlog-checkpoint and tlog-cosignature
 * spell them, with keys and signatures made outside of Sluis (RFC 8032 §7.1's first key).
 */
#include "tests/unit/check.h"

#include "ipc/note.h"

#include <openssl/evp.h>

static struct audit_hash digest;

/* The example of tlog-checkpoint. */
#define EXAMPLE_TEXT                                                                               \
	"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define EXAMPLE_LOG                                                                                \
	"\xe2\x80\x94 example.com/behind-the-sofa "                                                \
	"Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4U"                                       \
	"RYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
#define EXAMPLE_WITNESS                                                                            \
	"\xe2\x80\x94 witness.example.com/w1 "                                                     \
	"jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZ"                                  \
	"CB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"

static const uint8_t secret[32] = { 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
				    0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
				    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19,
				    0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60 };

static EVP_PKEY *pkey;
static struct audit_key public_half;

static int setup(void **state)
{
	size_t n = sizeof public_half.b;

	(void)state;
	CHECK_OK(audit_hash_init(&digest));
	pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof secret);
	assert_non_null(pkey);
	assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, public_half.b, &n), 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(pkey);
	audit_hash_done(&digest);
	return 0;
}

static void sign(struct view text, uint8_t out[64])
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t n = 64;

	assert_int_equal(EVP_DigestSignInit(c, NULL, NULL, NULL, pkey), 1);
	assert_int_equal(EVP_DigestSign(c, out, &n, text.p, text.n), 1);
	EVP_MD_CTX_free(c);
}

static void test_example(void **state)
{
	struct note n = { 0 };
	struct note_checkpoint c = { 0 };
	struct note_signature s = { 0 };
	struct view rest = { 0 };
	uint8_t again[512];
	struct wbuf w = wbuf_of(again, sizeof again);

	(void)state;
	CHECK_OK(note_get(VIEW(EXAMPLE_TEXT "\n" EXAMPLE_LOG EXAMPLE_WITNESS), &n));
	CHECK_VIEW(n.text, EXAMPLE_TEXT);
	CHECK_OK(note_get_checkpoint(n.text, &c));
	CHECK_VIEW(c.origin, "example.com/behind-the-sofa");
	assert_true(c.head.size == 20852163);
	note_put_checkpoint(&w, &c);
	CHECK_VIEW(wbuf_view(&w), EXAMPLE_TEXT);
	rest = n.signatures;
	CHECK_OK(note_next(&rest, &s));
	CHECK_VIEW(s.name, "example.com/behind-the-sofa");
	assert_int_equal(s.n, 64);
	CHECK_OK(note_next(&rest, &s));
	CHECK_VIEW(s.name, "witness.example.com/w1");
	assert_int_equal(s.n, 72);
	assert_int_equal(s.id[0], 0x8d);
	CHECK_ERR(note_next(&rest, &s), E_AGAIN);
}

static void test_malformed(void **state)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "nothing", "" },
		{ "no signature", EXAMPLE_TEXT "\n" },
		{ "no empty line", EXAMPLE_TEXT EXAMPLE_LOG },
		{ "no newline at the end", "t\n\n\xe2\x80\x94 n AAAAAAA=" },
		{ "a hyphen for the dash", "t\n\n- n AAAAAAA=\n" },
		{ "no name", "t\n\n\xe2\x80\x94  AAAAAAA=\n" },
		{ "a plus in the name", "t\n\n\xe2\x80\x94 a+b AAAAAAA=\n" },
		{ "no bytes", "t\n\n\xe2\x80\x94 n \n" },
		{ "an ID alone", "t\n\n\xe2\x80\x94 n AAAAAA==\n" },
		{ "no base64", "t\n\n\xe2\x80\x94 n AAAAAA!=\n" },
		{ "bits left over", "t\n\n\xe2\x80\x94 n AAAAAAB=\n" },
		{ "the alphabet of URLs", "t\n\n\xe2\x80\x94 n AAAA_AA=\n" },
		{ "padding in the middle", "t\n\n\xe2\x80\x94 n AA==AAAA\n" },
		{ "three of padding", "t\n\n\xe2\x80\x94 n AAAAAAA===\n" },
		{ "a control character", "t\x01\n\n\xe2\x80\x94 n AAAAAAA=\n" },
		{ "a tabulator", "t\t\n\n\xe2\x80\x94 n AAAAAAA=\n" },
		{ "not UTF-8", "t\xff\n\n\xe2\x80\x94 n AAAAAAA=\n" },
	};
	struct note n = { 0 };

	(void)state;
	CHECK_OK(note_get(VIEW("t\n\n\xe2\x80\x94 n AAAAAAA=\n"), &n));
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		CHECK_ROW(rows[i].name, note_get(view_str(rows[i].text), &n) == E_PROTO);
	CHECK_OK(note_get(VIEW("a\n\nb\n\n\xe2\x80\x94 n AAAAAAA=\n"), &n));
	CHECK_VIEW(n.text, "a\n\nb\n"); /* signed-note: the last empty line separates */
}

static void test_limits(void **state)
{
	static uint8_t text[2 * NOTE_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct note n = { 0 };

	(void)state;
	WBUF_LIT(&w, "t\n\n");
	for (unsigned i = 0; i < NOTE_LINES; i++)
		WBUF_LIT(&w, "\xe2\x80\x94 n AAAAAAA=\n");
	CHECK_OK(note_get(wbuf_view(&w), &n));
	WBUF_LIT(&w, "\xe2\x80\x94 n AAAAAAA=\n");
	CHECK_ERR(note_get(wbuf_view(&w), &n), E_LIMIT);
	CHECK_ERR(note_get(view_of(text, sizeof text), &n), E_LIMIT);
}

static void test_checkpoint_malformed(void **state)
{
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "two lines", "o\n1\n" },
		{ "an empty origin", "\n1\n" ROOT },
		{ "a leading zero", "o\n01\n" ROOT },
		{ "a sign", "o\n+1\n" ROOT },
		{ "no number", "o\n\n" ROOT },
		{ "too large", "o\n9223372036854775807\n" ROOT },
		{ "a short root", "o\n1\nAAAA\n" },
		{ "a root of 31 bytes", "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2==\n" },
		{ "an empty line behind", "o\n1\n" ROOT "\n" },
		{ "no newline at the end", "o\n1\n" ROOT "x" },
	};
	struct note_checkpoint c = { 0 };

	(void)state;
	CHECK_OK(note_get_checkpoint(VIEW("o\n0\n" ROOT), &c));
	CHECK_OK(note_get_checkpoint(VIEW("o\n1\n" ROOT "an extension\n"), &c));
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		CHECK_ROW(rows[i].name, note_get_checkpoint(view_str(rows[i].text), &c) == E_PROTO);
}

static void test_verifier_key(void **state)
{
	/* tests/unit/ipc/note_test.c's key, by `python3 -c` from the formula of signed-note */
	static const char vkey[] =
		"example.org/log+1c66b9ea+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
	struct note_key k = { 0 }, again = { 0 };
	uint8_t text[NOTE_VKEY_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);

	(void)state;
	CHECK_OK(note_key_make(&digest, VIEW("example.org/log"), NOTE_ED25519, &public_half, &k));
	note_key_put(&w, &k);
	CHECK_VIEW(wbuf_view(&w), vkey);
	CHECK_OK(note_key_get(&digest, view_str(vkey), &again));
	assert_true(again.type == NOTE_ED25519 && audit_key_eq(&again.key, &public_half));
	text[w.n - 2] ^= 1; /* another key under the same ID */
	CHECK_ERR(note_key_get(&digest, wbuf_view(&w), &again), E_PROTO);
	CHECK_ERR(note_key_get(&digest, VIEW("a+00000000+AQ=="), &again), E_PROTO);
	CHECK_ERR(note_key_get(&digest, VIEW(""), &again), E_PROTO);
	CHECK_ERR(note_key_get(&digest, VIEW("a"), &again), E_PROTO);
	CHECK_ERR(note_key_make(&digest, VIEW("a b"), NOTE_ED25519, &public_half, &k), E_PROTO);
	CHECK_ERR(note_key_make(&digest, VIEW("a\nb"), NOTE_ED25519, &public_half, &k), E_PROTO);
	CHECK_ERR(note_key_make(&digest, VIEW(""), NOTE_ED25519, &public_half, &k), E_PROTO);
}

static void test_signatures(void **state)
{
	struct note_key log = { 0 }, witness = { 0 }, stranger = { 0 };
	uint8_t bytes[72], text[1024], message[512], origin[NOTE_NAME_MAX];
	struct wbuf w = wbuf_of(text, sizeof text), m = wbuf_of(message, sizeof message),
		    o = wbuf_of(origin, sizeof origin), stamped = wbuf_of(bytes, sizeof bytes);
	struct note_checkpoint c = { .head.size = 7 };
	struct note_signature s = { 0 };
	struct note n = { 0 };
	uint64_t at = 1;

	(void)state;
	note_put_origin(&o, &public_half);
	CHECK_VIEW(wbuf_view(&o), "sluis/audit/d75a980182b10ab7");
	c.origin = wbuf_view(&o);
	CHECK_OK(note_key_make(&digest, c.origin, NOTE_ED25519, &public_half, &log));
	CHECK_OK(note_key_make(&digest, VIEW("w"), NOTE_COSIGNATURE, &public_half, &witness));
	CHECK_OK(note_key_make(&digest, VIEW("x"), NOTE_COSIGNATURE, &public_half, &stranger));
	note_put_checkpoint(&w, &c);
	sign(wbuf_view(&w), bytes);
	note_put_cosigned(&m, 1700000000, wbuf_view(&w));
	WBUF_LIT(&w, "\n");
	note_put_signature(&w, &log, view_of(bytes, 64));
	wbuf_u64(&stamped, 1700000000);
	sign(wbuf_view(&m), bytes + 8);
	note_put_signature(&w, &witness, view_of(bytes, 72));
	CHECK_OK(note_get(wbuf_view(&w), &n));
	CHECK_OK(note_find(&log, &n, &s, &at));
	assert_true(at == 0);
	CHECK_OK(note_find(&witness, &n, &s, &at));
	assert_true(at == 1700000000);
	CHECK_ERR(note_find(&stranger, &n, &s, &at), E_CLOSED);
	s.bytes[7]++; /* another time */
	CHECK_ERR(note_check(&witness, n.text, &s, &at), E_DENIED);
	s.n = 64;
	CHECK_ERR(note_check(&witness, n.text, &s, &at), E_DENIED);
	text[o.n + 1] = '8'; /* another size under the same signatures */
	CHECK_ERR(note_find(&log, &n, &s, &at), E_DENIED);
	CHECK_ERR(note_find(&witness, &n, &s, &at), E_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),	     cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_limits),	     cmocka_unit_test(test_checkpoint_malformed),
		cmocka_unit_test(test_verifier_key), cmocka_unit_test(test_signatures),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
