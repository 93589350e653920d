/* See the header. */
#include "tests/ipc/authority_kit.h"

#include "conf/conf.h"
#include "ipc/authority_dialer.h"
#include "ipc/authority_signer.h"
#include "ipc/record.h"
#include "role/authority/decide.h"
#include "role/authority/reach.h"
#include "role/authority/session.h"
#include "role/authority/setup.h"
#include "role/authority/sign.h"
#include "role/authority/spawner.h"
#include "role/authority/tool.h"
#include "role/authority/totp.h"
#include "role/authority/verify.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define kit_must(cond) INVARIANT(cond)

enum { KIT_YAML = 8192 };

static const char kit_password[] = "correct horse battery";

const char authority_kit_yaml[] =
	"listeners: [{name: staff, address: \"127.0.0.1:8443\", protocol: https,"
	" certificates: [www], default_certificate: true, isolation: cell}]\n"
	"certificates: [{name: www, chain: CERTS/www.crt, key: CERTS/dummy.key}]\n"
	"backends: [{name: web, servers: [\"127.0.0.1:8080\"]}]\n"
	"gateway: {host: login.example.nl, title: Example,"
	" session: {idle: 30m, lifetime: 10h, binding: strict, rotate: 5m, step_up: 5m}}\n"
	"identity: [{name: local, type: local}]\n"
	"factors: {require: [[passkey], [password, totp]]}\n"
	"zones: [{name: office, networks: [10.0.0.0/8]}]\n"
	"apps:\n"
	"  - {name: cases, host: cases.example.nl, backend: web,"
	" access: {allow: {group: staff}, deny: {group: suspended}}, identity: {jwt: true}}\n"
	"  - {name: files, host: files.example.nl, backend: web,"
	" access: {allow: {everyone: true}}}\n"
	"  - {name: vault, host: vault.example.nl, backend: web,"
	" access: {allow: {factor: passkey}}}\n";

static void kit_tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	if (level == DIAG_ERROR)
		fprintf(stderr, "%s\n", text);
}

/* CERTS stands for the folder of the tests' certificates. */
static void kit_put_yaml(const char *yaml, struct wbuf *w)
{
	for (const char *at = strstr(yaml, "CERTS"); at; at = strstr(yaml, "CERTS")) {
		wbuf_put(w, yaml, (size_t)(at - yaml));
		wbuf_str(w, TEST_CERTS);
		yaml = at + 5;
	}
	wbuf_str(w, yaml);
}

static int kit_image(const char *yaml, uint32_t generation)
{
	char path[64], text[KIT_YAML];
	struct wbuf w = wbuf_of(text, sizeof text);
	AUTO_FD file = memfd_create("yaml", MFD_CLOEXEC);
	struct conf_input in = { .path = path, .generation = generation, .sink = kit_tell };
	struct conf_result result = { 0 };
	int fd = -1;

	kit_put_yaml(yaml, &w);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	kit_must(!w.bad && fd_write_all(file, wbuf_view(&w)) == E_OK);
	kit_must(conf_check_file(&in, &result, &fd) == E_OK);
	return fd;
}

static int kit_pair(int *ret_theirs)
{
	int pair[2];

	kit_must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	*ret_theirs = pair[1];
	return pair[0];
}

static void kit_ring(struct authority_kit *k)
{
	int data = -1, cursor = -1;
	void *p = NULL;

	kit_must(shm_new("data", ring_data_bytes(RING_BYTES_SMALL), &data) == E_OK);
	kit_must(shm_new("cursor", sizeof(struct ring_cursor), &cursor) == E_OK);
	kit_must(shm_map(data, true, &p, NULL) == E_OK);
	ring_init(p, RING_BYTES_SMALL);
	shm_unmap(p, ring_data_bytes(RING_BYTES_SMALL));
	kit_must(ring_writer_map(data, cursor, &k->a->ring) == E_OK);
	kit_must(ring_reader_map(data, cursor, &k->log) == E_OK);
	fd_close(data);
	fd_close(cursor);
}

