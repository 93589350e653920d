/*
 * A bundle of evidence, from its writer to its reader: what one writes the other takes, and no byte
 * of it can change without being seen (P3, P9), in the clear and encrypted (RFC 5083 §2.1).
 */
#include "base/date.h"
#include "base/proc_maps.h"
#include "sys/fd.h"
#include "tests/unit/check.h"
#include "tool/evidence.h"
#include "tool/evidence_ber.h"
#include "tool/evidence_bundle.h"
#include "tool/evidence_check.h"
#include "tool/evidence_choice.h"
#include "tool/evidence_core.h"
#include "tool/evidence_in.h"
#include "tool/evidence_record.h"

#include <elf.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#define IS_SANITIZED __has_feature(address_sanitizer)
#else
#define IS_SANITIZED false
#endif

enum { FILE_MAX = 1 << 20 };

/* A folder, a recipient, the key that machines sign with. */
struct bed {
	char dir[64], certificate[96], key[96], file[96];
	EVP_PKEY *signer;
	struct evidence_recipients to;
	uint8_t *bytes; /* of file */
	size_t n;
};

static void make_certificate(const struct bed *b, EVP_PKEY *key)
{
	X509 *x = X509_new();
	FILE *to = fopen(b->certificate, "w");

	assert_non_null(x);
	assert_non_null(to);
	(void)X509_gmtime_adj(X509_getm_notBefore(x), 0);
	(void)X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	assert_int_equal(X509_set_version(x, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 7), 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
						    (const unsigned char *)"csirt", -1, -1, 0),
			 1);
	assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(x)), 1);
	assert_int_equal(X509_set_pubkey(x, key), 1);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509(to, x), 1);
	X509_free(x);
	assert_int_equal(fclose(to), 0);
}

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof *b);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	const char *why = NULL;
	FILE *to = NULL;

	snprintf(b->dir, sizeof b->dir, "/tmp/evidence_test_XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->certificate, sizeof b->certificate, "%s/c.pem", b->dir);
	snprintf(b->key, sizeof b->key, "%s/c.key", b->dir);
	snprintf(b->file, sizeof b->file, "%s/bundle", b->dir);
	make_certificate(b, key);
	to = fopen(b->key, "w");
	assert_int_equal(PEM_write_PrivateKey(to, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(to);
	EVP_PKEY_free(key);
	b->signer = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	b->bytes = malloc(FILE_MAX);
	CHECK_OK(evidence_recipient_add(&b->to, b->certificate, &why));
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	unlink(b->certificate);
	unlink(b->key);
	unlink(b->file);
	rmdir(b->dir);
	evidence_recipient_done(&b->to);
	EVP_PKEY_free(b->signer);
	free(b->bytes);
	free(b);
	return 0;
}

/* What the signer does. */
static void sign(struct bed *b, struct evidence_signature *s)
{
	uint8_t text[EVIDENCE_TEXT_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = sizeof s->signature.b, key_n = sizeof s->key.b;

	s->wall_us = 1784270400000000;
	EVP_PKEY_get_raw_public_key(b->signer, s->key.b, &key_n);
	evidence_signer_put_text(&w, s);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, b->signer), 1);
	assert_int_equal(EVP_DigestSign(ctx, s->signature.b, &n, w.p, w.n), 1);
	EVP_MD_CTX_free(ctx);
}

static void load(struct bed *b)
{
	AUTO_FD fd = open(b->file, O_RDONLY);
	struct wbuf w = wbuf_of(b->bytes, FILE_MAX);

	CHECK_OK(fd_read_all(fd, &w));
	b->n = w.n;
}

static void write_bundle(struct bed *b, bool is_encrypted, uint64_t bytes_max)
{
	static const uint8_t zeros[700];
	struct evidence_recipients nobody = { 0 };
	struct evidence_bundle x = { .bytes_max = bytes_max };
	struct evidence_signature s = { 0 };
	uint8_t hash[32];
	AUTO_FD fd = open(b->file, O_RDWR | O_CREAT | O_TRUNC, 0600);

	CHECK_OK(evidence_bundle_open(&x, fd, is_encrypted ? &b->to : &nobody));
	json_object_set_new(x.doc, "format", json_integer(EVIDENCE_FORMAT));
	CHECK_OK(evidence_bundle_put(&x, "a/one", "test", VIEW("hello")));
	CHECK_OK(evidence_bundle_put(&x, "empty", "test", VIEW("")));
	CHECK_OK(evidence_bundle_put(&x, "block", "test", view_of(zeros, 512)));
	if (evidence_bundle_begin(&x, "short", "test", 700) == E_OK) {
		CHECK_OK(evidence_bundle_write(&x, VIEW("became shorter")));
		CHECK_OK(evidence_bundle_end(&x));
	}
	evidence_bundle_miss(&x, "other", "not there");
	CHECK_OK(evidence_bundle_seal(&x, s.hash));
	sign(b, &s);
	CHECK_OK(evidence_bundle_sign(&x, &s));
	CHECK_OK(evidence_out_end(&x.out, fd, hash));
	evidence_bundle_done(&x);
	load(b);
}

/* ---- reading ---- */

struct got {
	struct evidence_read read;
	struct evidence_check check;
	unsigned told;
};

static enum err on_bytes(void *arg, struct view v)
{
	struct got *g = arg;

	return evidence_read_push(&g->read, v);
}

static void on_finding(void *arg, const char *name, const char *what)
{
	struct got *g = arg;

	assert_non_null(name);
	assert_non_null(what);
	g->told++;
}

/* Findings, or -1: it was not even read. */
static int verify(const struct bed *b, const char *key)
{
	struct got g = { 0 };
	struct evidence_in in = {
		.path = b->file, .key_path = key, .on_bytes = on_bytes, .arg = &g
	};
	const char *why = NULL;
	int findings = -1;

	CHECK_OK(evidence_read_init(&g.read));
	g.check.on_finding = on_finding;
	g.check.arg = &g;
	if (evidence_in_run(&in, &why) == E_OK && evidence_read_end(&g.read) == E_OK) {
		CHECK_OK(evidence_check_run(&g.check, &g.read));
		findings = (int)g.check.findings;
		assert_int_equal(g.told, g.check.findings);
	}
	evidence_check_done(&g.check);
	evidence_read_done(&g.read);
	return findings;
}

static void store(const struct bed *b, size_t n)
{
	AUTO_FD fd = open(b->file, O_WRONLY | O_TRUNC);

	CHECK_OK(fd_write_all(fd, view_of(b->bytes, n)));
}

static void test_whole(void **state)
{
	struct bed *b = *state;

	write_bundle(b, false, FILE_MAX);
	assert_int_equal(verify(b, NULL), 0);
	write_bundle(b, true, FILE_MAX);
	assert_int_equal(verify(b, b->key), 0);
	assert_int_equal(verify(b, NULL), -1);
	assert_int_equal(verify(b, b->certificate), -1);
}

/* In the clear: every byte, one bit each. */
static void test_every_byte(void **state)
{
	struct bed *b = *state;

	write_bundle(b, false, FILE_MAX);
	assert_true(b->n > 4000 && b->n % 512 == 0);
	for (size_t i = 0; i < b->n; i++) {
		struct got g = { 0 };
		bool is_seen = false;

		b->bytes[i] ^= (uint8_t)(1U << (i % 8));
		CHECK_OK(evidence_read_init(&g.read));
		is_seen = evidence_read_push(&g.read, view_of(b->bytes, b->n)) != E_OK ||
			  evidence_read_end(&g.read) != E_OK;
		if (!is_seen) {
			CHECK_OK(evidence_check_run(&g.check, &g.read));
			is_seen = g.check.findings != 0;
		}
		if (!is_seen)
			fail_msg("byte %zu of %zu was changed, and nobody saw it", i, b->n);
		b->bytes[i] ^= (uint8_t)(1U << (i % 8));
		evidence_check_done(&g.check);
		evidence_read_done(&g.read);
	}
}

/* Any division into pieces gives the same; any beginning of it is not whole. */
static void test_pieces(void **state)
{
	struct bed *b = *state;

	write_bundle(b, false, FILE_MAX);
	for (size_t step = 1; step < 700; step += 97) {
		struct evidence_read r = { 0 };

		CHECK_OK(evidence_read_init(&r));
		for (size_t at = 0; at < b->n; at += step) {
			assert_int_equal(evidence_read_end(&r), E_SHORT);
			CHECK_OK(evidence_read_push(&r,
						    view_slice(view_of(b->bytes, b->n), at, step)));
		}
		CHECK_OK(evidence_read_end(&r));
		assert_int_equal(r.file_n, 6);
		CHECK_ERR(evidence_read_push(&r, view_of(b->bytes, 512)), E_PROTO);
		evidence_read_done(&r);
	}
}

/*
 * Encrypted: RFC 5083 §2.1. A changed byte either keeps it shut, or was in what no plaintext
 * depends on (the recipient's name), and then all of the plaintext is still what was signed.
 */
static void test_every_byte_encrypted(void **state)
{
	struct bed *b = *state;
	unsigned shut = 0;

	write_bundle(b, true, FILE_MAX);
	for (size_t i = 0; i < b->n; i += i < 600 ? 1 : 61) {
		int findings = 0;

		b->bytes[i] ^= 0x10;
		store(b, b->n);
		findings = verify(b, b->key);
		assert_true(findings == -1 || findings == 0);
		assert_true(findings == -1 || i < 600);
		shut += findings == -1;
		b->bytes[i] ^= 0x10;
	}
	assert_true(shut > 300);
	for (size_t n = 0; n < b->n; n += n < 600 ? 1 : 331) {
		store(b, n);
		assert_int_equal(verify(b, b->key), -1);
	}
}

static void test_limit(void **state)
{
	struct bed *b = *state;

	write_bundle(b, false, 600); /* "short" does not fit, and is told */
	assert_int_equal(verify(b, NULL), 0);
	assert_non_null(memmem(b->bytes, b->n, "would be larger", 15));
}

static void test_signature(void **state)
{
	struct bed *b = *state;
	struct evidence_signature s = { .hash = { 1, 2, 3 } }, again = { 0 };
	char text[EVIDENCE_SIGNATURE_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);

	sign(b, &s);
	CHECK_OK(evidence_signer_check(&s));
	evidence_bundle_put_signature(&w, &s);
	assert_true(view_starts(wbuf_view(&w), VIEW("sluis evidence manifest v1\n010203")));
	assert_true(view_starts(view_slice(wbuf_view(&w), 27 + 64, 400),
				VIEW("\n2026-07-17T06:40:00.000000Z\n\n")));
	CHECK_OK(evidence_bundle_get_signature(wbuf_view(&w), &again));
	assert_memory_equal(&s, &again, sizeof s);
	for (size_t i = 0; i < w.n; i++) {
		CHECK_ERR(evidence_bundle_get_signature(view_of(text, i), &again), E_PROTO);
		text[i] ^= 1;
		if (evidence_bundle_get_signature(wbuf_view(&w), &again) == E_OK)
			CHECK_ERR(evidence_signer_check(&again), E_DENIED);
		text[i] ^= 1;
	}
	/* A checkpoint's signature is none, and a manifest's is no checkpoint's */
	s.wall_us++;
	CHECK_ERR(evidence_signer_check(&s), E_DENIED);
	s.wall_us = AUDIT_WALL_US_MAX + 1;
	CHECK_ERR(evidence_signer_check(&s), E_DENIED);
}

static void test_tar(void **state)
{
	static const struct {
		const char *name;
		bool is_good;
	} rows[] = {
		{ "a", true },	     { "a/b-c_d.e+f@g", true }, { "", false },	  { "/a", false },
		{ "a/", false },     { "a//b", false },		{ ".", false },	  { "..", false },
		{ "a/../b", false }, { "a/.b", false },		{ "a b", false }, { "a\n", false },
		{ "a\\b", false },   { "caf\xc3\xa9", false },	{ "a:b", false },
	};
	struct evidence_tar t = { .name = "x", .bytes = EVIDENCE_TAR_BYTES_MAX }, again = { 0 };
	uint8_t block[EVIDENCE_TAR_BLOCK], zero[EVIDENCE_TAR_BLOCK] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		CHECK_ROW(rows[i].name,
			  evidence_tar_is_name(view_str(rows[i].name)) == rows[i].is_good);
	CHECK_OK(evidence_tar_put(&t, block));
	CHECK_OK(evidence_tar_get(view_of(block, sizeof block), &again));
	assert_memory_equal(&t, &again, sizeof t);
	for (size_t i = 0; i < sizeof block; i++) {
		block[i] ^= 1;
		CHECK_ERR(evidence_tar_get(view_of(block, sizeof block), &again), E_PROTO);
		block[i] ^= 1;
	}
	CHECK_ERR(evidence_tar_get(view_of(zero, sizeof zero), &again), E_CLOSED);
	CHECK_ERR(evidence_tar_get(view_of(block, 511), &again), E_PROTO);
	t.bytes++;
	CHECK_ERR(evidence_tar_put(&t, block), E_LIMIT);
	assert_int_equal(evidence_tar_padding(0), 0);
	assert_int_equal(evidence_tar_padding(1), 511);
	assert_int_equal(evidence_tar_padding(512), 0);
}

static void test_ber(void **state)
{
	static const struct {
		const char *bytes;
		size_t n, head, size;
		enum err e;
	} rows[] = {
		{ "\x04\x05hello", 7, 2, 5, E_OK },
		{ "\x04\x82\x10\x00", 4, 4, 4096, E_OK },
		{ "\x00\x00", 2, 0, 0, E_CLOSED },
		{ "\x00\x01", 2, 0, 0, E_PROTO },
		{ "\x04\x80", 2, 0, 0, E_PROTO },
		{ "\x24\x05", 2, 0, 0, E_PROTO },
		{ "\x04\x85\x00\x00\x00\x00\x01", 7, 0, 0, E_PROTO },
		{ "\x04\x84\x01\x00\x00\x01", 6, 0, 0, E_PROTO }, /* larger than a piece may be */
		{ "\x04\x84\xff\xff\xff\xff", 6, 0, 0, E_PROTO },
		{ "\x04", 1, 0, 0, E_SHORT },
		{ "", 0, 0, 0, E_SHORT },
	};
	struct bed *b = *state;
	size_t at = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t head = 0, n = 0;

		assert_int_equal(evidence_ber_piece(view_of(rows[i].bytes, rows[i].n), &head, &n),
				 rows[i].e);
		assert_int_equal(head, rows[i].head);
		assert_int_equal(n, rows[i].size);
	}
	write_bundle(b, true, FILE_MAX);
	CHECK_OK(evidence_ber_front(view_of(b->bytes, b->n), &at));
	assert_int_equal(b->bytes[at], 0xa0);
	assert_int_equal(b->bytes[at + 1], 0x80);
	for (size_t n = 0; n < at + 2; n++)
		CHECK_ERR(evidence_ber_front(view_of(b->bytes, n), &at), E_SHORT);
	CHECK_OK(evidence_ber_tail(view_of(&b->bytes[b->n - 26], 26)));
	CHECK_ERR(evidence_ber_tail(view_of(&b->bytes[b->n - 27], 27)), E_PROTO);
	CHECK_ERR(evidence_ber_tail(view_of(&b->bytes[b->n - 26], 25)), E_PROTO);
	CHECK_ERR(evidence_ber_tail(VIEW("")), E_PROTO);
}

