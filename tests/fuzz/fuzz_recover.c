/*
 * What the authority reads back of a return: rows that somebody wrote who had the store, and not
 * its key (THREATS A20). Whatever they say, an application never gets more than its step lets
 * through, no row is an approval, and nothing that is asked for is done.
 *
 * Input: rows. Each begins with the table: 0 head, 1 application, 2 request, 3 approval, 4 level;
 * then numbers of one byte, stretched over what the column may hold, and texts behind their length.
 */
#include "role/authority/recover_wish.h"
#include "tests/fuzz/fuzz.h"
#include "tests/ipc/authority_kit.h"

#include <sqlite3.h>
#include <stdio.h>

enum { ROWS = 24, TEXT = 4000 };

static uint8_t next(struct view *in)
{
	uint8_t b = 0;

	return view_u8(in, &b) == E_OK ? b : 0;
}

static void put_number(struct wbuf *w, struct view *in)
{
	static const char *const odd[] = {
		"0",	      "-1",    "9223372036854775807", "4294967296", "1800000000",
		"1800086400", "65536", "-9223372036854775808"
	};
	uint8_t b = next(in);

	if (b >= 248)
		wbuf_str(w, odd[b - 248]);
	else
		wbuf_dec(w, b);
}

static void put_text(struct wbuf *w, struct view *in)
{
	static const char *const known[] = { "cases", "files", "vault", "" };
	uint8_t n = next(in);

	if (n >= 252) {
		wbuf_str(w, "'");
		wbuf_str(w, known[n - 252]);
		wbuf_str(w, "'");
		return;
	}
	wbuf_str(w, "CAST(x'");
	wbuf_hex(w, view_slice(*in, 0, n));
	*in = view_slice(*in, n, in->n);
	wbuf_str(w, "' AS TEXT)");
}

/* n: a number, t: a text, b: bytes */
static void put_row(struct wbuf *w, struct view *in)
{
	static const struct {
		const char *into, *columns;
	} tables[] = {
		{ "return_head(id, began_s, incident_s, reason, maker) VALUES(1, ", "nntt" },
		{ "return_app(name, step, since_s, fell_s, fell_by) VALUES(", "tnnnt" },
		{ "wish(kind, scope, name, mask, step, until_s, asked_s, told, told_s, uid, reason,"
		  " maker) VALUES(",
		  "nntnnnnnnntt" },
		{ "approval(wish, user, at_s, seal) VALUES(", "nnnb" },
		{ "level(scope, name, is_exercise, mask, since_s, until_s, reason, maker) VALUES(",
		  "ntnnnntt" },
	};
	uint8_t table = next(in) % 5;

	wbuf_str(w, "INSERT OR REPLACE INTO ");
	wbuf_str(w, tables[table].into);
	for (const char *c = tables[table].columns; *c; c++) {
		if (c != tables[table].columns)
			wbuf_str(w, ", ");
		if (*c == 'n')
			put_number(w, in);
		else if (*c == 't')
			put_text(w, in);
		else
			wbuf_str(w, "randomblob(60)");
	}
	wbuf_str(w, ")");
}

static void write_rows(struct authority_kit *k, struct view *in)
{
	char text[TEXT];

	for (unsigned i = 0; i < ROWS && in->n; i++) {
		struct wbuf w = wbuf_of(text, sizeof text - 1);

		put_row(&w, in);
		text[w.n] = '\0';
		if (!w.bad) /* what the schema refuses is not there */
			(void)sqlite3_exec(k->a->store.db, text, NULL, NULL, NULL);
	}
}

static void look(struct authority_kit *k)
{
	struct recover_wish w = { 0 };
	struct recover_votes v = { 0 };
	uint8_t at[400];
	uint32_t id = 0;

	for (uint32_t i = 0; i < k->a->recover.n; i++) {
		const struct recover_app *r = &k->a->recover.at[i];
		uint32_t app = 0;
		uint16_t on = k->a->levels.all.on;

		INVARIANT(r->step > RECOVER_NONE && r->step < RECOVER_STEPS);
		if (!recover_image_app(k->a, recover_app_name(r)))
			continue;
		app = (uint32_t)(recover_image_app(k->a, recover_app_name(r)) -
				 image_app_at(authority_image(k->a), 0));
		on |= k->a->levels.app[app].on;
		INVARIANT(on & LEVEL_BIT(LEVEL_CLOSED) ||
			  !(recover_step_mask((enum recover_step)r->step) & ~on));
	}
	while (recover_wish_after(k->a, id, &w) == E_OK) {
		struct wbuf say = wbuf_of(at, sizeof at);

		INVARIANT(w.id > id);
		id = w.id;
		INVARIANT(recover_wish_count(k->a, &w, &v, NULL) == E_OK && v.have == 0);
		INVARIANT(!recover_wish_do(k->a, &w, &say));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char yaml[] =
		"isolation: {approvers: {group: team, to_open: 2, to_close: 2}}\n"
		"listeners: [{name: staff, address: \"127.0.0.1:8443\", protocol: https,"
		" certificates: [www], default_certificate: true, isolation: cell}]\n"
		"certificates: [{name: www, chain: CERTS/www.crt, key: CERTS/dummy.key}]\n"
		"backends: [{name: web, servers: [\"127.0.0.1:8080\"]}]\n"
		"gateway: {host: login.example.nl}\n"
		"identity: [{name: local, type: local}]\n"
		"factors: {require: [[password, totp]]}\n"
		"apps:\n"
		"  - {name: cases, host: cases.example.nl, backend: web, needs: [files],"
		" access: {allow: {everyone: true}}}\n"
		"  - {name: files, host: files.example.nl, backend: web,"
		" access: {allow: {everyone: true}}}\n";
	static struct authority_kit k;
	struct view in = view_of(data, n);

	authority_kit_open(&k, yaml);
	authority_kit_user(&k, "eve", "");
	write_rows(&k, &in);
	authority_kit_restart(&k);
	look(&k);
	authority_kit_wait(&k, 1);
	look(&k);
	authority_kit_close(&k);
	return 0;
}
