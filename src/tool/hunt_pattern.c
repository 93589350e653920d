/*
 * Patterns by recursive descent; depth is bounded. Each level says whether a record can satisfy
 * what it read: E_OK yes, E_DENIED it is well-formed and not understood, E_PROTO it is no pattern.
 */
#include "tool/hunt_pattern.h"

#include "tool/hunt_value.h"
#include "tool/hunt_words.h"

struct pattern_reader {
	struct hunt_set *set;
	struct view text;
	size_t at;
	unsigned depth;
	struct hunt_pattern *ret;
	uint8_t room[HUNT_VALUE_ROOM];
	uint8_t path[256], string[HUNT_VALUE_BYTES], value[HUNT_VALUE_ROOM];
};

struct pattern_path {
	struct view path;
	enum hunt_field field;
	bool is_network; /* ISSUBSET is for it */
};

/* Object paths (§9.7), quotes taken away, of objects of §6: what an access record can answer. */
static const struct pattern_path pattern_paths[] = {
	{ VIEW_INIT("ipv4-addr:value"), HUNT_IP, true },
	{ VIEW_INIT("ipv6-addr:value"), HUNT_IP, true },
	{ VIEW_INIT("network-traffic:src_ref.value"), HUNT_IP, true },
	{ VIEW_INIT("domain-name:value"), HUNT_HOST, false },
	{ VIEW_INIT("url:value"), HUNT_URL, false },
	{ VIEW_INIT("network-traffic:extensions.http-request-ext.request_header.user-agent"),
	  HUNT_AGENT, false },
	{ VIEW_INIT("network-traffic:extensions.http-request-ext.request_value"), HUNT_PATH,
	  false },
	{ VIEW_INIT("x509-certificate:hashes.sha-256"), HUNT_TLS, false },
	{ VIEW_INIT("user-account:user_id"), HUNT_USER, false },
	{ VIEW_INIT("user-account:account_login"), HUNT_USER, false },
};

enum pattern_op { OP_IS, OP_IN, OP_LIKE, OP_SUBSET, OP_OTHER };

struct pattern_word {
	struct view word;
	enum pattern_op op;
};

/* §9.6.1; the longer of two that begin alike is first */
static const struct pattern_word pattern_ops[] = {
	{ VIEW_INIT("=="), OP_IS },
	{ VIEW_INIT("="), OP_IS },
	{ VIEW_INIT("!="), OP_OTHER },
	{ VIEW_INIT("<>"), OP_OTHER },
	{ VIEW_INIT("<="), OP_OTHER },
	{ VIEW_INIT(">="), OP_OTHER },
	{ VIEW_INIT("<"), OP_OTHER },
	{ VIEW_INIT(">"), OP_OTHER },
	{ VIEW_INIT("IN"), OP_IN },
	{ VIEW_INIT("LIKE"), OP_LIKE },
	{ VIEW_INIT("MATCHES"), OP_OTHER },
	{ VIEW_INIT("ISSUBSET"), OP_SUBSET },
	{ VIEW_INIT("ISSUPERSET"), OP_OTHER },
};

static enum err read_or(struct pattern_reader *r);

static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

static uint8_t peek(const struct pattern_reader *r)
{
	return r->at < r->text.n ? r->text.p[r->at] : 0;
}

static void skip_space(struct pattern_reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' || peek(r) == '\r')
		r->at++;
}

static enum err refuse(struct pattern_reader *r, enum err e, size_t at, const char *why)
{
	/* The first reason stays, unless the text turns out to be no pattern. */
	if (!r->ret->is_partly || e == E_PROTO) {
		r->ret->at = at;
		r->ret->why = why;
	}
	r->ret->is_partly = true;
	return e;
}

static bool take(struct pattern_reader *r, struct view word)
{
	skip_space(r);
	if (!view_starts(view_slice(r->text, r->at, word.n), word))
		return false;
	if (is_word(word.p[0]) && r->at + word.n < r->text.n && is_word(r->text.p[r->at + word.n]))
		return false;
	r->at += word.n;
	return true;
}

/* §9.2: in single quotes; \' and \\ stand for themselves. */
static enum err read_string(struct pattern_reader *r, struct wbuf *w)
{
	size_t from = r->at++;