static void test_recipients(void **state)
{
	struct bed *b = *state;
	struct evidence_recipients r = { 0 };
	EVP_PKEY *small = EVP_RSA_gen(1024), *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	const char *why = NULL;

	CHECK_ERR(evidence_recipient_add(&r, b->key, &why), E_PROTO);
	CHECK_ERR(evidence_recipient_add(&r, "/nowhere", &why), E_PROTO);
	for (size_t i = 0; i < EVIDENCE_RECIPIENTS; i++)
		CHECK_OK(evidence_recipient_add(&r, b->certificate, &why));
	assert_string_equal(r.one[0].subject, "CN=csirt");
	CHECK_ERR(evidence_recipient_add(&r, b->certificate, &why), E_LIMIT);
	evidence_recipient_done(&r);
	make_certificate(b, small);
	CHECK_ERR(evidence_recipient_add(&r, b->certificate, &why), E_DENIED);
	evidence_recipient_done(&r);
	EVP_PKEY_free(small);
	EVP_PKEY_free(ed);
}

/* ---- processes ---- */

static void test_maps(void **state)
{
	static const struct {
		const char *line;
		enum err e;
	} rows[] = {
		{ "1000-2000 r-xp 00008000 fe:00 11240017                   /usr/lib/x.so", E_OK },
		{ "7ffff000-7ffff001 rw-s 00000000 00:00 0 ", E_OK },
		{ "7ffff000-7ffff001 rw-s 00000000 00:00 0", E_OK },
		{ "2000-1000 r-xp 0 0:0 0", E_PROTO },
		{ "1000-1000 r-xp 0 0:0 0", E_PROTO },
		{ "1000-2000 rxwp 0 0:0 0", E_PROTO },
		{ "1000-2000 r-x? 0 0:0 0", E_PROTO },
		{ "1000-2000 r-xp 0 0:0", E_PROTO },
		{ "1000-2000 r-xp 0 0:0 x", E_PROTO },
		{ "11112222333344445-2000 r-xp 0 0:0 0", E_PROTO },
		{ "-2000 r-xp 0 0:0 0", E_PROTO },
		{ "", E_AGAIN },
	};
	struct view text = VIEW("10-20 r-xp 5 fe:0 7 /a b (deleted)\n30-40 rwxp 0 0:0 0 [heap]\n");
	struct proc_map m = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view in = view_str(rows[i].line);

		CHECK_ROW(rows[i].line, proc_maps_next(&in, &m) == rows[i].e);
	}
	CHECK_OK(proc_maps_next(&text, &m));
	assert_true(m.is_deleted && m.from == 0x10 && m.to == 0x20 && m.offset == 5 &&
		    m.inode == 7);
	assert_int_equal(m.flags, PROC_MAP_READ | PROC_MAP_EXEC);
	CHECK_VIEW(m.path, "/a b");
	CHECK_OK(proc_maps_next(&text, &m));
	assert_int_equal(m.flags, PROC_MAP_READ | PROC_MAP_WRITE | PROC_MAP_EXEC);
	CHECK_VIEW(m.path, "[heap]");
	CHECK_ERR(proc_maps_next(&text, &m), E_AGAIN);
}

