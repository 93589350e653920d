/*
 * A whole authority inside a test, with a clock of the test's own: its store in a directory that is
 * made for it, and a verifier, a signer, a dialer and a spawner that do as they are told.
 */
#ifndef TESTS_IPC_AUTHORITY_KIT_H
#define TESTS_IPC_AUTHORITY_KIT_H

#include "role/authority/authority.h"

struct authority_kit {
	struct authority *a;
	struct ring_reader log;
	struct page_gate_page *gate;
	int dir_fd, image_fd;
	int signer, verifier, dialer, spawner; /* the peers' ends */
	uint64_t now_ms, wall_s;
	uint64_t serial;
	unsigned allows, forbids, kills; /* that dialer and spawner were told */
	uint64_t last_allowed;
	bool is_mute;	    /* signer and verifier say nothing */
	bool is_old;	    /* the verifier finds hashes old */
	uint32_t key_count; /* of the passkey: what the verifier reports */
	char dir[64];
	char logged[1 << 16]; /* all events so far: "action result actor detail\n" */
	size_t logged_n;
};

struct kit_reply {
	uint8_t type;
	uint32_t seq;
	struct view body;
	uint8_t buf[FRAME_MAX];
};

/* The configuration that most tests use: gateway login.example.nl, applications cases (group staff,
 * jwt), files (everybody), vault (passkey). */
extern const char authority_kit_yaml[];

void authority_kit_open(struct authority_kit *k, const char *yaml);
void authority_kit_close(struct authority_kit *k);

/* authority_kit_restart - as after a crash: the store and the gate page stay, all else is new */
void authority_kit_restart(struct authority_kit *k);

/* authority_kit_stop, authority_kit_start - the two halves of it */
void authority_kit_stop(struct authority_kit *k);
void authority_kit_start(struct authority_kit *k);

/* authority_kit_try - likewise, with a store that may be anything. false: it says why it does not
 * begin; authority_kit_stop then as well */
bool authority_kit_try(struct authority_kit *k, const char **ret_why);

/* authority_kit_reload - another image */
void authority_kit_reload(struct authority_kit *k, const char *yaml);

/* authority_kit_run - events until nothing happens; authority_kit_wait - so much time passes */
void authority_kit_run(struct authority_kit *k);
void authority_kit_wait(struct authority_kit *k, uint64_t s);

/* authority_kit_cell - the channel of a new cell, whose client is at this address, and which has
 * said hello with fingerprint byte `client` */
int authority_kit_cell(struct authority_kit *k, uint32_t slot, const char *ip, uint8_t client);

/* authority_kit_introduce - likewise, without hello */
int authority_kit_introduce(struct authority_kit *k, uint32_t slot, uint64_t serial,
			    const char *ip);

void authority_kit_say(int fd, uint8_t type, uint32_t seq, struct view body);

/* authority_kit_ask - a question and its answer; false: the channel ended, or there is none yet */
bool authority_kit_ask(struct authority_kit *k, int fd, uint8_t type, const struct wbuf *w,
		       struct kit_reply *ret);
bool authority_kit_hear(struct authority_kit *k, int fd, struct kit_reply *ret);

/* authority_kit_act - a command's act: its end; rows counted by type */
struct authority_tool_end authority_kit_act(struct authority_kit *k, const struct tool_act *act,
					    unsigned rows[16]);

/* authority_kit_hash - a token of the test: 32 times this byte, but for the first two */
struct hash32 authority_kit_hash(uint8_t b, uint16_t n);

/* authority_kit_told - how often the audit log has a line that begins so */
unsigned authority_kit_told(struct authority_kit *k, const char *text);

/* ---- what tests do often; each checks that it worked ---- */

/* authority_kit_user - a user with groups */
void authority_kit_user(struct authority_kit *k, const char *name, const char *groups);

/* authority_kit_enrol - invites name and has it enrol a password ("correct horse battery") and an
 * authenticator app, whose key ends up in key; the session has the token `token` */
void authority_kit_enrol(struct authority_kit *k, int cell, const char *name,
			 const struct hash32 *token, uint8_t key[20]);

/* authority_kit_enrol_factors - the second half of it, for a session that was invited */
void authority_kit_enrol_factors(struct authority_kit *k, int cell, const struct hash32 *token,
				 uint8_t key[20]);

/* authority_kit_code - the code of now, six digits */
const char *authority_kit_code(const struct authority_kit *k, const uint8_t key[20], char at[7]);

/* authority_kit_forget_factor - sessions of this user have shown these factors, and no others */
void authority_kit_forget_factor(struct authority_kit *k, const char *name, uint8_t factors);

/* authority_kit_step_up - a whole log-in for a session that stands: GATE verdict; it then has the
 * token `fresh` */
uint8_t authority_kit_step_up(struct authority_kit *k, int cell, const char *name,
			      const uint8_t key[20], const struct hash32 *session,
			      const struct hash32 *fresh);

/* authority_kit_login - by password and code, on this cell: GATE verdict */
uint8_t authority_kit_login(struct authority_kit *k, int cell, const char *name,
			    const uint8_t key[20], const struct hash32 *token);

/* authority_kit_session, authority_kit_grant - what a token is good for: the verdict */
uint8_t authority_kit_session(struct authority_kit *k, int cell, const struct hash32 *token,
			      struct authority_session *ret);
uint8_t authority_kit_grant(struct authority_kit *k, int cell, uint64_t app,
			    const struct hash32 *token, struct authority_grant *ret);

/* authority_kit_enter - from the portal's token to one of an application: the verdict */
uint8_t authority_kit_enter(struct authority_kit *k, int cell, uint64_t app,
			    const struct hash32 *portal, const struct hash32 *token);

/* authority_kit_app - id of an application */
uint64_t authority_kit_app(struct authority_kit *k, const char *name);

/* AUTHORITY_ASK - a question of a form, and its answer; the test fails when there is none */
#define AUTHORITY_ASK(k, fd, TYPE, form, msg, reply)                                               \
	do {                                                                                       \
		uint8_t at_[FRAME_BODY_MAX];                                                       \
		struct wbuf w_ = wbuf_of(at_, sizeof at_);                                         \
		INVARIANT(form##_put(&w_, &(msg)) == E_OK);                                        \
		INVARIANT(authority_kit_ask((k), (fd), (TYPE), &w_, (reply)));                     \
	} while (0)

#endif
