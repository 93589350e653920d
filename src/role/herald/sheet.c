/* Nothing in a page depends on who reads it but the language. */
#include "role/herald/sheet.h"

#include "role/herald/sheet_put.h"

struct sheet_words {
	struct view nl, en;
};

#define SHEET_WORDS(a, b)                                                                          \
	{                                                                                          \
		VIEW_INIT(a), VIEW_INIT(b)                                                         \
	}

static struct view sheet_word(const struct sheet_words *t, enum notice_language language)
{
	return language == NOTICE_NL ? t->nl : t->en;
}

static const struct sheet_words sheet_states[BOARD_STATES] = {
	[BOARD_OPEN] = SHEET_WORDS("open", "open"),
	[BOARD_LIMITED] = SHEET_WORDS("beperkt", "limited"),
	[BOARD_CLOSED] = SHEET_WORDS("gesloten", "closed"),
	[BOARD_UNKNOWN] = SHEET_WORDS("niet bekend", "not known"),
};

static const struct sheet_words sheet_sums[BOARD_STATES] = {
	[BOARD_OPEN] = SHEET_WORDS("Alles is open.", "Everything is open."),
	[BOARD_LIMITED] = SHEET_WORDS("Niet alles is open.", "Not everything is open."),
	[BOARD_CLOSED] = SHEET_WORDS("Alles is gesloten.", "Everything is closed."),
	[BOARD_UNKNOWN] = SHEET_WORDS("De stand van zaken is niet bekend; dit wordt uitgezocht.",
				      "The state is not known; it is being looked into."),
};

static const struct sheet_words sheet_level_words[LEVELS] = {
	[LEVEL_STEP_UP] = SHEET_WORDS("opnieuw inloggen", "log in again"),
	[LEVEL_NO_NEW_SESSIONS] = SHEET_WORDS("nieuw inloggen kan niet", "nobody new can log in"),
	[LEVEL_OFFICE_ONLY] = SHEET_WORDS("alleen op onze kantoren", "only at our offices"),
	[LEVEL_PARTNERS_ONLY] =
		SHEET_WORDS("alleen voor ketenpartners", "only for partner organisations"),
	[LEVEL_READ_ONLY] = SHEET_WORDS("alleen lezen", "reading only"),
	[LEVEL_PILOT_RETURN] = SHEET_WORDS("alleen op onze kantoren en voor een proefgroep",
					   "only at our offices and for a pilot group"),
	[LEVEL_PILOT] = SHEET_WORDS("alleen voor een proefgroep", "only for a pilot group"),
	[LEVEL_CLOSED] = SHEET_WORDS("gesloten", "closed"),
};

enum sheet_text {
	TEXT_TITLE,
	TEXT_CAPTION,
	TEXT_SERVICE,
	TEXT_STATE,
	TEXT_SINCE,
	TEXT_PARTLY,
	TEXT_CONTACT,
	TEXT_OTHER,
	TEXT_MORE,
	TEXT_NOTICE,
	TEXTS
};

static const struct sheet_words sheet_texts[TEXTS] = {
	[TEXT_TITLE] = SHEET_WORDS("Status van onze diensten", "Status of our services"),
	[TEXT_CAPTION] = SHEET_WORDS("Stand per dienst", "State of each service"),
	[TEXT_SERVICE] = SHEET_WORDS("Dienst", "Service"),
	[TEXT_STATE] = SHEET_WORDS("Stand", "State"),
	[TEXT_SINCE] = SHEET_WORDS("Sinds (UTC)", "Since (UTC)"),
	[TEXT_PARTLY] = SHEET_WORDS("voor een deel van de gebruikers: ", "for some users: "),
	[TEXT_CONTACT] = SHEET_WORDS("Contact: ", "Contact: "),
	[TEXT_OTHER] = SHEET_WORDS("<a href=\"?lang=en\" lang=\"en\" hreflang=\"en\">English</a>",
				   "<a href=\"?lang=nl\" lang=\"nl\" "
				   "hreflang=\"nl\">Nederlands</a>"),
	[TEXT_MORE] = SHEET_WORDS(" diensten meer, die hier niet staan.",
				  " more services, not shown here."),
	[TEXT_NOTICE] = SHEET_WORDS("Bericht", "Notice"),
};

