/*
 * The staged return (promise P8; requirements R1, R2): the order of needs, gates, two people who
 * prove who they are, soak, falling back, and what of the store is not believed.
 */
#include "../../check.h"

#include "role/authority/recover_alarm.h"
#include "role/authority/recover_wish.h"
#include "tests/ipc/authority_kit.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REST                                                                                       \
	"listeners: [{name: staff, address: \"127.0.0.1:8443\", protocol: https,"                  \
	" certificates: [www], default_certificate: true, isolation: cell}]\n"                     \
	"certificates: [{name: www, chain: CERTS/www.crt, key: CERTS/dummy.key}]\n"                \
	"backends: [{name: web, servers: [\"127.0.0.1:8080\"]}]\n"                                 \
	"gateway: {host: login.example.nl, title: Example}\n"                                      \
	"identity: [{name: local, type: local}]\n"                                                 \
	"factors: {require: [[password, totp]]}\n"                                                 \
	"zones: [{name: office, networks: [10.0.0.0/8]}]\n"                                        \
	"apps:\n"                                                                                  \
	"  - {name: cases, host: cases.example.nl, backend: web, needs: [registry],"               \
	" access: {allow: {everyone: true}}}\n"                                                    \
	"  - {name: portal, host: files.example.nl, backend: web, needs: [cases, registry],"       \
	" access: {allow: {everyone: true}}}\n"                                                    \
	"  - {name: registry, host: registry.example.nl, backend: web, owner: registrars,"         \
	" access: {allow: {everyone: true}}}\n"

static const char yaml[] = "isolation: {approvers: {group: team, to_open: 2}, fallback_on: "
			   "[canary], soak: 10m}\n" REST;
static const char yaml_alone[] = "isolation: {fallback_on: [canary]}\n" REST;
static const char yaml_close[] = "isolation: {approvers: {group: team, to_close: 2}}\n" REST;

enum { ALL_GOOD = RECOVER_TOLD_ALL };

struct scene {
	struct authority_kit k;
	struct page_health_page *health;
	uint8_t key[4][20]; /* jan, piet: team; anna: registrars; eve: nobody */
};

static const char *const people[] = { "jan", "piet", "anna", "eve" };

static void group(struct scene *s, const char *name)
{
	const struct tool_act act = { .kind = ACT_GROUP_ADD, .name = view_str(name) };

	assert_true(authority_kit_act(&s->k, &act, NULL).is_done);
}

static void sql(struct scene *s, const char *text)
{
	assert_int_equal(sqlite3_exec(s->k.a->store.db, text, NULL, NULL, NULL), SQLITE_OK);
}

/* Sessions of who enrols are from before: they end; and the keys are new. */
static void make_clean(struct scene *s)
{
	const struct tool_act act = { .kind = ACT_SESSION_REVOKE, .flags = 1 };

	assert_true(authority_kit_act(&s->k, &act, NULL).is_done);
	sql(s, "UPDATE key_seen SET first_s = 4000000000");
}

static struct scene *open_scene(const char *text)
{
	static const char *const groups[] = { "team", "team", "registrars", "" };
	struct scene *s = calloc(1, sizeof *s);

	authority_kit_open(&s->k, text);
	s->health = calloc(1, sizeof *s->health);
	s->k.a->health = s->health;
	group(s, "team");
	group(s, "registrars");
	for (uint16_t i = 0; i < 4; i++) {
		struct hash32 token = authority_kit_hash(1, i);
		int cell = authority_kit_cell(&s->k, i + 1u, "192.0.2.1", 1);

		authority_kit_user(&s->k, people[i], groups[i]);
		authority_kit_enrol(&s->k, cell, people[i], &token, s->key[i]);
		close(cell);
	}
	authority_kit_run(&s->k);
	make_clean(s);
	authority_kit_wait(&s->k, 60);
	return s;
}

static int setup(void **state)
{
	*state = open_scene(yaml);
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	authority_kit_close(&s->k);
	free(s->health);
	free(s);
	return 0;
}

/* ---- what is done often ---- */

static char said[600];

