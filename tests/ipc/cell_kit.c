/* A cell, its neighbours, and an authority that says what it is told to say. */
#include "tests/ipc/cell_kit.h"

#include "conf/conf.h"
#include "role/edge/accept.h"
#include "role/edge/dial.h"
#include "role/edge/generation.h"
#include "role/edge/run.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define must(cond) INVARIANT(cond)

enum { KIT_TURNS = 4, KIT_ROUNDS = 200, KIT_PAUSE_US = 1000 };

static const char certificate[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBmDCCAT6gAwIBAgIUdDhZ9Q0761rFhE/eCrIZFmQIUJ4wCgYIKoZIzj0EAwIw\n"
	"FTETMBEGA1UEAwwKZXhhbXBsZS5ubDAeFw0yNjExMjMxMzM4MThaFw00NjExMTgx\n"
	"MzM4MThaMBUxEzARBgNVBAMMCmV4YW1wbGUubmwwWTATBgcqhkjOPQIBBggqhkjO\n"
	"PQMBBwNCAAT3wmLUk3G04dCHU/XTdEe2QjBYZw2UkZ5T/VMXtHngHAqkEiykxlVX\n"
	"DqTPBv3tYufTBtAN23MQsDcdBXcSl7Rko2wwajAdBgNVHQ4EFgQUVphMUGLK6KeY\n"
	"F4Sb10DeR/RH7zIwHwYDVR0jBBgwFoAUVphMUGLK6KeYF4Sb10DeR/RH7zIwDwYD\n"
	"VR0TAQH/BAUwAwEB/zAXBgNVHREEEDAOggwqLmV4YW1wbGUubmwwCgYIKoZIzj0E\n"
	"AwIDSAAwRQIgRbLxBEYZmpOgz7VVuu0FLgLOC2BillJGoK2HaqpikMwCIQCgD3Z8\n"
	"g8iCzt76zt7dTNx/V+dq11taXqE8waUg1PiT7A==\n"
	"-----END CERTIFICATE-----\n";

static const char config[] =
	"listeners:\n"
	"  - {name: staff, address: \"127.0.0.1:8443\", certificates: [www], default_certificate: "
	"true, isolation: cell, http2: true}\n"
	"certificates: [{name: www, chain: www.pem, key: www.key}]\n"
	"backends:\n"
	"  - {name: cases, servers: [\"127.0.0.1:1\"]}\n"
	"  - {name: wiki, servers: [\"127.0.0.1:2\"]}\n"
	"gateway: {host: login.example.nl}\n"
	"identity: [{name: local}]\n"
	"factors: {require: [[password, totp], [passkey]]}\n"
	"apps:\n"
	"  - {name: cases, title: {nl: Zaken, en: Cases}, host: cases.example.nl, backend: cases, "
	"access: {allow: {everyone: true}}, identity: {header: X-Identity, jwt: true}}\n"
	"  - {name: wiki, host: wiki.example.nl, backend: wiki, access: {allow: {everyone: true}}, "
	"identity: {header: Remote-User}}\n";

/* ---- a cell ---- */

static void kit_tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	if (level == DIAG_ERROR)
		fprintf(stderr, "%s\n", text);
}

