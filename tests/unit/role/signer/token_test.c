/*
 * token.c and claims.c: assertions for applications. Signatures are verified with the key that the
 * published set gives alone (RFC 7515 §5.2, RFC 7517 §4, RFC 7518 §3.4, RFC 7638 §3), claims with a
 * JSON library that is not in the signer; a taken-over authority's fields say nothing twice (A20).
 */
#include "base/base64url.h"
#include "tests/unit/check.h"
#include "tests/unit/role/signer/token_rig.h"

#include <fcntl.h>
#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOW = 1764000000 };

struct place {
	char dir[40];
	int fd;
	OSSL_LIB_CTX *libctx;
	struct token token;
};

static const char *const files[] = { "token.key", "token.old.key", "token.new" };

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	strcpy(p->dir, "/tmp/token_test_XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY);
	p->libctx = OSSL_LIB_CTX_new();
	CHECK_OK(token_rig_open(&p->token, p->libctx, p->fd));
	*state = p;
	return p->fd < 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	token_done(&p->token);
	for (size_t i = 0; i < COUNT_OF(files); i++)
		(void)unlinkat(p->fd, files[i], 0);
	close(p->fd);
	rmdir(p->dir);
	OSSL_LIB_CTX_free(p->libctx);
	free(p);
	return 0;
}

static struct authority_token question(void)
{
	return (struct authority_token){ .app = TOKEN_RIG_APP,
					 .factors = GATE_PASSKEY,
					 .auth_s = NOW - 10,
					 .session = { { 1, 2, 3 } },
					 .user = VIEW("j.jansen"),
					 .title = VIEW("Jan \"JJ\" J\\ansen"),
					 .groups = VIEW("prosecutors\nstaff-1") };
}

static struct view decoded(struct view text, uint8_t *room, size_t cap)
{
	struct wbuf w = wbuf_of(room, cap);

	CHECK_OK(base64url_get(text, &w));
	return wbuf_view(&w);
}

static json_t *parsed(struct view json)
{
	json_t *j = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(j);
	return j;
}

static const char *text_of(const json_t *j, const char *name)
{
	const char *s = json_string_value(json_object_get(j, name));

	if (!s)
		fail_msg("no %s", name);
	return s;
}

/* The key of the set with that kid, as a verifier makes it. */
static EVP_PKEY *key_of(const struct place *p, const char *kid, size_t *ret_n)
{
	uint8_t json[2048], point[65] = { 4 };
	struct wbuf w = wbuf_of(json, sizeof json);
	EVP_PKEY *pkey = NULL;
	json_t *set = NULL, *key = NULL;
	size_t i = 0;

	CHECK_OK(token_keys(&p->token, NOW, &w));
	set = parsed(wbuf_view(&w));
	*ret_n = json_array_size(json_object_get(set, "keys"));
	json_array_foreach(json_object_get(set, "keys"), i, key)
	{
		assert_string_equal(text_of(key, "kty"), "EC");
		assert_string_equal(text_of(key, "crv"), "P-256");
		assert_string_equal(text_of(key, "use"), "sig");
		assert_string_equal(text_of(key, "alg"), "ES256");
		assert_null(json_object_get(key, "d"));
		if (kid && strcmp(text_of(key, "kid"), kid))
			continue;
		assert_int_equal(decoded(view_str(text_of(key, "x")), point + 1, 32).n, 32);
		assert_int_equal(decoded(view_str(text_of(key, "y")), point + 33, 32).n, 32);
		EVP_PKEY_free(pkey);
		pkey = EVP_EC_gen("P-256");
		assert_int_equal(EVP_PKEY_set1_encoded_public_key(pkey, point, 65), 1);
	}
	json_decref(set);
	return pkey;
}

static bool is_signed_by(EVP_PKEY *pkey, struct view message, struct view raw)
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	int n = 0;
	bool is_good = false;

	assert_int_equal(raw.n, 64); /* RFC 7518 §3.4 */
	ECDSA_SIG_set0(s, BN_bin2bn(raw.p, 32, NULL), BN_bin2bn(raw.p + 32, 32, NULL));
	n = i2d_ECDSA_SIG(s, &der);
	assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, pkey, NULL), 1);
	is_good = EVP_DigestVerify(ctx, der, (size_t)n, message.p, message.n) == 1;
	OPENSSL_free(der);
	ECDSA_SIG_free(s);
	EVP_MD_CTX_free(ctx);
	return is_good;
}