static bool act(struct scene *s, const struct tool_act *a)
{
	struct authority_tool_end end = authority_kit_act(&s->k, a, NULL);

	memcpy(said, end.text.p, end.text.n < sizeof said ? end.text.n : 0);
	said[end.text.n] = '\0';
	return end.is_done;
}

#define SAID(text) assert_non_null(strstr(said, (text)))

static bool isolate(struct scene *s, uint8_t scope, const char *name, uint16_t mask)
{
	const struct tool_act a = { .kind = ACT_LEVEL_SET,
				    .name = view_str(name),
				    .title = VIEW("why not"),
				    .flags = TOOL_LEVEL_FLAGS(mask, scope, false) };

	return act(s, &a);
}

static bool start(struct scene *s)
{
	/* the incident: long before the test's certificate */
	const struct tool_act a = { .kind = ACT_RECOVER_START,
				    .title = VIEW("it is over"),
				    .number = 1000 };

	return act(s, &a);
}

static bool advance(struct scene *s, const char *name)
{
	const struct tool_act a = { .kind = ACT_RECOVER_ADVANCE,
				    .name = view_str(name),
				    .flags = ALL_GOOD };

	return act(s, &a);
}

static bool approve_with(struct scene *s, unsigned who, uint32_t number, const char *password,
			 const char *code)
{
	const struct tool_act a = { .kind = ACT_RECOVER_APPROVE,
				    .name = view_str(people[who]),
				    .list = view_str(password),
				    .locale = view_str(code),
				    .number = number,
				    .flags = ALL_GOOD };

	return act(s, &a);
}

static bool approve(struct scene *s, unsigned who, uint32_t number)
{
	char code[7];

	authority_kit_wait(&s->k, 31); /* a code is good once */
	return approve_with(s, who, number, "correct horse battery",
			    authority_kit_code(&s->k, s->key[who], code));
}

static enum recover_step step(struct scene *s, const char *name)
{
	return recover_step_of(s->k.a, view_str(name));
}

static uint16_t mask(struct scene *s, const char *name)
{
	const struct level_book *b = &s->k.a->levels.book;

	for (uint32_t i = 0; i < b->n; i++)
		if (b->at[i].scope == LEVEL_OF_APP && !b->at[i].is_exercise &&
		    view_eq(view_of(b->at[i].name, b->at[i].name_n), view_str(name)))
			return b->at[i].mask;
	return 0;
}

/* The number of the request that waits, or 0. */
static uint32_t waiting(struct scene *s)
{
	struct recover_wish w = { 0 };

	return recover_wish_after(s->k.a, 0, &w) == E_OK ? w.id : 0;
}

static void begin(struct scene *s)
{
	assert_true(isolate(s, LEVEL_OF_ALL, "", LEVEL_BIT(LEVEL_CLOSED)));
	assert_true(start(s));
}

/* ---- tests ---- */

static void test_start(void **state)
{
	struct scene *s = *state;

	assert_false(start(s));
	SAID("no level holds an application");
	assert_false(advance(s, "registry"));
	SAID("there is no return");
	begin(s);
	assert_int_equal(s->k.a->recover.n, 3);
	assert_int_equal(mask(s, "cases"), LEVEL_BIT(LEVEL_CLOSED));
	assert_int_equal(mask(s, "registry"), LEVEL_BIT(LEVEL_CLOSED));
	assert_false(start(s));
	SAID("there is a return already");
	recover_arrange(s->k.a);
	CHECK_VIEW(recover_app_name(&s->k.a->recover.at[s->k.a->recover.order[0]]), "registry");
	CHECK_VIEW(recover_app_name(&s->k.a->recover.at[s->k.a->recover.order[1]]), "cases");
	CHECK_VIEW(recover_app_name(&s->k.a->recover.at[s->k.a->recover.order[2]]), "portal");
	assert_int_equal(authority_kit_told(&s->k, "recover.started ok"), 1);
}