	for (; r->at < r->text.n; r->at++) {
		if (peek(r) == '\'') {
			r->at++;
			return w->bad ? refuse(r, E_DENIED, from, "this value is too long") : E_OK;
		}
		if (peek(r) == '\\')
			r->at++;
		wbuf_u8(w, peek(r));
	}
	return refuse(r, E_PROTO, from, "this text has no end");
}

/* A constant of any kind (§9.2); E_DENIED: one that is no text. */
static enum err read_constant(struct pattern_reader *r, struct wbuf *w)
{
	struct wbuf none = wbuf_of(r->room, sizeof r->room);
	size_t from = 0;

	skip_space(r);
	from = r->at;
	if (peek(r) == '\'')
		return read_string(r, w);
	if ((peek(r) == 't' || peek(r) == 'h' || peek(r) == 'b') && r->at + 1 < r->text.n &&
	    r->text.p[r->at + 1] == '\'') {
		r->at++;
		TRY(read_string(r, &none));
		return refuse(r, E_DENIED, from, "this constant is no text");
	}
	while (is_word(peek(r)) || peek(r) == '.' || peek(r) == '+')
		r->at++;
	if (r->at == from)
		return refuse(r, E_PROTO, from, "here a value was expected");
	return refuse(r, E_DENIED, from, "this constant is no text");
}

/* An object path (§9.7), without its quotes, in lower case. */
static enum err read_path(struct pattern_reader *r, struct wbuf *w)
{
	size_t from = 0;
	bool has_colon = false;

	skip_space(r);
	from = r->at;
	for (;;) {
		uint8_t c = peek(r);

		if (c == '\'') {
			enum err e = read_string(r, w);

			if (e == E_PROTO)
				return e;
		} else if (is_word(c) || c == '.' || c == ':' || c == '[' || c == ']' || c == '*') {
			if (c == ']' && (w->n == 0 || view_find(wbuf_view(w), '[') == w->n))
				break;
			has_colon |= c == ':';
			wbuf_u8(w, c);
			r->at++;
		} else {
			break;
		}
	}
	return has_colon ? E_OK : refuse(r, E_PROTO, from, "here a comparison was expected");
}

static const struct pattern_path *find_path(struct view path)
{
	for (size_t i = 0; i < sizeof pattern_paths / sizeof *pattern_paths; i++)
		if (view_ieq(pattern_paths[i].path, path))
			return &pattern_paths[i];
	return NULL;
}

static void note_kind(struct pattern_reader *r, const struct hunt_value *v)
{
	const char *kind = hunt_words_kind(v);

	if (r->ret->kind && !view_eq(view_str(kind), view_str(r->ret->kind)))
		kind = "several";
	r->ret->kind = kind;
}

static enum err add_value(struct pattern_reader *r, const struct pattern_path *p, enum hunt_how how,
			  struct view text, size_t at)
{
	struct wbuf w = wbuf_of(r->value, sizeof r->value);
	struct hunt_value v = { 0 };
	const char *why = "this value is too long";

	if (hunt_value_make(p->field, how, text, &w, &v, &why) != E_OK)
		return refuse(r, E_DENIED, at, why);
	note_kind(r, &v);
	return hunt_set_value(r->set, &v);
}

static const char like_why[] = "of LIKE a text with % at its ends is understood, and no _";

/* §9.6.1: % stands for any text, _ for any character. */
static enum err add_like(struct pattern_reader *r, const struct pattern_path *p, struct view text,
			 size_t at)
{
	static const enum hunt_how hows[2][2] = { { HUNT_IS, HUNT_BEGINS },
						  { HUNT_ENDS, HUNT_HAS } };
	bool is_open = view_starts(text, VIEW("%")), is_more = false;

	if (is_open)
		text = view_slice(text, 1, text.n);
	is_more = view_ends(text, VIEW("%"));
	if (is_more)
		text.n--;
	if (text.n == 0 || view_find(text, '%') < text.n || view_find(text, '_') < text.n ||
	    p->field == HUNT_IP)
		return refuse(r, E_DENIED, at, like_why);
	return add_value(r, p, hows[is_open][is_more], text, at);
}

