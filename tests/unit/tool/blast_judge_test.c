/* What is made of the facts: who may do what to whom, and verdicts that never take what is not
 * known for harmless. */
#include "tool/blast_draw.h"
#include "tool/blast_lines.h"
#include "tool/blast_others.h"
#include "tool/blast_verdict.h"

#include "tests/unit/check.h"

#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_USER = 100, HOST_PID = 200, OWN_USER = 101, OWN_PID = 201, OTHER_PID = 202 };

static struct blast_one one(uint32_t uid, uint64_t user, uint64_t pid)
{
	struct blast_one o = { .uid = { uid, uid, uid },
			       .gid = { uid, uid, uid },
			       .is_dumpable = true };

	o.spaces.user[o.spaces.user_n++] = user;
	if (user != HOST_USER)
		o.spaces.user[o.spaces.user_n++] = HOST_USER;
	o.spaces.pid[o.spaces.pid_n++] = pid;
	if (pid != HOST_PID)
		o.spaces.pid[o.spaces.pid_n++] = HOST_PID;
	return o;
}

static void test_signals(void **state)
{
	struct blast_one root = one(0, HOST_USER, HOST_PID), web = one(33, HOST_USER, HOST_PID),
			 same = one(33, HOST_USER, HOST_PID), cell = one(5, OWN_USER, OWN_PID),
			 next = one(5, OWN_USER, OTHER_PID);

	(void)state;
	assert_false(blast_others_signals(&web, &root));
	assert_true(blast_others_signals(&web, &same));
	root.effective = CAP_KILL >= 0 ? UINT64_C(1) << CAP_KILL : 0;
	assert_true(blast_others_signals(&root, &web));
	assert_true(blast_others_signals(&root, &cell));
	/* The same user, but another PID namespace */
	assert_false(blast_others_signals(&cell, &next));
	cell.effective = UINT64_MAX;
	assert_false(blast_others_signals(&cell, &web));
	assert_false(blast_others_traces(&cell, &next));
}

static void test_traces(void **state)
{
	struct blast_one web = one(33, HOST_USER, HOST_PID), same = one(33, HOST_USER, HOST_PID),
			 cell = one(33, OWN_USER, OWN_PID);

	(void)state;
	assert_true(blast_others_traces(&web, &same));
	same.is_dumpable = false;
	assert_false(blast_others_traces(&web, &same));
	web.effective = UINT64_C(1) << CAP_SYS_PTRACE;
	assert_true(blast_others_traces(&web, &same));
	/* Its capabilities count in its own user namespace alone */
	cell.effective = UINT64_MAX;
	assert_false(blast_others_traces(&cell, &same));
	same.is_dumpable = true;
	same.uid[2] = 0;
	web.effective = 0;
	assert_false(blast_others_traces(&web, &same));
}

static struct blast_process *fresh(void)
{
	struct blast_process *p = calloc(1, sizeof *p);

	assert_non_null(p);
	return p;
}

/* Nothing could be seen: no topic is "none". */
static void test_unknown(void **state)
{
	struct blast_process *p = fresh();

	(void)state;
	for (unsigned t = 0; t < BLAST_TOPICS; t++)
		assert_int_equal(blast_verdict_of(p, t, 3).level, BLAST_UNKNOWN);
	free(p);
}

