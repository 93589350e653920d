/* Questions in a table of fixed size; one row says of each kind what may come back. */
#include "role/cell/ask.h"

#include "sys/secret.h"

enum {
	ASK_WAIT_MS = 5000,	  /* of what the authority knows by itself */
	ASK_VERIFY_MS = 20 * 1000 /* ... and of what waits for the verifier's turn */
};

struct ask_kind {
	uint8_t answer; /* enum authority_cell_message; 0: there is no such question */
	bool is_safe;	/* nothing changes when it is asked twice */
	uint32_t wait_ms;
};

static const struct ask_kind ask_kinds[] = {
	[CELL_SESSION] = { AUTHORITY_SESSION, true, ASK_WAIT_MS },
	[CELL_GRANT] = { AUTHORITY_GRANT, true, ASK_WAIT_MS },
	[CELL_ROTATE] = { AUTHORITY_DONE, false, ASK_WAIT_MS },
	[CELL_LOGIN] = { AUTHORITY_LOGIN, true, ASK_WAIT_MS },
	[CELL_PASSWORD] = { AUTHORITY_LOGIN, false, ASK_VERIFY_MS },
	[CELL_CODE] = { AUTHORITY_LOGIN, false, ASK_VERIFY_MS },
	[CELL_PASSKEY_ASK] = { AUTHORITY_CHALLENGE, true, ASK_WAIT_MS },
	[CELL_PASSKEY_PROVE] = { AUTHORITY_LOGIN, false, ASK_VERIFY_MS },
	[CELL_LOGIN_END] = { AUTHORITY_SESSION, false, ASK_WAIT_MS },
	[CELL_LOGOUT] = { AUTHORITY_DONE, true, ASK_WAIT_MS },
	[CELL_APPS] = { AUTHORITY_APPS, true, ASK_WAIT_MS },
	[CELL_TICKET] = { AUTHORITY_VERDICT, false, ASK_WAIT_MS },
	[CELL_ENTER] = { AUTHORITY_GRANT, false, ASK_WAIT_MS },
	[CELL_FACTORS] = { AUTHORITY_LIST, true, ASK_WAIT_MS },
	[CELL_SESSIONS] = { AUTHORITY_LIST, true, ASK_WAIT_MS },
	[CELL_SESSION_END] = { AUTHORITY_DONE, true, ASK_WAIT_MS },
	[CELL_TOTP_BEGIN] = { AUTHORITY_SECRET, false, ASK_WAIT_MS },
	[CELL_TOTP_END] = { AUTHORITY_DONE, false, ASK_WAIT_MS },
	[CELL_PASSKEY_BEGIN] = { AUTHORITY_CHALLENGE, false, ASK_WAIT_MS },
	[CELL_PASSKEY_END] = { AUTHORITY_DONE, false, ASK_VERIFY_MS },
	[CELL_FACTOR_REMOVE] = { AUTHORITY_DONE, false, ASK_WAIT_MS },
	[CELL_RECOVERY] = { AUTHORITY_CODES, false, ASK_VERIFY_MS },
	[CELL_PASSWORD_SET] = { AUTHORITY_DONE, false, ASK_VERIFY_MS },
	[CELL_INVITED] = { AUTHORITY_SESSION, false, ASK_WAIT_MS },
	[CELL_INVITE_LOOK] = { AUTHORITY_VERDICT, true, ASK_WAIT_MS },
	[CELL_KEYS] = { AUTHORITY_KEYS, true, ASK_WAIT_MS },
	[CELL_LOCALE] = { AUTHORITY_DONE, true, ASK_WAIT_MS },
};

static struct ask_kind ask_kind(uint8_t type)
{
	return type < sizeof ask_kinds / sizeof ask_kinds[0] ? ask_kinds[type]
							     : (struct ask_kind){ 0 };
}

uint32_t ask_wait_ms(uint8_t type)
{
	return ask_kind(type).wait_ms;
}

