/*
 * The signer's dispatcher against peers that have been taken over (A20, P3): every row of its
 * tables with a wrong type, length or descriptor, every way to ask for a signature that it must
 * not give, and peers that don't read their answers.
 */
#include "../unit/role/signer/token_rig.h"
#include "../unit/tls/rig.h"

#include "ipc/record.h"
#include "role/signer/cells.h"
#include "sys/shm.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
	struct rig *rig;
	struct ring_reader log;
	char dir[64];
	int edge, audit, authority; /* the peers' ends */
};

static int add_peer(struct scene *s, enum role role)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(peer_add(s->rig->signer, role, 3, fds[0]), E_OK);
	return fds[1];
}

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof *s);
	struct ring_data *data = NULL;
	const char *why = NULL;
	size_t bytes = 0;
	int fds[2], dir = -1;

	s->rig = rig_new();
	assert_int_equal(shm_new("ring", ring_data_bytes(RING_BYTES_SMALL), &fds[0]), E_OK);
	assert_int_equal(shm_new("cursor", sizeof(struct ring_cursor), &fds[1]), E_OK);
	assert_int_equal(shm_map(fds[0], true, (void **)&data, &bytes), E_OK);
	ring_init(data, RING_BYTES_SMALL);
	shm_unmap(data, bytes);
	assert_int_equal(ring_writer_map(fds[0], fds[1], &s->rig->signer->ring), E_OK);
	assert_int_equal(ring_reader_map(fds[0], fds[1], &s->log), E_OK);
	close(fds[0]);
	close(fds[1]);
	strcpy(s->dir, "/tmp/signer_hostile_XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	dir = open(s->dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(seal_open(&s->rig->signer->seal, s->rig->signer->keys.libctx, dir, &why),
			 E_OK);
	assert_int_equal(token_rig_open(&s->rig->signer->token, s->rig->signer->keys.libctx, dir),
			 E_OK);
	assert_int_equal(unlinkat(dir, "token.key", 0), 0);
	assert_int_equal(unlinkat(dir, "audit.key", 0), 0);
	assert_int_equal(unlinkat(dir, "audit.pub", 0), 0);
	close(dir);
	s->edge = add_peer(s, ROLE_EDGE);
	s->audit = add_peer(s, ROLE_AUDIT);
	s->authority = add_peer(s, ROLE_AUTHORITY);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	close(s->edge);
	close(s->audit);
	close(s->authority);
	rmdir(s->dir);
	ring_reader_unmap(&s->log);
	ring_writer_unmap(&s->rig->signer->ring);
	seal_done(&s->rig->signer->seal);
	token_done(&s->rig->signer->token);
	rig_free(s->rig);
	free(s);
	return 0;
}

static void turn(struct scene *s)
{
	assert_int_equal(loop_turn(&s->rig->signer->loop, 0), E_OK);
}

/* How often the log tells of this action since the last look; anything else fails. */
static unsigned told(struct scene *s, const char *action)
{
	static uint8_t buf[RING_RECORD_MAX];
	struct view rest = { 0 };
	unsigned n = 0;

	while (ring_get(&s->log, buf, &rest) == E_OK) {
		struct record_field f = { 0 };

		while (record_next(&rest, &f) == E_OK)
			if (f.tag == RECORD_TAG_ACTION)
				n += view_eq(f.text, view_str(action));
		ring_release(&s->log);
	}
	return n;
}

/* The peer's conversation has been ended, and the log says so. */
static void expect_ended(struct scene *s, int *fd, enum role role)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	unsigned before = s->rig->signer->peer_n;

	turn(s);
	assert_int_equal(s->rig->signer->peer_n, before - 1);
	assert_int_equal(frame_receive(*fd, buf, &f), E_CLOSED);
	assert_int_equal(told(s, "ipc.violation"), 1);
	close(*fd);
	*fd = add_peer(s, role);
}

static enum err receive(struct scene *s, int fd, uint8_t buf[FRAME_MAX], struct frame *ret)
{
	turn(s);
	return frame_receive(fd, buf, ret);
}

