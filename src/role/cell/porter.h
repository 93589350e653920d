/*
 * Who stands at a cell's gate: what is known of the one client's requests to the portal and to
 * applications, and what the authority has said of them.
 *
 * edge.porter of a cell; the hooks of role/edge/gate.h are in porter.c. Applications: gate_app.c,
 * paths of our own on their hosts: gate_own.c; the portal: portal_*.c.
 */
#ifndef ROLE_CELL_PORTER_H
#define ROLE_CELL_PORTER_H

#include "ipc/pages.h"
#include "portal/portal.h"
#include "proto/form.h"
#include "role/cell/ask.h"
#include "role/cell/jar.h"
#include "role/cell/token.h"
#include "role/edge/edge.h"
#include "role/edge/gate.h"

enum {
	PORTER_GRANTS = 16,
	PORTER_FORMS = 4, /* bodies of forms that are read at one time */
	PORTER_FORM_BYTES = 16 * 1024,
	PORTER_BACK_MAX = 2048,	     /* of a path and query to return to, bytes */
	PORTER_PAGE_MAX = 88 * 1024, /* of a page: what goes out in one piece */
	PORTER_LINES_MAX = 8 * 1024,
	PORTER_LOGIN_S = 600 /* a log-in may take so long: its cookie's age */
};

/* A session in the gate page; slot 0: none. */
struct porter_hold {
	uint32_t slot, number;	      /* number: what the log calls the session */
	uint64_t generation, until_s; /* wall clock */
};

enum porter_grant_state { PORTER_GRANT_FREE, PORTER_GRANT_ASKED, PORTER_GRANT_HERE };

/* What the authority has allowed to a token at an application. */
struct porter_grant {
	uint64_t app;
	struct hash32 token;
	struct porter_hold hold;
	uint64_t fresh_s; /* wall clock: asked again by then */
	uint64_t used_ms;
	uint8_t state; /* enum porter_grant_state */
	uint8_t flags; /* enum gate_session_flag */
	uint8_t user_n;
	uint16_t jwt_n;
	uint8_t user[GATE_USER_MAX], jwt[GATE_JWT_MAX];
};

/* The body of a form, and what is in it. */
struct porter_form {
	struct form form;
	struct wbuf w;
	bool is_used;
	uint8_t bytes[PORTER_FORM_BYTES];
};

/* What the authority has said of a session of the portal. */
struct porter_session {
	struct porter_hold hold;
	uint8_t flags, factors, user_n, title_n;
	uint8_t user[GATE_USER_MAX], title[GATE_TITLE_MAX];
};

/* How a request was made; from its head. */
struct gate_facts {
	bool is_navigation;   /* a browser shows the answer to a person */
	bool is_same_origin;  /* it says that a page of the same origin has made it */
	bool is_other_origin; /* ... or another one's */
	bool is_form;	      /* of urlencoded content */
	bool wants_continue;  /* RFC 9110 §10.1.1 */
	enum portal_language language;
};

/* What a cell knows of an exchange. */
struct gate_state {
	struct porter *porter;
	struct exchange *x;	     /* NULL: free */
	const struct image_app *app; /* of x's image, while x is no tunnel; NULL: the portal, or
					none is meant */
	uint64_t app_id;
	struct gate_facts facts;
	struct token session, login, at_app; /* cookies */
	struct token nonce;		     /* of the cookie JAR_ENTER */
	struct token_fresh fresh;	/* given away with the answer: session or application */
	struct token_fresh fresh_login; /* likewise: a log-in */
	struct hash32 asked_nonce;	/* of the query or form */
	const struct image_app *wanted; /* likewise: what a log-in is for; NULL: the portal */
	struct porter_session known;
	struct porter_form *form;
	struct porter_hold hold;    /* cut when it ends */
	struct porter_grant *waits; /* for this one */
	const struct portal_route *route;
	uint16_t levels; /* that held when it was passed on */
	uint64_t moved;	 /* bytes of the client when its use was last told */
	uint32_t wait_s;
	uint8_t step;	/* enum portal_step, or gate_app's */
	uint8_t reason; /* enum gate_reason: for the page */
	uint8_t notice; /* enum portal_notice */
	uint8_t offers; /* enum gate_factor */
	bool has_asked_nonce, is_step_up, was_renewed, is_known /* logged in */;
	bool is_own;				      /* below /.sluis/ on an application's host */
	bool is_passed;				      /* a server has it, or had it */
	bool sets_session, sets_login, sets_language; /* cookies of the answer */
	bool drops_session, drops_login;
	uint16_t back_n;
	uint8_t back[PORTER_BACK_MAX]; /* of the cookie JAR_ENTER, checked */
	struct gate_state *next;       /* free list */
};

struct porter {
	struct edge *edge;
	const struct page_gate_page *page;
	struct ask ask;
	struct gate_state *jobs, *free;
	uint32_t job_cap, job_high;
	uint64_t ticked_ms, used_ms; /* when use was last told */
	uint64_t levels_version;     /* that grants and streams were looked at for */
	uint32_t hello_n;
	struct porter_hold own; /* of the session that this process has shown last */
	bool wipes_piece;	/* a token went out by the edge's scratch */
	uint8_t hello[3 * sizeof(struct hash32) + 2 + 255]; /* CELL_HELLO, for each new channel */
	struct porter_grant grants[PORTER_GRANTS];
	struct porter_form forms[PORTER_FORMS];
	uint8_t cookies[READ_BYTES]; /* between decide and put: others' cookies of one request */
	size_t cookies_n;
	uint8_t lines[PORTER_LINES_MAX], page_bytes[PORTER_PAGE_MAX];
};

/*
 * porter_open - e is a cell's from now on: edge.porter and edge.gate are set
 *   page   kept: the gate page, read-only
 * E_SYS (logged): no memory
 */
enum err porter_open(struct edge *e, const struct page_gate_page *page);

/* porter_forget - wipes what the scratch of this turn of the loop had of a token; after each turn
 */
void porter_forget(struct edge *e);

/* porter_ask - j's next question; its answer is j->step's. Answers j with 503 when it can't be
 * asked, and says false: j may be gone */
bool porter_ask(struct gate_state *j, uint8_t type, const struct wbuf *body, uint8_t step);

/* porter_try - the same, but when it can't be asked nothing happens */
bool porter_try(struct gate_state *j, uint8_t type, const struct wbuf *body, uint8_t step);

/* porter_ask_grant - the question that g stands for. False: it can't be asked */
bool porter_ask_grant(struct porter *p, struct porter_grant *g);

/* porter_has_ended - the session that this process has shown has ended: it serves no other */
bool porter_has_ended(const struct porter *p);

/* porter_is_live - the session is what it was, by the page and by the clock */
bool porter_is_live(const struct porter *p, const struct porter_hold *h);

/* porter_span - bytes of x's head: path, host, agent */
struct view porter_span(const struct gate_state *j, struct span16 at);

/* porter_query - of the request, without '?' */
struct view porter_query(const struct gate_state *j);

const struct image_gateway *porter_gateway(const struct gate_state *j);

/* porter_app - the application of this name, or of this id; NULL: there is none */
const struct image_app *porter_app(const struct gate_state *j, struct view name);
const struct image_app *porter_app_of(const struct gate_state *j, uint64_t id);

#endif
