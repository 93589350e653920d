/*
 * tool/incident_*.c: both languages of the forms ask the same (NIS2 23(4), GDPR 33(3)); durations
 * and counts out of a log that the test wrote; and that no text of a log becomes markup (A27).
 */
#include "tests/unit/tool/log_folder.h"
#include "tool/incident_doc.h"
#include "tool/incident_markdown.h"

#include <string.h>

/* ---- forms ---- */

static void test_languages(void **state)
{
	const struct form_field *f = NULL;

	(void)state;
	for (size_t i = 0; (f = incident_form_field(i)) != NULL; i++) {
		assert_true(f->forms != 0 && f->known < FORM_KNOWN);
		for (unsigned l = 0; l < FORM_LANGUAGES; l++) {
			assert_true(f->label[l] && f->label[l][0] && f->hint[l]);
			assert_int_equal(f->hint[l][0] != 0, f->hint[0][0] != 0);
		}
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(incident_form_field(k)->key, f->key);
	}
	for (unsigned w = 0; w < WORDS; w++)
		for (unsigned l = 0; l < FORM_LANGUAGES; l++)
			assert_true(incident_form_word(w, l) && incident_form_word(w, l)[0]);
	for (unsigned k = 0; k < FORMS; k++) {
		assert_int_equal(incident_form_kind(view_str(incident_form_name(k))), k);
		for (unsigned l = 0; l < FORM_LANGUAGES; l++)
			assert_true(incident_form_title(k, l)[0]);
	}
	assert_int_equal(incident_form_kind(VIEW("x")), FORMS);
}

/* What the articles ask for is asked. */
static void test_articles(void **state)
{
	static const struct {
		uint8_t form;
		const char *key;
	} rows[] = {
		{ FORM_EARLY_WARNING, "malicious" },	/* NIS2 23(4)(a) */
		{ FORM_EARLY_WARNING, "cross_border" }, /* NIS2 23(4)(a) */
		{ FORM_72_HOURS, "malicious" },		/* 23(4)(b): an update of (a) */
		{ FORM_72_HOURS, "cross_border" },
		{ FORM_72_HOURS, "impact" },
		{ FORM_72_HOURS, "indicators" },
		{ FORM_DATA_PROTECTION, "delay" },		     /* GDPR 33(1) */
		{ FORM_DATA_PROTECTION, "nature" },		     /* 33(3)(a) */
		{ FORM_DATA_PROTECTION, "subjects" },		     /* 33(3)(a) */
		{ FORM_DATA_PROTECTION, "records" },		     /* 33(3)(a) */
		{ FORM_DATA_PROTECTION, "data_protection_officer" }, /* 33(3)(b) */
		{ FORM_DATA_PROTECTION, "consequences" },	     /* 33(3)(c) */
		{ FORM_DATA_PROTECTION, "measures" },		     /* 33(3)(d) */
		{ FORM_DATA_PROTECTION, "further_measures" },	     /* 33(3)(d) */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct form_field *f = NULL;
		bool has = false;

		for (size_t k = 0; (f = incident_form_field(k)) != NULL; k++)
			has |= strcmp(f->key, rows[i].key) == 0 && f->forms & 1u << rows[i].form;
		CHECK_ROW(rows[i].key, has);
	}
}

/* ---- a log ---- */

struct fixture {
	struct log_folder log;
	unsigned seq;
};

/* One record, at so many seconds after 06:00; texts as they stand in the log. */
static void put(struct fixture *x, unsigned at_s, const char *kind, const char *what,
		const char *more)
{
	if (!x->log.file)
		log_folder_segment(&x->log, 1);
	x->seq++;
	fprintf(x->log.file,
		"{\"time\":\"2026-07-17T%02u:%02u:%02u.000000Z\",\"id\":\"1-1-%u\",\"seq\":%u,"
		"\"kind\":\"%s\",%s%s" LOG_FOLDER_PREV "\n",
		6 + at_s / 3600, at_s / 60 % 60, at_s % 60, x->seq, x->seq, kind, what, more);
}

#define EVENT(action, object, result)                                                              \
	"\"action\":\"" action "\",\"object\":\"" object "\",\"result\":\"" result                 \
	"\",\"origin\":\"command\",\"actor\":\"uid:0\",\"writer\":\"authority[0]\""
#define FORGED(action, object, result)                                                             \
	"\"action\":\"" action "\",\"object\":\"" object "\",\"result\":\"" result                 \
	"\",\"origin\":\"edge[0]\",\"actor\":\"-\",\"writer\":\"edge[0]\""
#define ACCESS(method, user, session)                                                              \
	"\"action\":\"" method "\",\"object\":\"https://cases.example.nl/\",\"result\":\"200\","   \
	"\"origin\":\"192.0.2.1:5\",\"actor\":\"" user                                             \
	"\",\"writer\":\"cell\",\"session\":" session ",\"route\":\"app/cases\",\"bytes_in\":1,"   \
	"\"bytes_out\":10"

static struct fixture fixture_new(void)
{
	struct fixture x = { .log = log_folder_new() };

