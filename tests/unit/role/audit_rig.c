/* See audit_rig.h. The signer here signs what the real one would: the texts of audit_checkpoint_put
 * and note_put_checkpoint. */
#include "tests/unit/role/audit_rig.h"

#include "base/arena.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RIG_MEMORY = CHAIN_OUT + AUDIT_FILE_BUFFER + RINGS_MAX * RING_RECORD_MAX + (1 << 18) };

static void rig_need(bool is_good, const char *what)
{
	if (!is_good) {
		fprintf(stderr, "audit rig: %s\n", what);
		abort();
	}
}

static void on_keeper(void *owner, struct loop_source *source, uint32_t events)
{
	(void)owner;
	(void)source;
	(void)events;
}

static loop_handler *const rig_handlers[AUDIT_SOURCES] = {
	[AUDIT_KEEPER] = on_keeper,
	[AUDIT_SIGNER] = checkpoint_on_signer,
	[AUDIT_SPAWNER] = cells_on_spawner,
	[AUDIT_CELL] = cells_on_event,
};

void audit_rig_open(struct audit_rig *r)
{
	static const uint8_t seed[32] = { 1, 2, 3 };
	size_t n = AUDIT_KEY;

	*r = (struct audit_rig){ .dir = "/tmp/sluis-audit-XXXXXX",
				 .signer_fd = -1,
				 .keeper_fd = -1 };
	rig_need(mkdtemp(r->dir) != NULL, "mkdtemp");
	r->dir_fd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rig_need(r->dir_fd >= 0, "open");
	r->signing_key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
	rig_need(EVP_PKEY_get_raw_public_key(r->signing_key, r->key.b, &n) == 1, "key");
}

void audit_rig_close(struct audit_rig *r)
{
	DIR *d = fdopendir(r->dir_fd);

	if (r->a)
		audit_rig_kill(r);
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(r->dir);
	EVP_PKEY_free(r->signing_key);
}

void audit_rig_boot(struct audit_rig *r, uint32_t boot_id)
{
	struct arena memory = { .cap = RIG_MEMORY };
	int keeper[2];
	uint8_t *out = NULL;

	r->memory =
		mmap(NULL, RIG_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	rig_need(r->memory != MAP_FAILED, "mmap");
	memory.p = r->memory;
	r->a = ARENA_NEW(&memory, struct audit, 1);
	out = ARENA_NEW(&memory, uint8_t, CHAIN_OUT);
	rig_need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, keeper) == 0,
		 "socketpair");
	r->keeper_fd = keeper[0];
	*r->a = (struct audit){ .self.boot_id = boot_id };
	r->a->segment = (struct segment){ .dir_fd = r->dir_fd, .fd = -1 };
	r->a->checkpoints.signer.fd = -1;
	r->a->keeper = (struct loop_source){ .fd = keeper[1], .kind = AUDIT_KEEPER };
	rig_need(rings_init(&r->a->rings, &memory) == E_OK, "rings");
	rig_need(loop_init(&r->a->loop, r->a, rig_handlers, AUDIT_SOURCES) == E_OK, "loop");
	rig_need(cells_init(r->a) == E_OK, "cells");
	rig_need(chain_init(&r->a->chain, out, boot_id) == E_OK, "chain");
}

static void rig_new_signer(struct audit_rig *r)
{
	int pair[2];

	r->signer_fd = fd_close(r->signer_fd);
	rig_need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0,
		 "socketpair");
	r->signer_fd = pair[0];
	rig_need(checkpoint_attach(r->a, pair[1]) == E_OK, "attach");
}

enum err audit_rig_start(struct audit_rig *r)
{
	uint8_t *buf = malloc(AUDIT_FILE_BUFFER);
	const char *why = NULL;
	enum err e = journal_start(r->a, buf, &why);

	free(buf);
	if (e != E_OK)
		return e;
	rig_new_signer(r);
	audit_rig_turn(r, false); /* the key comes */
	return E_OK;
}