struct view sheet_says(enum board_state state, enum notice_language language)
{
	return sheet_word(&sheet_states[state], language);
}

void sheet_levels(struct wbuf *w, const struct board_service *s, enum notice_language language)
{
	bool is_more = false;

	if (s->is_partly)
		wbuf_view_put(w, sheet_word(&sheet_texts[TEXT_PARTLY], language));
	for (unsigned i = LEVEL_OPEN + 1; i < LEVELS; i++) {
		if (!(s->mask & LEVEL_BIT(i)))
			continue;
		if (is_more)
			WBUF_LIT(w, ", ");
		wbuf_view_put(w, sheet_word(&sheet_level_words[i], language));
		is_more = true;
	}
}

/* ---- for people ---- */

struct view sheet_style(void)
{
	return VIEW(":root{color-scheme:light dark;font-family:system-ui,sans-serif;"
		    "line-height:1.5}\n"
		    "body{margin:0 auto;max-width:50rem;padding:1rem}\n"
		    "table{border-collapse:collapse;width:100%}\n"
		    "caption{text-align:left;font-weight:bold;padding:.5rem 0}\n"
		    "th,td{border-top:1px solid GrayText;padding:.5rem .5rem .5rem 0;"
		    "text-align:left;vertical-align:top}\n"
		    ".sum{font-size:1.25rem;font-weight:bold}\n"
		    ".notice{border-left:.25rem solid;padding-left:1rem}\n"
		    ".limited,.closed,.unknown{font-weight:bold}\n");
}

static void sheet_time(struct wbuf *w, uint64_t wall_s)
{
	uint8_t text[32];
	struct wbuf t = wbuf_of(text, sizeof text);

	sheet_put_time(&t, wall_s);
	WBUF_LIT(w, "<time datetime=\"");
	wbuf_view_put(w, wbuf_view(&t));
	WBUF_LIT(w, "\">");
	wbuf_view_put(w, view_slice(wbuf_view(&t), 0, 10));
	WBUF_LIT(w, " ");
	wbuf_view_put(w, view_slice(wbuf_view(&t), 11, 5));
	WBUF_LIT(w, "</time>");
}

static struct view sheet_class(uint8_t state)
{
	return sheet_word(&sheet_states[state], NOTICE_EN);
}

static void sheet_row(struct wbuf *w, const struct board_service *s, enum notice_language language)
{
	WBUF_LIT(w, "<tr><th scope=\"row\">");
	sheet_put_text(w, s->title[language]);
	WBUF_LIT(w, "</th><td class=\"");
	wbuf_view_put(w, s->state == BOARD_UNKNOWN ? VIEW("unknown") : sheet_class(s->state));
	WBUF_LIT(w, "\">");
	wbuf_view_put(w, sheet_says((enum board_state)s->state, language));
	if (s->state == BOARD_LIMITED) {
		WBUF_LIT(w, ": ");
		sheet_levels(w, s, language);
	}
	WBUF_LIT(w, "</td><td>");
	if (s->since_s)
		sheet_time(w, s->since_s);
	WBUF_LIT(w, "</td></tr>\n");
}

