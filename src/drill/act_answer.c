/*
 * Answers that nobody asked for, from processes that others ask: each has to find its question, by
 * number and kind, or nothing (THREATS A20). A peer that dies of one has been taken down; one that
 * closes the channel, or goes on as if nothing had been said, has not.
 */
#include "drill/peer.h"
#include "ipc/audit_signer.h"
#include "ipc/authority_signer.h"
#include "ipc/authority_verifier.h"
#include "ipc/edge_dialer.h"
#include "ipc/edge_signer.h"

#include <unistd.h>

enum { ANSWER_NUMBERS = 64, ANSWER_BODY = 512 };

/* Under each number that a question could have, to everybody who could have asked. */
static struct act_got answer_all(struct intruder *x, enum role peer, uint8_t type,
				 const struct wbuf *w, const int *pass)
{
	unsigned births = peer_births(x, 2 * PEER_STILL_MS), n = 0;
	size_t channel_n = x->channel_n;

	for (size_t i = 0; i < channel_n; i++) {
		for (uint32_t seq = 1; x->channel[i].peer == peer && seq < ANSWER_NUMBERS; seq++) {
			n++;
			if (frame_send(x->channel[i].fd, type, seq, wbuf_view(w), pass,
				       pass ? 1 : 0) != E_OK)
				break;
		}
	}
	if (!n)
		return act_unable("nobody who asks listens to it");
	return peer_births(x, 4 * PEER_STILL_MS) > births ? act_worked("its peer has died")
							  : act_refused(0, "it finds no question");
}

static struct act_got answer_zeros(struct intruder *x, enum role peer, uint8_t type, size_t n)
{
	uint8_t body[ANSWER_BODY] = { 0 };
	struct wbuf w = wbuf_of(body, sizeof body);

	w.n = n;
	return answer_all(x, peer, type, &w, NULL);
}

static struct act_got answer_edge_signature(struct intruder *x)
{
	uint8_t body[ANSWER_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_str16(&w, VIEW("no signature of anything"));
	return answer_all(x, ROLE_EDGE, SIGNER_SIGNED, &w, NULL);
}

static struct act_got answer_checkpoint(struct intruder *x)
{
	return answer_zeros(x, ROLE_AUDIT, SIGNER_CHECKPOINT, AUDIT_SIGNATURE);
}

static struct act_got answer_key(struct intruder *x)
{
	return answer_zeros(x, ROLE_AUDIT, SIGNER_PUBLIC_KEY, AUDIT_KEY);
}

static struct act_got answer_tree(struct intruder *x)
{
	return answer_zeros(x, ROLE_AUDIT, SIGNER_TREE, AUDIT_SIGNATURE);
}

static struct act_got answer_token(struct intruder *x)
{
	uint8_t body[ANSWER_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_str16(&w, VIEW("eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0."));
	return answer_all(x, ROLE_AUTHORITY, SIGNER_TOKEN, &w, NULL);
}

static struct act_got answer_connection(struct intruder *x)
{
	static const int given = STDERR_FILENO;
	const struct wbuf w = { 0 };

	return answer_all(x, ROLE_EDGE, DIALER_CONNECTED, &w, &given);
}

static struct act_got answer_connection_relay(struct intruder *x)
{
	static const int given = STDERR_FILENO;
	const struct wbuf w = { 0 };

	return answer_all(x, ROLE_RELAY, DIALER_CONNECTED, &w, &given);
}

static struct act_got answer_connection_shipper(struct intruder *x)
{
	static const int given = STDERR_FILENO;
	const struct wbuf w = { 0 };

	return answer_all(x, ROLE_SHIPPER, DIALER_CONNECTED, &w, &given);
}

static struct act_got answer_right(struct intruder *x)
{
	uint8_t body[ANSWER_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);

	WBUF_LIT(&w, "\1\0");
	return answer_all(x, ROLE_AUTHORITY, VERIFIED_PASSWORD, &w, NULL);
}

static struct act_got answer_passkey(struct intruder *x)
{
	const struct verified_assertion v = { .is_right = 1, .flags = VERIFIED_ATTESTED };
	uint8_t body[ANSWER_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (verified_assertion_put(&w, &v) != E_OK)
		return act_unable("the answer can't be made");
	return answer_all(x, ROLE_AUTHORITY, VERIFIED_ASSERTION, &w, NULL);
}

static struct act_got answer_hash(struct intruder *x)
{
	const struct verified_hash v = { .encoded = VIEW("$argon2id$v=19$m=8,t=1,p=1$YQ$YQ") };
	uint8_t body[ANSWER_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (verified_hash_put(&w, &v) != E_OK)
		return act_unable("the answer can't be made");
	return answer_all(x, ROLE_AUTHORITY, VERIFIED_HASH, &w, NULL);
}

#define ANSWER_ROW(what, text, promise, who, how)                                                  \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = (promise), .run = (how),                 \
		.roles = ACT_ROLE(who), .flags = ACT_ENDS | ACT_LAST, .unfit = "it has no channel" \
	}

static const struct act answer_acts[] = {
	ANSWER_ROW("answer-signature", "give edges signatures that they did not ask for", "P11 A20",
		   ROLE_SIGNER, answer_edge_signature),
	ANSWER_ROW("answer-checkpoint", "give audit a checkpoint that it did not ask for", "P9 A20",
		   ROLE_SIGNER, answer_checkpoint),
	ANSWER_ROW("answer-key", "give audit another public key", "P9 A20", ROLE_SIGNER,
		   answer_key),
	ANSWER_ROW("answer-tree", "give audit a signed tree that it did not ask for", "P9 A20",
		   ROLE_SIGNER, answer_tree),
	ANSWER_ROW("answer-assertion", "give the authority an assertion that it did not ask for",
		   "P3 A20", ROLE_SIGNER, answer_token),
	ANSWER_ROW("answer-connection", "give edges a file as a connection", "P4 A20", ROLE_DIALER,
		   answer_connection),
	ANSWER_ROW("answer-connection-relay", "give the relay a file as a connection", "P4 A20",
		   ROLE_DIALER, answer_connection_relay),
	ANSWER_ROW("answer-connection-shipper", "give the shipper a file as a connection", "P4 A20",
		   ROLE_DIALER, answer_connection_shipper),
	ANSWER_ROW("answer-right", "say that a password is right which nobody gave", "P6 A20",
		   ROLE_VERIFIER, answer_right),
	ANSWER_ROW("answer-passkey", "say that a passkey is right which nobody showed", "P6 A20",
		   ROLE_VERIFIER, answer_passkey),
	ANSWER_ROW("answer-hash", "give a hash for a password that nobody sets", "P6 A20",
		   ROLE_VERIFIER, answer_hash),
};

const struct act_table act_answer = { answer_acts, sizeof answer_acts / sizeof *answer_acts,
				      ACT_PEERS };
