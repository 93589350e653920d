/* The audit role: what reaches the log, in which order, and what happens when something fails. */
#include "sys/clock.h"
#include "sys/fd.h"
#include "tests/unit/check.h"
#include "tests/unit/role/audit_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct audit_rig start(uint32_t boot_id, const struct audit_rig_ring *rings, size_t n)
{
	struct audit_rig r;

	audit_rig_open(&r);
	audit_rig_boot(&r, boot_id);
	for (size_t i = 0; i < n; i++)
		audit_rig_attach(&r, &rings[i], i ? "edge[1]" : "edge[0]");
	CHECK_OK(audit_rig_start(&r));
	return r;
}

static size_t position(const char *all, const char *text)
{
	const char *at = strstr(all, text);

	if (!at)
		fail_msg("not in the log: %s", text);
	return (size_t)(at - all);
}

static void test_line(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(7, RING_BYTES_SMALL);
	struct audit_rig r = start(0xabc, &g, 1);
	char *all = NULL;

	(void)state;
	assert_true(audit_rig_put(&g, 1700000000000001u, "https://a/\"<\x1b[2J\xff>"));
	audit_rig_turn(&r, false);
	all = audit_rig_read(&r, NULL);
	position(all, "{\"time\":\"2023-11-14T22:13:20.000001Z\",\"id\":\"abc-7-0\",\"seq\":2,"
		      "\"kind\":\"access\",\"action\":\"GET\","
		      "\"object\":\"https://a/\\\"\\u003c\\u001b[2J\\u00ff\\u003e\","
		      "\"result\":\"200\",\"origin\":\"192.0.2.1:4711\",\"actor\":\"-\","
		      "\"writer\":\"edge[0]\",\"bytes_out\":1234,\"user_agent\":\"curl/7.88.1\","
		      "\"prev\":\"");
	free(all);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

static void test_order_by_time(void **state)
{
	struct audit_rig_ring g[2] = { audit_rig_ring_new(1, RING_BYTES_SMALL),
				       audit_rig_ring_new(2, RING_BYTES_SMALL) };
	struct audit_rig r = start(1, g, 2);
	char *all = NULL;

	(void)state;
	audit_rig_put(&g[0], 10, "one");
	audit_rig_put(&g[0], 40, "four");
	audit_rig_put(&g[1], 20, "two");
	audit_rig_put(&g[1], 30, "three");
	audit_rig_turn(&r, false);
	all = audit_rig_read(&r, NULL);
	assert_true(position(all, "\"one\"") < position(all, "\"two\""));
	assert_true(position(all, "\"two\"") < position(all, "\"three\""));
	assert_true(position(all, "\"three\"") < position(all, "\"four\""));
	free(all);
	audit_rig_close(&r);
	for (unsigned i = 0; i < 2; i++)
		audit_rig_ring_done(&g[i]);
}

/* A flood with times of long ago does not keep another ring's record out of the first batch. */
static void test_flood_is_fair(void **state)
{
	struct audit_rig_ring g[2] = { audit_rig_ring_new(1, 1 << 22),
				       audit_rig_ring_new(2, RING_BYTES_SMALL) };
	struct audit_rig r = start(1, g, 2);
	struct rings_fault fault = { 0 };

	(void)state;
	while (audit_rig_put(&g[0], 1, "flood"))
		;
	audit_rig_put(&g[1], 2000000000000000u, "honest");
	CHECK_OK(rings_collect(&r.a->rings, &r.a->chain, 0, &fault));
	CHECK_OK(journal_flush(r.a));
	assert_int_equal(audit_rig_count(&r, "\"honest\""), 1);
	assert_true(ring_waiting(&r.a->rings.slot[0].reader) > 1 << 21);
	audit_rig_close(&r);
	for (unsigned i = 0; i < 2; i++)
		audit_rig_ring_done(&g[i]);
}

/* Written, not yet released, killed: the next process must not write it twice (P11). */
static void test_no_duplicates_after_kill(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);
	struct rings_fault fault = { 0 };

	(void)state;
	audit_rig_put(&g, 1, "number one");
	audit_rig_turn(&r, false);
	audit_rig_put(&g, 2, "second");
	audit_rig_put(&g, 3, "third");
	CHECK_OK(rings_collect(&r.a->rings, &r.a->chain, 0, &fault));
	CHECK_OK(segment_flush(&r.a->segment, &r.a->chain)); /* and no release */
	audit_rig_put(&g, 4, "fourth");
	for (unsigned kill = 0; kill < 3; kill++) {
		audit_rig_kill(&r);
		audit_rig_boot(&r, 5);
		audit_rig_attach(&r, &g, "edge[0]");
		CHECK_OK(audit_rig_start(&r));
	}
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "\"number one\""), 1);
	assert_int_equal(audit_rig_count(&r, "\"second\""), 1);
	assert_int_equal(audit_rig_count(&r, "\"third\""), 1);
	assert_int_equal(audit_rig_count(&r, "\"fourth\""), 1);
	assert_int_equal(audit_rig_count(&r, "\"result\":\"recovered\""), 3);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