static void kit_write(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *f = NULL;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	must(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void kit_remove(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	(void)unlink(path);
}

static int kit_image(void)
{
	char folder[] = "/tmp/cell-kit-XXXXXX", path[256];
	struct conf_input in = { .path = path, .sink = kit_tell };
	struct conf_result result = { 0 };
	int image = -1;

	must(mkdtemp(folder) != NULL);
	snprintf(path, sizeof path, "%s/site.yaml", folder);
	kit_write(folder, "site.yaml", config);
	kit_write(folder, "www.pem", certificate);
	kit_write(folder, "www.key", "");
	must(conf_check_file(&in, &result, &image) == E_OK);
	kit_remove(folder, "site.yaml");
	kit_remove(folder, "www.pem");
	kit_remove(folder, "www.key");
	(void)rmdir(folder);
	return image;
}

static void kit_pages(struct edge *e)
{
	int data = -1, cursor = -1;
	void *p = NULL;

	e->health = calloc(1, sizeof *e->health);
	e->load = calloc(1, sizeof *e->load);
	e->loads[0] = e->load;
	e->load_n = 1;
	must(shm_new("data", ring_data_bytes(RING_BYTES_SMALL), &data) == E_OK);
	must(shm_new("cursor", sizeof(struct ring_cursor), &cursor) == E_OK);
	must(shm_map(data, true, &p, NULL) == E_OK);
	ring_init(p, RING_BYTES_SMALL);
	must(ring_writer_map(data, cursor, &e->ring) == E_OK);
}

/* The same listener without TLS. */
static void kit_make_plain(struct kit *k)
{
	struct generation *g = k->edge->now;
	uint16_t slot = g->listener[0] ? 0 : 1;

	k->plain = *g->listener[slot];
	k->plain.protocol = IMAGE_HTTP;
	g->listener[slot] = &k->plain;
	must(accept_open(k->edge, slot, k->listener) == E_OK);
}

static void kit_listen(struct kit *k)
{
	socklen_t n = sizeof k->address;

	k->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	k->address = (struct sockaddr_in){ .sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	must(bind(k->listener, (struct sockaddr *)&k->address, n) == 0 &&
	     listen(k->listener, 64) == 0);
	must(getsockname(k->listener, (struct sockaddr *)&k->address, &n) == 0);
}

static void kit_pair(int ends[2], int type)
{
	must(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
}

static struct kit *volatile kit_made; /* the last one, for the leak checker; read by nobody else */

struct kit *kit_new(void)
{
	struct kit *k = calloc(1, sizeof *k);
	const char *why = "";
	int ends[2];

	must(k != NULL);
	kit_made = k;
	k->client = k->authority = -1;
	k->page = calloc(1, sizeof *k->page);
	k->edge = run_new();
	must(k->edge != NULL);
	k->edge->serves_cells = true;
	must(run_prepare(k->edge) == E_OK);
	kit_pages(k->edge);
	must(generation_load(k->edge, kit_image(), 1, &k->edge->now, &why) == E_OK);
	k->owned[0] = k->edge->now;
	k->owned[1] = k->edge->health;
	k->owned[2] = k->edge->load;
	k->owned[3] = k->edge->h2_callbacks;
	k->owned[4] = k->edge->h2_options;
	kit_pair(ends, SOCK_SEQPACKET);
	k->dialer = ends[0];
	must(dial_set_channel(k->edge, ends[1]) == E_OK);
	must(porter_open(k->edge, k->page) == E_OK);
	kit_listen(k);
	kit_make_plain(k);
	kit_forget(k);
	return k;
}

void kit_free(struct kit *k)
{
	(void)fd_close(k->client);
	(void)fd_close(k->authority);
	(void)fd_close(k->dialer);
}

void kit_new_authority(struct kit *k)
{
	int ends[2];

	(void)fd_close(k->authority);
	kit_pair(ends, SOCK_SEQPACKET);
	k->authority = ends[0];
	k->open_n = 0;
	must(gate_set_authority(k->edge, ends[1]) == E_OK);
}

void kit_lose_authority(struct kit *k)
{
	k->authority = fd_close(k->authority);
	k->open_n = 0;
}

/* A last try may have got another one meanwhile. */
static void kit_close_servers(struct kit *k)
{
	for (unsigned i = 0; i < k->server_n; i++)
		k->servers[i].fd = fd_close(k->servers[i].fd);
	(void)usleep(KIT_PAUSE_US); /* the next try waits a moment */
	kit_turn(k);
}

void kit_forget(struct kit *k)
{
	uint64_t now_s = (uint64_t)clock_wall_us() / 1000000;

	k->is_silent = k->is_hostile = false;
	k->client = fd_close(k->client);
	kit_new_authority(k);
	kit_turn(k); /* before servers end theirs, which would be tried again */
	for (unsigned i = 0; i < KIT_ROUNDS && (i == 0 || k->edge->client_n); i++)
		kit_close_servers(k);
	kit_new_authority(k); /* nothing is under way there */
	kit_close_servers(k);
	k->server_n = k->token_n = 0;
	k->answer_n = 0;
	for (unsigned i = 0; i < KIT_KINDS; i++)
		k->asked[i] = 0;
	k->slot = 1;
	k->page->session[1] = 7;
	k->until_s = now_s + 3600;
	k->fresh_s = now_s + 60;
	k->user = VIEW("anna");
	k->assertion = VIEW("head.payload.signature");
	k->login_state = LOGIN_CODE;
	k->offers = GATE_PASSWORD;
	k->reason = k->wait_s = 0;
	k->ticket = GATE_OK;
	for (unsigned i = 0; i < PORTER_GRANTS; i++)
		k->edge->porter->grants[i] = (struct porter_grant){ 0 };
}

/* ---- the authority ---- */

static struct kit_token *kit_know(struct kit *k, uint64_t app, const struct hash32 *h,
				  uint8_t verdict)
{
	struct kit_token *t = &k->tokens[k->token_n++ % KIT_TOKENS];

	*t = (struct kit_token){ .app = app, .hash = *h, .verdict = verdict };
	return t;
}

struct kit_token *kit_token(struct kit *k, uint64_t app, struct view text, uint8_t verdict)
{
	struct token t = { 0 };

	must(token_read(text, &t) == E_OK);
	return kit_know(k, app, &t.hash, verdict);
}

uint64_t kit_app(const struct kit *k, const char *name)
{
	const struct image *im = &k->edge->now->image;

	for (uint32_t i = 0; i < image_count(im, IMAGE_APP); i++)
		if (view_eq(image_view(im, image_app_at(im, i)->name), view_str(name)))
			return image_app_at(im, i)->id;
	must(false); /* an application of that name */
	return 0;
}

static struct kit_token kit_find(const struct kit *k, uint64_t app, const struct hash32 *h)
{
	for (unsigned i = 0; i < k->token_n && i < KIT_TOKENS; i++)
		if (k->tokens[i].app == app && hash32_eq(&k->tokens[i].hash, h))
			return k->tokens[i];
	return (struct kit_token){ .verdict = GATE_NONE };
}

static void kit_put_grant(struct kit *k, struct kit_token t, struct wbuf *w)
{
	struct authority_grant g = { .verdict = t.verdict,
				     .reason = t.reason,
				     .flags = t.flags,
				     .slot = k->slot,
				     .generation = k->page->session[1],
				     .until_s = k->until_s,
				     .fresh_s = k->fresh_s,
				     .user = k->user,
				     .assertion = k->assertion };

	must(authority_grant_put(w, &g) == E_OK);
}

static void kit_put_session(struct kit *k, struct kit_token t, struct wbuf *w)
{
	struct authority_session s = { .verdict = t.verdict,
				       .reason = t.reason,
				       .flags = t.flags,
				       .slot = k->slot,
				       .generation = k->page->session[1],
				       .until_s = k->until_s,
				       .user = VIEW("anna"),
				       .title = VIEW("Anna <b>") };

	must(authority_session_put(w, &s) == E_OK);
}

static uint8_t kit_grant(struct kit *k, struct view body, struct wbuf *w)
{
	struct cell_token q = { 0 };

	must(cell_token_get(body, &q) == E_OK);
	kit_put_grant(k, kit_find(k, q.app, &q.token), w);
	return AUTHORITY_GRANT;
}

static uint8_t kit_session(struct kit *k, struct view body, struct wbuf *w)
{
	struct cell_token q = { 0 };

	must(cell_token_get(body, &q) == E_OK && q.app == 0);
	kit_put_session(k, kit_find(k, 0, &q.token), w);
	return AUTHORITY_SESSION;
}

static uint8_t kit_rotate(struct kit *k, struct view body, struct wbuf *w)
{
	struct cell_rotate q = { 0 };

	(void)w;
	must(cell_rotate_get(body, &q) == E_OK && !hash32_eq(&q.old, &q.fresh));
	kit_know(k, q.app, &q.fresh, GATE_OK);
	return AUTHORITY_DONE;
}

static uint8_t kit_login(struct kit *k, struct view body, struct wbuf *w)
{
	struct authority_login l = { .state = LOGIN_FIRST, .offers = k->offers };

	(void)body;
	must(authority_login_put(w, &l) == E_OK);
	return AUTHORITY_LOGIN;
}

static uint8_t kit_password(struct kit *k, struct view body, struct wbuf *w)
{
	struct authority_login l = { .state = k->login_state,
				     .reason = k->reason,
				     .offers = k->offers,
				     .wait_s = k->wait_s };

	(void)body;
	must(authority_login_put(w, &l) == E_OK);
	return AUTHORITY_LOGIN;
}

static uint8_t kit_code(struct kit *k, struct view body, struct wbuf *w)
{
	struct cell_code q = { 0 };
	struct authority_login l = { .offers = k->offers };

	must(cell_code_get(body, &q) == E_OK);
	l.state = view_eq(q.code, VIEW("123456")) ? LOGIN_DONE : LOGIN_FAILED;
	must(authority_login_put(w, &l) == E_OK);
	return AUTHORITY_LOGIN;
}

static uint8_t kit_login_end(struct kit *k, struct view body, struct wbuf *w)
{
	struct cell_login_end q = { 0 };

	must(cell_login_end_get(body, &q) == E_OK);
	kit_put_session(k, *kit_know(k, 0, &q.token, GATE_OK), w);
	return AUTHORITY_SESSION;
}

static uint8_t kit_apps(struct kit *k, struct view body, struct wbuf *w)
{
	uint8_t room[64];
	struct wbuf ids = wbuf_of(room, sizeof room);
	struct authority_apps apps = { 0 };

	(void)body;
	wbuf_u64(&ids, kit_app(k, "cases"));
	wbuf_u64(&ids, 1); /* of none that is configured */
	apps.ids = wbuf_view(&ids);
	must(authority_apps_put(w, &apps) == E_OK);
	return AUTHORITY_APPS;
}

static uint8_t kit_ticket(struct kit *k, struct view body, struct wbuf *w)
{
	struct authority_verdict v = { .verdict = k->ticket, .reason = GATE_WHY_POLICY };
	struct cell_ticket q = { 0 };

	must(cell_ticket_get(body, &q) == E_OK);
	k->code = q.code;
	k->nonce = q.nonce;
	if (kit_find(k, 0, &q.token).verdict != GATE_OK)
		v.verdict = GATE_NONE;
	must(authority_verdict_put(w, &v) == E_OK);
	return AUTHORITY_VERDICT;
}

static uint8_t kit_enter(struct kit *k, struct view body, struct wbuf *w)
{
	struct authority_refused no = { .reason = GATE_WHY_EXPIRED };
	struct cell_enter q = { 0 };

	must(cell_enter_get(body, &q) == E_OK);
	if (hash32_eq(&q.code, &k->code) && hash32_eq(&q.nonce, &k->nonce)) {
		kit_put_grant(k, *kit_know(k, q.app, &q.token, GATE_OK), w);
		return AUTHORITY_GRANT;
	}
	must(authority_refused_put(w, &no) == E_OK);
	return AUTHORITY_REFUSED;
}

static uint8_t kit_factors(struct kit *k, struct view body, struct wbuf *w)
{
	struct authority_factor_row row = { .number = 3,
					    .kind = GATE_PASSWORD,
					    .name = VIEW("<i>") };
	struct authority_list list = { 0 };
	uint8_t one[128], all[160];
	struct wbuf o = wbuf_of(one, sizeof one), rows = wbuf_of(all, sizeof all);

	(void)k;
	(void)body;
	must(authority_factor_row_put(&o, &row) == E_OK);
	wbuf_str16(&rows, wbuf_view(&o));
	list.rows = wbuf_view(&rows);
	must(authority_list_put(w, &list) == E_OK);
	return AUTHORITY_LIST;
}

static uint8_t kit_sessions(struct kit *k, struct view body, struct wbuf *w)
{
	struct authority_session_row row = { .number = 5, .agent = VIEW("<script>") };
	struct authority_list list = { 0 };
	uint8_t one[128], all[160];
	struct wbuf o = wbuf_of(one, sizeof one), rows = wbuf_of(all, sizeof all);

	(void)k;
	(void)body;
	must(authority_session_row_put(&o, &row) == E_OK);
	wbuf_str16(&rows, wbuf_view(&o));
	list.rows = wbuf_view(&rows);
	must(authority_list_put(w, &list) == E_OK);
	return AUTHORITY_LIST;
}

static uint8_t kit_keys(struct kit *k, struct view body, struct wbuf *w)
{
	struct authority_keys keys = { .json = VIEW("{\"keys\":[]}") };

	(void)k;
	(void)body;
	must(authority_keys_put(w, &keys) == E_OK);
	return AUTHORITY_KEYS;
}

static uint8_t kit_look(struct kit *k, struct view body, struct wbuf *w)
{
	struct authority_verdict v = { .verdict = GATE_OK };

	(void)k;
	(void)body;
	must(authority_verdict_put(w, &v) == E_OK);
	return AUTHORITY_VERDICT;
}

static uint8_t kit_invited(struct kit *k, struct view body, struct wbuf *w)
{
	struct cell_invited q = { 0 };

	must(cell_invited_get(body, &q) == E_OK);
	kit_put_session(k, *kit_know(k, 0, &q.token, GATE_OK), w);
	return AUTHORITY_SESSION;
}

static uint8_t kit_secret(struct kit *k, struct view body, struct wbuf *w)
{
	struct authority_secret s = { .base32 = VIEW("ABCDEFGH"),
				      .uri = VIEW("otpauth://totp/x?secret=ABCDEFGH") };

	(void)k;
	(void)body;
	must(authority_secret_put(w, &s) == E_OK);
	return AUTHORITY_SECRET;
}

static uint8_t kit_codes(struct kit *k, struct view body, struct wbuf *w)
{
	struct authority_codes c = { .lines = VIEW("one\ntwo\n") };

	(void)k;
	(void)body;
	must(authority_codes_put(w, &c) == E_OK);
	return AUTHORITY_CODES;
}

static uint8_t kit_challenge(struct kit *k, struct view body, struct wbuf *w)
{
	struct authority_challenge c = { .user = VIEW("anna") };

	(void)k;
	(void)body;
	must(authority_challenge_put(w, &c) == E_OK);
	return AUTHORITY_CHALLENGE;
}

static uint8_t kit_done(struct kit *k, struct view body, struct wbuf *w)
{
	struct authority_refused no = { .reason = k->reason, .wait_s = k->wait_s };

	(void)body;
	if (!k->reason)
		return AUTHORITY_DONE;
	must(authority_refused_put(w, &no) == E_OK);
	return AUTHORITY_REFUSED;
}

typedef uint8_t kit_says(struct kit *k, struct view body, struct wbuf *w);

static kit_says *const kit_answers[KIT_KINDS] = {
	[CELL_SESSION] = kit_session,
	[CELL_GRANT] = kit_grant,
	[CELL_ROTATE] = kit_rotate,
	[CELL_LOGIN] = kit_login,
	[CELL_PASSWORD] = kit_password,
	[CELL_CODE] = kit_code,
	[CELL_PASSKEY_ASK] = kit_challenge,
	[CELL_PASSKEY_PROVE] = kit_password,
	[CELL_LOGIN_END] = kit_login_end,
	[CELL_LOGOUT] = kit_done,
	[CELL_APPS] = kit_apps,
	[CELL_TICKET] = kit_ticket,
	[CELL_ENTER] = kit_enter,
	[CELL_FACTORS] = kit_factors,
	[CELL_SESSIONS] = kit_sessions,
	[CELL_SESSION_END] = kit_done,
	[CELL_TOTP_BEGIN] = kit_secret,
	[CELL_TOTP_END] = kit_done,
	[CELL_PASSKEY_BEGIN] = kit_challenge,
	[CELL_PASSKEY_END] = kit_done,
	[CELL_FACTOR_REMOVE] = kit_done,
	[CELL_RECOVERY] = kit_codes,
	[CELL_PASSWORD_SET] = kit_done,
	[CELL_INVITED] = kit_invited,
	[CELL_INVITE_LOOK] = kit_look,
	[CELL_KEYS] = kit_keys,
	[CELL_LOCALE] = kit_done,
};

static void kit_say(struct kit *k, const struct frame *f)
{
	uint8_t room[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);
	uint8_t type = 0;

	must(f->type < KIT_KINDS && f->fd_n == 0);
	k->asked[f->type]++;
	if (f->type == CELL_HELLO || f->type == CELL_USED) {
		must(f->seq == 0);
		return;
	}
	must(kit_answers[f->type] && f->seq);
	if (k->is_silent) {
		must(k->open_n < CELL_QUESTIONS); /* never more: ipc/cell_authority.h */
		k->seqs[k->open_n] = f->seq;
		k->types[k->open_n++] = f->type;
		return;
	}
	type = kit_answers[f->type](k, f->body, &w);
	if (k->is_hostile)
		type = type == AUTHORITY_GRANT ? AUTHORITY_SESSION : AUTHORITY_GRANT;
	(void)frame_send(k->authority, type, f->seq, wbuf_view(&w), NULL, 0);
}

static void kit_authority(struct kit *k)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	while (k->authority >= 0 && frame_receive(k->authority, buf, &f) == E_OK)
		kit_say(k, &f);
}

/* ---- turning ---- */

/* The dialer's part: every dial is answered with one end of a pair. */
static void kit_dial(struct kit *k)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	while (frame_receive(k->dialer, buf, &f) == E_OK) {
		int ends[2];

		if (f.type != EDGE_DIAL)
			continue;
		if (k->server_n == KIT_SERVERS) {
			must(frame_send(k->dialer, DIALER_FAILED, f.seq, view_of("\1", 1), NULL,
					0) == E_OK);
			continue;
		}
		kit_pair(ends, SOCK_STREAM);
		must(frame_send(k->dialer, DIALER_CONNECTED, f.seq, (struct view){ 0 }, &ends[1],
				1) == E_OK);
		(void)fd_close(ends[1]);
		k->servers[k->server_n].fd = ends[0];
		k->servers[k->server_n++].n = 0;
	}
}

static void kit_read(int fd, uint8_t *p, size_t *n)
{
	ssize_t got = fd < 0 || *n == KIT_RECEIVED ? 0 : recv(fd, p + *n, KIT_RECEIVED - *n, 0);

	*n += got > 0 ? (size_t)got : 0;
}

void kit_turn(struct kit *k)
{
	for (unsigned i = 0; i < KIT_TURNS; i++) {
		must(run_turn(k->edge, 0) == E_OK);
		kit_authority(k);
		kit_dial(k);
		for (unsigned s = 0; s < k->server_n; s++)
			kit_read(k->servers[s].fd, k->servers[s].got, &k->servers[s].n);
		kit_read(k->client, k->answer, &k->answer_n);
	}
}

void kit_connect(struct kit *k)
{
	int one = 1;

	(void)fd_close(k->client);
	k->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(connect(k->client, (struct sockaddr *)&k->address, sizeof k->address) == 0);
	must(setsockopt(k->client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
	must(fd_set_nonblocking(k->client) == E_OK);
	k->answer_n = 0;
}

void kit_send(struct kit *k, struct view v)
{
	if (k->client < 0)
		kit_connect(k);
	(void)send(k->client, v.p, v.n, MSG_NOSIGNAL);
	kit_turn(k);
}

struct view kit_ask(struct kit *k, const char *text)
{
	kit_connect(k);
	kit_send(k, view_str(text));
	for (unsigned i = 0; i < 100 && !k->answer_n; i++)
		kit_turn(k);
	kit_turn(k);
	return view_of(k->answer, k->answer_n);
}

void kit_serve(struct kit *k, const char *text)
{
	must(k->server_n);
	(void)send(k->servers[k->server_n - 1].fd, text, strlen(text), MSG_NOSIGNAL);
	kit_turn(k);
}

bool kit_has(struct view all, struct view text)
{
	return all.n >= text.n && memmem(all.p, all.n, text.p, text.n) != NULL;
}

size_t kit_got(const struct kit *k)
{
	size_t n = 0;

	for (unsigned i = 0; i < k->server_n; i++)
		n += k->servers[i].n;
	return n;
}

bool kit_got_has(const struct kit *k, struct view text)
{
	for (unsigned i = 0; i < k->server_n; i++)
		if (kit_has(view_of(k->servers[i].got, k->servers[i].n), text))
			return true;
	return false;
}
