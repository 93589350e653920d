/* Text forms of notes, strict in what they read: each has one spelling. */
#include "ipc/note.h"

#include "base/base64.h"
#include "base/utf8.h"

#define NOTE_DASH "\xe2\x80\x94 "

enum { NOTE_KEY_BYTES = 1 + AUDIT_KEY };

/* What a digit of RFC 4648 §4 stands for; 64: it is none. */
static uint32_t note_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - (uint32_t)'A';
	if (c >= 'a' && c <= 'z')
		return c - (uint32_t)'a' + 26;
	if (c >= '0' && c <= '9')
		return c - (uint32_t)'0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Up to four digits as up to three bytes; bits that no byte gets are zero (RFC 4648 §3.5). */
static enum err note_get_group(struct view digits, struct wbuf *w)
{
	uint32_t bits = 0, left = 0;

	for (size_t i = 0; i < 4; i++) {
		uint32_t d = i < digits.n ? note_digit(digits.p[i]) : 0;

		if (d > 63)
			return E_PROTO;
		bits = bits << 6 | d;
	}
	left = digits.n == 4 ? 0 : digits.n == 3 ? bits & 0xff : bits & 0xffff;
	if (digits.n < 2 || left)
		return E_PROTO;
	for (size_t i = 0; i + 1 < digits.n; i++)
		wbuf_u8(w, (uint8_t)(bits >> (16 - 8 * i)));
	return E_OK;
}

enum err note_get_base64(struct view text, struct wbuf *w, size_t *ret_n)
{
	size_t n = text.n, bytes = 0;

	if (n == 0 || n % 4)
		return E_PROTO;
	for (unsigned i = 0; i < 2 && text.p[n - 1] == '='; i++)
		n--;
	for (size_t i = 0; i < n; i += 4) {
		uint8_t room[3];
		struct wbuf three = wbuf_of(room, sizeof room);

		TRY(note_get_group(view_slice(text, i, n - i < 4 ? n - i : 4), &three));
		bytes += three.n;
		wbuf_view_put(w, view_slice(wbuf_view(&three), 0, wbuf_room(w)));
	}
	*ret_n = bytes;
	return E_OK;
}

enum err note_get_number(struct view text, uint64_t *ret)
{
	if (text.n > 1 && text.p[0] == '0')
		return E_PROTO;
	return view_dec(text, ret) == E_OK ? E_OK : E_PROTO;
}

enum err note_take_line(struct view *rest, struct view *ret)
{
	size_t n = view_find(*rest, '\n');

	if (rest->n == 0)
		return E_AGAIN;
	if (n == rest->n)
		return E_PROTO;
	*ret = view_slice(*rest, 0, n);
	*rest = view_slice(*rest, n + 1, rest->n);
	return E_OK;
}

enum err note_get_hash(struct view text, struct audit_line_hash *ret)
{
	struct audit_line_hash hash = { 0 };
	struct wbuf w = wbuf_of(hash.b, sizeof hash.b);
	size_t n = 0;

	TRY(note_get_base64(text, &w, &n));
	if (n != sizeof hash.b)
		return E_PROTO;
	*ret = hash;
	return E_OK;
}

void note_put_origin(struct wbuf *w, const struct audit_key *key)
{
	WBUF_LIT(w, "sluis/audit/");
	audit_key_put_id(w, key);
}

void note_put_checkpoint(struct wbuf *w, const struct note_checkpoint *c)
{
	wbuf_view_put(w, c->origin);
	WBUF_LIT(w, "\n");
	wbuf_dec(w, c->head.size);
	WBUF_LIT(w, "\n");
	base64_put(w, view_of(c->head.root.b, sizeof c->head.root.b));
	WBUF_LIT(w, "\n");
}

void note_put_signature(struct wbuf *w, const struct note_key *key, struct view bytes)
{
	uint8_t room[NOTE_ID + NOTE_COSIGNATURE_BYTES];
	struct wbuf all = wbuf_of(room, sizeof room);

	wbuf_put(&all, key->id, sizeof key->id);
	wbuf_view_put(&all, bytes);
	w->bad |= all.bad;
	WBUF_LIT(w, NOTE_DASH);
	wbuf_put(w, key->name, key->name_n);
	WBUF_LIT(w, " ");
	base64_put(w, wbuf_view(&all));
	WBUF_LIT(w, "\n");
}

void note_put_ask(struct wbuf *w, const struct merkle_head *head)
{
	wbuf_u64(w, head->size);
	wbuf_put(w, head->root.b, sizeof head->root.b);
}