static void kit_clock(struct authority_kit *k)
{
	k->a->now_ms = k->now_ms;
	k->a->wall_us = k->wall_s * 1000000;
}

static void kit_meet_peers(struct authority_kit *k)
{
	int theirs = -1;

	k->signer = kit_pair(&theirs);
	kit_must(sign_set_channel(k->a, theirs) == E_OK);
	k->verifier = kit_pair(&theirs);
	kit_must(verify_set_channel(k->a, theirs) == E_OK);
	k->dialer = kit_pair(&theirs);
	kit_must(reach_add(k->a, theirs) == E_OK);
	k->spawner = kit_pair(&theirs);
	kit_must(spawner_add(k->a, theirs) == E_OK);
	authority_kit_run(k);
}

bool authority_kit_try(struct authority_kit *k, const char **ret_why)
{
	enum err e = E_OK;

	k->signer = k->verifier = k->dialer = k->spawner = -1;
	k->a = setup_new();
	kit_must(k->a && setup_prepare(k->a) == E_OK);
	kit_ring(k);
	k->a->gate = k->gate;
	k->a->dir_fd = k->dir_fd;
	k->a->image_fd = fcntl(k->image_fd, F_DUPFD_CLOEXEC, 0);
	k->a->image_number = 1;
	k->a->has_secret = true;
	for (unsigned i = 0; i < VAULT_KEY; i++)
		k->a->secret[i] = (uint8_t)i;
	kit_clock(k);
	e = setup_begin(k->a, ret_why);
	kit_clock(k);
	if (e == E_OK)
		kit_meet_peers(k);
	return e == E_OK;
}

void authority_kit_start(struct authority_kit *k)
{
	const char *why = "";

	if (!authority_kit_try(k, &why)) {
		fprintf(stderr, "%s\n", why);
		abort();
	}
}

