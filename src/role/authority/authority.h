/*
 * The authority's data. main() owns it; everything is reserved at boot.
 *
 *   spawner --"behind this is cell 17, at that address"--> cell table
 *   cell    --question--> handler --store, verifier, signer--> one answer
 *                            |
 *                            +--> gate page: session slot -> generation (promise P7)
 *
 * What must not be lost (sessions, factors, tokens) is in the store and on disk before an answer
 * says so. What may be lost with the process is here: log-ins under way, codes of half a minute,
 * counters of failures.
 */
#ifndef ROLE_AUTHORITY_AUTHORITY_H
#define ROLE_AUTHORITY_AUTHORITY_H

#include "access/level.h"
#include "base/list.h"
#include "conf/image.h"
#include "ipc/authority_verifier.h"
#include "ipc/cell_authority.h"
#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "ipc/ring.h"
#include "ipc/spawner.h"
#include "ipc/tool_authority.h"
#include "role/authority/delay.h"
#include "role/authority/store.h"
#include "role/authority/vault.h"
#include "sys/loop.h"
#include "sys/sandbox.h"

enum {
	AUTHORITY_TOOLS = 16,
	AUTHORITY_DIALERS = 16,
	AUTHORITY_SPAWNERS = 64,
	AUTHORITY_CELL_APPS = 16,
	AUTHORITY_LOGINS = 4096,
	AUTHORITY_LOGINS_PER_SOURCE = 64,
	AUTHORITY_LOGIN_BUCKETS = 4096,
	AUTHORITY_LOGIN_MS = 600000,
	AUTHORITY_CHALLENGE_MS = 300000,
	AUTHORITY_TICKETS = 2048,
	AUTHORITY_PLACES = 4096, /* in waiting rooms */
	AUTHORITY_DOORS = 256,
	AUTHORITY_TICKETS_PER_SESSION = 32,
	AUTHORITY_TICKET_MS = 30000,
	AUTHORITY_ENROLMENTS = 1024,
	AUTHORITY_TOKENS = 1024, /* questions that wait for the signer */
	AUTHORITY_TOKEN_MS = 5000,
	AUTHORITY_VERIFY_MS = 60000,
	AUTHORITY_VERIFIES_OF_CELL = 2,
	AUTHORITY_VERIFIES_OF_NETWORK = VERIFIER_QUEUE * 3 / 4,
	AUTHORITY_STRANGERS = VERIFIER_QUEUE * 3 / 4, /* of the verifier's queue */
	AUTHORITY_SESSIONS_PER_USER = 32,
	AUTHORITY_PASSKEYS_PER_USER = 20,
	AUTHORITY_ASSERTIONS = 4096,
	AUTHORITY_ASSERTION_WAYS = 4,
	AUTHORITY_ASKED = 1 << 14,
	AUTHORITY_GRACE_S = 10,
	AUTHORITY_KILL_MS = 2000,
	AUTHORITY_DIALER_MS = 5000,   /* a dialer that takes nothing for so long is given up */
	AUTHORITY_WRITES = 64,	      /* changes that one cell may ask for at once */
	AUTHORITY_WRITES_PER_S = 2,   /* ... and in the long run: each waits for the disk */
	AUTHORITY_CANARIES = 1 << 15, /* of cells; a power of two */
	AUTHORITY_TICK_MS = 200,
	AUTHORITY_SEEN_S = 30, /* when sessions were last used is written so often */
	AUTHORITY_ENROL_S = 3600,
	AUTHORITY_KNOWN_S = 30 * 24 * 3600,
	AUTHORITY_KEPT_S = 24 * 3600 /* an ended session is remembered so long */
};

enum authority_source {
	SOURCE_KEEPER,
	SOURCE_SIGNER,
	SOURCE_VERIFIER,
	SOURCE_DIALER,
	SOURCE_SPAWNER,
	SOURCE_CELL,
	SOURCE_TOOL,
	SOURCE_AUDIT,
	SOURCES
};

/* Who asked, and where the answer goes; finds nothing when the cell has ended since. */
struct question {
	uint64_t serial;
	uint32_t slot, seq;
};

/* A dialer, and how far it has been told of cells that were there before it. */
struct authority_dialer {
	struct loop_source source;
	uint32_t next;	    /* CELL_SLOTS: it knows all */
	uint64_t born;	    /* counts up */
	uint64_t behind_ms; /* since when it has not taken what it was told; 0: it has */
};

struct authority_cell {
	struct loop_source source;
	struct authority *a;
	uint64_t serial;       /* 0: free */
	uint64_t condemned_ms; /* it ends then: isolation has taken what it was for; 0: no */
	uint64_t kill_ms;      /* its session has ended: so long it may go on; 0: as it likes */
	uint32_t slot;
	uint32_t user;	  /* whose session it has shown; 0: nobody's */
	uint32_t session; /* the one it showed last */
	struct ip ip, network;
	struct hash32 fingerprint;
	uint16_t port, listener;
	uint64_t denied_ms; /* a refusal is not told again before */
	uint32_t writes;    /* thousandths of changes that it may ask for */
	uint64_t wrote_ms;  /* when that was reckoned */
	uint8_t open;	    /* questions without their answer */
	bool has_hello;
	bool has_certificate;  /* its client has shown one that is good */
	bool has_moved;	       /* a session's mismatch was told */
	bool has_shown_canary; /* likewise */
	uint8_t app_n;
	uint64_t apps[AUTHORITY_CELL_APPS]; /* that dialers were told to let it reach */
};