/* A process of ours with a page that says something, in the middle of a large empty place. */
static pid_t child(uint8_t **ret_place)
{
	uint8_t *p =
		mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid = -1;

	memcpy(&p[32 << 20], "planted in memory", 17);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	memset(&p[32 << 20], 0, 17);
	*ret_place = p;
	return pid;
}

static void test_core(void **state)
{
	struct bed *b = *state;
	struct evidence_recipients nobody = { 0 };
	struct evidence_bundle x = { .bytes_max = 1 << 30 };
	uint8_t *place = NULL;
	struct process_list_one p = { .pid = child(&place) };
	uint64_t bytes = 0;
	struct stat st = { 0 };
	const Elf64_Ehdr *h = NULL;
	char *file = NULL, *found = NULL;
	uint64_t at = 0;
	AUTO_FD fd = open(b->file, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char stat[64];
	struct process_list l = { 0 };

	CHECK_ERR(process_list_of("/nowhere", &l), E_OK);
	assert_int_equal(l.n, 0);
	assert_true(p.pid > 0);
	CHECK_OK(evidence_bundle_open(&x, fd, &nobody));
	/* Another process than the one that was listed: told, not taken */
	p.started = 1;
	CHECK_OK(evidence_core_put(&x, &p, "child", &bytes));
	assert_int_equal(bytes, 0);
	assert_int_equal(x.missing_n, 1);
	for (p.started = 0; bytes == 0;) {
		FILE *from = NULL;
		char line[1024];

		snprintf(stat, sizeof stat, "/proc/%d/stat", (int)p.pid);
		from = fopen(stat, "r");
		assert_non_null(fgets(line, sizeof line, from));
		fclose(from);
		file = strrchr(line, ')') + 2;
		for (int i = 3; i < 22; i++)
			file = strchr(file, ' ') + 1;
		p.started = strtoull(file, NULL, 10);
		CHECK_OK(evidence_core_put(&x, &p, "child", &bytes));
	}
	CHECK_OK(evidence_out_end(&x.out, fd, b->bytes));
	assert_int_equal(fstat(fd, &st), 0);
	/* Not the empty place; a sanitizer has much of its own */
	assert_true(IS_SANITIZED || st.st_size < 32 << 20);
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	h = (const void *)&file[512];
	assert_memory_equal(h->e_ident, ELFMAG, SELFMAG);
	assert_int_equal(h->e_type, ET_CORE);
	found = memmem(file, (size_t)st.st_size, "planted in memory", 17);
	assert_non_null(found);
	for (unsigned i = 0; i < h->e_phnum; i++) {
		const Elf64_Phdr *ph = (const void *)&file[512 + h->e_phoff + i * sizeof *ph];

		if (ph->p_type == PT_LOAD && ph->p_vaddr <= (uintptr_t)&place[32 << 20] &&
		    (uintptr_t)&place[32 << 20] < ph->p_vaddr + ph->p_filesz)
			at = ph->p_offset + ((uintptr_t)&place[32 << 20] - ph->p_vaddr);
	}
	assert_ptr_equal(&file[512 + at], found);
	munmap(file, (size_t)st.st_size);
	kill(p.pid, SIGKILL);
	waitpid(p.pid, NULL, 0);
	CHECK_OK(evidence_core_put(&x, &p, "child", &bytes));
	assert_int_equal(bytes, 0);
	evidence_bundle_done(&x);
	munmap(place, 64 << 20);
}

static void test_choice(void **state)
{
	static const struct {
		const char *memory, *name;
		uint8_t role; /* as the keeper says */
		bool want_secrets;
		enum evidence_choice_verdict verdict;
	} rows[] = {
		{ "edge", "sluis-edge", ROLE_EDGE, false, EVIDENCE_CHOICE_YES },
		{ "edge", "sluis-dialer", ROLE_DIALER, false, EVIDENCE_CHOICE_NO },
		{ "cell,edge", "sluis-cell", 0, false, EVIDENCE_CHOICE_YES },
		{ "all", "anything", 0, false, EVIDENCE_CHOICE_YES },
		{ "all", "sluis-signer", ROLE_SIGNER, false, EVIDENCE_CHOICE_LEFT_OUT },
		{ "all", "sluis-edge", ROLE_SIGNER, false, EVIDENCE_CHOICE_LEFT_OUT }, /* a liar */
		{ "edge", "sluis-edge", ROLE_SIGNER, false, EVIDENCE_CHOICE_SECRET },
		{ "signer", "sluis-signer", 0, false, EVIDENCE_CHOICE_SECRET },
		{ "keeper", "sluis-keeper", ROLE_KEEPER, false, EVIDENCE_CHOICE_SECRET },
		{ "authority", "sluis-authority", 0, false, EVIDENCE_CHOICE_SECRET },
		{ "verifier", "sluis-verifier", 0, false, EVIDENCE_CHOICE_SECRET },
		{ "signer", "sluis-signer", 0, true, EVIDENCE_CHOICE_YES },
		{ "4194305", "sluis-signer", 0, false, EVIDENCE_CHOICE_SECRET },
		{ "4194305", "sluis-edge", 0, false, EVIDENCE_CHOICE_YES },
		{ "4194306", "sluis-edge", 0, false, EVIDENCE_CHOICE_NO },
	};
	struct snapshot *s = calloc(1, sizeof *s);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct evidence_choice c = { .want_secrets = rows[i].want_secrets, .snapshot = s };
		/* above every process number that there is */
		struct process_list_one p = { .pid = 4194305 };

		s->role_n = 1;
		s->roles[0].pid = 4194305;
		s->roles[0].role = rows[i].role;
		snprintf(p.name, sizeof p.name, "%s", rows[i].name);
		CHECK_OK(evidence_choice_read(&c, rows[i].memory));
		CHECK_ROW(rows[i].memory, evidence_choice_of(&c, &p) == rows[i].verdict);
		CHECK_ROW(rows[i].memory,
			  (evidence_choice_unused(&c) == NULL) ==
				  (rows[i].verdict != EVIDENCE_CHOICE_NO && c.n == 1));
		assert_int_equal(evidence_choice_freeze(&c, &p), -1);
	}
	free(s);
}