void authority_kit_open(struct authority_kit *k, const char *yaml)
{
	*k = (struct authority_kit){ .now_ms = 1000000, .wall_s = 1800000000 };
	k->gate = mmap(NULL, sizeof *k->gate, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	kit_must(k->gate != MAP_FAILED);
	/* in memory, where there is such a place: these tests are not about the disk */
	(void)snprintf(k->dir, sizeof k->dir, "%s/authority_kit_XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	kit_must(mkdtemp(k->dir) != NULL);
	k->dir_fd = open(k->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	kit_must(k->dir_fd >= 0);
	k->image_fd = kit_image(yaml, 1);
	authority_kit_start(k);
}

void authority_kit_stop(struct authority_kit *k)
{
	struct authority *a = k->a;

	store_done(&a->store);
	vault_done(&a->vault);
	loop_close(&a->signer);
	loop_close(&a->verifier);
	for (unsigned i = 0; i < AUTHORITY_DIALERS; i++)
		loop_close(&a->dialers[i].source);
	for (unsigned i = 0; i < AUTHORITY_SPAWNERS; i++)
		loop_close(&a->spawners[i]);
	for (unsigned i = 0; i < CELL_SLOTS; i++)
		loop_close(&a->cells[i].source);
	for (unsigned i = 0; i < AUTHORITY_TOOLS; i++)
		loop_close(&a->tools[i].source);
	loop_done(&a->loop);
	ring_reader_unmap(&k->log);
	ring_writer_unmap(&a->ring);
	shm_unmap(a->now.map, a->now.bytes);
	munmap(a, sizeof *a);
	k->a = NULL;
	close(k->signer);
	close(k->verifier);
	close(k->dialer);
	close(k->spawner);
}

void authority_kit_close(struct authority_kit *k)
{
	static const char *const files[] = { "sluis.db", "sluis.db-wal", "sluis.db-shm", "made" };

	authority_kit_stop(k);
	for (unsigned i = 0; i < 4; i++)
		(void)unlinkat(k->dir_fd, files[i], 0);
	close(k->dir_fd);
	close(k->image_fd);
	kit_must(rmdir(k->dir) == 0);
	munmap(k->gate, sizeof *k->gate);
}

void authority_kit_restart(struct authority_kit *k)
{
	authority_kit_stop(k);
	authority_kit_start(k);
}

void authority_kit_reload(struct authority_kit *k, const char *yaml)
{
	const char *why = "";

	close(k->image_fd);
	k->image_fd = kit_image(yaml, 2);
	kit_must(setup_image(k->a, fcntl(k->image_fd, F_DUPFD_CLOEXEC, 0), 2, &why) == E_OK);
	decide_all_again(k->a);
}

/* ---- the peers ---- */

static void kit_reply(int fd, uint8_t type, uint32_t seq, const struct wbuf *w)
{
	kit_must(!w->bad && frame_send(fd, type, seq, wbuf_view(w), NULL, 0) == E_OK);
}

static void kit_sign(struct authority_kit *k, const struct frame *f)
{
	uint8_t body[FRAME_BODY_MAX], text[256];
	struct wbuf w = wbuf_of(body, sizeof body), jwt = wbuf_of(text, sizeof text);
	struct authority_token ask = { 0 };
	struct signer_token answer = { 0 };
	const struct signer_token_keys keys = { .json = VIEW("{\"keys\":[]}") };

	if (f->type == AUTHORITY_TOKEN_KEYS) {
		kit_must(signer_token_keys_put(&w, &keys) == E_OK);
		kit_reply(k->signer, SIGNER_TOKEN_KEYS, f->seq, &w);
		return;
	}
	kit_must(f->type == AUTHORITY_TOKEN && authority_token_get(f->body, &ask) == E_OK);
	wbuf_str(&jwt, "jwt of ");
	wbuf_view_put(&jwt, ask.user);
	answer.token = wbuf_view(&jwt);
	kit_must(signer_token_put(&w, &answer) == E_OK);
	kit_reply(k->signer, SIGNER_TOKEN, f->seq, &w);
}

/* Its hash of a password is the password behind a word. */
static void kit_verify_password(struct authority_kit *k, const struct frame *f)
{
	uint8_t body[16];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct verify_password ask = { 0 };
	struct verified_password answer = { .is_old = k->is_old };
	struct view word = VIEW("$argon2id$");

	kit_must(verify_password_get(f->body, &ask) == E_OK);
	answer.is_right = view_starts(ask.encoded, word) &&
			  view_eq(view_slice(ask.encoded, word.n, ask.encoded.n), ask.password);
	kit_must(verified_password_put(&w, &answer) == E_OK);
	kit_reply(k->verifier, VERIFIED_PASSWORD, f->seq, &w);
}

static void kit_verify_hash(struct authority_kit *k, const struct frame *f)
{
	uint8_t body[2048], text[256];
	struct wbuf w = wbuf_of(body, sizeof body), encoded = wbuf_of(text, sizeof text);
	struct verify_hash ask = { 0 };
	struct verified_hash answer = { 0 };

	kit_must(verify_hash_get(f->body, &ask) == E_OK);
	wbuf_str(&encoded, "$argon2id$");
	wbuf_view_put(&encoded, ask.password);
	answer.encoded = wbuf_view(&encoded);
	kit_must(verified_hash_put(&w, &answer) == E_OK);
	kit_reply(k->verifier, VERIFIED_HASH, f->seq, &w);
}

/* Its passkeys: the attestation is "key NAME", the credential's id and its key are NAME; an
 * assertion is right when its signature is the key. */
static void kit_verify_key(struct authority_kit *k, const struct frame *f)
{
	uint8_t body[4096];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct verify_attestation made = { 0 };
	struct verify_assertion used = { 0 };
	struct verified_credential credential = { .flags = VERIFIED_ATTESTED, .algorithm = 7 };
	struct verified_assertion assertion = { .count = k->key_count };

	if (f->type == VERIFY_ATTESTATION) {
		kit_must(verify_attestation_get(f->body, &made) == E_OK);
		credential.is_right = view_starts(made.attestation, VIEW("key "));
		credential.credential = credential.key =
			view_slice(made.attestation, 4, made.attestation.n);
		credential.count = k->key_count;
		kit_must(verified_credential_put(&w, &credential) == E_OK);
		kit_reply(k->verifier, VERIFIED_CREDENTIAL, f->seq, &w);
		return;
	}
	kit_must(verify_assertion_get(f->body, &used) == E_OK);
	assertion.is_right = view_eq(used.signature, used.key);
	kit_must(verified_assertion_put(&w, &assertion) == E_OK);
	kit_reply(k->verifier, VERIFIED_ASSERTION, f->seq, &w);
}

static void kit_verify(struct authority_kit *k, const struct frame *f)
{
	if (f->type == VERIFY_PASSWORD)
		kit_verify_password(k, f);
	else if (f->type == VERIFY_HASH)
		kit_verify_hash(k, f);
	else
		kit_verify_key(k, f);
}

static void kit_hear_reach(struct authority_kit *k, const struct frame *f)
{
	struct authority_reach r = { 0 };

	kit_must(authority_reach_get(f->body, &r) == E_OK);
	if (f->type == AUTHORITY_ALLOW) {
		k->allows++;
		k->last_allowed = r.app;
	} else {
		k->forbids++;
	}
}

static bool kit_receive(int fd, uint8_t buf[FRAME_MAX], struct frame *f)
{
	return frame_receive(fd, buf, f) == E_OK;
}

static void kit_peers(struct authority_kit *k)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	while (!k->is_mute && kit_receive(k->signer, buf, &f))
		kit_sign(k, &f);
	while (!k->is_mute && kit_receive(k->verifier, buf, &f))
		kit_verify(k, &f);
	while (kit_receive(k->dialer, buf, &f))
		kit_hear_reach(k, &f);
	while (kit_receive(k->spawner, buf, &f))
		k->kills += f.type == AUTHORITY_CELL_KILL;
}

void authority_kit_run(struct authority_kit *k)
{
	for (unsigned i = 0; i < 4; i++) {
		kit_clock(k);
		kit_must(loop_turn(&k->a->loop, 0) == E_OK);
		kit_peers(k);
	}
}

void authority_kit_wait(struct authority_kit *k, uint64_t s)
{
	k->now_ms += s * 1000;
	k->wall_s += s;
	kit_clock(k);
	setup_tick(k->a);
	authority_kit_run(k);
}

/* ---- cells ---- */

int authority_kit_introduce(struct authority_kit *k, uint32_t slot, uint64_t serial, const char *ip)
{
	struct spawner_cell told = { .slot = slot, .serial = serial, .port = 40000 };
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);
	int theirs = -1, ours = kit_pair(&theirs);

	kit_must(ip_parse(view_str(ip), &told.ip) == E_OK);
	kit_must(spawner_cell_put(&w, &told) == E_OK);
	kit_must(frame_send(k->spawner, SPAWNER_CELL, 0, wbuf_view(&w), &theirs, 1) == E_OK);
	close(theirs);
	authority_kit_run(k);
	return ours;
}

int authority_kit_cell(struct authority_kit *k, uint32_t slot, const char *ip, uint8_t client)
{
	int fd = authority_kit_introduce(k, slot, ++k->serial, ip);
	struct cell_hello hello = { .sni = VIEW("login.example.nl") };
	uint8_t body[128];
	struct wbuf w = wbuf_of(body, sizeof body);

	hello.fingerprint.b[0] = client;
	kit_must(cell_hello_put(&w, &hello) == E_OK);
	authority_kit_say(fd, CELL_HELLO, 0, wbuf_view(&w));
	authority_kit_run(k);
	return fd;
}

void authority_kit_say(int fd, uint8_t type, uint32_t seq, struct view body)
{
	/* what the other side has closed hears nothing */
	if (frame_send(fd, type, seq, body, NULL, 0) != E_OK)
		return;
}

bool authority_kit_hear(struct authority_kit *k, int fd, struct kit_reply *ret)
{
	struct frame f = { 0 };

	authority_kit_run(k);
	if (frame_receive(fd, ret->buf, &f) != E_OK)
		return false;
	ret->type = f.type;
	ret->seq = f.seq;
	ret->body = f.body;
	return true;
}

bool authority_kit_ask(struct authority_kit *k, int fd, uint8_t type, const struct wbuf *w,
		       struct kit_reply *ret)
{
	static uint32_t seq;

	kit_must(!w->bad);
	authority_kit_say(fd, type, ++seq, wbuf_view(w));
	return authority_kit_hear(k, fd, ret) && ret->seq == seq;
}

static void kit_log(struct authority_kit *k)
{
	uint8_t buf[RING_RECORD_MAX];
	struct view record = { 0 };
	struct wbuf w = wbuf_of(k->logged, sizeof k->logged - 1);

	w.n = k->logged_n;
	while (ring_get(&k->log, buf, &record) == E_OK) {
		struct record_field at = { 0 };

		while (record.n && record_next(&record, &at) == E_OK)
			if (at.tag == RECORD_TAG_ACTION || at.tag == RECORD_TAG_RESULT ||
			    at.tag == RECORD_TAG_ACTOR || at.tag == RECORD_TAG_DETAIL) {
				wbuf_view_put(&w, at.text);
				wbuf_str(&w, " ");
			}
		wbuf_str(&w, "\n");
	}
	ring_release(&k->log);
	k->logged_n = w.n;
	k->logged[w.n] = 0;
}

/* ---- the command ---- */

struct authority_tool_end authority_kit_act(struct authority_kit *k, const struct tool_act *act,
					    unsigned rows[16])
{
	static uint8_t kept[FRAME_MAX];
	struct authority_tool_end end = { 0 };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct frame f = { 0 };
	int theirs = -1, ours = kit_pair(&theirs);

	kit_must(tool_add(k->a, 1000, theirs) == E_OK);
	kit_must(tool_act_put(&w, act) == E_OK);
	authority_kit_say(ours, TOOL_ACT, 1, wbuf_view(&w));
	for (unsigned pass = 0; pass < 10000; pass++) {
		authority_kit_run(k);
		kit_log(k);
		while (kit_receive(ours, kept, &f) && f.type != AUTHORITY_TOOL_END) {
			if (rows && f.type < 16)
				rows[f.type]++;
			f.type = 0;
		}
		if (f.type == AUTHORITY_TOOL_END)
			break;
	}
	kit_must(f.type == AUTHORITY_TOOL_END && authority_tool_end_get(f.body, &end) == E_OK);
	close(ours);
	authority_kit_run(k);
	return end;
}

/* ---- the log ---- */

unsigned authority_kit_told(struct authority_kit *k, const char *text)
{
	unsigned n = 0;

	kit_log(k);
	for (const char *line = k->logged; *line; line = strchr(line, '\n') + 1)
		n += strncmp(line, text, strlen(text)) == 0;
	return n;
}

/* ---- what people do ---- */

struct hash32 authority_kit_hash(uint8_t b, uint16_t n)
{
	struct hash32 h;

	memset(h.b, b, sizeof h.b);
	h.b[0] = (uint8_t)(n >> 8);
	h.b[1] = (uint8_t)n;
	return h;
}

void authority_kit_user(struct authority_kit *k, const char *name, const char *groups)
{
	struct tool_act act = { .kind = ACT_USER_ADD,
				.name = view_str(name),
				.title = VIEW("A Person"),
				.list = view_str(groups),
				.locale = VIEW("nl") };

	kit_must(authority_kit_act(k, &act, NULL).is_done);
}

static void kit_base32(struct view text, uint8_t key[20])
{
	uint32_t bits = 0, n = 0, out = 0;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		bits = bits << 5 | (uint32_t)(c >= 'A' ? c - 'A' : c - '2' + 26);
		n += 5;
		if (n >= 8) {
			n -= 8;
			key[out++] = (uint8_t)(bits >> n);
		}
	}
	kit_must(out == 20);
}