static void test_shapes(void **state)
{
	static const struct {
		enum role role;
		uint8_t type;
		uint16_t n;
	} rows[] = {
		{ ROLE_EDGE, 0, 0 },
		{ ROLE_EDGE, 2, 0 },
		{ ROLE_EDGE, 2, 49 },
		{ ROLE_EDGE, 255, 12 },
		{ ROLE_EDGE, EDGE_SIGN, 0 },
		{ ROLE_EDGE, EDGE_SIGN, 7 },
		{ ROLE_EDGE, EDGE_SIGN, 4 + 2 + 2 + EDGE_SIGN_MESSAGE_MAX + 1 },
		{ ROLE_EDGE, EDGE_SIGN, FRAME_BODY_MAX },
		{ ROLE_EDGE, EDGE_SIGN, 9 }, /* str16 says 0, one byte follows */
		{ ROLE_AUDIT, 0, 0 },
		{ ROLE_AUDIT, AUDIT_TREE, 0 },
		{ ROLE_AUDIT, AUDIT_TREE, 39 },
		{ ROLE_AUDIT, AUDIT_TREE, 40 }, /* a tree of no leaf */
		{ ROLE_AUDIT, AUDIT_TREE, 41 },
		{ ROLE_EDGE, AUDIT_TREE, 40 },
		{ ROLE_AUDIT, 4, 0 },
		{ ROLE_AUDIT, AUDIT_CHECKPOINT, 0 },
		{ ROLE_AUDIT, AUDIT_CHECKPOINT, 48 },
		{ ROLE_AUDIT, AUDIT_CHECKPOINT, 50 },
		{ ROLE_AUDIT, AUDIT_PUBLIC_KEY, 1 },
		{ ROLE_AUDIT, 99, 100 },
		{ ROLE_EDGE, AUTHORITY_TOKEN + 20, 60 },
		{ ROLE_AUDIT, AUTHORITY_TOKEN_KEYS, 49 },
		{ ROLE_AUTHORITY, 0, 0 },
		{ ROLE_AUTHORITY, 3, 0 },
		{ ROLE_AUTHORITY, 255, 60 },
		{ ROLE_AUTHORITY, AUTHORITY_TOKEN, 0 },
		{ ROLE_AUTHORITY, AUTHORITY_TOKEN, 54 },
		{ ROLE_AUTHORITY, AUTHORITY_TOKEN, 56 }, /* something behind the last field */
		{ ROLE_AUTHORITY, AUTHORITY_TOKEN, FRAME_BODY_MAX },
		{ ROLE_AUTHORITY, AUTHORITY_TOKEN_KEYS, 1 },
	};
	static uint8_t body[FRAME_BODY_MAX];
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int *fd = rows[i].role == ROLE_EDGE    ? &s->edge
			  : rows[i].role == ROLE_AUDIT ? &s->audit
						       : &s->authority;

		assert_int_equal(
			frame_send(*fd, rows[i].type, 1, view_of(body, rows[i].n), NULL, 0), E_OK);
		expect_ended(s, fd, rows[i].role);
	}
}

static void test_descriptors(void **state)
{
	static const uint8_t body[49];
	struct scene *s = *state;
	int null = open("/dev/null", O_RDONLY), probe = -1;

	assert_int_equal(frame_send(s->edge, EDGE_SIGN, 1, view_of(body, 8), &null, 1), E_OK);
	expect_ended(s, &s->edge, ROLE_EDGE);
	assert_int_equal(frame_send(s->audit, AUDIT_CHECKPOINT, 1, view_of(body, 49), &null, 1),
			 E_OK);
	expect_ended(s, &s->audit, ROLE_AUDIT);
	probe = dup(null);
	for (int i = 0; i < 20; i++) { /* and they are closed */
		assert_int_equal(frame_send(s->edge, EDGE_SIGN, 1, view_of(body, 8), &null, 1),
				 E_OK);
		expect_ended(s, &s->edge, ROLE_EDGE);
	}
	assert_int_equal(dup(null), probe + 1);
	close(probe + 1);
	close(probe);
	close(null);
}

static void test_raw_packets(void **state)
{
	static const uint8_t packets[][9] = {
		{ 0 },
		{ 1 },
		{ 1, 1, 0, 0, 0, 0, 0 },
		{ 2, 1, 0, 0, 0, 0, 0, 1, 0 },
		{ 1, 1, 0, 1, 0, 0, 0, 1, 0 },
		{ 1, 1, 255, 255, 0, 0, 0, 1, 0 },
	};
	static const size_t sizes[] = { 1, 1, 7, 9, 9, 9 };
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		assert_int_equal(send(s->edge, packets[i], sizes[i], 0), sizes[i]);
		expect_ended(s, &s->edge, ROLE_EDGE);
	}
}

