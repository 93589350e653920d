/* The answer is the authority's, which decides as it does for the person: the words are here. */
#include "tool/explain_user.h"

#include "ipc/gate_words.h"
#include "tool/ask.h"
#include "tool/ask_authority.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	EXPLAIN_USER_ROWS = 2 * 256, /* two rules of IMAGE_CONDITIONS_MAX */
	EXPLAIN_USER_TEXT = 513,
	EXPLAIN_USER_DENIED = 3 /* exit status */
};

struct explain_user_row {
	struct view text;
	uint8_t depth;
	bool is_true, decides;
	char bytes[EXPLAIN_USER_TEXT];
};

struct explain_user {
	const struct explain_user_question *q;
	struct ip source;
	uint8_t factors;
	struct explain_user_row *rows;
	uint32_t n;
	struct ask_authority_end end;
};

static const struct {
	const char *word;
	uint8_t bit;
} explain_user_words[] = { { "passkey", GATE_PASSKEY },
			   { "password", GATE_PASSWORD },
			   { "totp", GATE_TOTP },
			   { "recovery", GATE_RECOVERY },
			   { "client_certificate", GATE_CERTIFICATE } };

/* What the authority's last line begins with (ipc/tool_authority.h). */
static const struct {
	const char *text, *verdict;
	int status;
} explain_user_verdicts[] = { { "allowed", "allowed", 0 },
			      { "this is the portal", "portal", 0 },
			      { "asked for more", "step_up", EXPLAIN_USER_DENIED },
			      { "", "denied", EXPLAIN_USER_DENIED } };

static bool explain_user_read(struct explain_user *x)
{
	const struct explain_user_question *q = x->q;

	if (!q->host) {
		(void)fputs("sluis: --user goes with --host, the application's host name\n",
			    stderr);
		return false;
	}
	if (q->source && ip_parse(view_str(q->source), &x->source) != E_OK) {
		(void)fprintf(stderr, "sluis: not an address: %s\n", q->source);
		return false;
	}
	for (size_t i = 0; i < q->factor_n; i++) {
		uint8_t bit = 0;

		for (size_t k = 0; k < sizeof explain_user_words / sizeof *explain_user_words; k++)
			if (view_eq(view_str(q->factors[i]), view_str(explain_user_words[k].word)))
				bit = explain_user_words[k].bit;
		if (!bit) {
			(void)fprintf(stderr,
				      "sluis: there is no factor %s: passkey, password, totp, "
				      "recovery, client_certificate\n",
				      q->factors[i]);
			return false;
		}
		x->factors |= bit;
	}
	return true;
}

static enum err explain_user_on_row(void *arg, uint8_t type, struct view body)
{
	struct explain_user *x = arg;
	struct explain_user_row *to = NULL;
	struct tool_explain_row row = { 0 };
	struct wbuf w = { 0 };

	if (type != AUTHORITY_EXPLAIN || x->n == EXPLAIN_USER_ROWS)
		return E_PROTO;
	TRY(tool_explain_row_get(body, &row));
	to = &x->rows[x->n++];
	w = wbuf_of(to->bytes, sizeof to->bytes);
	wbuf_view_put(&w, row.text);
	to->text = wbuf_view(&w);
	to->depth = row.depth;
	to->is_true = row.is_true;
	to->decides = row.decides;
	return E_OK;
}

static void explain_user_line(struct wbuf *w)
{
	ask_put_line(false, wbuf_view(w));
	w->n = 0;
	w->bad = false;
}

static void explain_user_text(const struct explain_user *x)
{
	char line[1200];
	struct wbuf w = wbuf_of(line, sizeof line);
	const char *with = " with ";

	WBUF_LIT(&w, "request       ");
	wbuf_str(&w, x->q->user);
	WBUF_LIT(&w, " to ");
	wbuf_view_put(&w, view_slice(view_str(x->q->host), 0, 253));
	wbuf_view_put(&w, view_slice(view_str(x->q->path ? x->q->path : "/"), 0, 600));
	wbuf_str(&w, x->q->source ? " from " : "");
	wbuf_str(&w, x->q->source ? x->q->source : "");
	for (size_t i = 0; i < x->q->factor_n; i++) {
		wbuf_str(&w, with);
		wbuf_str(&w, x->q->factors[i]);
		with = ", ";
	}
	explain_user_line(&w);
	for (uint32_t i = 0; i < x->n; i++) {
		const struct explain_user_row *r = &x->rows[i];

		wbuf_str(&w, r->is_true ? "  holds       " : "  does not    ");
		for (unsigned d = 0; d < r->depth && d < 16; d++)
			WBUF_LIT(&w, "  ");
		wbuf_view_put(&w, r->text);
		wbuf_str(&w, r->decides ? "  <- decides" : "");
		explain_user_line(&w);
	}
	WBUF_LIT(&w, "result        ");
	wbuf_str(&w, x->end.text);
	explain_user_line(&w);
}

static int explain_user_json(const struct explain_user *x, const char *verdict)
{
	json_t *conditions = json_array(), *factors = json_array(), *doc = NULL;
	int status = 0;

	for (size_t i = 0; i < x->q->factor_n; i++)
		(void)json_array_append_new(factors, json_string(x->q->factors[i]));
	for (uint32_t i = 0; i < x->n; i++) {
		const struct explain_user_row *r = &x->rows[i];

		(void)json_array_append_new(
			conditions, json_pack("{s:s%, s:i, s:b, s:b}", "condition", r->bytes,
					      (int)r->text.n, "depth", (int)r->depth, "holds",
					      (int)r->is_true, "decides", (int)r->decides));
	}
	doc = json_pack("{s:{s:s, s:s, s:s, s:s?, s:o}, s:{s:s, s:s}, s:o}", "request", "user",
			x->q->user, "host", x->q->host, "path", x->q->path ? x->q->path : "/",
			"source", x->q->source, "factors", factors, "result", "verdict", verdict,
			"why", x->end.text, "conditions", conditions);
	status = doc && json_dumpf(doc, stdout, JSON_INDENT(2)) == 0 ? 0 : 1;
	json_decref(doc);
	(void)putchar('\n');
	return status;
}

static int explain_user_tell(const struct explain_user *x)
{
	size_t i = 0;

	if (!x->end.is_done) {
		(void)fputs("sluis: ", stderr);
		ask_put_line(true, view_str(x->end.text));
		return 1;
	}
	while (!view_starts(view_str(x->end.text), view_str(explain_user_verdicts[i].text)))
		i++;
	if (x->q->is_json && explain_user_json(x, explain_user_verdicts[i].verdict) != 0)
		return 1;
	if (!x->q->is_json)
		explain_user_text(x);
	return explain_user_verdicts[i].status;
}

int explain_user(const struct explain_user_question *q)
{
	struct explain_user x = { .q = q };
	struct tool_act act = { .kind = ACT_EXPLAIN };
	int status = 2;

	if (!explain_user_read(&x))
		return 2;
	act.name = view_str(q->user);
	act.title = view_str(q->host);
	act.list = view_str(q->path ? q->path : "/");
	act.source = x.source;
	act.number = x.factors;
	x.rows = calloc(EXPLAIN_USER_ROWS, sizeof *x.rows);
	if (!x.rows) {
		perror("sluis");
		return 1;
	}
	status = ask_authority(q->state, &act, explain_user_on_row, &x, &x.end);
	if (status == 0)
		status = explain_user_tell(&x);
	free(x.rows);
	return status;
}