/* A return of one application alone does not close others. */
static void test_start_one(void **state)
{
	struct scene *s = *state;

	assert_true(isolate(s, LEVEL_OF_APP, "cases", LEVEL_BIT(LEVEL_READ_ONLY)));
	assert_true(start(s));
	assert_int_equal(s->k.a->recover.n, 1);
	assert_int_equal(mask(s, "cases"), LEVEL_BIT(LEVEL_CLOSED));
	assert_int_equal(mask(s, "registry"), 0);
}

static void take(struct scene *s, const char *name)
{
	authority_kit_wait(&s->k, 601); /* soak */
	assert_true(advance(s, name));
	SAID("0 of 2 approvals by members of team");
	assert_true(approve(s, 0, waiting(s)));
	SAID("1 of 2");
	assert_true(approve(s, 1, waiting(s)));
	SAID(" now");
	assert_int_equal(waiting(s), 0);
}

static void test_way_of_one(void **state)
{
	struct scene *s = *state;

	begin(s);
	/* registry has an owner: two of the team are not enough */
	assert_true(advance(s, "registry"));
	assert_true(approve(s, 0, waiting(s)));
	assert_true(approve(s, 1, waiting(s)));
	SAID("of which one by the owner, registrars");
	assert_int_equal(step(s, "registry"), RECOVER_CLOSED);
	assert_true(approve(s, 2, waiting(s)));
	SAID("registry is read_only now");
	assert_int_equal(mask(s, "registry"),
			 LEVEL_BIT(LEVEL_READ_ONLY) | LEVEL_BIT(LEVEL_OFFICE_ONLY));
	/* one of the team and the owner are two */
	authority_kit_wait(&s->k, 601);
	assert_true(advance(s, "registry"));
	assert_true(approve(s, 2, waiting(s)));
	assert_true(approve(s, 0, waiting(s)));
	SAID("registry is office_only now");
	assert_int_equal(mask(s, "registry"), LEVEL_BIT(LEVEL_OFFICE_ONLY));
	take(s, "cases");
	assert_int_equal(step(s, "cases"), RECOVER_READ_ONLY);
	assert_int_equal(authority_kit_told(&s->k, "recover.approved ok jan"), 3);
	assert_int_equal(authority_kit_told(&s->k, "recover.done ok"), 3);
}

/* An application is never looser than what it needs. */
static void test_needs(void **state)
{
	struct scene *s = *state;

	begin(s);
	assert_false(advance(s, "cases"));
	SAID("the gate needs is closed: registry is closed");
	assert_false(advance(s, "portal"));
	assert_int_equal(waiting(s), 0);
}

/* What is needed, is held, and takes no part in the return, holds back too. */
static void test_needs_outside(void **state)
{
	struct scene *s = *state;

	assert_true(isolate(s, LEVEL_OF_APP, "cases", LEVEL_BIT(LEVEL_CLOSED)));
	assert_true(start(s));
	assert_true(isolate(s, LEVEL_OF_APP, "registry", LEVEL_BIT(LEVEL_STEP_UP)));
	assert_false(advance(s, "cases"));
	SAID("takes no part in the return");
}

