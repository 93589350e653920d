/*
 * One-time passwords against the vectors of RFC 6238 Appendix B (RFC 6238 §1.2: TOTP is HOTP of the
 * time), RFC 4226 Appendix D (RFC 4226 §5.3) and RFC 2202 §3 (HMAC: RFC 2104 §2); base32 against
 * RFC 4648 §6 and §10.
 */
#include "../../check.h"

#include "role/authority/totp.h"

#define KEY VIEW("12345678901234567890") /* RFC 4226 §4 R6: 160 bits */

static struct view code_of(uint32_t code, uint8_t at[6])
{
	struct wbuf w = wbuf_of(at, 6);

	wbuf_dec_pad(&w, code, 6);
	return wbuf_view(&w);
}

/* RFC 2202 §3, cases 1 and 2. */
static void test_hmac(void **state)
{
	uint8_t mac[20], hex[40], bytes[20];
	struct wbuf w = wbuf_of(hex, sizeof hex);

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = 0x0b;
	totp_hmac(view_of(bytes, sizeof bytes), VIEW("Hi There"), mac);
	wbuf_hex(&w, view_of(mac, sizeof mac));
	CHECK_VIEW(wbuf_view(&w), "b617318655057264e28bc0b6fb378c8ef146be00");
	w.n = 0;
	totp_hmac(VIEW("Jefe"), VIEW("what do ya want for nothing?"), mac);
	wbuf_hex(&w, view_of(mac, sizeof mac));
	CHECK_VIEW(wbuf_view(&w), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

/* RFC 4226 Appendix D, and the last six of the eight digits of RFC 6238 Appendix B (SHA-1). */
static void test_vectors(void **state)
{
	static const uint32_t hotp[] = { 755224, 287082, 359152, 969429, 338314,
					 254676, 287922, 162583, 399871, 520489 };
	static const struct {
		uint64_t wall_s;
		uint32_t code;
	} rows[] = {
		{ 59, 287082 },	      { 1111111109, 81804 },  { 1111111111, 50471 },
		{ 1234567890, 5924 }, { 2000000000, 279037 }, { 20000000000, 353130 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hotp); i++)
		assert_int_equal(totp_at(KEY, i), hotp[i]);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(totp_at(KEY, rows[i].wall_s / TOTP_STEP_S), rows[i].code);
}

/* RFC 6238 §5.2: a step either way, and none twice. */
static void test_check(void **state)
{
	uint64_t step = 0, now = 1000;
	uint8_t at[6];

	(void)state;
	for (uint64_t of = 30; of < 37; of++) {
		bool is_near = of >= 32 && of <= 34;

		assert_int_equal(totp_check(KEY, code_of(totp_at(KEY, of), at), now, 0, &step),
				 is_near ? E_OK : E_DENIED);
		if (is_near)
			assert_int_equal(step, of);
	}
	CHECK_ERR(totp_check(KEY, code_of(totp_at(KEY, 33), at), now, 33, &step), E_DENIED);
	CHECK_ERR(totp_check(KEY, code_of(totp_at(KEY, 33), at), now, 34, &step), E_DENIED);
	CHECK_OK(totp_check(KEY, code_of(totp_at(KEY, 34), at), now, 33, &step));
	CHECK_ERR(totp_check(KEY, VIEW(""), now, 0, &step), E_DENIED);
	CHECK_ERR(totp_check(KEY, VIEW("12345"), now, 0, &step), E_DENIED);
}

static void test_base32(void **state)
{
	static const struct {
		const char *plain, *text;
	} rows[] = { { "", "" },
		     { "f", "MY" },

		     { "foo", "MZXW6" },
		     { "foob", "MZXW6YQ" },
		     { "fooba", "MZXW6YTB" },
		     { "foobar", "MZXW6YTBOI" } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t at[16];
		struct wbuf w = wbuf_of(at, sizeof at);

		totp_put_base32(&w, view_str(rows[i].plain));
		CHECK_VIEW(wbuf_view(&w), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_base32),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