enum err note_get_ask(struct view body, struct merkle_head *ret)
{
	struct merkle_head head = { 0 };
	struct wbuf root = wbuf_of(head.root.b, sizeof head.root.b);
	struct view bytes = { 0 };

	TRY(view_u64(&body, &head.size));
	TRY(view_take(&body, sizeof head.root.b, &bytes));
	TRY(view_end(&body));
	if (head.size == 0 || head.size > MERKLE_SIZE_MAX)
		return E_PROTO;
	wbuf_view_put(&root, bytes);
	*ret = head;
	return E_OK;
}

/* UTF-8 without control characters but newline. */
static bool note_is_text(struct view v)
{
	uint32_t c = 0;

	while (v.n)
		if (utf8_next(&v, &c) != E_OK || (c < ' ' && c != '\n'))
			return false;
	return true;
}

enum err note_get(struct view text, struct note *ret)
{
	struct note n = { 0 };
	struct view rest = { 0 };
	struct note_signature s = { 0 };
	enum err e = E_OK;
	unsigned lines = 0;

	if (text.n > NOTE_MAX)
		return E_LIMIT;
	if (!note_is_text(text))
		return E_PROTO;
	for (size_t i = 1; i < text.n; i++) { /* the last empty line counts */
		if (text.p[i] != '\n' || text.p[i - 1] != '\n')
			continue;
		n.text = view_slice(text, 0, i);
		n.signatures = view_slice(text, i + 1, text.n);
	}
	if (n.signatures.n == 0)
		return E_PROTO;
	if (n.text.n > NOTE_TEXT_MAX)
		return E_LIMIT;
	rest = n.signatures;
	while ((e = note_next(&rest, &s)) == E_OK)
		if (++lines > NOTE_LINES)
			return E_LIMIT;
	if (e != E_AGAIN)
		return e;
	*ret = n;
	return E_OK;
}

static bool note_is_name(struct view name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == ' ' || name.p[i] == '+')
			return false;
	return name.n > 0;
}

enum err note_next(struct view *signatures, struct note_signature *ret)
{
	struct view rest = *signatures, line = { 0 }, all = { 0 };
	struct note_signature s = { 0 };
	uint8_t bytes[NOTE_ID + NOTE_COSIGNATURE_BYTES];
	struct wbuf w = wbuf_of(bytes, sizeof bytes), id = wbuf_of(s.id, sizeof s.id),
		    out = wbuf_of(s.bytes, sizeof s.bytes);
	size_t n = 0;

	TRY(note_take_line(&rest, &line));
	if (!view_starts(line, VIEW(NOTE_DASH)))
		return E_PROTO;
	line = view_slice(line, sizeof NOTE_DASH - 1, line.n);
	s.name = view_slice(line, 0, view_find(line, ' '));
	if (s.name.n == line.n || !note_is_name(s.name))
		return E_PROTO;
	TRY(note_get_base64(view_slice(line, s.name.n + 1, line.n), &w, &n));
	all = wbuf_view(&w);
	if (n <= NOTE_ID)
		return E_PROTO;
	s.n = n - NOTE_ID;
	wbuf_view_put(&id, view_slice(all, 0, NOTE_ID));
	wbuf_view_put(&out, view_slice(all, NOTE_ID, sizeof s.bytes));
	*signatures = rest;
	*ret = s;
	return E_OK;
}

enum err note_get_checkpoint(struct view text, struct note_checkpoint *ret)
{
	struct note_checkpoint c = { 0 };
	struct view size = { 0 }, root = { 0 }, more = { 0 };
	enum err e = E_OK;

	if (note_take_line(&text, &c.origin) != E_OK || note_take_line(&text, &size) != E_OK ||
	    note_take_line(&text, &root) != E_OK)
		return E_PROTO;
	if (c.origin.n == 0 || note_get_number(size, &c.head.size) != E_OK ||
	    c.head.size > MERKLE_SIZE_MAX || note_get_hash(root, &c.head.root) != E_OK)
		return E_PROTO;
	while ((e = note_take_line(&text, &more)) == E_OK)
		if (more.n == 0)
			return E_PROTO;
	if (e != E_AGAIN)
		return e;
	*ret = c;
	return E_OK;
}