static void test_roles(void **state)
{
	static const int roles[] = { 0,	     ROLE_CONFIG, ROLE_SIGNER, ROLE_DIALER, ROLE_CONSOLE,
				     ROLE_N, 200 };
	struct scene *s = *state;
	int fds[2];

	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
		assert_int_equal(peer_add(s->rig->signer, (enum role)roles[i], 0, fds[0]),
				 E_DENIED);
		assert_int_equal(fcntl(fds[0], F_GETFD), -1); /* taken */
		close(fds[1]);
	}
}

/* A message as TLS 1.3 makes it (RFC 8446 §4.4.3). */
static struct view message_13(uint8_t *room, size_t cap, const char *context, size_t hash)
{
	struct wbuf w = wbuf_of(room, cap);

	for (int i = 0; i < 64; i++)
		wbuf_u8(&w, 0x20);
	wbuf_str(&w, context);
	wbuf_u8(&w, 0);
	for (size_t i = 0; i < hash; i++)
		wbuf_u8(&w, (uint8_t)i);
	return wbuf_view(&w);
}

/* A TLS 1.2 ServerKeyExchange for x25519 (RFC 8422 §5.4). */
static struct view message_12(uint8_t *room, size_t cap)
{
	static const uint8_t head[] = { 3, 0, 29, 32 };
	struct wbuf w = wbuf_of(room, cap);

	for (int i = 0; i < 64; i++)
		wbuf_u8(&w, (uint8_t)(i * 3));
	wbuf_put(&w, head, sizeof head);
	for (int i = 0; i < 32; i++)
		wbuf_u8(&w, (uint8_t)i);
	return wbuf_view(&w);
}

static void ask(int fd, uint32_t certificate, uint16_t scheme, struct view message)
{
	uint8_t body[600];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, certificate);
	wbuf_u16(&w, scheme);
	wbuf_str16(&w, message);
	assert_int_equal(wbuf_check(&w), E_OK);
	assert_int_equal(frame_send(fd, EDGE_SIGN, 77, wbuf_view(&w), NULL, 0), E_OK);
}

/* True: signed, and the signature is good under that scheme; false: refused. */
static bool is_signed(struct scene *s, uint32_t certificate, uint16_t scheme, struct view message)
{
	static const char *const digests[16] = { [4] = "SHA256", [5] = "SHA384", [6] = "SHA512" };
	unsigned hash = scheme >> 8 == 8 ? scheme & 15u : scheme >> 8 & 15u;
	const char *digest = digests[hash];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	struct view in, signature;
	bool is_good = false;

	ask(s->edge, certificate, scheme, message);
	assert_int_equal(receive(s, s->edge, buf, &f), E_OK);
	assert_int_equal(f.seq, 77);
	if (f.type == SIGNER_SIGNED) {
		in = f.body;
		assert_int_equal(view_str16(&in, &signature), E_OK);
		assert_int_equal(in.n, 0);
		assert_int_equal(EVP_DigestVerifyInit_ex(ctx, &pctx, digest, NULL, NULL,
							 s->rig->keys[certificate], NULL),
				 1);
		if (scheme >> 8 == 8 && scheme != 0x0807) {
			EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
			EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST);
		}
		is_good =
			EVP_DigestVerify(ctx, signature.p, signature.n, message.p, message.n) == 1;
		assert_true(is_good);
	} else {
		assert_int_equal(f.type, SIGNER_REFUSED);
		assert_int_equal(f.body.n, 0);
	}
	EVP_MD_CTX_free(ctx);
	return is_good;
}

static const char server_13[] = "TLS 1.3, server CertificateVerify";
static const char client_13[] = "TLS 1.3, client CertificateVerify";

