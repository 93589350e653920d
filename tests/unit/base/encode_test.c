/* SHA-1 by RFC 3174 §6.1 with its test vectors, and base64 by RFC 4648 §4 with those of RFC 4648
 * §10. */
#include "tests/unit/check.h"

#include "base/base64.h"
#include "base/sha1.h"

static void check_sha1(struct view part, unsigned times, const char *want)
{
	struct sha1 s = sha1_begin();
	uint8_t digest[SHA1_BYTES], hex[2 * SHA1_BYTES];
	struct wbuf w = wbuf_of(hex, sizeof hex);

	for (unsigned i = 0; i < times; i++)
		sha1_add(&s, part);
	sha1_end(&s, digest);
	wbuf_hex(&w, view_of(digest, sizeof digest));
	CHECK_VIEW(wbuf_view(&w), want);
}

/* RFC 3174 §7.3, and RFC 3174 §5 by each of its four functions */
static void test_sha1(void **state)
{
	(void)state;
	check_sha1(VIEW("abc"), 1, "a9993e364706816aba3e25717850c26c9cd0d89d");
	check_sha1(VIEW("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), 1,
		   "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	check_sha1(VIEW("a"), 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	check_sha1(VIEW("0123456701234567012345670123456701234567012345670123456701234567"), 10,
		   "dea356a2cddd90c7a7ecedc5ebb563934f460452");
	check_sha1(VIEW(""), 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static void test_base64(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = { { "", "" },
		     { "f", "Zg==" },
		     { "fp", "ZnA=" },
		     { "foo", "Zm9v" },
		     { "foob", "Zm9vYg==" },
		     { "fooba", "Zm9vYmE=" },
		     { "foobar", "Zm9vYmFy" },
		     { "\xfb\xff\xbf", "+/+/" } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t room[16];
		struct wbuf w = wbuf_of(room, sizeof room);

		base64_put(&w, view_str(rows[i].in));
		CHECK_ROW(rows[i].in, view_eq(wbuf_view(&w), view_str(rows[i].out)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha1),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