/* Killed between get and write: nothing is lost either. */
static void test_nothing_lost_after_kill(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);
	struct rings_fault fault = { 0 };

	(void)state;
	audit_rig_put(&g, 2, "second");
	CHECK_OK(rings_collect(&r.a->rings, &r.a->chain, 0, &fault));
	audit_rig_kill(&r);
	audit_rig_boot(&r, 5);
	audit_rig_attach(&r, &g, "edge[0]");
	CHECK_OK(audit_rig_start(&r));
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "\"second\""), 1);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

static void test_gap_is_counted(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);
	unsigned lost = 0;
	char want[80];

	(void)state;
	while (lost < 17)
		lost += !audit_rig_put(&g, 1, "x");
	audit_rig_turn(&r, false);
	snprintf(want, sizeof want, "\"writer\":\"edge[0]\"");
	assert_int_equal(audit_rig_count(&r, "\"kind\":\"gap\""), 1);
	assert_int_equal(audit_rig_count(&r, "\"count\":17,\"total\":17"), 1);
	assert_true(audit_rig_count(&r, want) > 100);
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "\"kind\":\"gap\""), 1);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

struct bad_record {
	const char *name;
	size_t n;
	uint8_t b[64];
};

#define TIME_FIELD RECORD_TAG_TIME, RECORD_NUMBER, 0, 0, 0, 0, 0, 0, 0, 9
#define KIND_FIELD RECORD_TAG_KIND, RECORD_NUMBER, 0, 0, 0, 0, 0, 0, 0, 1

static const struct bad_record bad_records[] = {
	{ "one byte", 1, { 1 } },
	{ "no kind", 10, { TIME_FIELD } },
	{ "no time", 10, { KIND_FIELD } },
	{ "no such kind",
	  20,
	  { TIME_FIELD, RECORD_TAG_KIND, RECORD_NUMBER, 0, 0, 0, 0, 0, 0, 0, 9 } },
	{ "a huge kind",
	  20,
	  { TIME_FIELD, RECORD_TAG_KIND, RECORD_NUMBER, 1, 0, 0, 0, 0, 0, 0, 1 } },
	{ "a tag twice", 30, { TIME_FIELD, KIND_FIELD, TIME_FIELD } },
	{ "cut short", 19, { TIME_FIELD, KIND_FIELD } },
	{ "text for a number",
	  24,
	  { TIME_FIELD, KIND_FIELD, RECORD_TAG_BYTES_IN, RECORD_TEXT, 0, 0 } },
	{ "number for a text",
	  30,
	  { TIME_FIELD, KIND_FIELD, RECORD_TAG_OBJECT, RECORD_NUMBER, 0, 0, 0, 0, 0, 0, 0, 1 } },
	{ "text beyond the end",
	  24,
	  { TIME_FIELD, KIND_FIELD, RECORD_TAG_OBJECT, RECORD_TEXT, 0, 1 } },
	{ "unknown tag twice",
	  28,
	  { TIME_FIELD, KIND_FIELD, 200, RECORD_TEXT, 0, 0, 200, RECORD_TEXT, 0, 0 } },
	{ "tag zero", 24, { TIME_FIELD, KIND_FIELD, 0, RECORD_TEXT, 0, 0 } },
};