enum err note_key_make(struct audit_hash *h, struct view name, enum note_type type,
		       const struct audit_key *key, struct note_key *ret)
{
	struct note_key k = { .type = (uint8_t)type, .key = *key };
	struct wbuf own = wbuf_of(k.name, sizeof k.name), id = wbuf_of(k.id, sizeof k.id);
	uint8_t text[NOTE_NAME_MAX + 1 + NOTE_KEY_BYTES];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct audit_line_hash hash = { 0 };

	if (!note_is_name(name) || !note_is_text(name) || view_find(name, '\n') < name.n ||
	    name.n > NOTE_NAME_MAX)
		return E_PROTO;
	wbuf_view_put(&own, name);
	k.name_n = own.n;
	wbuf_view_put(&w, name);
	WBUF_LIT(&w, "\n");
	wbuf_u8(&w, k.type);
	wbuf_put(&w, key->b, sizeof key->b);
	TRY(audit_hash_of(h, wbuf_view(&w), &hash));
	wbuf_put(&id, hash.b, sizeof k.id);
	*ret = k;
	return E_OK;
}

void note_key_put(struct wbuf *w, const struct note_key *key)
{
	uint8_t bytes[NOTE_KEY_BYTES];
	struct wbuf b = wbuf_of(bytes, sizeof bytes);

	wbuf_u8(&b, key->type);
	wbuf_put(&b, key->key.b, sizeof key->key.b);
	wbuf_put(w, key->name, key->name_n);
	WBUF_LIT(w, "+");
	wbuf_hex(w, view_of(key->id, sizeof key->id));
	WBUF_LIT(w, "+");
	base64_put(w, wbuf_view(&b));
}

enum err note_key_get(struct audit_hash *h, struct view text, struct note_key *ret)
{
	size_t name_n = view_find(text, '+');
	struct view rest = view_slice(text, name_n + 1, text.n);
	struct view hex = view_slice(rest, 0, view_find(rest, '+'));
	struct view base64 = view_slice(rest, hex.n + 1, rest.n);
	uint8_t id[NOTE_ID], bytes[2 * NOTE_KEY_BYTES];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct audit_key key = { 0 };
	struct wbuf raw = wbuf_of(key.b, sizeof key.b);
	struct note_key k = { 0 };
	size_t n = 0;

	if (audit_line_get_hex(hex, id, sizeof id) != E_OK ||
	    note_get_base64(base64, &w, &n) != E_OK || n != NOTE_KEY_BYTES ||
	    (bytes[0] != NOTE_ED25519 && bytes[0] != NOTE_COSIGNATURE))
		return E_PROTO;
	wbuf_view_put(&raw, view_slice(wbuf_view(&w), 1, AUDIT_KEY));
	TRY(note_key_make(h, view_slice(text, 0, name_n), (enum note_type)bytes[0], &key, &k));
	if (!view_eq(view_of(id, sizeof id), view_of(k.id, sizeof k.id)))
		return E_PROTO;
	*ret = k;
	return E_OK;
}

/* Name and ID are this key's: its signature has to be good. */
static bool note_key_is_of(const struct note_key *key, const struct note_signature *s)
{
	return view_eq(view_of(key->name, key->name_n), s->name) &&
	       view_eq(view_of(key->id, sizeof key->id), view_of(s->id, sizeof s->id));
}

void note_put_cosigned(struct wbuf *w, uint64_t time_s, struct view text)
{
	WBUF_LIT(w, "cosignature/v1\ntime ");
	wbuf_dec(w, time_s);
	WBUF_LIT(w, "\n");
	wbuf_view_put(w, text);
}

enum err note_check(const struct note_key *key, struct view text, const struct note_signature *s,
		    uint64_t *ret_time_s)
{
	uint8_t room[NOTE_TEXT_MAX + 64];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct view bytes = view_of(s->bytes, s->n < sizeof s->bytes ? s->n : sizeof s->bytes);
	uint64_t time_s = 0;

	if (key->type == NOTE_ED25519) {
		if (s->n != AUDIT_SIGNATURE)
			return E_DENIED;
		wbuf_view_put(&w, text);
	} else {
		if (s->n != NOTE_COSIGNATURE_BYTES || view_u64(&bytes, &time_s) != E_OK ||
		    time_s > INT64_MAX)
			return E_DENIED;
		note_put_cosigned(&w, time_s, text);
	}
	if (w.bad)
		return E_DENIED;
	TRY(audit_key_verify(&key->key, wbuf_view(&w), bytes));
	*ret_time_s = time_s;
	return E_OK;
}

enum err note_find(const struct note_key *key, const struct note *n, struct note_signature *ret,
		   uint64_t *ret_time_s)
{
	struct view rest = n->signatures;
	struct note_signature s = { 0 };
	enum err e = E_OK;

	while ((e = note_next(&rest, &s)) == E_OK) {
		if (!note_key_is_of(key, &s))
			continue;
		TRY(note_check(key, n->text, &s, ret_time_s));
		*ret = s;
		return E_OK;
	}
	return e == E_AGAIN ? E_CLOSED : e;
}
