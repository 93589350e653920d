/*
 * The small texts of channels and files: what is written is read back as it was, what is read has
 * one spelling, and a word that is none is none. Keys, signatures, names of segments, events,
 * counts of cells, evidence signatures, levels, steps.
 *
 * Input: KIND, then a text, or the fields of that structure.
 */
#include "ipc/alarm_words.h"
#include "ipc/audit_file.h"
#include "ipc/audit_key.h"
#include "ipc/cell_spawner.h"
#include "ipc/evidence_signer.h"
#include "ipc/history_entry.h"
#include "ipc/incident_words.h"
#include "ipc/note.h"
#include "ipc/record.h"
#include "ipc/recover_words.h"
#include "ipc/role.h"
#include "ipc/span.h"
#include "tests/fuzz/fuzz.h"

static void fill(struct view *in, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = fuzz_u8(in);
}

/* What no key signs, not even one of a small order: its second half is no number below the group's
 * (RFC 8032 §5.1.7). */
static const struct audit_key_signature never = { { [63] = 0xff } };

static void check_keys(struct view in)
{
	uint8_t room[AUDIT_KEY_PEM_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct audit_key key = { 0 }, again = { 0 };
	struct audit_key_signature sig = { 0 };

	if (audit_key_get_pem(in, &key) == E_OK) {
		audit_key_put_pem(&w, &key);
		INVARIANT(!w.bad && view_eq(wbuf_view(&w), in));
	}
	w.n = 0;
	if (audit_key_get_signature(in, &sig) == E_OK) {
		audit_key_put_signature(&w, &sig);
		INVARIANT(!w.bad && view_eq(wbuf_view(&w), in));
	}
	w.n = 0;
	fill(&in, key.b, sizeof key.b);
	audit_key_put_pem(&w, &key);
	INVARIANT(!w.bad && audit_key_get_pem(wbuf_view(&w), &again) == E_OK);
	INVARIANT(audit_key_eq(&key, &again));
	INVARIANT(audit_key_verify(&key, in, view_of(never.b, sizeof never.b)) == E_DENIED);
}

static void check_checkpoint(struct view in)
{
	struct audit_checkpoint c = { 0 }, again = { 0 };
	struct audit_key key = { { 9 } };
	uint8_t room[AUDIT_CHECKPOINT_TEXT_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (audit_checkpoint_get_ask(in, &c) == E_OK) {
		audit_checkpoint_put_ask(&w, &c);
		INVARIANT(view_eq(wbuf_view(&w), in));
		INVARIANT(audit_key_check(&key, &c, &never) == E_DENIED);
	}
	c = (struct audit_checkpoint){ .seq = fuzz_u64(&in) };
	c.is_stop = fuzz_u8(&in) & 1;
	c.wall_us = fuzz_u64(&in) % AUDIT_WALL_US_MAX;
	w.n = 0;
	audit_checkpoint_put_ask(&w, &c);
	INVARIANT(audit_checkpoint_get_ask(wbuf_view(&w), &again) == E_OK);
	INVARIANT(c.seq == again.seq && c.wall_us == again.wall_us && c.is_stop == again.is_stop);
	w.n = 0;
	audit_checkpoint_put(&w, &c);
	INVARIANT(!w.bad);
}

/* What audit asks the signer of the log's tree (RFC 9162 §2.1), and the note that is made of it. */
static void check_tree(struct view in)
{
	struct merkle_head head = { 0 };
	struct audit_key key = { { 3 } };
	uint8_t room[NOTE_BODY_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct note_checkpoint c = { .origin = VIEW("a") }, again = { 0 };

	if (note_get_ask(in, &head) == E_OK) {
		note_put_ask(&w, &head);
		INVARIANT(view_eq(wbuf_view(&w), in));
		INVARIANT(head.size > 0 && head.size <= MERKLE_SIZE_MAX);
	}
	fill(&in, key.b, sizeof key.b);
	c.head.size = fuzz_u64(&in) % MERKLE_SIZE_MAX;
	fill(&in, c.head.root.b, sizeof c.head.root.b);
	w.n = 0;
	note_put_checkpoint(&w, &c);
	INVARIANT(!w.bad && note_get_checkpoint(wbuf_view(&w), &again) == E_OK);
	INVARIANT(again.head.size == c.head.size && merkle_eq(&again.head.root, &c.head.root));
	w.n = 0;
	note_put_origin(&w, &key);
	INVARIANT(!w.bad && w.n < NOTE_NAME_MAX);
}

static void check_evidence(struct view in)
{
	struct evidence_signature s = { 0 }, again = { 0 };
	uint8_t room[EVIDENCE_ANSWER];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (evidence_signer_get(in, &s) == E_OK) {
		evidence_signer_put(&w, &s);
		INVARIANT(view_eq(wbuf_view(&w), in));
	}
	s = (struct evidence_signature){ .wall_us = fuzz_u64(&in), .signature = never };
	fill(&in, s.key.b, sizeof s.key.b);
	w.n = 0;
	evidence_signer_put(&w, &s);
	INVARIANT((evidence_signer_get(wbuf_view(&w), &again) == E_OK) ==
		  (s.wall_us <= AUDIT_WALL_US_MAX));
	INVARIANT(evidence_signer_check(&s) == E_DENIED);
}

static void check_segment(struct view in)
{
	uint8_t room[AUDIT_FILE_NAME];
	struct wbuf w = wbuf_of(room, sizeof room);
	uint64_t first = 0, again = 0;

	if (audit_file_get_name(in, &first) == E_OK) {
		audit_file_put_name(&w, first);
		INVARIANT(!w.bad && view_eq(wbuf_view(&w), in));
	}
	w.n = 0;
	first = fuzz_u64(&in) % UINT64_C(10000000000000000000);
	audit_file_put_name(&w, first);
	INVARIANT(audit_file_get_name(wbuf_view(&w), &again) == E_OK && again == first);
}

/* An event has its six texts, whatever was given, and no others but its detail. */
static void check_event(struct view in)
{
	uint8_t room[4096];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct record_event e = { .kind = RECORD_EVENT, .wall_us = (int64_t)fuzz_u64(&in) };
	struct record_field f = { 0 };
	struct view *texts[] = { &e.action, &e.object, &e.result, &e.origin, &e.actor, &e.detail };
	struct view rest = { 0 };
	unsigned n = 0;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		*texts[i] = fuzz_some(&in, 1024);
	record_put_event(&w, &e);
	for (rest = wbuf_view(&w); !w.bad && record_next(&rest, &f) == E_OK; n++)
		INVARIANT(f.type == RECORD_NUMBER || f.text.n);
	INVARIANT(w.bad || (rest.n == 0 && n == 7u + (e.detail.n > 0)));
}

static void check_count(struct view in)
{
	static struct page_load_page page;
	struct cell_count c = { 0 }, again = { 0 };
	uint8_t room[CELL_COUNT_BYTES];
	struct view rest = in;

	while (cell_spawner_next(&rest, &c) == E_OK) {
		struct wbuf w = wbuf_of(room, sizeof room);
		struct view one = { 0 };

		INVARIANT(c.slot < cell_spawner_slots((enum cell_count_kind)c.kind));
		INVARIANT(c.word < cell_spawner_words((enum cell_count_kind)c.kind));
		(void)atomic_load(cell_spawner_entry(&page, (enum cell_count_kind)c.kind, c.slot) +
				  c.word);
		cell_spawner_put(&w, &c);
		one = wbuf_view(&w);
		INVARIANT(cell_spawner_next(&one, &again) == E_OK && again.more == c.more);
	}
}

static void check_names(struct view in)
{
	uint8_t x = fuzz_u8(&in);
	enum level level = level_by_name(in);
	const char *wrong = incident_words_fit(in, NOTICE_MAX, x & 1);
	struct level_entry entry = { .scope = x, .mask = fuzz_u16(&in) };

	entry.name_n = fuzz_u8(&in);
	INVARIANT(level == LEVELS || view_eq(level_name(level), in) || in.n);
	INVARIANT(level_name((enum level)x).n && role_name((enum role)x)[0]);
	INVARIANT(level_strictest(entry.mask) < LEVELS);
	INVARIANT(!level_is_sound(&entry) || level_scope_name((enum level_scope)x).n);
	INVARIANT(recover_step_name((enum recover_step)x).n &&
		  recover_gate_name((enum recover_gate)x).n &&
		  recover_gate_text((enum recover_gate)x).n);
	INVARIANT(recover_step_mask((enum recover_step)x) || x == RECOVER_OPEN);
	INVARIANT(history_entry_kind_name(x)[0] && alarm_words_class((enum alarm_class)x)[0]);
	INVARIANT(alarm_words_of(in)->first && alarm_words_of(in)->class < ALARM_CLASSES);
	INVARIANT(!wrong || *wrong);
}

/* Texts of any length: a span that is sent is one that is taken. */
static void check_span(struct view in)
{
	uint8_t room[SPAN_BYTES_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct span s = { .kind = SPAN_CLIENT,
			  .trace_id = VIEW("0123456789abcdef0123456789abcdef"),
			  .id = VIEW("0123456789abcdef") },
		    again = { 0 };
	struct view *texts[] = {
		&s.method, &s.scheme, &s.host,	 &s.path,  &s.pattern, &s.peer,
		&s.rule,   &s.pool,   &s.server, &s.error, &s.version, &s.listener
	};
	struct view rest = { 0 };

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		*texts[i] = fuzz_some(&in, 2000);
	s.parent_id = fuzz_u8(&in) & 1 ? s.id : (struct view){ 0 };
	span_put(&w, &s);
	INVARIANT(!w.bad);
	rest = wbuf_view(&w);
	INVARIANT(span_next(&rest, &again) == E_OK && rest.n == 0);
	INVARIANT(view_starts(s.path, again.path) && view_starts(s.method, again.method));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(struct view) = {
		check_keys,  check_checkpoint, check_evidence, check_segment, check_event,
		check_count, check_names,      check_span,     check_tree
	};
	struct view in = view_of(data, size);
	uint8_t kind = fuzz_u8(&in);
	uint8_t *copy = fuzz_copy(in);

	checks[kind % (sizeof checks / sizeof checks[0])](view_of(copy, in.n));
	free(copy);
	return 0;
}