/* Signs a text and answers with the signature. */
static void rig_answer(struct audit_rig *r, const struct frame *f, uint8_t type, struct view text)
{
	uint8_t signature[AUDIT_SIGNATURE] = { 0 };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = sizeof signature;
	enum err sent = E_OK;

	rig_need(EVP_DigestSignInit(ctx, NULL, NULL, NULL, r->signing_key) == 1 &&
			 EVP_DigestSign(ctx, signature, &n, text.p, text.n) == 1,
		 "sign");
	EVP_MD_CTX_free(ctx);
	signature[5] ^= type == SIGNER_TREE ? r->lies_of_tree : r->lies;
	sent = frame_send(r->signer_fd, type, f->seq, view_of(signature, n), NULL, 0);
	rig_need(sent == E_OK || sent == E_CLOSED,
		 "answer"); /* who asked may have been killed since */
}

static void rig_sign(struct audit_rig *r, const struct frame *f)
{
	struct audit_checkpoint c = { 0 };
	uint8_t text[AUDIT_CHECKPOINT_TEXT_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);

	rig_need(audit_checkpoint_get_ask(f->body, &c) == E_OK, "ask");
	audit_checkpoint_put(&w, &c);
	rig_answer(r, f, SIGNER_CHECKPOINT, wbuf_view(&w));
}

static void rig_sign_tree(struct audit_rig *r, const struct frame *f)
{
	struct note_checkpoint c = { 0 };
	uint8_t text[NOTE_BODY_MAX], name[NOTE_NAME_MAX];
	struct wbuf w = wbuf_of(text, sizeof text), o = wbuf_of(name, sizeof name);

	rig_need(note_get_ask(f->body, &c.head) == E_OK, "ask");
	note_put_origin(&o, &r->key);
	c.origin = wbuf_view(&o);
	note_put_checkpoint(&w, &c);
	rig_answer(r, f, SIGNER_TREE, wbuf_view(&w));
}

void audit_rig_sign(struct audit_rig *r)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	while (r->signer_fd >= 0 && frame_receive(r->signer_fd, buf, &f) == E_OK) {
		if (r->is_mute)
			continue;
		if (f.type == AUDIT_PUBLIC_KEY)
			rig_need(frame_send(r->signer_fd, SIGNER_PUBLIC_KEY, f.seq,
					    view_of(r->key.b, sizeof r->key.b), NULL, 0) == E_OK,
				 "key answer");
		else if (f.type == AUDIT_CHECKPOINT)
			rig_sign(r, &f);
		else if (f.type == AUDIT_TREE)
			rig_sign_tree(r, &f);
	}
}

void audit_rig_turn(struct audit_rig *r, bool wants_checkpoint)
{
	r->a->checkpoints.due_ms = wants_checkpoint ? 0 : UINT64_MAX;
	for (unsigned i = 0; i < 3; i++) {
		audit_rig_sign(r);
		rig_need(loop_turn(&r->a->loop, 0) == E_OK, "loop_turn");
		rig_need(journal_turn(r->a) == E_OK, "journal_turn");
		rig_need(checkpoint_turn(r->a) == E_OK, "checkpoint_turn");
		rig_need(retention_turn(r->a) == E_OK, "retention_turn");
	}
}

void audit_rig_stop(struct audit_rig *r)
{
	r->a->state = AUDIT_DRAINING;
	for (unsigned i = 0; i < 50 && r->a->state != AUDIT_STOPPED; i++)
		audit_rig_turn(r, false);
	rig_need(r->a->state == AUDIT_STOPPED, "did not stop");
	audit_rig_kill(r);
}

void audit_rig_kill(struct audit_rig *r)
{
	struct audit *a = r->a;

	fd_close(a->segment.fd);
	loop_close(&a->keeper);
	loop_close(&a->checkpoints.signer);
	loop_done(&a->loop);
	audit_hash_done(&a->chain.digest);
	for (unsigned i = 0; i < a->rings.n; i++)
		ring_reader_unmap(&a->rings.slot[i].reader);
	munmap(r->memory, RIG_MEMORY);
	r->signer_fd = fd_close(r->signer_fd);
	r->keeper_fd = fd_close(r->keeper_fd);
	r->a = NULL;
}