static enum err read_operand(struct pattern_reader *r, const struct pattern_path *p,
			     enum pattern_op op)
{
	struct wbuf w = wbuf_of(r->string, sizeof r->string);
	size_t at = 0;

	skip_space(r);
	at = r->at;
	TRY(read_constant(r, &w));
	if (!p)
		return E_DENIED; /* that was told */
	if (op == OP_SUBSET && !p->is_network)
		return refuse(r, E_DENIED, at, "ISSUBSET is for addresses");
	if (op == OP_LIKE)
		return add_like(r, p, wbuf_view(&w), at);
	return add_value(r, p, HUNT_IS, wbuf_view(&w), at);
}

/* Some of them are enough: the others are told. */
static enum err read_list(struct pattern_reader *r, const struct pattern_path *p)
{
	bool has_one = false;

	if (!take(r, VIEW("(")))
		return refuse(r, E_PROTO, r->at, "behind IN a list was expected: ('a', 'b')");
	do {
		enum err e = read_operand(r, p, OP_IS);

		if (e != E_OK && e != E_DENIED)
			return e;
		has_one |= e == E_OK;
	} while (take(r, VIEW(",")));
	if (!take(r, VIEW(")")))
		return refuse(r, E_PROTO, r->at, "here the list was expected to go on or to end");
	return has_one ? E_OK : E_DENIED;
}

static enum err read_op(struct pattern_reader *r, enum pattern_op *ret)
{
	bool is_not = take(r, VIEW("NOT"));

	for (size_t i = 0; i < sizeof pattern_ops / sizeof *pattern_ops; i++) {
		const struct pattern_word *o = &pattern_ops[i];

		if (!take(r, o->word))
			continue;
		*ret = o->op;
		if (is_not || o->op == OP_OTHER)
			return refuse(r, E_DENIED, r->at - o->word.n,
				      "only =, IN, LIKE and ISSUBSET are understood, without NOT");
		return E_OK;
	}
	return refuse(r, E_PROTO, r->at, "here an operator was expected");
}

static enum err read_comparison(struct pattern_reader *r)
{
	struct hunt_mark mark = hunt_set_mark(r->set);
	struct wbuf w = wbuf_of(r->path, sizeof r->path);
	const struct pattern_path *p = NULL;
	enum pattern_op op = OP_OTHER;
	enum err known = E_OK, e = E_OK;
	size_t at = 0;

	skip_space(r);
	at = r->at;
	if (take(r, VIEW("EXISTS"))) {
		TRY(read_path(r, &w));
		return refuse(r, E_DENIED, at, "EXISTS is not understood");
	}
	TRY(read_path(r, &w));
	p = w.bad ? NULL : find_path(wbuf_view(&w));
	if (!p)
		(void)refuse(r, E_DENIED, at, "the log knows nothing of this");
	known = read_op(r, &op);
	if (known == E_PROTO)
		return known;
	TRY(hunt_set_group(r->set));
	if (known == E_DENIED)
		p = NULL;
	skip_space(r);
	e = op == OP_IN || (!p && peek(r) == '(') ? read_list(r, p) : read_operand(r, p, op);
	if (e != E_OK)
		hunt_set_back(r->set, &mark);
	return e;
}

/* The grammar is recursive: brackets in brackets. HUNT_DEPTH bounds how far these go down.
 * NOLINTBEGIN(misc-no-recursion) */

static enum err read_operand_of_and(struct pattern_reader *r)
{
	enum err e = E_OK;

	if (!take(r, VIEW("(")))
		return read_comparison(r);
	if (++r->depth > HUNT_DEPTH)
		return refuse(r, E_PROTO, r->at, "brackets are nested too deeply");
	e = read_or(r);
	r->depth--;
	if (e != E_OK && e != E_DENIED)
		return e;
	return take(r, VIEW(")")) ? e : refuse(r, E_PROTO, r->at, "here ) was expected");
}

/* §9.6: AND binds tighter than OR. */
static enum err read_and(struct pattern_reader *r)
{
	struct hunt_mark mark = hunt_set_mark(r->set);
	enum err all = read_operand_of_and(r);