/* Each gate, one by one, is what holds the step back. */
static void test_gates(void **state)
{
	struct scene *s = *state;
	struct tool_act a = { .kind = ACT_RECOVER_ADVANCE, .name = VIEW("registry") };
	uint32_t gen = image_server_at(authority_image(s->k.a), 0)->slot_gen;
	struct page_health_entry *e =
		&s->health->server[image_server_at(authority_image(s->k.a), 0)->slot];

	begin(s);
	assert_false(act(s, &a));
	SAID("the gate audit is closed: nobody has looked");
	a.flags = RECOVER_TOLD_AUDIT;
	assert_false(act(s, &a));
	SAID("the gate audit is closed");
	a.flags = RECOVER_TOLD_ALL & ~RECOVER_TOLD_PROGRAMS_OK;
	assert_false(act(s, &a));
	SAID("the gate programs is closed");
	a.flags = ALL_GOOD;
	PAGE_SET(e->gen, gen);
	PAGE_SET(e->health, PAGE_HEALTH_DOWN);
	assert_false(act(s, &a));
	SAID("the gate servers is closed");
	SAID(" is down");
	PAGE_SET(e->admin, PAGE_ADMIN_DISABLED);
	assert_false(act(s, &a));
	SAID("no server is enabled");
	PAGE_SET(e->admin, PAGE_ADMIN_CONFIGURED);
	PAGE_SET(e->health, PAGE_HEALTH_UP);
	s->k.a->health = NULL;
	assert_false(act(s, &a));
	SAID("nobody can tell");
	s->k.a->health = s->health;
	sql(s, "UPDATE session SET ended_s = 0, began_s = 999 WHERE id = 1");
	assert_false(act(s, &a));
	SAID("the gate sessions is closed: 1 from before");
	sql(s, "UPDATE session SET ended_s = 5 WHERE id = 1");
	sql(s, "UPDATE key_seen SET first_s = 999");
	assert_false(act(s, &a));
	SAID("certificate www is new, but its key was in use before");
	sql(s, "UPDATE key_seen SET first_s = 1000");
	s->k.a->recover.incident_s = 3000000000;
	assert_false(act(s, &a));
	SAID("issued before the incident");
	s->k.a->recover.incident_s = 1000;
	assert_true(act(s, &a));
	assert_int_equal(waiting(s), 1);
}

/* What was open when it was asked for is looked at anew when it is done. */
static void test_gate_closes_meanwhile(void **state)
{
	struct scene *s = *state;

	begin(s);
	assert_true(advance(s, "registry"));
	assert_true(approve(s, 0, waiting(s)));
	sql(s, "UPDATE key_seen SET first_s = 0");
	assert_true(approve(s, 2, waiting(s)));
	SAID("the gate keys is closed");
	assert_int_equal(step(s, "registry"), RECOVER_CLOSED);
	sql(s, "UPDATE key_seen SET first_s = 1000");
	assert_true(advance(s, "registry")); /* the approvals are there */
	SAID("registry is read_only now");
}

static void test_soak(void **state)
{
	struct scene *s = *state;

	begin(s);
	assert_true(advance(s, "registry"));
	assert_true(approve(s, 0, waiting(s)));
	assert_true(approve(s, 2, waiting(s)));
	assert_false(advance(s, "registry"));
	SAID("the gate soak is closed: 600 s more");
	authority_kit_wait(&s->k, 599);
	assert_false(advance(s, "registry"));
	authority_kit_wait(&s->k, 1);
	assert_true(advance(s, "registry"));
}

/* Nobody is two people; who is in no group is nobody; a code is good once (RFC 6238 §5.2). */
static void test_hostile_approvals(void **state)
{
	struct scene *s = *state;
	char code[7];
	uint32_t n = 0;

	begin(s);
	assert_true(advance(s, "registry"));
	n = waiting(s);
	assert_false(approve(s, 3, n));
	SAID("neither in the group that approves, nor an owner");
	assert_int_equal(authority_kit_told(&s->k, "recover.refused refused eve"), 1);
	authority_kit_wait(&s->k, 60);
	authority_kit_code(&s->k, s->key[0], code);
	assert_true(approve_with(s, 0, n, "correct horse battery", code));
	assert_false(approve_with(s, 0, n, "correct horse battery", code));
	SAID("wrong, or the code was used before");
	assert_false(approve(s, 0, n));
	SAID("has approved this already");
	assert_false(approve_with(s, 1, n, "correct horse batterz", "000000"));
	SAID("is wrong");
	assert_false(approve_with(s, 1, n, "correct horse battery", "000000"));
	assert_false(approve_with(s, 1, n, "", "000000"));
	assert_int_equal(step(s, "registry"), RECOVER_CLOSED);
	assert_true(authority_kit_told(&s->k, "recover.refused refused uid:1000") >= 2);
	assert_false(approve(s, 1, n + 1));
	SAID("there is no request");
}