/* Takes a token apart as RFC 7515 §5.2 has it: three parts, what the head says (RFC 7515 §3.1,
 * RFC 7515 §4.1), the signature; gives the claims. */
static json_t *verified(const struct place *p, struct view token)
{
	uint8_t head[256], claims[4096], raw[80];
	size_t dot = view_find(token, '.'), n = 0;
	struct view rest = view_slice(token, dot + 1, token.n);
	size_t dot2 = view_find(rest, '.');
	json_t *h = parsed(decoded(view_slice(token, 0, dot), head, sizeof head)), *c = NULL;
	EVP_PKEY *pkey = key_of(p, text_of(h, "kid"), &n);

	assert_int_equal(json_object_size(h), 3);
	assert_string_equal(text_of(h, "alg"), "ES256");
	assert_string_equal(text_of(h, "typ"), "JWT");
	assert_non_null(pkey);
	assert_true(is_signed_by(pkey, view_slice(token, 0, dot + 1 + dot2),
				 decoded(view_slice(rest, dot2 + 1, rest.n), raw, sizeof raw)));
	c = parsed(decoded(view_slice(rest, 0, dot2), claims, sizeof claims));
	EVP_PKEY_free(pkey);
	json_decref(h);
	return c;
}

static struct view make(struct place *p, const struct authority_token *q, uint8_t *room,
			enum err want)
{
	struct wbuf w = wbuf_of(room, GATE_JWT_MAX);
	const char *why = NULL;
	enum err e = token_make(&p->token, q, NOW, &w, &why);

	if (e != want)
		fail_msg("%s: %s", err_name(e), why);
	return wbuf_view(&w);
}

/* RFC 7519 §4; an id that is another for each token: RFC 7519 §4.1.7 */
static void test_claims(void **state)
{
	struct place *p = *state;
	struct authority_token q = question();
	uint8_t a[GATE_JWT_MAX], b[GATE_JWT_MAX];
	json_t *c = verified(p, make(p, &q, a, E_OK)), *d = verified(p, make(p, &q, b, E_OK));
	const json_t *groups = json_object_get(c, "groups");

	assert_string_equal(text_of(c, "iss"), "https://login.example.nl");
	assert_string_equal(text_of(c, "sub"), "j.jansen");
	assert_string_equal(text_of(c, "aud"), "cases");
	assert_string_equal(text_of(c, "name"), "Jan \"JJ\" J\\ansen");
	assert_int_equal(json_integer_value(json_object_get(c, "iat")), NOW);
	assert_int_equal(json_integer_value(json_object_get(c, "nbf")), NOW);
	assert_int_equal(json_integer_value(json_object_get(c, "exp")), NOW + 60);
	assert_int_equal(json_integer_value(json_object_get(c, "auth_time")), NOW - 10);
	assert_int_equal(json_array_size(groups), 2);
	assert_string_equal(json_string_value(json_array_get(groups, 0)), "prosecutors");
	assert_string_equal(json_string_value(json_array_get(groups, 1)), "staff-1");
	assert_int_equal(strlen(text_of(c, "jti")), 22);
	assert_string_not_equal(text_of(c, "jti"), text_of(d, "jti"));
	assert_string_equal(text_of(c, "sid"), text_of(d, "sid"));
	assert_int_equal(strlen(text_of(c, "sid")), 22);
	json_decref(d);
	q.session.b[0]++;
	d = verified(p, make(p, &q, b, E_OK));
	assert_string_not_equal(text_of(c, "sid"), text_of(d, "sid"));
	json_decref(c);
	json_decref(d);
}