/* A malformed record closes its ring, names its writer, and leaves the other rings alone. */
static void test_violation(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_records); i++) {
		struct audit_rig_ring g[2] = { audit_rig_ring_new(8, RING_BYTES_SMALL),
					       audit_rig_ring_new(9, RING_BYTES_SMALL) };
		struct audit_rig r = start(5, g, 2);
		const struct bad_record *b = &bad_records[i];

		audit_rig_put(&g[0], 1, "before");
		CHECK_OK(ring_put(&g[0].w, RING_EVENT, view_of(b->b, b->n)));
		audit_rig_put(&g[0], 1, "after");
		audit_rig_put(&g[1], 2, "other");
		audit_rig_turn(&r, false);
		CHECK_ROW(b->name, audit_rig_count(&r, "\"before\"") == 1);
		CHECK_ROW(b->name, audit_rig_count(&r, "\"after\"") == 0);
		CHECK_ROW(b->name, audit_rig_count(&r, "\"other\"") == 1);
		CHECK_ROW(b->name,
			  audit_rig_count(&r, "\"kind\":\"alarm\",\"action\":\"ring.violation\","
					      "\"object\":\"edge[0] ring 8\"") == 1);
		audit_rig_close(&r);
		audit_rig_ring_done(&g[0]);
		audit_rig_ring_done(&g[1]);
	}
}

/* P9: what people do the authority tells. An edge, or a cell, that says somebody has logged in is
 * not heard again. */
static void test_only_the_authority_tells_of_people(void **state)
{
	const struct record_event e = { .kind = RECORD_EVENT,
					.wall_us = 5,
					.action = VIEW("login.ok"),
					.object = VIEW("-"),
					.result = VIEW("ok"),
					.origin = VIEW("192.0.2.1:1"),
					.actor = VIEW("director") };
	struct audit_rig_ring g[2] = { audit_rig_ring_new(8, RING_BYTES_SMALL),
				       audit_rig_ring_new(9, RING_BYTES_SMALL) };
	struct audit_rig r;
	uint8_t room[512];
	struct wbuf w = wbuf_of(room, sizeof room);

	(void)state;
	audit_rig_open(&r);
	audit_rig_boot(&r, 6);
	audit_rig_attach(&r, &g[0], "edge[0]");
	audit_rig_attach(&r, &g[1], "authority[0]");
	CHECK_OK(audit_rig_start(&r));
	record_put_event(&w, &e);
	for (unsigned i = 0; i < 2; i++)
		CHECK_OK(ring_put(&g[i].w, RING_EVENT, wbuf_view(&w)));
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "\"login.ok\""), 1);
	assert_int_equal(audit_rig_count(&r, "\"writer\":\"authority[0]\""), 1);
	assert_int_equal(audit_rig_count(&r, "\"action\":\"ring.violation\""), 1);
	audit_rig_close(&r);
	audit_rig_ring_done(&g[0]);
	audit_rig_ring_done(&g[1]);
}

static void test_unknown_tag_is_kept(void **state)
{
	static const uint8_t record[] = { KIND_FIELD, TIME_FIELD, 200, RECORD_TEXT, 0,
					  2,	      'h',	  'i', 201,	    RECORD_NUMBER,
					  0,	      0,	  0,   0,	    0,
					  0,	      0,	  5 };
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);

	(void)state;
	CHECK_OK(ring_put(&g.w, RING_EVENT, view_of(record, sizeof record)));
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r,
					 "\"action\":\"-\",\"object\":\"-\",\"result\":\"-\","
					 "\"origin\":\"-\",\"actor\":\"-\",\"writer\":\"edge[0]\","
					 "\"tag_200\":\"hi\",\"tag_201\":5,\"prev\""),
			 1);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

/* The longest line a record can give still fits. */
static void test_largest_record(void **state)
{
	static uint8_t buf[RING_RECORD_MAX], text[RING_RECORD_MAX];
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);
	struct wbuf w = wbuf_of(buf, sizeof buf);

	(void)state;
	memset(text, 0xff, sizeof text);
	record_put_number(&w, RECORD_TAG_KIND, RECORD_ACCESS);
	record_put_number(&w, RECORD_TAG_TIME, UINT64_MAX);
	record_put_text(&w, RECORD_TAG_OBJECT, view_of(text, wbuf_room(&w) - 4));
	CHECK_OK(wbuf_check(&w));
	CHECK_OK(ring_put(&g.w, RING_ACCESS, wbuf_view(&w)));
	audit_rig_put(&g, 1, "next");
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "ring.violation"), 0);
	assert_int_equal(audit_rig_count(&r, "\"next\""), 1);
	assert_true(audit_rig_count(&r, "\\u00ff") > 8000);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

static void test_ring_end(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	(void)state;
	audit_rig_put(&g, 1, "last words");
	CHECK_OK(rings_end(&r.a->rings, 3));
	CHECK_ERR(rings_end(&r.a->rings, 4), E_DENIED);
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "\"last words\""), 1);
	CHECK_OK(frame_receive(r.keeper_fd, buf, &f));
	assert_int_equal(f.type, ROLE_RING_DONE);
	assert_int_equal(f.body.p[3], 3);
	assert_int_equal(r.a->rings.slot[0].state, RINGS_FREE);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