static void sheet_table(struct wbuf *w, const struct board *b, enum notice_language language)
{
	static const enum sheet_text heads[] = { TEXT_SERVICE, TEXT_STATE, TEXT_SINCE };

	if (b->n == 0)
		return;
	WBUF_LIT(w, "<table><caption>");
	wbuf_view_put(w, sheet_word(&sheet_texts[TEXT_CAPTION], language));
	WBUF_LIT(w, "</caption>\n<thead><tr>");
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		WBUF_LIT(w, "<th scope=\"col\">");
		wbuf_view_put(w, sheet_word(&sheet_texts[heads[i]], language));
		WBUF_LIT(w, "</th>");
	}
	WBUF_LIT(w, "</tr></thead>\n<tbody>\n");
	for (uint32_t i = 0; i < b->n; i++)
		sheet_row(w, &b->at[i], language);
	WBUF_LIT(w, "</tbody></table>\n");
	if (b->more) {
		WBUF_LIT(w, "<p>");
		wbuf_dec(w, b->more);
		wbuf_view_put(w, sheet_word(&sheet_texts[TEXT_MORE], language));
		WBUF_LIT(w, "</p>\n");
	}
}

/* In that language, or else in the other one. */
static struct view sheet_notice(const struct board *b, enum notice_language language)
{
	struct view own = notice_page_text(&b->notice, language);

	return own.n ? own
		     : notice_page_text(&b->notice, language == NOTICE_NL ? NOTICE_EN : NOTICE_NL);
}

static void sheet_put_notice(struct wbuf *w, const struct board *b, enum notice_language language)
{
	struct view text = sheet_notice(b, language);
	bool is_own = notice_page_text(&b->notice, language).n != 0;
	enum notice_language its = is_own == (language == NOTICE_NL) ? NOTICE_NL : NOTICE_EN;

	if (!text.n)
		return;
	WBUF_LIT(w, "<section class=\"notice\" aria-label=\"");
	wbuf_view_put(w, sheet_word(&sheet_texts[TEXT_NOTICE], language));
	WBUF_LIT(w, "\"><p lang=\"");
	wbuf_view_put(w, its == NOTICE_NL ? VIEW("nl") : VIEW("en"));
	WBUF_LIT(w, "\">");
	sheet_put_text(w, text);
	WBUF_LIT(w, "</p><p>");
	sheet_time(w, b->notice.since_s);
	WBUF_LIT(w, "</p></section>\n");
}

static struct view sheet_heading(const struct board *b, enum notice_language language)
{
	struct view own = board_title(b->im, b->im->header->status_page.titles, language);

	return own.n ? own : sheet_word(&sheet_texts[TEXT_TITLE], language);
}

static void sheet_head(struct wbuf *w, const struct board *b, enum notice_language language)
{
	struct view lang = language == NOTICE_NL ? VIEW("nl") : VIEW("en");
	struct view title = sheet_heading(b, language);

	WBUF_LIT(w, "<!doctype html>\n<html lang=\"");
	wbuf_view_put(w, lang);
	WBUF_LIT(w, "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
		    "content=\"width=device-width\">\n<title>");
	sheet_put_text(w, title);
	WBUF_LIT(w, "</title>\n<link rel=\"stylesheet\" href=\"style.css\">\n"
		    "<link rel=\"alternate\" type=\"application/atom+xml\" href=\"feed.atom?lang=");
	wbuf_view_put(w, lang);
	WBUF_LIT(w, "\" title=\"Atom\">\n"
		    "<link rel=\"alternate\" type=\"application/json\" href=\"status.json\" "
		    "title=\"JSON\">\n</head>\n<body><main><h1>");
	sheet_put_text(w, title);
	WBUF_LIT(w, "</h1>\n");
}

void sheet_html(struct wbuf *w, const struct board *b, enum notice_language language)
{
	struct view contact = board_title(b->im, b->im->header->status_page.contacts, language);

	sheet_head(w, b, language);
	WBUF_LIT(w, "<p class=\"sum\" role=\"status\">");
	wbuf_view_put(w, sheet_word(&sheet_sums[b->state], language));
	WBUF_LIT(w, "</p>\n");
	sheet_put_notice(w, b, language);
	sheet_table(w, b, language);
	WBUF_LIT(w, "</main>\n<footer>");
	if (contact.n) {
		WBUF_LIT(w, "<p>");
		wbuf_view_put(w, sheet_word(&sheet_texts[TEXT_CONTACT], language));
		sheet_put_text(w, contact);
		WBUF_LIT(w, "</p>");
	}
	WBUF_LIT(w, "<p>");
	wbuf_view_put(w, sheet_word(&sheet_texts[TEXT_OTHER], language));
	WBUF_LIT(w, " &middot; <a href=\"feed.atom\">Atom</a> &middot; "
		    "<a href=\"status.json\">JSON</a></p></footer></body></html>\n");
}