/* Every scheme against every key: exactly those that RFC 8446 §4.2.3 gives to a key are signed. */
static void test_schemes(void **state)
{
	static const struct {
		uint16_t scheme;
		const char *in_13, *in_12; /* keys that may: 2 P-256, 3 P-384, R RSA, E Ed25519 */
	} rows[] = {
		{ 0x0403, "2", "23" }, { 0x0503, "3", "23" }, { 0x0603, "", "" },
		{ 0x0804, "R", "R" },  { 0x0805, "R", "R" },  { 0x0806, "R", "R" },
		{ 0x0401, "", "R" },   { 0x0501, "", "R" },   { 0x0601, "", "R" },
		{ 0x0807, "E", "E" },  { 0x0201, "", "" },    { 0x0203, "", "" },
		{ 0x0808, "", "" },    { 0x0809, "", "" },    { 0x0000, "", "" },
		{ 0xffff, "", "" },
	};
	static const char keys[] = "23RE";
	struct scene *s = *state;
	uint8_t room13[256], room12[256];
	struct view m13 = message_13(room13, sizeof room13, server_13, 32);
	struct view m12 = message_12(room12, sizeof room12);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		for (uint32_t k = 0; k < 4; k++) {
			if (is_signed(s, k, rows[i].scheme, m13) !=
				    !!strchr(rows[i].in_13, keys[k]) ||
			    is_signed(s, k, rows[i].scheme, m12) !=
				    !!strchr(rows[i].in_12, keys[k]))
				fail_msg("scheme %04x key %c", rows[i].scheme, keys[k]);
		}
	}
	assert_true(told(s, "sign.refused") >= 1);
}

static void test_not_recognised(void **state)
{
	struct scene *s = *state;
	uint8_t room[512] = { 0 };
	struct view m = message_13(room, sizeof room, server_13, 32);
	size_t fixed = m.n - 32;

	assert_true(is_signed(s, 0, 0x0403, m));
	for (size_t i = 0; i < fixed; i++) { /* each byte of pad, context and zero */
		room[i] ^= 1;
		assert_false(is_signed(s, 0, 0x0403, m));
		room[i] ^= 1;
	}
	for (size_t n = 0; n < 200; n++) {
		m = message_13(room, sizeof room, server_13, n);
		assert_int_equal(is_signed(s, 0, 0x0403, m), n == 32 || n == 48);
	}
	/* a digest, nothing, a certificate request, as much as fits */
	assert_false(is_signed(s, 0, 0x0403, view_of(room, 32)));
	assert_false(is_signed(s, 0, 0x0403, view_of(room, 0)));
	assert_false(is_signed(s, 0, 0x0403, VIEW("sluis audit checkpoint v1\n")));
	assert_false(is_signed(s, 0, 0x0403, view_of(room, EDGE_SIGN_MESSAGE_MAX)));
	m = message_12(room, sizeof room);
	assert_true(is_signed(s, 0, 0x0403, m));
	assert_false(is_signed(s, 0, 0x0403, view_of(m.p, m.n - 1)));
	assert_false(is_signed(s, 0, 0x0403, view_of(m.p, m.n + 1)));
	room[64] = 2; /* explicit curve */
	assert_false(is_signed(s, 0, 0x0403, m));
}

/* A server's key signs no client's message, a client's no server's; unknown keys sign nothing. */
static void test_sides(void **state)
{
	struct scene *s = *state;
	uint8_t room[256];
	struct view server = message_13(room, sizeof room, server_13, 32), client, old;
	uint8_t room2[256], room3[256];

	client = message_13(room2, sizeof room2, client_13, 32);
	old = message_12(room3, sizeof room3);
	assert_false(is_signed(s, RIG_P256, 0x0403, client));
	assert_true(is_signed(s, RIG_OTHER, 0x0403, client));
	s->rig->signer->keys.key[RIG_OTHER].is_server = false;
	assert_false(is_signed(s, RIG_OTHER, 0x0403, server));
	assert_false(is_signed(s, RIG_OTHER, 0x0403, old));
	assert_true(is_signed(s, RIG_OTHER, 0x0403, client));
	ask(s->edge, RIG_CERTS, 0x0403, server);
	ask(s->edge, UINT32_MAX, 0x0403, server);
	for (int i = 0; i < 2; i++) {
		uint8_t buf[FRAME_MAX];
		struct frame f = { 0 };

		assert_int_equal(receive(s, s->edge, buf, &f), E_OK);
		assert_int_equal(f.type, SIGNER_REFUSED);
	}
}

/* A cell signs with the certificates of its own listener, each for its side, and a few times; one
 * of a listener that has no cells signs nothing (P3). */