static void test_checkpoint_covers(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);

	(void)state;
	audit_rig_put(&g, 1, "x");
	audit_rig_turn(&r, true);
	assert_int_equal(audit_rig_count(&r, "\"kind\":\"checkpoint\""), 1);
	assert_int_equal(audit_rig_count(&r, "\"covers\":2,"), 1);
	/* Nothing new: no checkpoint over a checkpoint. */
	audit_rig_turn(&r, true);
	audit_rig_turn(&r, true);
	assert_int_equal(audit_rig_count(&r, "\"kind\":\"checkpoint\""), 1);
	audit_rig_stop(&r);
	assert_int_equal(audit_rig_count(&r, "\"is_stop\":true"), 1);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

/* Records go on without the signer; the log says that it waits, and that it waits no more. */
static void test_signer_silent(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);

	(void)state;
	r.is_mute = true;
	audit_rig_put(&g, 1, "x");
	audit_rig_turn(&r, true);
	r.a->checkpoints.wanted_ms = 1; /* long ago */
	audit_rig_turn(&r, true);
	audit_rig_turn(&r, true);
	assert_int_equal(audit_rig_count(&r, "\"checkpoint.waits\""), 1);
	audit_rig_put(&g, 1, "meanwhile");
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "\"meanwhile\""), 1);
	r.is_mute = false;
	r.a->checkpoints.asked_ms = 0; /* the question is too old */
	audit_rig_turn(&r, true);
	assert_int_equal(audit_rig_count(&r, "\"checkpoint.resumed\""), 1);
	assert_int_equal(audit_rig_count(&r, "\"kind\":\"checkpoint\""), 1);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

/* An answer that is no signature ends the conversation and is told (A20). */
static void test_signer_lies(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);

	(void)state;
	r.lies = true;
	audit_rig_put(&g, 1, "x");
	audit_rig_turn(&r, true);
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "\"kind\":\"checkpoint\""), 0);
	assert_int_equal(audit_rig_count(&r, "\"checkpoint.bad\""), 1);
	assert_int_equal(r.a->checkpoints.signer.fd, -1);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

struct hostile_frame {
	const char *name;
	uint8_t type;
	uint16_t n;
	unsigned fds;
};