/* As at the portal: a second, doubling (NIST SP 800-63B §5.2.2); not with the portal's failures. */
static void test_delays(void **state)
{
	struct scene *s = *state;
	unsigned refused = 0;

	begin(s);
	assert_true(advance(s, "registry"));
	for (unsigned i = 0; i < 12; i++) {
		assert_false(approve_with(s, 0, waiting(s), "not the password", "000000"));
		refused += strstr(said, "too many tries") != NULL;
	}
	assert_true(refused >= 8);
	assert_false(approve_with(s, 0, waiting(s), "correct horse battery", "000000"));
	SAID("too many tries");
	authority_kit_wait(&s->k, 60);
	assert_true(approve(s, 0, waiting(s)));
}

/* An approval is of that step, of that text, of that person, for a day. */
static void test_altered(void **state)
{
	struct scene *s = *state;
	struct recover_votes v = { 0 };
	struct recover_wish w = { 0 };
	uint32_t n = 0;

	begin(s);
	assert_true(advance(s, "registry"));
	n = waiting(s);
	assert_true(approve(s, 0, n));
	sql(s, "UPDATE wish SET step = 5, mask = 0");
	assert_int_equal(recover_wish_get(s->k.a, n, &w), E_OK);
	assert_int_equal(recover_wish_count(s->k.a, &w, &v, NULL), E_OK);
	assert_int_equal(v.have, 0);
	sql(s, "UPDATE wish SET step = 2, mask = 40");
	assert_int_equal(recover_wish_get(s->k.a, n, &w), E_OK);
	assert_int_equal(recover_wish_count(s->k.a, &w, &v, NULL), E_OK);
	assert_int_equal(v.have, 1);
	/* one person's seal is no other's */
	sql(s, "INSERT INTO approval SELECT wish, 3, at_s, seal FROM approval");
	assert_int_equal(recover_wish_count(s->k.a, &w, &v, NULL), E_OK);
	assert_int_equal(v.have, 1);
	assert_false(v.has_owner);
	sql(s, "UPDATE approval SET at_s = at_s + 1");
	assert_int_equal(recover_wish_count(s->k.a, &w, &v, NULL), E_OK);
	assert_int_equal(v.have, 0);
	sql(s, "UPDATE wish SET kind = 77");
	assert_int_equal(waiting(s), 0);
}

static void test_approval_ends(void **state)
{
	const struct tool_act leave = { .kind = ACT_GROUP_LEAVE,
					.name = VIEW("team"),
					.list = VIEW("jan") };
	struct scene *s = *state;
	struct recover_votes v = { 0 };
	struct recover_wish w = { 0 };

	begin(s);
	assert_true(advance(s, "registry"));
	assert_true(approve(s, 0, waiting(s)));
	assert_int_equal(recover_wish_get(s->k.a, waiting(s), &w), E_OK);
	assert_true(act(s, &leave));
	assert_int_equal(recover_wish_count(s->k.a, &w, &v, NULL), E_OK);
	assert_int_equal(v.have, 0);
	authority_kit_wait(&s->k, 24 * 3600);
	assert_int_equal(waiting(s), 0);
}

/* An alarm of isolation.fallback_on closes what has come back, and what waits for approvals ends.
 */
static void test_fall_back(void **state)
{
	struct scene *s = *state;

	begin(s);
	assert_true(advance(s, "registry"));
	assert_true(approve(s, 0, waiting(s)));
	assert_true(approve(s, 2, waiting(s)));
	take(s, "cases");
	authority_kit_wait(&s->k, 601);
	assert_true(advance(s, "registry"));
	recover_on_alarm(s->k.a, IMAGE_ALARM_CRASH, VIEW("worker.crashed"));
	assert_int_equal(step(s, "cases"), RECOVER_READ_ONLY);
	recover_on_alarm(s->k.a, IMAGE_ALARM_CANARY, VIEW("canary.leaked"));
	assert_int_equal(step(s, "cases"), RECOVER_CLOSED);
	assert_int_equal(mask(s, "cases"), LEVEL_BIT(LEVEL_CLOSED));
	assert_int_equal(step(s, "registry"), RECOVER_CLOSED);
	assert_int_equal(mask(s, "portal"), LEVEL_BIT(LEVEL_CLOSED));
	assert_int_equal(waiting(s), 0);
	assert_int_equal(authority_kit_told(&s->k, "recover.fell_back closed"), 2);
	recover_on_alarm(s->k.a, IMAGE_ALARM_CLASSES, VIEW("other"));
	recover_on_alarm(s->k.a, 77, VIEW("other"));
	assert_int_equal(authority_kit_told(&s->k, "recover.fell_back closed"), 2);
}