/* RFC 8176 §2 */
static void test_methods(void **state)
{
	static const struct {
		uint8_t factors;
		const char *words;
	} rows[] = {
		{ GATE_PASSWORD, "pwd" },
		{ GATE_TOTP, "otp" },
		{ GATE_PASSWORD | GATE_TOTP, "pwd otp mfa" },
		{ GATE_PASSWORD | GATE_RECOVERY, "pwd otp mfa" },
		{ GATE_PASSKEY, "pop user mfa" },
		{ GATE_CERTIFICATE, "pop" },
		{ GATE_PASSWORD | GATE_CERTIFICATE, "pwd pop mfa" },
		{ 31, "pwd otp pop user mfa" },
	};
	struct place *p = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct authority_token q = question();
		uint8_t room[GATE_JWT_MAX];
		char words[64] = "";
		json_t *c = NULL, *word = NULL;
		size_t at = 0;

		q.factors = rows[i].factors;
		c = verified(p, make(p, &q, room, E_OK));
		json_array_foreach(json_object_get(c, "amr"), at, word)
		{
			if (at)
				strcat(words, " ");
			strcat(words, json_string_value(word));
		}
		assert_string_equal(words, rows[i].words);
		json_decref(c);
	}
}

/* Fields that are not what their names say: nothing is signed. */
static void test_refused(void **state)
{
	static const struct view names[] = {
		VIEW_INIT(""),
		VIEW_INIT("Jan"),
		VIEW_INIT("a\""),
		VIEW_INIT("a\\"),
		VIEW_INIT("a b"),
		VIEW_INIT("a\n"),
		VIEW_INIT("a\0"),
		VIEW_INIT("\xc3\xa9"),
		VIEW_INIT("a,b"),
		VIEW_INIT("../a/b"),
		VIEW_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	};
	static const struct view titles[] = {
		VIEW_INIT("a\n"),	   VIEW_INIT("a\x1f"),	  VIEW_INIT("a\x7f"),
		VIEW_INIT("\xc2\x85"),	   VIEW_INIT("\xc0\x80"), VIEW_INIT("\xff"),
		VIEW_INIT("\xed\xa0\x80"), VIEW_INIT("\xc3"),	  VIEW_INIT("a\0b"),
	};
	static const struct view groups[] = { VIEW_INIT("\n"), VIEW_INIT("a\n\nb"),
					      VIEW_INIT("a\",\"admins"), VIEW_INIT("a\nB") };
	struct place *p = *state;
	uint8_t room[GATE_JWT_MAX];
	struct authority_token q = question();

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		q = question();
		q.user = names[i];
		make(p, &q, room, E_DENIED);
	}
	for (size_t i = 0; i < COUNT_OF(titles); i++) {
		q = question();
		q.title = titles[i];
		make(p, &q, room, E_DENIED);
	}
	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		q = question();
		q.groups = groups[i];
		make(p, &q, room, E_DENIED);
	}
	static const struct {
		uint64_t app, auth_s;
		uint8_t factors, session;
	} rows[] = { { 78, NOW, 4, 1 },	       { 0, NOW, 4, 1 },  { 77, 0, 4, 1 },
		     { 77, NOW + 6, 4, 1 },    { 77, NOW, 0, 1 }, { 77, NOW, 32, 1 },
		     { 77, UINT64_MAX, 4, 1 }, { 77, NOW, 4, 0 } };

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		q = question();
		q.app = rows[i].app;
		q.auth_s = rows[i].auth_s;
		q.factors = rows[i].factors;
		q.session = (struct hash32){ { rows[i].session } };
		make(p, &q, room, E_DENIED);
	}
}

/* As much as fits, and more. */
static void test_length(void **state)
{
	struct place *p = *state;
	struct authority_token q = question();
	uint8_t room[GATE_JWT_MAX], many[GATE_GROUPS_MAX], title[GATE_TITLE_MAX];

	for (size_t i = 0; i < sizeof many; i++)
		many[i] = i % 13 == 12 ? '\n' : 'g';
	memset(title, '"', sizeof title);
	q.title = view_of(title, sizeof title);
	q.groups = view_of(many, sizeof many);
	json_decref(verified(p, make(p, &q, room, E_OK)));
	q.groups = (struct view){ 0 };
	json_decref(verified(p, make(p, &q, room, E_OK)));
	for (size_t i = 0; i < sizeof many; i++)
		many[i] = i % 2 ? '\n' : 'g';
	q.groups = view_of(many, sizeof many);
	make(p, &q, room, E_LIMIT);
}