static void test_cells(void **state)
{
	static const uint64_t server[] = { 1u << RIG_P256 }, client[] = { 1u << RIG_OTHER };
	struct spawner_cell who = { .slot = 1, .serial = 1, .listener = 4 };
	struct scene *s = *state;
	uint8_t room[256], room2[256];
	struct view to_client = message_13(room, sizeof room, server_13, 32),
		    to_server = message_13(room2, sizeof room2, client_13, 32);
	int edge = s->edge, fds[2];

	s->rig->signer->cell_scope[4] = (struct keys_scope){ server, client };
	for (unsigned i = 0; i < 2; i++, who.listener++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
		assert_int_equal(cells_add(s->rig->signer, &who, fds[0]), E_OK);
		s->edge = fds[1];
		assert_int_equal(is_signed(s, RIG_P256, 0x0403, to_client), i == 0);
		assert_false(is_signed(s, RIG_OTHER, 0x0403, to_client)); /* another listener's */
		assert_int_equal(is_signed(s, RIG_OTHER, 0x0403, to_server), i == 0);
		assert_false(is_signed(s, RIG_P256, 0x0403, to_server));
		assert_false(
			is_signed(s, RIG_P256, 0x0403, to_client)); /* CELLS_BURST were asked */
		close(s->edge);
		turn(s);
	}
	s->edge = edge;
	who.listener = IMAGE_LISTENER_SLOTS;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(cells_add(s->rig->signer, &who, fds[0]), E_PROTO);
	close(fds[1]);
}

/* A flood of refusals is a handful of log lines, not a flood of them. */
static void test_refusals_are_told_once(void **state)
{
	struct scene *s = *state;

	for (int i = 0; i < 500; i++)
		assert_false(is_signed(s, 0, 0x0403, VIEW("no")));
	assert_in_range(told(s, "sign.refused"), 1, 5);
}

static void test_rate(void **state)
{
	struct scene *s = *state;
	uint8_t room[256], buf[FRAME_MAX];
	struct view m = message_13(room, sizeof room, server_13, 32);
	unsigned signed_n = 0, refused_n = 0;

	s->rig->signer->peers[1].tokens = 10; /* what is left of its burst; the clock stands */
	for (int i = 0; i < 15; i++) {
		struct frame f = { 0 };

		ask(s->edge, 0, 0x0403, m);
		s->rig->signer->peers[1].filled_ms = s->rig->signer->loop.now_ms + 3600000;
		assert_int_equal(receive(s, s->edge, buf, &f), E_OK);
		signed_n += f.type == SIGNER_SIGNED;
		refused_n += f.type == SIGNER_REFUSED;
	}
	assert_int_equal(signed_n, 10);
	assert_int_equal(refused_n, 5);
}

/* A peer that does not read waits alone, loses nothing, and is served again when it reads. */
static void test_stuck(void **state)
{
	enum { N = 2000 };
	struct scene *s = *state;
	uint8_t room[256], buf[FRAME_MAX];
	struct view m = message_13(room, sizeof room, server_13, 32);
	unsigned asked = 0, got = 0;
	int other = add_peer(s, ROLE_EDGE);
	struct frame f = { 0 };

	while (asked < N) {
		uint8_t body[8 + 256];
		struct wbuf w = wbuf_of(body, sizeof body);

		wbuf_u32(&w, 0);
		wbuf_u16(&w, 0x0403);
		wbuf_str16(&w, m);
		if (frame_send(s->edge, EDGE_SIGN, asked, wbuf_view(&w), NULL, 0) != E_OK)
			break;
		asked++;
		turn(s);
	}
	assert_true(asked < N); /* both queues are full now */
	for (int i = 0; i < 100; i++)
		turn(s);
	ask(other, 0, 0x0403, m);
	assert_int_equal(receive(s, other, buf, &f), E_OK);
	assert_int_equal(f.type, SIGNER_SIGNED);
	for (int i = 0; i < 20 * N && got < asked; i++) {
		struct frame g = { 0 };

		if (frame_receive(s->edge, buf, &g) == E_OK) {
			assert_int_equal(g.seq, got);
			assert_int_equal(g.type, SIGNER_SIGNED);
			got++;
		} else {
			turn(s);
		}
	}
	assert_int_equal(got, asked);
	assert_true(is_signed(s, 0, 0x0403, m));
	close(other);
	/* one that is stuck and goes away is let go */
	for (unsigned i = 0; i < N; i++) {
		uint8_t body[8 + 256];
		struct wbuf w = wbuf_of(body, sizeof body);

		wbuf_u32(&w, 0);
		wbuf_u16(&w, 0x0403);
		wbuf_str16(&w, m);
		if (frame_send(s->edge, EDGE_SIGN, i, wbuf_view(&w), NULL, 0) != E_OK)
			break;
		turn(s);
	}
	got = s->rig->signer->peer_n;
	close(s->edge);
	turn(s);
	turn(s);
	assert_true(s->rig->signer->peer_n < got);
	s->edge = add_peer(s, ROLE_EDGE);
}

