/*
 * `sluis witness`: on another machine, keeps the newest checkpoint of each log that it knows and
 * countersigns what grew from it, so that a log can't be put back, or told in two ways, unseen
 * (promise P9). C2SP tlog-witness and tlog-cosignature.
 */
#ifndef TOOL_WITNESS_H
#define TOOL_WITNESS_H

#include "ipc/note_proof.h"

enum {
	WITNESS_LOGS = 64,
	WITNESS_ALARM_S = 60, /* one of a kind and log at most so often */
	WITNESS_ANSWER = 1024,
	WITNESS_EVIDENCE = 16 /* contradicting checkpoints that are kept, per log */
};

enum witness_alarm { WITNESS_FORK, WITNESS_BEHIND, WITNESS_SILENT, WITNESS_ALARMS };

/* A log that is witnessed. */
struct witness_log {
	struct note_key key;
	struct merkle_head head; /* the newest that was countersigned; size 0: none yet */
	uint64_t heard_s;	 /* when; 0: never */
	uint64_t told_s[WITNESS_ALARMS];
	unsigned evidence_n;
};

struct witness {
	struct audit_hash digest;
	void *signing; /* EVP_PKEY; owned */
	struct note_key key;
	int dir_fd;
	uint64_t silence_s; /* 0: never an alarm */
	struct witness_log log[WITNESS_LOGS];
	unsigned log_n;
};

/* What a log is answered; body holds at most WITNESS_ANSWER bytes. */
struct witness_answer {
	unsigned status;
	bool is_size; /* text/x.tlog.size */
	struct wbuf body;
};

/* witness_open - keys and what is known of each log, from the directory; the witness's key is made
 * when there is none. E_DENIED: something in it is not what this witness has written; told */
enum err witness_open(struct witness *w, const char *name);
void witness_done(struct witness *w);

/* witness_add_log - a verifier key. E_PROTO no such key · E_LIMIT */
enum err witness_add_log(struct witness *w, struct view vkey);

/* witness_take - one add-checkpoint request's body */
void witness_take(struct witness *w, struct view body, uint64_t now_s, struct witness_answer *ret);

/* witness_tick - who has been silent for too long */
void witness_tick(struct witness *w, uint64_t now_s);

/* witness_main - options in argv; the exit status */
int witness_main(int argc, char **argv);

#endif