const char *authority_kit_code(const struct authority_kit *k, const uint8_t key[20], char at[7])
{
	struct wbuf w = wbuf_of(at, 6);

	wbuf_dec_pad(&w, totp_at(view_of(key, 20), k->wall_s / TOTP_STEP_S), TOTP_DIGITS);
	at[6] = 0;
	return at;
}

void authority_kit_enrol_factors(struct authority_kit *k, int cell, const struct hash32 *token,
				 uint8_t key[20])
{
	const struct cell_token begin = { .token = *token };
	const struct cell_password_set set = { .token = *token, .fresh = view_str(kit_password) };
	struct cell_totp_end end = { .token = *token, .name = VIEW("phone") };
	struct authority_secret secret = { 0 };
	struct kit_reply r;
	char code[7];

	AUTHORITY_ASK(k, cell, CELL_PASSWORD_SET, cell_password_set, set, &r);
	kit_must(r.type == AUTHORITY_DONE);
	AUTHORITY_ASK(k, cell, CELL_TOTP_BEGIN, cell_token, begin, &r);
	kit_must(r.type == AUTHORITY_SECRET && authority_secret_get(r.body, &secret) == E_OK);
	kit_base32(secret.base32, key);
	end.code = view_str(authority_kit_code(k, key, code));
	AUTHORITY_ASK(k, cell, CELL_TOTP_END, cell_totp_end, end, &r);
	kit_must(r.type == AUTHORITY_DONE);
}