	if (all != E_OK && all != E_DENIED)
		return all;
	while (take(r, VIEW("AND"))) {
		enum err e = read_operand_of_and(r);

		if (e != E_OK && e != E_DENIED)
			return e;
		if (e == E_OK && all == E_OK)
			TRY(hunt_set_op(r->set, HUNT_OP_AND));
		if (e == E_DENIED)
			all = E_DENIED;
	}
	if (all == E_DENIED)
		hunt_set_back(r->set, &mark);
	return all;
}

static enum err read_or(struct pattern_reader *r)
{
	enum err any = read_and(r);

	if (any != E_OK && any != E_DENIED)
		return any;
	while (take(r, VIEW("OR"))) {
		enum err e = read_and(r);

		if (e != E_OK && e != E_DENIED)
			return e;
		if (e == E_OK && any == E_OK)
			TRY(hunt_set_op(r->set, HUNT_OP_OR));
		if (e == E_OK)
			any = E_OK;
	}
	return any;
}

/* ---- observations, §9.5 ---- */

static enum err read_observations(struct pattern_reader *r);

static enum err read_observation(struct pattern_reader *r)
{
	bool is_round = false;
	enum err e = E_OK;

	skip_space(r);
	is_round = peek(r) == '(';
	if (!take(r, is_round ? VIEW("(") : VIEW("[")))
		return refuse(r, E_PROTO, r->at, "here [ was expected");
	if (++r->depth > HUNT_DEPTH)
		return refuse(r, E_PROTO, r->at, "brackets are nested too deeply");
	e = is_round ? read_observations(r) : read_or(r);
	r->depth--;
	if (e != E_OK && e != E_DENIED)
		return e;
	if (!take(r, is_round ? VIEW(")") : VIEW("]")))
		return refuse(r, E_PROTO, r->at,
			      is_round ? "here ) was expected" : "here AND, OR or ] was expected");
	return e;
}

/* Qualifiers (§9.5.1) and operators between observations (§9.5.2) that ask about several records.
 */
static enum err read_rest(struct pattern_reader *r)
{
	static const struct view words[] = { VIEW_INIT("AND"), VIEW_INIT("FOLLOWEDBY"),
					     VIEW_INIT("WITHIN"), VIEW_INIT("REPEATS"),
					     VIEW_INIT("START") };

	skip_space(r);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (take(r, words[i]))
			return refuse(r, E_DENIED, r->at - words[i].n,
				      "observations joined otherwise than by OR, and their "
				      "qualifiers, are not understood");
	return E_OK;
}

static enum err read_observations(struct pattern_reader *r)
{
	struct hunt_mark mark = hunt_set_mark(r->set);
	enum err any = read_observation(r);

	if (any != E_OK && any != E_DENIED)
		return any;
	for (;;) {
		enum err e = read_rest(r);

		if (e != E_OK) {
			/* What follows may change what came before: none of it is used, or read. */
			hunt_set_back(r->set, &mark);
			r->at = r->text.n;
			return E_CLOSED;
		}
		if (!take(r, VIEW("OR")))
			return any;
		e = read_observation(r);
		if (e != E_OK && e != E_DENIED)
			return e;
		if (e == E_OK && any == E_OK)
			TRY(hunt_set_op(r->set, HUNT_OP_OR));
		if (e == E_OK)
			any = E_OK;
	}
}

/* NOLINTEND(misc-no-recursion) */

enum err hunt_pattern_read(struct hunt_set *s, struct view text, struct hunt_pattern *ret)
{
	struct pattern_reader r = { .set = s, .text = text, .ret = ret };
	struct hunt_mark mark = hunt_set_mark(s);
	enum err e = E_OK;

	*ret = (struct hunt_pattern){ .why = "" };
	e = read_observations(&r);
	skip_space(&r);
	if (e == E_OK && r.at < text.n)
		e = refuse(&r, E_PROTO, r.at, "here the pattern was expected to end");
	if (e == E_LIMIT || e == E_NOMEM)
		return e;
	ret->is_usable = e == E_OK;
	if (e != E_OK)
		hunt_set_back(s, &mark);
	return E_OK;
}