static void test_records(void **state)
{
	struct bed *b = *state;
	struct evidence_last last = { 0 };
	char id[64], path[160];
	int folder = -1;

	assert_false(evidence_newest(b->dir, 0, &last));
	CHECK_OK(evidence_record_folder(b->dir, &folder));
	for (int i = 0; i < 3; i++) {
		json_t *doc = json_pack("{s:s, s:I, s:b}", "id", "", "at_s",
					(json_int_t)(1000 * (i + 1)), "waived", i == 2);

		snprintf(id, sizeof id, "evidence-2026071%dT063000Z-0000000%d", i, i);
		json_object_set_new(doc, "id", json_string(id));
		CHECK_OK(evidence_record_write(folder, id, doc));
		json_decref(doc);
	}
	assert_true(evidence_newest(b->dir, 0, &last) && last.is_waived && last.at_s == 3000);
	assert_string_equal(last.id, id);
	assert_true(evidence_newest(b->dir, 3000, &last));
	assert_false(evidence_newest(b->dir, 3001, &last));
	evidence_record_remove(folder, id);
	/* What is no record is nobody's evidence */
	snprintf(path, sizeof path, "%s/evidence/evidence-9.json", b->dir);
	fclose(fopen(path, "w"));
	assert_true(evidence_newest(b->dir, 0, &last) && !last.is_waived && last.at_s == 2000);
	assert_false(evidence_newest(b->dir, 2001, &last));
	unlink(path);
	for (int i = 0; i < 2; i++) {
		snprintf(id, sizeof id, "evidence-2026071%dT063000Z-0000000%d", i, i);
		evidence_record_remove(folder, id);
	}
	close(folder);
	snprintf(path, sizeof path, "%s/evidence", b->dir);
	rmdir(path);
	CHECK_OK(evidence_record_id(id));
	assert_int_equal(strlen(id), 34);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_byte_encrypted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signature, setup, teardown),
		cmocka_unit_test(test_tar),
		cmocka_unit_test_setup_teardown(test_ber, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recipients, setup, teardown),
		cmocka_unit_test(test_maps),
		cmocka_unit_test_setup_teardown(test_core, setup, teardown),
		cmocka_unit_test(test_choice),
		cmocka_unit_test_setup_teardown(test_records, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
