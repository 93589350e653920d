/*
 * The edge's side of the channel to the signer: pending signatures (promises P2, P3).
 *
 * A handshake asks from inside an OpenSSL async job and is paused until its slot is answered, has
 * timed out, or its channel is gone; the edge's loop never waits. Each channel belongs to one
 * generation of the configuration, because certificate indices mean something only there: the old
 * signer's channel stays until nothing is pending on it.
 */
#ifndef TLS_TLS_SIGNER_CLIENT_H
#define TLS_TLS_SIGNER_CLIENT_H

#include "base/wbuf.h"

struct tls_conn;
struct tls_hooks;
struct tls_signer_client;

enum {
	TLS_SIGNER_SLOTS = 256, /* handshakes that wait for a signature at the same time; more wait
				   for their turn */
	TLS_SIGNER_CHANNELS = 4,
	TLS_SIGNER_WAIT_MS = 5000
};

/*
 * tls_signer_client_add - fd is the channel for this generation from now on
 *   fd   kept, not owned: the edge watches it (level-triggered) and closes it when told so below
 * An earlier channel of the same generation answers what is pending on it and is then idle.
 * E_LIMIT: TLS_SIGNER_CHANNELS are there and none is idle
 */
enum err tls_signer_client_add(struct tls_signer_client *s, uint32_t generation, int fd);

/* tls_signer_client_retire - nothing new is asked on channels of generations before this one */
void tls_signer_client_retire(struct tls_signer_client *s, uint32_t generation);

/*
 * tls_signer_client_pump - fd is readable: takes the answers, calls on_ready for each
 * E_OK, E_AGAIN go on · else the signer is gone or hostile: what was pending on it has failed and
 * fd is forgotten; the edge closes it
 */
enum err tls_signer_client_pump(struct tls_signer_client *s, int fd);

/* tls_signer_client_tick - deadlines, questions that did not fit the queue, handshakes that wait
 * for a slot; a few times a second and after each batch of events that ended parked connections */
void tls_signer_client_tick(struct tls_signer_client *s, uint64_t now_ms);

/* tls_signer_client_idle - a retired or replaced channel with nothing pending: forgotten here, the
 * edge closes it; -1: none */
int tls_signer_client_idle(struct tls_signer_client *s);

/* tls_signer_client_pending - signatures asked for and not answered */
unsigned tls_signer_client_pending(const struct tls_signer_client *s);

/* For src/tls alone. */

struct tls_signer_key {
	uint32_t generation, certificate;
};

enum err tls_signer_client_new(const struct tls_hooks *hooks, struct tls_signer_client **ret);
struct tls_signer_client *tls_signer_client_free(struct tls_signer_client *s);

/*
 * tls_signer_client_ask - from inside the async job of conn's handshake: asks and pauses the job
 *   message    borrowed while paused
 *   signature  appended to on E_OK
 * E_DENIED refused by the signer · E_CLOSED no channel, or it went away · E_LIMIT not answered in
 * time, or given up · E_NOMEM no slot
 */
enum err tls_signer_client_ask(struct tls_signer_client *s, struct tls_conn *conn,
			       const struct tls_signer_key *key, uint16_t scheme,
			       struct view message, struct wbuf *signature);

/* tls_signer_client_is_waiting - conn's question is not settled yet */
bool tls_signer_client_is_waiting(const struct tls_signer_client *s, uint32_t slot);

/* tls_signer_client_give_up - the slot fails at once; its job must be resumed by the caller */
void tls_signer_client_give_up(struct tls_signer_client *s, uint32_t slot);

/* tls_signer_client_queue - conn waits for an async job: on_ready is called when one is free */
void tls_signer_client_queue(struct tls_signer_client *s, struct tls_conn *conn);

#endif