struct audit_rig_ring audit_rig_ring_new(uint32_t id, uint32_t capacity)
{
	struct audit_rig_ring g = { .id = id };
	void *p = NULL;

	rig_need(shm_new("ring", ring_data_bytes(capacity), &g.data_fd) == E_OK &&
			 shm_new("cursor", sizeof(struct ring_cursor), &g.cursor_fd) == E_OK &&
			 shm_map(g.data_fd, true, &p, NULL) == E_OK,
		 "ring");
	ring_init(p, capacity);
	shm_unmap(p, ring_data_bytes(capacity));
	rig_need(ring_writer_map(g.data_fd, g.cursor_fd, &g.w) == E_OK, "ring");
	return g;
}

void audit_rig_ring_done(struct audit_rig_ring *g)
{
	ring_writer_unmap(&g->w);
	g->data_fd = fd_close(g->data_fd);
	g->cursor_fd = fd_close(g->cursor_fd);
}

void audit_rig_attach(struct audit_rig *r, const struct audit_rig_ring *g, const char *name)
{
	rig_need(rings_add(&r->a->rings, g->id, view_str(name), g->data_fd, g->cursor_fd) == E_OK,
		 "rings_add");
}

bool audit_rig_put(struct audit_rig_ring *g, uint64_t wall_us, const char *object)
{
	uint8_t buf[RING_RECORD_MAX];
	struct wbuf w = wbuf_of(buf, sizeof buf);

	record_put_number(&w, RECORD_TAG_KIND, RECORD_ACCESS);
	record_put_number(&w, RECORD_TAG_TIME, wall_us);
	record_put_text(&w, RECORD_TAG_ACTION, VIEW("GET"));
	record_put_text(&w, RECORD_TAG_OBJECT, view_str(object));
	record_put_text(&w, RECORD_TAG_RESULT, VIEW("200"));
	record_put_text(&w, RECORD_TAG_ORIGIN, VIEW("192.0.2.1:4711"));
	record_put_text(&w, RECORD_TAG_ACTOR, VIEW("-"));
	record_put_number(&w, RECORD_TAG_BYTES_OUT, 1234);
	record_put_text(&w, RECORD_TAG_USER_AGENT, VIEW("curl/7.88.1"));
	rig_need(!w.bad, "record");
	return ring_put(&g->w, RING_ACCESS, wbuf_view(&w)) == E_OK;
}

char *audit_rig_read(const struct audit_rig *r, size_t *ret_n)
{
	size_t n = 0, cap = 1 << 20;
	char *all = malloc(cap);
	uint64_t first = 0;

	for (uint64_t at = 0; audit_file_find(r->dir_fd, at, &first) == E_OK; at = first + 1) {
		char name[AUDIT_FILE_NAME + 1] = "";
		struct wbuf w = wbuf_of(name, AUDIT_FILE_NAME);
		ssize_t got = 0;
		int fd = -1;

		audit_file_put_name(&w, first);
		fd = openat(r->dir_fd, name, O_RDONLY | O_CLOEXEC);
		do {
			if (cap - n < 65536) {
				cap *= 2;
				all = realloc(all, cap);
				rig_need(all != NULL, "memory");
			}
			got = read(fd, all + n, cap - n - 1);
			n += got > 0 ? (size_t)got : 0;
		} while (got > 0);
		fd_close(fd);
	}
	all[n] = '\0';
	if (ret_n)
		*ret_n = n;
	return all;
}

size_t audit_rig_count(const struct audit_rig *r, const char *text)
{
	char *all = audit_rig_read(r, NULL);
	size_t n = 0;

	for (const char *at = strstr(all, text); at; at = strstr(at + 1, text))
		n++;
	free(all);
	return n;
}