/* ---- for programs ---- */

static void sheet_pair(struct wbuf *w, struct view nl, struct view en)
{
	WBUF_LIT(w, "{\"nl\":\"");
	sheet_put_json(w, nl);
	WBUF_LIT(w, "\",\"en\":\"");
	sheet_put_json(w, en);
	WBUF_LIT(w, "\"}");
}

static void sheet_moment(struct wbuf *w, uint64_t wall_s)
{
	if (!wall_s) {
		WBUF_LIT(w, "null");
		return;
	}
	WBUF_LIT(w, "\"");
	sheet_put_time(w, wall_s);
	WBUF_LIT(w, "\"");
}

static struct view sheet_code(uint8_t state)
{
	return state == BOARD_UNKNOWN ? VIEW("unknown") : sheet_class(state);
}

static void sheet_service(struct wbuf *w, const struct board_service *s)
{
	bool is_more = false;

	WBUF_LIT(w, "{\"title\":");
	sheet_pair(w, s->title[NOTICE_NL], s->title[NOTICE_EN]);
	WBUF_LIT(w, ",\"state\":\"");
	wbuf_view_put(w, sheet_code(s->state));
	WBUF_LIT(w, "\",\"levels\":[");
	for (unsigned i = LEVEL_OPEN + 1; i < LEVELS; i++) {
		if (!(s->mask & LEVEL_BIT(i)))
			continue;
		wbuf_view_put(w, is_more ? VIEW(",\"") : VIEW("\""));
		wbuf_view_put(w, level_name((enum level)i));
		WBUF_LIT(w, "\"");
		is_more = true;
	}
	wbuf_view_put(w, s->is_partly ? VIEW("],\"partly\":true") : VIEW("],\"partly\":false"));
	WBUF_LIT(w, ",\"since\":");
	sheet_moment(w, s->since_s);
	WBUF_LIT(w, "}");
}

void sheet_json(struct wbuf *w, const struct board *b)
{
	const struct image_status_page *p = &b->im->header->status_page;

	WBUF_LIT(w, "{\"version\":1,\"title\":");
	sheet_pair(w, sheet_heading(b, NOTICE_NL), sheet_heading(b, NOTICE_EN));
	WBUF_LIT(w, ",\"contact\":");
	sheet_pair(w, board_title(b->im, p->contacts, NOTICE_NL),
		   board_title(b->im, p->contacts, NOTICE_EN));
	WBUF_LIT(w, ",\"state\":\"");
	wbuf_view_put(w, sheet_code(b->state));
	WBUF_LIT(w, "\",\"since\":");
	sheet_moment(w, b->since_s);
	WBUF_LIT(w, ",\"notice\":");
	if (sheet_notice(b, NOTICE_NL).n) {
		WBUF_LIT(w, "{\"since\":");
		sheet_moment(w, b->notice.since_s);
		WBUF_LIT(w, ",\"text\":");
		sheet_pair(w, sheet_notice(b, NOTICE_NL), sheet_notice(b, NOTICE_EN));
		WBUF_LIT(w, "}");
	} else {
		WBUF_LIT(w, "null");
	}
	WBUF_LIT(w, ",\"services\":[");
	for (uint32_t i = 0; i < b->n; i++) {
		if (i)
			WBUF_LIT(w, ",");
		WBUF_LIT(w, "\n");
		sheet_service(w, &b->at[i]);
	}
	WBUF_LIT(w, "\n],\"more\":");
	wbuf_dec(w, b->more);
	WBUF_LIT(w, "}\n");
}