static void test_signer_hostile_frames(void **state)
{
	static const struct hostile_frame rows[] = {
		{ "unknown type", 99, 0, 0 },
		{ "short signature", SIGNER_CHECKPOINT, AUDIT_SIGNATURE - 1, 0 },
		{ "long signature", SIGNER_CHECKPOINT, AUDIT_SIGNATURE + 1, 0 },
		{ "signature with descriptor", SIGNER_CHECKPOINT, AUDIT_SIGNATURE, 1 },
		{ "short signature of the tree", SIGNER_TREE, AUDIT_SIGNATURE - 1, 0 },
		{ "long signature of the tree", SIGNER_TREE, AUDIT_SIGNATURE + 1, 0 },
		{ "short key", SIGNER_PUBLIC_KEY, AUDIT_KEY - 1, 0 },
		{ "long key", SIGNER_PUBLIC_KEY, AUDIT_KEY + 1, 0 },
		{ "key with descriptors", SIGNER_PUBLIC_KEY, AUDIT_KEY, 2 },
		{ "type zero", 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct audit_rig r = start(5, NULL, 0);
		uint8_t body[256] = { 0 };
		int fds[2] = { r.dir_fd, r.dir_fd };

		CHECK_OK(frame_send(r.signer_fd, rows[i].type, 0, view_of(body, rows[i].n), fds,
				    rows[i].fds));
		audit_rig_turn(&r, false);
		CHECK_ROW(rows[i].name, r.a->checkpoints.signer.fd == -1);
		audit_rig_close(&r);
	}
	/* An answer nobody asked for is late, not hostile. */
	{
		struct audit_rig r = start(5, NULL, 0);
		uint8_t body[AUDIT_SIGNATURE] = { 0 };

		CHECK_OK(frame_send(r.signer_fd, SIGNER_CHECKPOINT, 77, view_of(body, sizeof body),
				    NULL, 0));
		CHECK_OK(frame_send(r.signer_fd, SIGNER_TREE, 77, view_of(body, sizeof body), NULL,
				    0));
		audit_rig_turn(&r, false);
		assert_true(r.a->checkpoints.signer.fd >= 0);
		audit_rig_close(&r);
	}
}

/* A signature over the chain and none over the tree is no checkpoint (P9). */
static void test_signer_lies_of_the_tree(void **state)
{
	struct audit_rig r = start(5, NULL, 0);
	struct stat st = { 0 };

	(void)state;
	r.lies_of_tree = true;
	audit_rig_turn(&r, true);
	assert_int_equal(audit_rig_count(&r, "\"checkpoint.bad\""), 1);
	assert_int_equal(audit_rig_count(&r, "\"kind\":\"checkpoint\""), 0);
	assert_int_equal(fstatat(r.dir_fd, "checkpoint", &st, 0), -1);
	assert_int_equal(r.a->checkpoints.signer.fd, -1);
	audit_rig_close(&r);
}

/* The tree goes on over a kill: what recovery finds is what was there. */
static void test_tree_recovered(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);
	struct audit_line_hash before = { 0 }, after = { 0 };
	uint64_t size = 0;

	(void)state;
	for (unsigned i = 0; i < 21; i++)
		audit_rig_put(&g, i + 1, "x");
	audit_rig_turn(&r, true);
	size = r.a->chain.tree.size;
	assert_true(size == r.a->chain.seq);
	CHECK_OK(merkle_root(&r.a->chain.digest, &r.a->chain.tree, &before));
	audit_rig_kill(&r);
	audit_rig_boot(&r, 6);
	{
		uint8_t *buf = malloc(AUDIT_FILE_BUFFER);
		struct segment_past past = { 0 };

		CHECK_OK(segment_recover(r.dir_fd, &r.a->chain, buf, &past));
		free(buf);
		assert_true(past.has_tree && r.a->chain.tree.size == size);
		CHECK_OK(merkle_root(&r.a->chain.digest, &r.a->chain.tree, &after));
		assert_true(merkle_eq(&before, &after));
	}
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

static void test_key_changed(void **state)
{
	struct audit_rig r = start(5, NULL, 0);
	struct stat st = { 0 };

	(void)state;
	assert_int_equal(fstatat(r.dir_fd, "audit.pub", &st, 0), 0);
	audit_rig_stop(&r);
	audit_rig_boot(&r, 6);
	r.key.b[3] ^= 1;
	CHECK_OK(audit_rig_start(&r));
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "\"audit.key_changed\""), 1);
	assert_int_equal(fstatat(r.dir_fd, "audit-old.pub", &st, 0), 0);
	audit_rig_close(&r);
}

static void test_rotation(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);

	(void)state;
	audit_rig_put(&g, 1, "x");
	audit_rig_turn(&r, false);
	r.a->segment.bytes = SEGMENT_BYTES;
	audit_rig_put(&g, 1, "y");
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "\"result\":\"rotated\""), 1);
	assert_int_equal(r.a->segment.first, 3);
	r.a->segment.day--; /* yesterday */
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "\"result\":\"rotated\""), 2);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

/* Old segments go whole, after their record is signed, never the one in use. */
static void test_retention(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);
	struct stat st = { 0 };
	uint64_t first = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		audit_rig_put(&g, 1, "x");
		audit_rig_turn(&r, false);
		r.a->segment.bytes = SEGMENT_BYTES;
		audit_rig_turn(&r, true);
	}
	usleep(1100 * 1000);
	r.is_mute = true;
	r.a->retention_s = 1;
	r.a->retention.due_ms = 0;
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "\"kind\":\"retention\""), 1);
	CHECK_OK(audit_file_find(r.dir_fd, 0, &first));
	assert_int_equal(first, 1); /* not signed: still there */
	r.is_mute = false;
	r.a->checkpoints.is_asked = false;
	for (unsigned i = 0; i < 12; i++) {
		r.a->retention.due_ms = 0;
		audit_rig_turn(&r, true);
	}
	CHECK_OK(audit_file_find(r.dir_fd, 0, &first));
	assert_int_equal(first, r.a->segment.first);
	assert_int_equal(audit_rig_count(&r, "\"kind\":\"retention\""),
			 3); /* those that are left */
	assert_int_equal(fstatat(r.dir_fd, "audit-00000000000000000001.jsonl", &st, 0), -1);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

/* A full disk: nothing is released, nothing is lost, and afterwards the log says how long it was.
 */