/* What lay in a cell's memory and was given to nobody. */
struct authority_canary {
	struct hash32 hash;
	uint64_t serial; /* 0: none */
	uint64_t made_s;
	struct ip ip; /* of the cell's client */
	uint16_t port;
};

/* A log-in under way; in memory alone. */
struct login {
	struct list age;
	struct hash32 hash, challenge;
	uint64_t born_ms, challenge_ms; /* challenge_ms: it ends then; 0: there is none */
	uint64_t app;
	struct delay_key delay;
	struct ip network;
	uint32_t next; /* of its bucket, index + 1 */
	uint32_t user; /* 0: nobody that exists */
	uint32_t session;
	uint32_t generation; /* of the place: a late answer finds another */
	uint8_t shown;	     /* enum gate_factor: shown and right */
	uint8_t wants;	     /* a step-up: all of these are asked for; 0: as factors.require says */
	uint8_t state;	     /* enum authority_login_state; 0: free */
	bool is_busy;	     /* a question to the verifier is under way */
	bool is_wrong;	     /* the password was wrong, which is told with the code */
};

struct ticket {
	struct hash32 code, nonce;
	uint64_t app, until_ms; /* 0: free */
	uint32_t session;
};

/* A factor that a session is about to get. */
struct enrolment {
	uint64_t until_ms; /* 0: free */
	uint32_t session;
	uint8_t kind; /* GATE_TOTP, GATE_PASSKEY */
	uint8_t tries;
	uint8_t secret[32]; /* of the authenticator app (20 bytes), or the challenge */
};

enum verify_kind {
	VERIFY_FOR_LOGIN = 1, /* a password */
	VERIFY_FOR_PASSKEY,
	VERIFY_FOR_ENROL,    /* an attestation */
	VERIFY_FOR_OLD,	     /* the old password, before a new one */
	VERIFY_FOR_NEW,	     /* the hash of a new one */
	VERIFY_FOR_APPROVAL, /* the password of somebody who approves by command */
	VERIFY_FOR_AGAIN     /* the same password with today's parameters */
};

/* A question to the verifier. */
struct verify {
	uint64_t until_ms; /* 0: free */
	struct question who;
	uint32_t seq;
	uint32_t login, login_generation; /* login: of an approval, the command's place */
	uint32_t session, user, factor;
	uint16_t password_n, name_n;
	uint8_t kind;
	bool is_stranger;
	uint8_t name[GATE_TITLE_MAX];
	uint8_t password[GATE_PASSWORD_MAX];
};

/* A question to the signer. */
struct token_wait {
	uint64_t until_ms; /* 0: free */
	struct question who;
	struct authority_grant grant; /* its texts are set when it is answered */
	uint64_t app;
	uint32_t seq, session;
	uint8_t user_n;
	uint8_t user[GATE_USER_MAX];
};

struct assertion {
	uint64_t app, until_s; /* until_s 0: free */
	uint64_t session_generation;
	uint32_t session;
	uint8_t factors;
	uint16_t n;
	uint8_t text[GATE_JWT_MAX];
};

/* A place of the gate page. */
struct seat {
	uint32_t session; /* 0: free */
	uint32_t user;
	uint32_t seen_s;
	bool is_dirty; /* seen_s is newer than the store's */
	bool is_cut;   /* nobody is let in, but the store does not know yet */
};

struct asked {
	uint64_t tag, until_ms;
};

struct tool {
	struct loop_source source;
	struct authority *a;
	uint32_t uid, seq;
	uint32_t n;	  /* rows, or how many it concerned */
	uint32_t of;	  /* what is listed: a user, a group; or how many there are */
	uint32_t after;	  /* how far, by number */
	uint32_t factors; /* of ACT_EXPLAIN */
	struct ip ip;	  /* likewise */
	uint8_t kind;	  /* enum tool_act_kind of the answer under way; 0: none */
	uint8_t stage;	  /* of ACT_USER_SHOW */
	bool is_waiting;  /* for the command to read */
	uint32_t asleep;  /* number of the question to the verifier that it waits for; 0: none */
	struct tool_approval {
		uint32_t wish, told;
		uint8_t code_n, code[8];
		struct delay_key delay;
	} approval;
	uint16_t after_n, host_n;
	uint8_t after_name[GATE_TITLE_MAX]; /* how far, by name */
	uint8_t host[256];
};

/* Why a level was set, and by whom; beside its entry. */
struct level_note {
	uint16_t reason_n, by_n;
	uint8_t reason[256], by[64];
};