void authority_kit_forget_factor(struct authority_kit *k, const char *name, uint8_t factors)
{
	struct session s = { 0 };
	struct user u = { 0 };

	kit_must(user_by_name(k->a, view_str(name), &u) == E_OK);
	while (session_after(k->a, u.id, s.id, &s) == E_OK) {
		struct store_ask q = store_ask(&k->a->store, Q_SESSION_FACTORS);

		store_put_int(&q, factors);
		store_put_int(&q, k->wall_s);
		store_put_int(&q, s.id);
		kit_must(store_run(&q) == E_OK);
	}
}

void authority_kit_enrol(struct authority_kit *k, int cell, const char *name,
			 const struct hash32 *token, uint8_t key[20])
{
	struct cell_invited open = { .token = *token, .agent = VIEW("a browser") };
	struct tool_act invite = { .kind = ACT_INVITE_ADD, .name = view_str(name), .number = 3600 };
	struct authority_session s = { 0 };
	struct kit_reply r;

	invite.secret = open.invite = authority_kit_hash(token->b[31], (uint16_t)k->serial);
	invite.secret.b[5] = open.invite.b[5] = (uint8_t)name[0];
	kit_must(authority_kit_act(k, &invite, NULL).is_done);
	AUTHORITY_ASK(k, cell, CELL_INVITED, cell_invited, open, &r);
	kit_must(r.type == AUTHORITY_SESSION && authority_session_get(r.body, &s) == E_OK &&
		 s.verdict == GATE_ENROL);
	authority_kit_enrol_factors(k, cell, token, key);
	authority_kit_wait(k, TOTP_STEP_S); /* the code of this step is used up */
}