static void test_checkpoint(void **state)
{
	struct scene *s = *state;
	struct audit_checkpoint c = { .seq = 7, .wall_us = 1700000000000000, .is_stop = true };
	uint8_t body[64], buf[FRAME_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct audit_key_signature signature;
	struct audit_key key;
	struct frame f = { 0 };

	assert_int_equal(frame_send(s->audit, AUDIT_PUBLIC_KEY, 5, (struct view){ 0 }, NULL, 0),
			 E_OK);
	assert_int_equal(receive(s, s->audit, buf, &f), E_OK);
	assert_int_equal(f.type, SIGNER_PUBLIC_KEY);
	assert_int_equal(f.seq, 5);
	assert_int_equal(f.body.n, sizeof key.b);
	memcpy(key.b, f.body.p, sizeof key.b);
	audit_checkpoint_put_ask(&w, &c);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(frame_send(s->audit, AUDIT_CHECKPOINT, 6, wbuf_view(&w), NULL, 0),
				 E_OK);
		assert_int_equal(receive(s, s->audit, buf, &f), E_OK);
		assert_int_equal(f.type, SIGNER_CHECKPOINT);
		assert_int_equal(f.body.n, sizeof signature.b);
		memcpy(signature.b, f.body.p, sizeof signature.b);
		assert_int_equal(audit_key_check(&key, &c, &signature), E_OK);
	}
	c.seq++;
	assert_int_equal(audit_key_check(&key, &c, &signature), E_DENIED);
	body[0] = 2; /* is_stop is neither */
	assert_int_equal(frame_send(s->audit, AUDIT_CHECKPOINT, 6, wbuf_view(&w), NULL, 0), E_OK);
	expect_ended(s, &s->audit, ROLE_AUDIT);
}

/* A command's question and the answer's type, on a channel of its own. */
static uint8_t ask_evidence(struct scene *s, int fd, struct evidence_signature *ret)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	assert_int_equal(
		frame_send(fd, EVIDENCE_SIGN, 9, view_of(ret->hash, sizeof ret->hash), NULL, 0),
		E_OK);
	assert_int_equal(receive(s, fd, buf, &f), E_OK);
	assert_int_equal(f.seq, 9);
	if (f.type == SIGNER_EVIDENCE)
		assert_int_equal(evidence_signer_get(f.body, ret), E_OK);
	else
		assert_int_equal(f.body.n, 0);
	return f.type;
}

/* P3: a manifest's hash is signed under a text of its own, a few times; a checkpoint is nobody's to
 * ask but audit's, and neither signature is one of the other kind. */