/* Open for less than a day is not open for good. */
static void test_open_for_good(void **state)
{
	struct scene *s = *state;

	assert_true(isolate(s, LEVEL_OF_APP, "registry", LEVEL_BIT(LEVEL_CLOSED)));
	assert_true(start(s));
	for (unsigned i = RECOVER_READ_ONLY; i < RECOVER_STEPS; i++) {
		authority_kit_wait(&s->k, 601);
		assert_true(advance(s, "registry"));
		assert_true(approve(s, 0, waiting(s)));
		assert_true(approve(s, 2, waiting(s)));
		assert_int_equal(step(s, "registry"), i);
	}
	assert_int_equal(mask(s, "registry"), 0);
	assert_false(advance(s, "registry"));
	SAID("it is open already");
	authority_kit_wait(&s->k, 23 * 3600);
	assert_true(recover_is_on(s->k.a));
	recover_on_alarm(s->k.a, IMAGE_ALARM_CANARY, VIEW("canary.leaked"));
	assert_int_equal(mask(s, "registry"), LEVEL_BIT(LEVEL_CLOSED));
	for (unsigned i = RECOVER_READ_ONLY; i < RECOVER_STEPS; i++) {
		authority_kit_wait(&s->k, 601);
		assert_true(advance(s, "registry"));
		assert_true(approve(s, 0, waiting(s)));
		assert_true(approve(s, 2, waiting(s)));
	}
	authority_kit_wait(&s->k, 24 * 3600);
	assert_false(recover_is_on(s->k.a));
	assert_int_equal(authority_kit_told(&s->k, "recover.ended ok"), 1);
	recover_on_alarm(s->k.a, IMAGE_ALARM_CANARY, VIEW("canary.leaked"));
	assert_int_equal(mask(s, "registry"), 0);
}

/* Levels by command: looser takes the same two people; stricter is at once. */
static void test_isolate_asks(void **state)
{
	struct tool_act a = { .kind = ACT_LEVEL_SET, .title = VIEW("soon over") };
	struct scene *s = *state;

	assert_true(isolate(s, LEVEL_OF_ALL, "", LEVEL_BIT(LEVEL_CLOSED)));
	assert_false(isolate(s, LEVEL_OF_ALL, "", LEVEL_BIT(LEVEL_READ_ONLY)));
	SAID("0 of 2 approvals by members of team");
	assert_int_equal(s->k.a->levels.book.at[0].mask, LEVEL_BIT(LEVEL_CLOSED));
	assert_true(approve(s, 0, waiting(s)));
	assert_false(approve(s, 2, waiting(s))); /* an owner of applications owns no level */
	SAID("neither in the group");
	assert_true(approve(s, 1, waiting(s)));
	SAID("in force");
	assert_int_equal(s->k.a->levels.book.at[0].mask, LEVEL_BIT(LEVEL_READ_ONLY));
	assert_true(isolate(s, LEVEL_OF_ALL, "", LEVEL_BIT(LEVEL_CLOSED)));
	/* closed for ten minutes is open in ten minutes */
	a.flags = TOOL_LEVEL_FLAGS(LEVEL_BIT(LEVEL_CLOSED), LEVEL_OF_ALL, false);
	a.number = (uint32_t)s->k.wall_s + 600;
	assert_false(act(s, &a));
	SAID("approvals");
	authority_kit_wait(&s->k, 1);
	/* stricter meanwhile: what was asked for is not what was meant */
	assert_true(
		isolate(s, LEVEL_OF_ALL, "", LEVEL_BIT(LEVEL_CLOSED) | LEVEL_BIT(LEVEL_STEP_UP)));
	assert_true(approve(s, 0, waiting(s)));
	assert_true(approve(s, 1, waiting(s)));
	SAID("ask again");
	assert_int_equal(s->k.a->levels.book.at[0].until_s, 0);
}