static void test_write_error(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);
	int good = r.a->segment.fd, full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(full >= 0);
	r.a->segment.fd = full;
	audit_rig_put(&g, 1, "kept");
	audit_rig_turn(&r, true);
	audit_rig_put(&g, 1, "kept too");
	audit_rig_turn(&r, true);
	assert_int_equal(atomic_load(&g.w.cursor->tail), 0);
	assert_true(r.a->trouble.since_ms != 0);
	r.a->segment.fd = good;
	r.a->trouble.retry_ms = 0;
	audit_rig_turn(&r, true);
	assert_int_equal(audit_rig_count(&r, "\"kept\""), 1);
	assert_int_equal(audit_rig_count(&r, "\"kept too\""), 1);
	assert_int_equal(audit_rig_count(&r, "\"audit.write_failed\""), 1);
	assert_true(atomic_load(&g.w.cursor->tail) > 0);
	assert_int_equal(r.a->trouble.since_ms, 0);
	fd_close(full);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

/* Somebody cuts or removes the open segment: the log says so and goes on in another. */
static void test_touched(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 2; how++) {
		struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
		struct audit_rig r = start(5, &g, 1);

		audit_rig_put(&g, 1, "x");
		audit_rig_turn(&r, true);
		if (how)
			assert_int_equal(unlinkat(r.dir_fd, "audit-00000000000000000001.jsonl", 0),
					 0);
		else
			assert_int_equal(ftruncate(r.a->segment.fd, 100), 0);
		audit_rig_put(&g, 1, "y");
		audit_rig_turn(&r, true);
		assert_int_equal(audit_rig_count(&r, "\"audit.touched\""), 1);
		audit_rig_put(&g, 1, "z");
		audit_rig_turn(&r, true);
		assert_int_equal(audit_rig_count(&r, "\"z\""), 1);
		audit_rig_close(&r);
		audit_rig_ring_done(&g);
	}
}

/* What is found broken at start is told in the log itself. */
static void test_found_broken(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);
	int fd = -1;

	(void)state;
	audit_rig_put(&g, 1, "x");
	audit_rig_turn(&r, true);
	audit_rig_stop(&r);
	fd = openat(r.dir_fd, "audit-00000000000000000001.jsonl", O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "9", 1, 10), 1); /* in the first line's time */
	fd_close(fd);
	audit_rig_boot(&r, 6);
	CHECK_OK(audit_rig_start(&r));
	assert_int_equal(audit_rig_count(&r, "\"action\":\"audit.broken\",\"object\":\""
					     "audit-00000000000000000001.jsonl:2\""),
			 1);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

static void test_found_cut(void **state)
{
	struct audit_rig_ring g = audit_rig_ring_new(3, RING_BYTES_SMALL);
	struct audit_rig r = start(5, &g, 1);
	int fd = -1;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		audit_rig_put(&g, 1, "x");
	audit_rig_turn(&r, true);
	audit_rig_kill(&r);
	fd = openat(r.dir_fd, "audit-00000000000000000001.jsonl", O_RDWR | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, 700), 0);
	fd_close(fd);
	audit_rig_boot(&r, 6);
	CHECK_OK(audit_rig_start(&r));
	audit_rig_turn(&r, false);
	assert_int_equal(audit_rig_count(&r, "\"audit.cut\""), 1);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_order_by_time),
		cmocka_unit_test(test_flood_is_fair),
		cmocka_unit_test(test_no_duplicates_after_kill),
		cmocka_unit_test(test_nothing_lost_after_kill),
		cmocka_unit_test(test_gap_is_counted),
		cmocka_unit_test(test_violation),
		cmocka_unit_test(test_only_the_authority_tells_of_people),
		cmocka_unit_test(test_unknown_tag_is_kept),
		cmocka_unit_test(test_largest_record),
		cmocka_unit_test(test_ring_end),
		cmocka_unit_test(test_checkpoint_covers),
		cmocka_unit_test(test_signer_silent),
		cmocka_unit_test(test_signer_lies),
		cmocka_unit_test(test_signer_hostile_frames),
		cmocka_unit_test(test_signer_lies_of_the_tree),
		cmocka_unit_test(test_tree_recovered),
		cmocka_unit_test(test_key_changed),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_retention),
		cmocka_unit_test(test_write_error),
		cmocka_unit_test(test_touched),
		cmocka_unit_test(test_found_broken),
		cmocka_unit_test(test_found_cut),
	};

	return cmocka_run_group_tests_name("audit_log", tests, NULL, NULL);
}