/* Kept over starts; a rotation's old key stays in the set for a day, and no longer. */
static void test_rotation(void **state)
{
	struct place *p = *state;
	struct authority_token q = question();
	uint8_t room[GATE_JWT_MAX], set[2048];
	struct wbuf w = wbuf_of(set, sizeof set);
	uint8_t kid[TOKEN_KID];
	struct stat st;
	size_t n = 0;

	memcpy(kid, p->token.key.kid, sizeof kid);
	assert_int_equal(fstatat(p->fd, "token.key", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	token_done(&p->token);
	CHECK_OK(token_rig_open(&p->token, p->libctx, p->fd));
	assert_memory_equal(kid, p->token.key.kid, sizeof kid);
	EVP_PKEY_free(key_of(p, NULL, &n));
	assert_int_equal(n, 1);
	token_done(&p->token);
	assert_int_equal(renameat(p->fd, "token.key", p->fd, "token.old.key"), 0);
	CHECK_OK(token_rig_open(&p->token, p->libctx, p->fd));
	assert_memory_not_equal(kid, p->token.key.kid, sizeof kid);
	assert_memory_equal(kid, p->token.old.kid, sizeof kid);
	p->token.old_until_s = NOW + 1;
	EVP_PKEY_free(key_of(p, NULL, &n));
	assert_int_equal(n, 2);
	json_decref(verified(p, make(p, &q, room, E_OK))); /* by the new one */
	CHECK_OK(token_keys(&p->token, NOW + 1, &w));
	assert_null(memmem(set, w.n, kid, sizeof kid));
}

static void test_files(void **state)
{
	struct place *p = *state;
	struct token t;
	int fd = -1;

	assert_int_equal(fchmodat(p->fd, "token.key", 0640, 0), 0);
	CHECK_ERR(token_rig_open(&t, p->libctx, p->fd), E_DENIED);
	token_done(&t);
	assert_int_equal(unlinkat(p->fd, "token.key", 0), 0);
	fd = openat(p->fd, "token.key", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "nothing", 7), 7);
	close(fd);
	CHECK_ERR(token_rig_open(&t, p->libctx, p->fd), E_DENIED);
	token_done(&t);
}

/* RFC 7638 §3.1 has an example of RSA only; its rule on our members, by OpenSSL's command line:
 * printf '{"crv":"P-256","kty":"EC","x":"...","y":"..."}' | openssl dgst -sha256 -binary */
static void test_thumbprint(void **state)
{
	struct place *p = *state;
	uint8_t room[256], hash[32], kid[64];
	struct wbuf w = wbuf_of(room, sizeof room), k = wbuf_of(kid, sizeof kid);

	WBUF_LIT(&w, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
	base64url_put(&w, view_of(p->token.key.x, 32));
	WBUF_LIT(&w, "\",\"y\":\"");
	base64url_put(&w, view_of(p->token.key.y, 32));
	WBUF_LIT(&w, "\"}");
	assert_int_equal(EVP_Digest(w.p, w.n, hash, NULL, EVP_sha256(), NULL), 1);
	base64url_put(&k, view_of(hash, sizeof hash));
	assert_int_equal(k.n, TOKEN_KID);
	assert_memory_equal(kid, p->token.key.kid, TOKEN_KID);
}

/* P12: without a gateway there is no key, and nothing to ask. */
static void test_no_gateway(void **state)
{
	struct place *p = *state;
	struct image_header h = { 0 };
	struct image im = { .header = &h };
	struct arena a = { 0 };
	struct token t = { 0 };
	struct authority_token q = question();
	uint8_t room[GATE_JWT_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);
	const char *why = NULL;

	assert_int_equal(unlinkat(p->fd, "token.key", 0), 0);
	CHECK_OK(token_open(&t, p->libctx, p->fd, &im, &a, &why));
	assert_int_equal(faccessat(p->fd, "token.key", F_OK, 0), -1);
	CHECK_ERR(token_make(&t, &q, NOW, &w, &why), E_DENIED);
	CHECK_ERR(token_keys(&t, NOW, &w), E_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_claims, setup, teardown),
		cmocka_unit_test_setup_teardown(test_methods, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_length, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rotation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_thumbprint, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_gateway, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
