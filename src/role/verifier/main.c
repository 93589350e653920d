/*
 * NAME
 *   sluis-verifier - compares passwords and checks passkeys, for the authority
 *
 * DESCRIPTION
 *   Runs when the configuration has a gateway. The authority asks it what is slow, and what takes
 *   apart bytes of people who have not logged in: argon2id of passwords, and WebAuthn's
 * attestations and assertions (formats none and packed; ES256, ES384, RS256 and EdDSA). It answers
 * one question at a time and remembers nothing of it. The cost of a password is what the
 * configuration says (factors.argon2), or what this machine does in 150 ms with 64 MB, never less
 * than 19 MB and two passes; a hash that was cheaper is said to be old.
 *
 * SECURITY
 *   Has no store, no file, no key and no network: a parser of CBOR or of certificates that is
 * broken into learns the passwords that come by while it lies there, and no other. Both sides are
 * hostile to it: a frame that is not in its table ends the authority's channel. Memory for argon2id
 * is reserved, and locked, when it starts; the libraries' memory is a heap of 8 MB, wiped as it is
 *   freed; frames and stack are wiped after each question. Passwords of unknown accounts take the
 *   same time as others. Nothing that it is told is logged.
 *
 * FILES
 *   None.
 *
 * SIGNALS
 *   None are handled.
 *
 * IPC
 *   keeper: IMAGE, RING, CHANNEL (also while running), DRAIN. authority: HASH, PASSWORD,
 *   ATTESTATION, ASSERTION (ipc/authority_verifier.h).
 */
#include "conf/image.h"
#include "role/verifier/library.h"
#include "role/verifier/verifier.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"
#include "sys/shm.h"

#include <sys/mman.h>

enum { MAIN_FRAMES = 64 };

static enum err on_image(void *role, struct frame *f)
{
	struct verifier *v = role;
	AUTO_FD fd = frame_take_fd(f, 0);
	struct image image = { 0 };
	const char *why = NULL;
	void *p = NULL;
	size_t n = 0;
	enum err e = E_OK;

	if (v->has_image || !shm_is_sealed(fd))
		return E_PROTO;
	TRY(shm_map(fd, false, &p, &n));
	e = image_check(view_of(p, n), &image, &why);
	if (e == E_OK)
		v->wanted = (struct password_cost){ image.header->gateway.argon2_kib,
						    image.header->gateway.argon2_passes };
	else
		log_line(LOG_ERROR, "the image is unusable: %s", why);
	v->has_image = e == E_OK;
	shm_unmap(p, n);
	return e;
}

static enum err on_ring(void *role, struct frame *f)
{
	struct verifier *v = role;
	AUTO_FD data = frame_take_fd(f, 0);
	AUTO_FD cursor = frame_take_fd(f, 1);

	return v->ring.data ? E_DENIED : ring_writer_map(data, cursor, &v->ring);
}

static enum err on_channel(void *role, struct frame *f)
{
	struct verifier *v = role;
	struct view in = f->body;
	uint8_t peer = 0;

	TRY(view_u8(&in, &peer));
	if (peer != ROLE_AUTHORITY)
		return E_DENIED;
	if (ask_add(v, frame_take_fd(f, 0)) != E_OK)
		log_line(LOG_ERROR, "an authority's channel can't be heard");
	return E_OK;
}

/* What it works on when it is told to end gets its answer. */
enum { MAIN_GRACE_MS = 500 };

static enum err on_drain(void *role, struct frame *f)
{
	struct verifier *v = role;
	struct view in = f->body;
	uint32_t ms = 0;

	TRY(view_u32(&in, &ms));
	v->is_draining = true;
	v->drain_ms = v->loop.now_ms + (ms < MAIN_GRACE_MS ? ms : MAIN_GRACE_MS);
	return E_OK;
}

enum { MAIN_BOTH = FRAME_BOOT | FRAME_RUN };

static const struct frame_def main_defs[] = {
	{ KEEPER_IMAGE, 1, FRAME_BOOT, 4, 4, on_image },
	{ KEEPER_RING, 2, FRAME_BOOT, 7, 7, on_ring },
	{ KEEPER_CHANNEL, 1, MAIN_BOTH, 3, 3, on_channel },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, on_drain },
};
static const struct frame_table main_table = { main_defs, sizeof main_defs / sizeof main_defs[0] };

static void main_on_keeper(void *owner, struct loop_source *source, uint32_t events)
{
	struct verifier *v = owner;
	enum err e = frame_pump(source->fd, &main_table, FRAME_RUN, v, MAIN_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "the keeper's message is refused (%s)", err_name(e));
	loop_close(source); /* the loop ends: without a keeper there is nobody to serve */
}

static loop_handler *const main_handlers[VERIFIER_SOURCES] = {
	[VERIFIER_KEEPER] = main_on_keeper,
	[VERIFIER_AUTHORITY] = ask_on_event,
};

static enum err main_boot(struct verifier *v)
{
	v->keeper = (struct loop_source){ .fd = ROLE_CHANNEL_FD, .kind = VERIFIER_KEEPER };
	for (unsigned i = 0; i < VERIFIER_CHANNELS; i++)
		v->channels[i].source.fd = -1;
	TRY(loop_init(&v->loop, v, main_handlers, VERIFIER_SOURCES));
	TRY(keeper_role_boot(&main_table, v, &v->self));
	if (!v->has_image) {
		keeper_role_failed("verifier: no image was given");
		return E_PROTO;
	}
	TRY(fd_set_nonblocking(ROLE_CHANNEL_FD));
	return loop_add(&v->loop, &v->keeper, EPOLLIN);
}

static enum err main_open(struct verifier *v)
{
	if (library_open() != E_OK) {
		keeper_role_failed("verifier: OpenSSL can't be set up");
		return E_SYS;
	}
	if (password_open(&v->password, &v->wanted) != E_OK) {
		keeper_role_failed("verifier: factors.argon2 asks for %u KB and %u passes, which "
				   "this machine or this version can't give",
				   v->wanted.kib, v->wanted.passes);
		return E_NOMEM;
	}
	if (!v->password.is_locked)
		log_line(LOG_WARNING,
			 "memory for passwords can't be locked and may be swapped: raise the "
			 "memory lock limit to %zu MB",
			 v->password.bytes >> 20);
	/* what libraries have, where the limit allows it */
	(void)mlockall(MCL_CURRENT | MCL_ONFAULT);
	return E_OK;
}

static int main_loop(struct verifier *v)
{
	while (v->keeper.fd >= 0 && !(v->is_draining && v->loop.now_ms >= v->drain_ms)) {
		int wait_ms = v->is_draining ? (int)(v->drain_ms - v->loop.now_ms) : -1;

		if (loop_turn(&v->loop, wait_ms) != E_OK)
			return 1;
	}
	return 0;
}

static int main_run(struct verifier *v)
{
	struct sandbox_run run = { .weaker = v->self.weaker };
	struct sandbox_report report = { 0 };

	if (main_open(v) != E_OK)
		return 1;
	if (sandbox_enter(&verifier_sandbox, &run, &report) != E_OK) {
		keeper_role_failed("%s", report.weaker);
		return 1;
	}
	if (keeper_role_ready(report.have, report.weaker) != E_OK)
		return 1;
	return main_loop(v);
}

int main(void)
{
	struct verifier *v = NULL;

	log_open("verifier", 0);
	v = secret_home(sizeof *v);
	return v && main_boot(v) == E_OK ? main_run(v) : 1;
}