static struct ask_question *ask_find(struct ask *a, uint32_t seq)
{
	for (unsigned i = 0; i < CELL_QUESTIONS; i++)
		if (a->questions[i].seq == seq)
			return &a->questions[i];
	return NULL;
}

static void ask_free(struct ask *a, struct ask_question *q)
{
	secret_wipe(q->body, q->n);
	*q = (struct ask_question){ 0 };
	a->under_way--;
}

static void ask_settle(struct ask *a, struct ask_question *q, const struct ask_answer *answer)
{
	uint32_t who = q->who;

	ask_free(a, q);
	if (who != ASK_NOBODY)
		a->hooks->answered(a->owner, who, answer);
}

enum err ask_send(struct ask *a, int fd, uint8_t type, struct view body, uint32_t who)
{
	bool may_wait = ask_kind(type).is_safe && body.n <= ASK_KEPT;
	struct ask_question *q = ask_find(a, 0);
	struct wbuf keep = { 0 };
	enum err sent = E_CLOSED;

	if (!ask_kind(type).answer)
		return E_DENIED;
	if (!q)
		return E_LIMIT;
	if (++a->seq == 0)
		a->seq = 1;
	if (fd >= 0)
		sent = frame_send(fd, type, a->seq, body, NULL, 0);
	if (sent != E_OK && !may_wait)
		return E_CLOSED;
	*q = (struct ask_question){ .seq = a->seq, .who = who, .type = type };
	q->is_sent = sent == E_OK;
	q->may_repeat = may_wait;
	a->under_way++;
	if (may_wait) {
		keep = wbuf_of(q->body, sizeof q->body);
		wbuf_view_put(&keep, body);
		q->n = (uint8_t)keep.n;
	}
	return E_OK;
}

void ask_tell(int fd, uint8_t type, struct view body)
{
	if (fd >= 0)
		(void)frame_send(fd, type, 0, body, NULL, 0);
}

void ask_forget(struct ask *a, uint32_t who)
{
	for (unsigned i = 0; i < CELL_QUESTIONS; i++)
		if (a->questions[i].seq && a->questions[i].who == who)
			a->questions[i].who = ASK_NOBODY;
}

/* THREATS A20: of the kind that was asked for, to a question that is under way, without anything
 * else. */
static enum err ask_take_frame(struct ask *a, struct frame *f)
{
	struct ask_question *q = f->seq ? ask_find(a, f->seq) : NULL;
	struct ask_answer answer = { .type = f->type, .body = f->body };

	if (!q || !q->is_sent || f->fd_n ||
	    (f->type != AUTHORITY_REFUSED && f->type != ask_kind(q->type).answer))
		return E_DENIED;
	ask_settle(a, q, &answer);
	return E_OK;
}

enum err ask_take(struct ask *a, int fd)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err got = E_OK;

	while (got == E_OK) {
		got = frame_receive(fd, buf, &f);
		if (got != E_OK)
			break;
		got = ask_take_frame(a, &f);
		frame_done(&f);
	}
	secret_wipe(buf, sizeof buf);
	return got;
}

void ask_lost(struct ask *a)
{
	static const struct ask_answer lost = { 0 };
	uint32_t upto = a->seq; /* what is asked on hearing of a loss is not lost itself */

	for (unsigned i = 0; i < CELL_QUESTIONS; i++) {
		struct ask_question *q = &a->questions[i];

		if (q->seq == 0 || (int32_t)(q->seq - upto) > 0)
			continue;
		if (q->may_repeat && q->who != ASK_NOBODY)
			q->is_sent = false;
		else
			ask_settle(a, q, &lost);
	}
}

void ask_again(struct ask *a, int fd)
{
	for (unsigned i = 0; i < CELL_QUESTIONS; i++) {
		struct ask_question *q = &a->questions[i];

		if (q->seq && !q->is_sent)
			q->is_sent = frame_send(fd, q->type, q->seq, view_of(q->body, q->n), NULL,
						0) == E_OK;
	}
}