static void test_isolate_alone(void **state)
{
	struct scene *s = *state;

	assert_true(isolate(s, LEVEL_OF_ALL, "", LEVEL_BIT(LEVEL_CLOSED)));
	assert_string_equal(said, "in force");
	assert_true(isolate(s, LEVEL_OF_ALL, "", 0));
	SAID("nobody else was asked");
	begin(s);
	authority_kit_wait(&s->k, 60);
	assert_true(advance(s, "registry"));
	SAID("of which one by the owner"); /* its owner has to, also without approvers */
	assert_true(approve(s, 2, waiting(s)));
	assert_int_equal(step(s, "registry"), RECOVER_READ_ONLY);
	assert_true(advance(s, "cases"));
	SAID("cases is read_only now; nobody else was asked");
}

/* Who closes hears that too few could open: there must be a way back. */
static void test_isolate_warns(void **state)
{
	const struct tool_act reset = { .kind = ACT_USER_RESET, .name = VIEW("piet") };
	struct scene *s = *state;

	assert_true(isolate(s, LEVEL_OF_ALL, "", LEVEL_BIT(LEVEL_CLOSED)));
	assert_string_equal(said, "in force");
	assert_true(act(s, &reset));
	assert_true(isolate(s, LEVEL_OF_APP, "cases", LEVEL_BIT(LEVEL_CLOSED)));
	SAID("takes 2 approvals, and only 1 of those");
}

/* Two to close: who types is one of them. */
static void test_isolate_close(void **state)
{
	struct scene *s = *state;

	assert_false(isolate(s, LEVEL_OF_APP, "cases", LEVEL_BIT(LEVEL_CLOSED)));
	SAID("0 of 1");
	assert_int_equal(mask(s, "cases"), 0);
	assert_true(approve(s, 0, waiting(s)));
	assert_int_equal(mask(s, "cases"), LEVEL_BIT(LEVEL_CLOSED));
}

/* What returns is opened by steps alone, and closed by anybody. */
static void test_isolate_returning(void **state)
{
	struct tool_act a = { .kind = ACT_LEVEL_SET,
			      .name = VIEW("registry"),
			      .title = VIEW("soon over") };
	struct scene *s = *state;

	begin(s);
	assert_false(isolate(s, LEVEL_OF_APP, "registry", 0));
	SAID("on its way back");
	a.flags = TOOL_LEVEL_FLAGS(LEVEL_BIT(LEVEL_CLOSED), LEVEL_OF_APP, false);
	a.number = (uint32_t)s->k.wall_s + 60;
	assert_false(act(s, &a));
	SAID("on its way back");
	assert_true(advance(s, "registry"));
	assert_true(approve(s, 0, waiting(s)));
	assert_true(approve(s, 2, waiting(s)));
	assert_int_equal(step(s, "registry"), RECOVER_READ_ONLY);
	assert_true(isolate(s, LEVEL_OF_APP, "registry", LEVEL_BIT(LEVEL_CLOSED)));
	assert_int_equal(step(s, "registry"), RECOVER_CLOSED);
}

/* It outlives the process; what lets through more than its step is closed again. */
static void test_restart(void **state)
{
	struct scene *s = *state;

	begin(s);
	assert_true(advance(s, "registry"));
	assert_true(approve(s, 0, waiting(s)));
	authority_kit_restart(&s->k);
	s->k.a->health = s->health;
	assert_int_equal(s->k.a->recover.n, 3);
	assert_true(approve(s, 2, waiting(s)));
	assert_int_equal(step(s, "registry"), RECOVER_READ_ONLY);
	sql(s, "DELETE FROM level WHERE name = 'registry'");
	authority_kit_restart(&s->k);
	assert_int_equal(step(s, "registry"), RECOVER_READ_ONLY);
	assert_int_equal(mask(s, "registry"), recover_step_mask(RECOVER_READ_ONLY));
}

