/*
 * NAME
 *   sluis-signer - holds the private keys and signs with them
 *
 * DESCRIPTION
 *   Reads the key files that the configuration names once, when it starts, and then answers
 *   questions on channels that the keeper gives it: edges ask for the signature of a TLS
 *   handshake, audit for those of a checkpoint over the log and over its tree, the authority for an
 * assertion of who somebody is, for an application (a JSON Web Token, ES256, 60 seconds). A reload
 * starts a new signer with the keys of the new configuration; the old one ends when its last
 * channel has closed.
 *
 * SECURITY
 *   Promises P2 and P3. Keys live in locked memory that is in no core dump. What is to be signed is
 *   taken apart first: a TLS 1.3 CertificateVerify, a TLS 1.2 ServerKeyExchange; or this role
 *   composes it itself: a checkpoint, an assertion for an application of its own configuration;
 * there is no operation on a digest, no decryption, no way to read a key. Each peer is treated as
 * hostile: a frame that is not in its table ends its channel, what it may not have is refused and
 * logged, and its rate is limited. After the keys are read this process has no files, no network
 * and no memory that could become code.
 *
 * FILES
 *   the `key` of each certificate   PEM: PKCS#8, SEC1 or PKCS#1; not encrypted
 *   DIR/keys/audit.key              Ed25519, made at the first start
 *   DIR/keys/audit.pub              its public half, for `sluis audit verify`
 *   DIR/keys/token.key              P-256, made at the first start with a gateway
 *   DIR/keys/token.old.key          the one before: applications may use it for a day after
 *
 * SIGNALS
 *   None are handled.
 *
 * IPC
 *   keeper: IMAGE, PATH, RING, CHANNEL (also while running), DRAIN.
 *   edge: SIGN. audit: CHECKPOINT, TREE, PUBLIC_KEY. authority: TOKEN, TOKEN_KEYS.
 */
#include "role/signer/cells.h"
#include "role/signer/key_files.h"
#include "role/signer/peer.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"
#include "sys/shm.h"
#include "tls/tls_heap.h"

#include <sys/mman.h>
#include <sys/stat.h>

enum { MAIN_FRAMES = 64, MAIN_WHY = 1000, MAIN_PAGE = 4096 };

static enum err on_image(void *role, struct frame *f)
{
	struct signer *s = role;

	if (s->image_fd >= 0)
		return E_DENIED;
	s->image_fd = frame_take_fd(f, 0);
	return E_OK;
}

static enum err on_path(void *role, struct frame *f)
{
	struct signer *s = role;

	if (s->dir_fd >= 0)
		return E_DENIED;
	s->dir_fd = frame_take_fd(f, 0);
	return E_OK;
}

static enum err on_ring(void *role, struct frame *f)
{
	struct signer *s = role;
	AUTO_FD data = frame_take_fd(f, 0);
	AUTO_FD cursor = frame_take_fd(f, 1);

	return s->ring.data ? E_DENIED : ring_writer_map(data, cursor, &s->ring);
}

static enum err on_channel(void *role, struct frame *f)
{
	struct signer *s = role;
	struct view in = f->body;
	uint16_t index = 0;
	uint8_t peer = 0;

	TRY(view_u8(&in, &peer));
	TRY(view_u16(&in, &index));
	TRY(view_end(&in));
	return peer_add(s, (enum role)peer, index, frame_take_fd(f, 0));
}

static enum err on_drain(void *role, struct frame *f)
{
	struct signer *s = role;
	struct view in = f->body;
	uint32_t ms = 0;

	TRY(view_u32(&in, &ms));
	s->is_draining = true;
	s->drain_ms = s->loop.now_ms + ms;
	return E_OK;
}

static const struct frame_def main_defs[] = {
	{ KEEPER_IMAGE, 1, FRAME_BOOT, 4, 4, on_image },
	{ KEEPER_PATH, 1, FRAME_BOOT, 0, 512, on_path },
	{ KEEPER_RING, 2, FRAME_BOOT, 7, 7, on_ring },
	{ KEEPER_CHANNEL, 1, FRAME_BOOT | FRAME_RUN, 3, 3, on_channel },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, on_drain },
};

static const struct frame_table main_table = { main_defs, sizeof main_defs / sizeof main_defs[0] };

static void main_on_keeper(void *owner, struct loop_source *source, uint32_t events)
{
	struct signer *s = owner;
	enum err e = frame_pump(source->fd, &main_table, FRAME_RUN, s, MAIN_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "the keeper's message is refused (%s)", err_name(e));
	loop_close(source); /* the loop ends: without a keeper there is nobody to serve */
}