/* All of a log-in; session: whose step-up it is. */
static uint8_t kit_login(struct authority_kit *k, int cell, const char *name, const uint8_t key[20],
			 const struct cell_login *begin, const struct hash32 *token)
{
	const struct cell_password password = { .transaction = begin->transaction,
						.user = view_str(name),
						.password = view_str(kit_password) };
	const struct cell_login_end end = { .transaction = begin->transaction,
					    .token = *token,
					    .agent = VIEW("a browser") };
	struct cell_code second = { .transaction = begin->transaction };
	struct authority_login l = { 0 };
	struct authority_session s = { 0 };
	struct kit_reply r;
	char code[7];

	AUTHORITY_ASK(k, cell, CELL_LOGIN, cell_login, *begin, &r);
	AUTHORITY_ASK(k, cell, CELL_PASSWORD, cell_password, password, &r);
	second.code = view_str(authority_kit_code(k, key, code));
	AUTHORITY_ASK(k, cell, CELL_CODE, cell_code, second, &r);
	kit_must(r.type == AUTHORITY_LOGIN && authority_login_get(r.body, &l) == E_OK);
	if (l.state != LOGIN_DONE)
		return GATE_NONE;
	AUTHORITY_ASK(k, cell, CELL_LOGIN_END, cell_login_end, end, &r);
	kit_must(r.type == AUTHORITY_SESSION && authority_session_get(r.body, &s) == E_OK);
	authority_kit_wait(k, TOTP_STEP_S);
	return s.verdict;
}