/* An application on its way back: recover.c. */
struct recover_app {
	uint64_t since_s, fell_s; /* of the step; of the last alarm that put it back, 0: none did */
	uint8_t step;		  /* enum recover_step */
	uint8_t name_n, fell_n;
	uint8_t name[LEVEL_NAME_MAX], fell_by[64];
};

struct recover {
	uint64_t began_s, incident_s; /* wall clock; began_s 0: there is no return */
	struct level_note note;
	uint32_t n;
	struct recover_app at[RECOVER_APPS];
	uint8_t order[RECOVER_APPS]; /* recover_arrange */
	uint64_t unsaved_ms;	     /* the store is tried again then; 0: it has this */
};

/* Somebody before the door of a returning application: room.c. */
struct room_place {
	uint64_t app, order, seen_ms; /* app 0: free */
	uint32_t user;
	bool is_urgent;
	bool is_let_in; /* it has its code, and has not entered yet */
};

/* How many a returning application has let in lately. */
struct room_door {
	uint64_t app, at_ms;  /* app 0: free */
	uint64_t thousandths; /* of people who may still come in now */
	uint64_t counted_ms;  /* when inside was counted */
	uint32_t inside;
};

struct authority_image {
	struct image image; /* header NULL: none */
	void *map;
	size_t bytes;
};

struct authority {
	struct loop loop;
	struct role_identity self;
	struct loop_source keeper, signer, verifier, audit;
	struct authority_dialer dialers[AUTHORITY_DIALERS];
	struct loop_source spawners[AUTHORITY_SPAWNERS];
	uint64_t born; /* counts dialers and spawners */
	int image_fd, dir_fd;
	uint32_t image_number;
	struct authority_image now;
	struct page_gate_page *gate;
	bool was_upgraded; /* as the keeper says: no session goes on */
	struct ring_writer ring;
	struct store store;
	struct vault vault;
	struct hash32 token_key; /* of the signer's published keys; zero: not told yet */
	uint16_t keys_n;
	uint8_t keys[2048];				   /* the JSON Web Key Set */
	uint8_t secret[VAULT_KEY], secret_next[VAULT_KEY]; /* until the vault is open */
	bool has_secret, has_secret_next, is_draining;
	uint64_t drain_ms;

	uint64_t now_ms;  /* monotonic */
	uint64_t wall_us; /* both of this turn */
	uint64_t tick_ms, seen_ms, sweep_ms, purge_ms;
	uint64_t rules_from_s, rules_until_s; /* no rule's time begins or ends between these */

	struct level_map levels; /* as published: isolate.c */
	struct level_book level_before;
	struct level_note level_notes[LEVEL_ENTRIES], level_notes_before[LEVEL_ENTRIES];
	uint64_t levels_unsaved_ms; /* the store is tried again then; 0: it has them */
	struct recover recover;
	const struct page_health_page *health; /* the dialer's; NULL: none */
	struct room_place places[AUTHORITY_PLACES];
	struct room_door doors[AUTHORITY_DOORS];
	uint64_t place_order;
	uint32_t place_n;
	uint32_t incidents_open; /* incident.c */

	struct authority_canary canaries[AUTHORITY_CANARIES]; /* by hash: canaries.c */
	uint32_t alarm_open_n;				      /* alarms that nobody has closed */

	struct authority_cell cells[CELL_SLOTS];
	struct tool tools[AUTHORITY_TOOLS];

	struct login logins[AUTHORITY_LOGINS];
	uint32_t login_bucket[AUTHORITY_LOGIN_BUCKETS]; /* index + 1 */
	struct list login_age;				/* the oldest first */
	struct list login_free;
	uint64_t hash_key[2];
	uint64_t cell_key[2]; /* of what the gate page says of cells; survives a restart */
	struct delay delay;
	struct ticket tickets[AUTHORITY_TICKETS];
	struct enrolment enrolments[AUTHORITY_ENROLMENTS];

	struct verify verifies[VERIFIER_QUEUE];
	uint32_t verify_n, verify_strangers, verify_count;
	struct token_wait tokens[AUTHORITY_TOKENS];
	uint32_t token_count;
	struct assertion assertions[AUTHORITY_ASSERTIONS];
	struct asked asked[AUTHORITY_ASKED];

	struct seat seats[PAGE_SESSIONS];
	uint16_t free_seats[PAGE_SESSIONS]; /* a ring: what was freed last is used last */
	uint32_t free_first, free_n;
	uint32_t session_n;
};

/* authority_wall_s - of this turn */
static inline uint64_t authority_wall_s(const struct authority *a)
{
	return a->wall_us / 1000000;
}

static inline const struct image *authority_image(const struct authority *a)
{
	return &a->now.image;
}

static inline const struct image_gateway *authority_gateway(const struct authority *a)
{
	return &a->now.image.header->gateway;
}

extern const struct sandbox_spec authority_sandbox;

#endif