static void test_evidence(void **state)
{
	struct scene *s = *state;
	struct evidence_signature e = { .hash = { 1, 2, 3 } };
	struct audit_checkpoint c = { .seq = 7 };
	int fd = add_peer(s, SIGNER_COMMAND), more[SIGNER_COMMANDS], fds[2];
	static const uint8_t body[AUDIT_CHECKPOINT_ASK];

	for (int i = 0; i < 4; i++) {
		assert_int_equal(ask_evidence(s, fd, &e), SIGNER_EVIDENCE);
		assert_int_equal(evidence_signer_check(&e), E_OK);
		assert_int_equal(audit_key_check(&e.key, &c, &e.signature), E_DENIED);
	}
	assert_int_equal(ask_evidence(s, fd, &e), SIGNER_EVIDENCE_REFUSED);
	assert_int_equal(told(s, "sign.refused"), 1);
	assert_int_equal(frame_send(fd, EVIDENCE_SIGN, 1, view_of(body, 31), NULL, 0), E_OK);
	expect_ended(s, &fd, SIGNER_COMMAND);
	assert_int_equal(frame_send(fd, EVIDENCE_SIGN, 1, view_of(body, 33), NULL, 0), E_OK);
	expect_ended(s, &fd, SIGNER_COMMAND);
	assert_int_equal(frame_send(fd, AUDIT_CHECKPOINT, 1, view_of(body, sizeof body), NULL, 0),
			 E_OK);
	expect_ended(s, &fd, SIGNER_COMMAND);
	assert_int_equal(frame_send(fd, AUDIT_PUBLIC_KEY, 1, (struct view){ 0 }, NULL, 0), E_OK);
	expect_ended(s, &fd, SIGNER_COMMAND);
	for (unsigned i = 1; i <= SIGNER_COMMANDS; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
		assert_int_equal(peer_add(s->rig->signer, SIGNER_COMMAND, 0, fds[0]),
				 i < SIGNER_COMMANDS ? E_OK : E_LIMIT);
		more[i - 1] = fds[1];
	}
	for (unsigned i = 0; i < SIGNER_COMMANDS; i++)
		close(more[i]);
	close(fd);
	turn(s);
}

/* P3: of the checkpoint of a tree nothing but two numbers is audit's; the origin is the key's own.
 */
static void test_tree(void **state)
{
	struct scene *s = *state;
	uint8_t buf[FRAME_MAX], body[AUDIT_TREE_ASK], text[NOTE_BODY_MAX], name[NOTE_NAME_MAX];
	struct wbuf w = wbuf_of(body, sizeof body), t = wbuf_of(text, sizeof text),
		    o = wbuf_of(name, sizeof name);
	struct note_checkpoint c = { .head = { .size = 7, .root = { { 1, 2, 3 } } } };
	struct audit_key key;
	struct frame f = { 0 };

	assert_int_equal(frame_send(s->audit, AUDIT_PUBLIC_KEY, 5, (struct view){ 0 }, NULL, 0),
			 E_OK);
	assert_int_equal(receive(s, s->audit, buf, &f), E_OK);
	memcpy(key.b, f.body.p, sizeof key.b);
	note_put_ask(&w, &c.head);
	assert_int_equal(frame_send(s->audit, AUDIT_TREE, 6, wbuf_view(&w), NULL, 0), E_OK);
	assert_int_equal(receive(s, s->audit, buf, &f), E_OK);
	assert_int_equal(f.type, SIGNER_TREE);
	assert_int_equal(f.seq, 6);
	note_put_origin(&o, &key);
	c.origin = wbuf_view(&o);
	note_put_checkpoint(&t, &c);
	assert_int_equal(audit_key_verify(&key, wbuf_view(&t), f.body), E_OK);
	c.head.size++;
	t.n = 0;
	note_put_checkpoint(&t, &c);
	assert_int_equal(audit_key_verify(&key, wbuf_view(&t), f.body), E_DENIED);
	body[0] = 0x80; /* more leaves than a tree has */
	assert_int_equal(frame_send(s->audit, AUDIT_TREE, 6, wbuf_view(&w), NULL, 0), E_OK);
	expect_ended(s, &s->audit, ROLE_AUDIT);
}

static struct wbuf token_question(uint8_t body[512], uint64_t app, const char *user)
{
	struct authority_token q = { .app = app,
				     .factors = GATE_PASSKEY,
				     .auth_s = 1,
				     .session = { { 1 } },
				     .user = view_str(user),
				     .groups = VIEW("staff") };
	struct wbuf w = wbuf_of(body, 512);

	assert_int_equal(authority_token_put(&w, &q), E_OK);
	return w;
}