uint8_t authority_kit_login(struct authority_kit *k, int cell, const char *name,
			    const uint8_t key[20], const struct hash32 *token)
{
	struct cell_login begin = { .transaction = *token };

	begin.transaction.b[9] ^= 0xff;
	return kit_login(k, cell, name, key, &begin, token);
}

uint8_t authority_kit_step_up(struct authority_kit *k, int cell, const char *name,
			      const uint8_t key[20], const struct hash32 *session,
			      const struct hash32 *fresh)
{
	struct cell_login begin = { .transaction = *fresh, .session = *session };

	begin.transaction.b[9] ^= 0xff;
	return kit_login(k, cell, name, key, &begin, fresh);
}

uint8_t authority_kit_session(struct authority_kit *k, int cell, const struct hash32 *token,
			      struct authority_session *ret)
{
	const struct cell_token ask = { .token = *token };
	static struct kit_reply r;
	struct authority_session s = { 0 };

	AUTHORITY_ASK(k, cell, CELL_SESSION, cell_token, ask, &r);
	kit_must(r.type == AUTHORITY_SESSION && authority_session_get(r.body, &s) == E_OK);
	if (ret)
		*ret = s;
	return s.verdict;
}

static uint8_t kit_granted(const struct kit_reply *r, struct authority_grant *ret)
{
	struct authority_grant g = { 0 };

	if (r->type == AUTHORITY_REFUSED)
		return 0;
	kit_must(r->type == AUTHORITY_GRANT && authority_grant_get(r->body, &g) == E_OK);
	if (ret)
		*ret = g;
	return g.verdict;
}

uint8_t authority_kit_grant(struct authority_kit *k, int cell, uint64_t app,
			    const struct hash32 *token, struct authority_grant *ret)
{
	const struct cell_token ask = { .app = app, .token = *token };
	static struct kit_reply r;

	AUTHORITY_ASK(k, cell, CELL_GRANT, cell_token, ask, &r);
	return kit_granted(&r, ret);
}

uint8_t authority_kit_enter(struct authority_kit *k, int cell, uint64_t app,
			    const struct hash32 *portal, const struct hash32 *token)
{
	struct hash32 nonce = *token, code = *token;
	struct authority_verdict v = { 0 };
	struct kit_reply r;

	nonce.b[7] ^= 1;
	code.b[7] ^= 2;
	{
		const struct cell_ticket ticket = {
			.token = *portal, .app = app, .nonce = nonce, .code = code
		};
		const struct cell_enter enter = {
			.app = app, .code = code, .nonce = nonce, .token = *token
		};

		AUTHORITY_ASK(k, cell, CELL_TICKET, cell_ticket, ticket, &r);
		kit_must(r.type == AUTHORITY_VERDICT && authority_verdict_get(r.body, &v) == E_OK);
		if (v.verdict != GATE_OK)
			return v.verdict;
		AUTHORITY_ASK(k, cell, CELL_ENTER, cell_enter, enter, &r);
	}
	return kit_granted(&r, NULL);
}

uint64_t authority_kit_app(struct authority_kit *k, const char *name)
{
	const struct image *im = authority_image(k->a);

	for (uint32_t i = 0; i < image_count(im, IMAGE_APP); i++)
		if (view_eq(image_view(im, image_app_at(im, i)->name), view_str(name)))
			return image_app_at(im, i)->id;
	return 0;
}
