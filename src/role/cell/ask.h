/*
 * A cell's questions to the authority (ipc/cell_authority.h): at most CELL_QUESTIONS under way,
 * each with one answer. Nobody waits here: who has asked is named by a number of the caller's, and
 * its deadline is the caller's too.
 *
 * An authority that is started again comes with a new channel. What may safely be asked twice is
 * asked again there; of what changes something nobody knows whether it did, and who asked is told
 * so. Answers are believed only when they are of the kind that was asked for.
 */
#ifndef ROLE_CELL_ASK_H
#define ROLE_CELL_ASK_H

#include "ipc/cell_authority.h"

enum {
	ASK_NOBODY = 0, /* who has gone: the answer is awaited and thrown away */
	ASK_KEPT = 160	/* bytes of a question that can be asked again */
};

/* type 0: lost, and nobody knows what became of it. body: borrowed until the call returns */
struct ask_answer {
	uint8_t type; /* enum authority_cell_message */
	struct view body;
};

/* A const table. */
struct ask_hooks {
	void (*answered)(void *owner, uint32_t who, const struct ask_answer *a);
};

struct ask_question {
	uint32_t seq; /* 0: free */
	uint32_t who;
	uint8_t type; /* enum cell_authority_message */
	bool is_sent, may_repeat;
	uint8_t n;
	uint8_t body[ASK_KEPT]; /* of one that can be asked again */
};

/* Zero is valid: nothing is asked. */
struct ask {
	const struct ask_hooks *hooks;
	void *owner;
	uint32_t seq, under_way;
	struct ask_question questions[CELL_QUESTIONS];
};

/*
 * ask_send - a question of `type`; its answer, or that it is lost, comes to who
 *   fd     the channel; -1: there is none now
 *   body   borrows: its form, written
 * E_LIMIT all places are taken: after the next answer there is room · E_CLOSED nobody is there, and
 * it can't wait · E_DENIED there is no such question
 */
enum err ask_send(struct ask *a, int fd, uint8_t type, struct view body, uint32_t who);

/* ask_tell - a message without an answer. Lost when the channel is full or gone */
void ask_tell(int fd, uint8_t type, struct view body);

/* ask_wait_ms - how long an answer to a question of this type may take */
uint32_t ask_wait_ms(uint8_t type);

/* ask_forget - who has gone */
void ask_forget(struct ask *a, uint32_t who);

/* ask_take - all that has come on fd. E_AGAIN that was all · else the authority is gone or hostile:
 * the caller closes fd and says ask_lost */
enum err ask_take(struct ask *a, int fd);

/* ask_lost - the channel is gone: those that can't be asked again have failed */
void ask_lost(struct ask *a);

/* ask_again - fd is a new channel, or has room again: what has not been sent goes out */
void ask_again(struct ask *a, int fd);

#endif