/* Assertions: for applications of the image that want them, of people who are one. */
static void test_tokens(void **state)
{
	static const struct {
		uint64_t app;
		const char *user;
		uint8_t want;
	} rows[] = {
		{ TOKEN_RIG_APP, "jan", SIGNER_TOKEN },
		{ TOKEN_RIG_SILENT, "jan", SIGNER_TOKEN_REFUSED },
		{ 0, "jan", SIGNER_TOKEN_REFUSED },
		{ TOKEN_RIG_APP, "", SIGNER_TOKEN_REFUSED },
		{ TOKEN_RIG_APP, "jan\",\"sub\":\"piet", SIGNER_TOKEN_REFUSED },
	};
	struct scene *s = *state;
	uint8_t body[512], buf[FRAME_MAX];
	struct signer_token_keys keys = { 0 };
	struct signer_token token = { 0 };
	struct frame f = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct wbuf w = token_question(body, rows[i].app, rows[i].user);

		assert_int_equal(
			frame_send(s->authority, AUTHORITY_TOKEN, 9, wbuf_view(&w), NULL, 0), E_OK);
		assert_int_equal(receive(s, s->authority, buf, &f), E_OK);
		assert_int_equal(f.seq, 9);
		if (f.type != rows[i].want)
			fail_msg("row %zu: %u", i, f.type);
		if (f.type == SIGNER_TOKEN)
			assert_int_equal(signer_token_get(f.body, &token), E_OK);
		else
			assert_int_equal(f.body.n, 0);
	}
	assert_in_range(told(s, "sign.refused"), 1, 5);
	assert_int_equal(
		frame_send(s->authority, AUTHORITY_TOKEN_KEYS, 9, (struct view){ 0 }, NULL, 0),
		E_OK);
	assert_int_equal(receive(s, s->authority, buf, &f), E_OK);
	assert_int_equal(f.type, SIGNER_TOKEN_KEYS);
	assert_int_equal(signer_token_keys_get(f.body, &keys), E_OK);
	assert_non_null(memmem(keys.json.p, keys.json.n, s->rig->signer->token.key.kid, TOKEN_KID));
}

/* An authority that asks and does not read: nothing is lost, its longest answers wait whole. */
static void test_stuck_authority(void **state)
{
	struct scene *s = *state;
	uint8_t body[512], buf[FRAME_MAX];
	struct wbuf w = token_question(body, TOKEN_RIG_APP, "jan");
	unsigned asked = 0, got = 0;

	while (asked < 3000 &&
	       frame_send(s->authority, AUTHORITY_TOKEN, asked, wbuf_view(&w), NULL, 0) == E_OK) {
		asked++;
		turn(s);
	}
	for (unsigned i = 0; i < 100000 && got < asked; i++) {
		struct frame f = { 0 };

		if (frame_receive(s->authority, buf, &f) != E_OK) {
			turn(s);
			continue;
		}
		assert_int_equal(f.seq, got++);
		assert_int_equal(f.type, SIGNER_TOKEN);
	}
	assert_int_equal(got, asked);
}

/* A restarted authority's old channels may stand for a while, but not without end. */
static void test_authorities(void **state)
{
	struct scene *s = *state;
	int ends[SIGNER_AUTHORITIES], fds[2];

	for (unsigned i = 1; i <= SIGNER_AUTHORITIES; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
		assert_int_equal(peer_add(s->rig->signer, ROLE_AUTHORITY, 0, fds[0]),
				 i < SIGNER_AUTHORITIES ? E_OK : E_LIMIT);
		ends[i - 1] = fds[1];
	}
	for (unsigned i = 0; i < SIGNER_AUTHORITIES; i++)
		close(ends[i]);
	turn(s);
	ends[0] = add_peer(s, ROLE_AUTHORITY);
	close(ends[0]);
}

/* More channels than there is room for: refused, and room comes back. */
static void test_room(void **state)
{
	struct scene *s = *state;
	int ends[SIGNER_PEERS], n = 0;
	int fds[2];

	for (; n < SIGNER_PEERS; n++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
		ends[n] = fds[1];
		if (peer_add(s->rig->signer, ROLE_EDGE, 9, fds[0]) != E_OK)
			break;
	}
	assert_int_equal(n, SIGNER_PEERS - 4);
	for (int i = 0; i <= n; i++)
		close(ends[i]);
	turn(s);
	assert_int_equal(s->rig->signer->peer_n, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shapes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_raw_packets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_roles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schemes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_recognised, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sides, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cells, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals_are_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stuck, setup, teardown),
		cmocka_unit_test_setup_teardown(test_checkpoint, setup, teardown),
		cmocka_unit_test_setup_teardown(test_evidence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tokens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stuck_authority, setup, teardown),
		cmocka_unit_test_setup_teardown(test_authorities, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