static void test_damaged(void **state)
{
	struct scene *s = *state;

	begin(s);
	assert_true(advance(s, "registry"));
	assert_true(approve(s, 0, waiting(s)));
	assert_true(approve(s, 2, waiting(s)));
	sql(s, "UPDATE return_app SET step = 99 WHERE name = 'portal'");
	sql(s, "DELETE FROM level");
	authority_kit_restart(&s->k);
	assert_int_equal(authority_kit_told(&s->k, "recover.damaged closed"), 1);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(s->k.a->recover.at[i].step, RECOVER_CLOSED);
	assert_int_equal(mask(s, "registry"), LEVEL_BIT(LEVEL_CLOSED));
	assert_int_equal(mask(s, "portal"), LEVEL_BIT(LEVEL_CLOSED));
}

static void test_list_and_end(void **state)
{
	const struct tool_act list = { .kind = ACT_RECOVER_LIST, .flags = ALL_GOOD },
			      stop = { .kind = ACT_RECOVER_STOP, .title = VIEW("enough") };
	struct tool_act withdraw = { .kind = ACT_RECOVER_WITHDRAW };
	struct scene *s = *state;
	unsigned rows[16] = { 0 };

	begin(s);
	assert_true(advance(s, "registry"));
	assert_true(advance(s, "registry")); /* the same one */
	assert_true(authority_kit_act(&s->k, &list, rows).is_done);
	assert_int_equal(rows[AUTHORITY_RETURN], 1);
	assert_int_equal(rows[AUTHORITY_RETURN_APP], 3);
	assert_int_equal(rows[AUTHORITY_RETURN_GATE], 3 * (RECOVER_GATES - 1));
	assert_int_equal(rows[AUTHORITY_RETURN_WISH], 1);
	withdraw.number = waiting(s);
	assert_true(act(s, &withdraw));
	assert_false(act(s, &withdraw));
	assert_int_equal(waiting(s), 0);
	assert_true(act(s, &stop));
	assert_false(act(s, &stop));
	assert_false(recover_is_on(s->k.a));
	assert_int_equal(mask(s, "cases"), LEVEL_BIT(LEVEL_CLOSED));
}

/* Requests have a bound, and none pushes out another. */
static void test_many_requests(void **state)
{
	struct tool_act a = { .kind = ACT_LEVEL_SET, .title = VIEW("later") };
	struct scene *s = *state;

	assert_true(isolate(s, LEVEL_OF_ALL, "", LEVEL_BIT(LEVEL_CLOSED)));
	a.flags = TOOL_LEVEL_FLAGS(LEVEL_BIT(LEVEL_CLOSED), LEVEL_OF_ALL, false);
	for (unsigned i = 0; i < RECOVER_WISH_OPEN; i++) {
		a.number = (uint32_t)s->k.wall_s + 1000 + i;
		assert_false(act(s, &a));
		SAID("approvals");
	}
	a.number = (uint32_t)s->k.wall_s + 5000;
	assert_false(act(s, &a));
	SAID("64 requests wait already");
}

static int setup_alone(void **state)
{
	*state = open_scene(yaml_alone);
	return 0;
}

static int setup_close(void **state)
{
	*state = open_scene(yaml_close);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
		TEST(start),
		TEST(start_one),
		TEST(way_of_one),
		TEST(needs),
		TEST(needs_outside),
		TEST(gates),
		TEST(gate_closes_meanwhile),
		TEST(soak),
		TEST(hostile_approvals),
		TEST(delays),
		TEST(altered),
		TEST(approval_ends),
		TEST(fall_back),
		TEST(open_for_good),
		TEST(isolate_asks),
		TEST(isolate_warns),
		cmocka_unit_test_setup_teardown(test_isolate_alone, setup_alone, teardown),
		cmocka_unit_test_setup_teardown(test_isolate_close, setup_close, teardown),
		TEST(isolate_returning),
		TEST(restart),
		TEST(damaged),
		TEST(list_and_end),
		TEST(many_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