static loop_handler *const main_handlers[SIGNER_SOURCES] = {
	[SIGNER_KEEPER] = main_on_keeper,
	[SIGNER_PEER] = peer_on_event,
	[SIGNER_CELL] = cells_on_event,
};

static enum err main_boot(struct signer *s)
{
	s->image_fd = s->dir_fd = -1;
	s->keeper = (struct loop_source){ .fd = ROLE_CHANNEL_FD, .kind = SIGNER_KEEPER };
	for (size_t i = 0; i < SIGNER_PEERS; i++)
		s->peers[i].source.fd = -1;
	TRY(loop_init(&s->loop, s, main_handlers, SIGNER_SOURCES));
	TRY(keeper_role_boot(&main_table, s, &s->self));
	TRY(fd_set_nonblocking(ROLE_CHANNEL_FD));
	return loop_add(&s->loop, &s->keeper, EPOLLIN);
}

/* Memory first, then OpenSSL in it, then keys. */
static enum err main_load(struct signer *s, const struct image *im, struct wbuf *why)
{
	uint32_t n = (uint32_t)image_count(im, IMAGE_CERTIFICATE);
	size_t table =
		n * sizeof(struct keys_key) + token_memory(im) + cells_memory(im) + MAIN_PAGE;
	struct arena arena = { .cap = table };
	const char *reason = NULL;
	void *p = NULL;

	wbuf_str(why, "the memory for keys can't be locked: raise the memory lock limit");
	TRY(tls_heap_init(keys_memory(im), HEAP_LOCKED));
	p = mmap(NULL, table, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return log_errno("memory for the table of keys");
	arena.p = p;
	why->n = 0;
	wbuf_str(why, "OpenSSL can't be set up in locked memory");
	TRY(keys_guard(im, tls_heap_is_hidden()));
	TRY(keys_open(&s->keys));
	why->n = 0;
	TRY(key_files_load(&s->keys, im, &arena, why));
	if (seal_open(&s->seal, s->keys.libctx, s->dir_fd, &reason) != E_OK) {
		wbuf_str(why, reason);
		return E_DENIED;
	}
	if (token_open(&s->token, s->keys.libctx, s->dir_fd, im, &arena, &reason) != E_OK) {
		wbuf_str(why, reason);
		return E_DENIED;
	}
	TRY(cells_scope(s, im, &arena));
	/* Stack and libraries too, where the limit allows it; what holds keys is locked already. */
	(void)mlockall(MCL_CURRENT);
	return E_OK;
}

static enum err main_open(struct signer *s, struct wbuf *why)
{
	struct image im = { 0 };
	const char *reason = "no image or no key directory was given";
	size_t n = 0;
	void *p = NULL;
	enum err e = E_PROTO;

	if (s->image_fd >= 0 && s->dir_fd >= 0 && shm_is_sealed(s->image_fd) &&
	    shm_map(s->image_fd, false, &p, &n) == E_OK)
		e = image_check(view_of(p, n), &im, &reason);
	if (e == E_OK)
		e = main_load(s, &im, why);
	else
		wbuf_str(why, reason);
	if (p)
		shm_unmap(p, n);
	s->image_fd = fd_close(s->image_fd);
	s->dir_fd = fd_close(s->dir_fd);
	return e;
}

static bool main_goes_on(const struct signer *s)
{
	if (s->keeper.fd < 0 || (s->is_draining && s->loop.now_ms >= s->drain_ms))
		return false;
	/* an old generation's signer, or one that drains: nobody is left who could ask */
	return s->peer_n > 0 || (!s->had_peer && !s->is_draining);
}

static int main_loop(struct signer *s)
{
	while (main_goes_on(s)) {
		int wait_ms = s->is_draining ? (int)(s->drain_ms - s->loop.now_ms) : -1;

		if (loop_turn(&s->loop, wait_ms) != E_OK)
			return 1;
	}
	return 0;
}

static int main_run(struct signer *s)
{
	struct sandbox_run run = { .weaker = s->self.weaker };
	struct sandbox_report report = { 0 };
	char text[MAIN_WHY] = { 0 };
	struct wbuf why = wbuf_of(text, sizeof text - 1);

	if (main_open(s, &why) != E_OK) {
		keeper_role_failed("%s", text);
		return 1;
	}
	if (sandbox_enter(&signer_sandbox, &run, &report) != E_OK) {
		keeper_role_failed("%s", report.weaker);
		return 1;
	}
	if (keeper_role_ready(report.have, report.weaker) != E_OK)
		return 1;
	return main_loop(s);
}

int main(void)
{
	struct signer *s = secret_home(sizeof *s);

	(void)umask(077);
	return s && main_boot(s) == E_OK ? main_run(s) : 1;
}