	put(&x, 0, "event", EVENT("isolation.set", "app cases", "closed"), "");
	put(&x, 100, "event", EVENT("isolation.set", "app cases", "open"), "");
	put(&x, 900, "access", ACCESS("GET", "early", "1"), "");
	put(&x, 1100, "event", EVENT("incident.opened", "incident 1", "open"),
	    /* 2026-07-17T06:16:40Z, 1000 s in */
	    ",\"detail\":\"detected 1784269000; Lek \\u003cb\\u003e [x](http://e) | `y`\"");
	put(&x, 1200, "event", EVENT("isolation.set", "app cases", "closed, read_only"), "");
	put(&x, 1300, "event", EVENT("isolation.set", "all", "closed"), "");
	put(&x, 1350, "event", FORGED("isolation.set", "all", "open"), "");
	put(&x, 1360, "event", FORGED("incident.closed", "incident 1", "closed"), "");
	put(&x, 1400, "event", EVENT("isolation.set", "app cases", "open"), "");
	put(&x, 1500, "event", EVENT("isolation.set", "all", "read_only"), "");
	put(&x, 1510, "event", EVENT("isolation.exercise", "all", "closed"), "");
	put(&x, 1520, "access", ACCESS("GET", "jan", "7"), "");
	put(&x, 1521, "access", ACCESS("POST", "jan", "7"), "");
	put(&x, 1522, "access", ACCESS("GET", "piet", "8"), "");
	put(&x, 1530, "alarm", FORGED("canary.seen", "edge[1]", "leaked"), "");
	put(&x, 1540, "event", EVENT("incident.note", "incident 1", "ok"),
	    ",\"detail\":\"# kop\\u000a- lijst | \\u003cimg src=x\\u003e\\u000a1. www.e.nl\"");
	put(&x, 1550, "event", EVENT("incident.note", "incident 2", "ok"), ",\"detail\":\"other\"");
	put(&x, 1560, "event", FORGED("role.ended", "config[0]", "ok"), "");
	put(&x, 1600, "event", EVENT("incident.closed", "incident 1", "closed"),
	    ",\"detail\":\"-\"");
	put(&x, 1700, "event", EVENT("isolation.set", "all", "closed"), "");
	put(&x, 1800, "access", ACCESS("GET", "late", "9"), "");
	log_folder_end(&x.log);
	return x;
}

static void gather_of(struct fixture *x, struct gather *g, uint32_t wanted)
{
	*g = (struct gather){ .place = { .directory = x->log.path },
			      .wanted = wanted,
			      .margin_us = INT64_C(200000000),
			      .now_us = INT64_C(1784280000000000) };
	assert_int_equal(incident_gather_init(g), E_OK);
}

#define MINUTES(us) ((us) / INT64_C(1000000) - INT64_C(1784268000))

static void test_gather(void **state)
{
	struct fixture x = fixture_new();
	struct gather g;

	(void)state;
	gather_of(&x, &g, 0);
	assert_int_equal(incident_gather_run(&g), E_OK);
	assert_int_equal(g.number, 1);
	assert_int_equal(MINUTES(g.detected_us), 1000);
	assert_int_equal(MINUTES(g.opened_us), 1100);
	assert_int_equal(MINUTES(g.closed_us), 1600); /* not what the edge says */
	/* from 1200 by its own level, on by that over all, until 1500 */
	assert_int_equal(incident_gather_closed_us(&g, VIEW("app cases")), 300 * 1000000);
	assert_int_equal(incident_gather_closed_us(&g, VIEW("all")), 200 * 1000000);
	assert_int_equal(reached_sum_requests(&g.reached.all), 3);
	assert_int_equal(reached_sum_writes(&g.reached.all), 1);
	assert_int_equal(g.users, 2);
	assert_int_equal(g.sessions, 2);
	assert_int_equal(g.measure[GATHER_LEVELS], 4 + 1); /* the forged one is shown, too */
	assert_int_equal(g.measure[GATHER_NOTES], 1);
	assert_int_equal(g.measure[GATHER_ALARMS], 1);
	for (size_t i = 0; i < g.entries; i++)
		assert_false(view_eq(g.entry[i].action, VIEW("role.ended")) ||
			     view_eq(g.entry[i].detail, VIEW("other")) || g.entry[i].seq == 0);
	incident_gather_done(&g);
	gather_of(&x, &g, 2);
	assert_int_equal(incident_gather_run(&g), E_CLOSED);
	incident_gather_done(&g);
	log_folder_done(&x.log);
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void test_markdown(void **state)
{
	struct fixture x = fixture_new();
	struct gather g;
	char *text = NULL;
	size_t n = 0;

	(void)state;
	gather_of(&x, &g, 1);
	assert_int_equal(incident_gather_run(&g), E_OK);
	for (unsigned k = 0; k < FORMS; k++)
		for (unsigned l = 0; l < FORM_LANGUAGES; l++) {
			FILE *to = open_memstream(&text, &n);
			json_t *doc = incident_doc_make(&g, k, l);

			assert_non_null(doc);
			incident_markdown_put(to, doc, l);
			fclose(to);
			json_decref(doc);
			assert_true(has(text, "Lek \\<b\\> \\[x\\](http:\\//e) \\| \\`y\\`\n"));
			assert_true(has(text, " \\# kop / - lijst \\| \\<img src=x\\> / "));
			assert_false(has(text, "\n# kop") || has(text, " www.e"));
			free(text);
		}
	incident_gather_done(&g);
	log_folder_done(&x.log);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_articles),
		cmocka_unit_test(test_gather),
		cmocka_unit_test(test_markdown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