static void test_closed(void **state)
{
	struct blast_process *p = fresh();

	(void)state;
	p->calls.is_known = p->calls.has_filters = true;
	p->calls.total = 380;
	p->calls.always = 20;
	p->fds.is_known = p->maps.is_known = p->memory.is_known = p->others.is_known = true;
	p->others.traces = p->others.signals = 90;
	p->files.readable = p->files.writable = 1000;
	for (unsigned t = 0; t < BLAST_TOPIC_CALLS; t++)
		assert_int_equal(blast_verdict_of(p, t, 1).level, BLAST_NONE);
	assert_string_equal(blast_verdict_of(p, BLAST_TOPIC_CALLS, 1).cell, "20 of 380");
	/* What nobody can look into is not called empty */
	p->maps.hidden = 8192;
	assert_int_equal(blast_verdict_of(p, BLAST_TOPIC_KEYS, 1).level, BLAST_UNKNOWN);
	/* One planted fact each */
	p->maps.writable_code = 1;
	assert_int_equal(blast_verdict_of(p, BLAST_TOPIC_CODE, 1).level, BLAST_ALL);
	p->memory.keys = 5;
	assert_string_equal(blast_verdict_of(p, BLAST_TOPIC_KEYS, 4).cell, "2");
	p->fds.writable_files = 1;
	assert_int_equal(blast_verdict_of(p, BLAST_TOPIC_WRITE, 1).level, BLAST_SOME);
	p->calls.power[BLAST_POWER_SIGNAL] = BLAST_BPF_SOMETIMES;
	assert_int_equal(blast_verdict_of(p, BLAST_TOPIC_OTHERS, 1).level, BLAST_SOME);
	p->calls.is_foreign = true;
	assert_int_equal(blast_verdict_of(p, BLAST_TOPIC_CALLS, 1).level, BLAST_ALL);
	free(p);
}

static void test_reach(void **state)
{
	struct blast_process *p = fresh();
	struct blast_verdict v = { 0 };

	(void)state;
	p->calls.is_known = p->net.is_known = true;
	p->calls.power[BLAST_POWER_INET] = p->calls.power[BLAST_POWER_CONNECT] =
		BLAST_BPF_SOMETIMES;
	assert_int_equal(blast_verdict_of(p, BLAST_TOPIC_CONNECT, 0).level, BLAST_NONE);
	p->net.routes = 2;
	v = blast_verdict_of(p, BLAST_TOPIC_CONNECT, 0);
	assert_int_equal(v.level, BLAST_ALL);
	assert_string_equal(v.cell, "anywhere");
	p->net.programs = 5;
	assert_int_equal(blast_verdict_of(p, BLAST_TOPIC_CONNECT, 0).level, BLAST_ALL);
	p->net.holds_connect = true;
	p->net.rules = 1;
	v = blast_verdict_of(p, BLAST_TOPIC_CONNECT, 0);
	assert_int_equal(v.level, BLAST_SOME);
	assert_string_equal(v.cell, "1 target");
	free(p);
}

static void test_number(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = { { 0, "0" },
		     { 999, "999" },
		     { 1000, "1,000" },
		     { 41212, "41,212" },
		     { 1000007, "1,000,007" },
		     { UINT64_MAX, "18,446,744,073,709,551,615" } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[40];
		struct wbuf w = wbuf_of(text, sizeof text);

		blast_verdict_number(&w, rows[i].n);
		assert_true(view_eq(wbuf_view(&w), view_str(rows[i].text)));
	}
}

/* Names of others in pictures and tables: no markup, no script, no column of their own (A27). */
static void test_escaped(void **state)
{
	json_t *doc =
		json_pack("{s:s, s:s, s:b, s:[], s:i, s:b, s:[{s:s, s:s, s:s, s:[i], "
			  "s:{s:s, s:s, s:s}}], s:[]}",
			  "made", "now", "kernel", "6<b>", "complete", 1, "keys_searched",
			  "keys_left_out", 0, "keys_configured_known", 1, "summary", "subject",
			  "<script>", "role", "a|b", "user", "\"&", "pids", 1, "keys", "level",
			  "all", "short", "<&>", "text", "</title><x>", "processes");
	void (*const draws[])(FILE *, const json_t *) = { blast_draw_svg, blast_draw_markdown };

	(void)state;
	assert_non_null(doc);
	for (size_t i = 0; i < COUNT_OF(draws); i++) {
		char *text = NULL;
		size_t n = 0;
		FILE *to = open_memstream(&text, &n);

		assert_non_null(to);
		draws[i](to, doc);
		assert_int_equal(fclose(to), 0);
		assert_null(strstr(text, "<script>"));
		assert_null(strstr(text, "6<b>"));
		assert_null(strstr(text, "</title><x>"));
		free(text);
	}
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals), cmocka_unit_test(test_traces),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_closed),
		cmocka_unit_test(test_reach),	cmocka_unit_test(test_number),
		cmocka_unit_test(test_escaped),
	};

	return cmocka_run_group_tests_name("tool-blast-judge", tests, NULL, NULL);
}
