/*
 * The shipper's data. main() owns it.
 *
 *   segments --reader--> messages (line.c) --> TLS --> receiver        one sink per receiver
 *
 * Each sink reads the log for itself, at its own pace; what has not been read lies on the disk and
 * in no memory. A place in the log is safe when its bytes were taken by the receiver's side some
 * time ago, or the receiver has said goodbye after them; it is written to DIR/ship, and whatever
 * comes between goes out again (at least once, never nothing).
 */
#ifndef ROLE_SHIPPER_SHIPPER_H
#define ROLE_SHIPPER_SHIPPER_H

#include "base/arena.h"
#include "conf/image.h"
#include "ipc/audit_file.h"
#include "ipc/edge_dialer.h"
#include "ipc/keeper_role.h"
#include "ipc/merkle_plan.h"
#include "ipc/note_proof.h"
#include "ipc/pages.h"
#include "ipc/record.h"
#include "ipc/ring.h"
#include "sys/loop.h"
#include "sys/sandbox.h"
#include "tls/tls.h"

enum {
	SHIPPER_BATCH = 64 * 1024,		/* of messages, aimed at per write */
	SHIPPER_MESSAGE = AUDIT_LINE_MAX + 512, /* one, with its header */
	SHIPPER_PLAIN = SHIPPER_BATCH + 2 * SHIPPER_MESSAGE,
	SHIPPER_WIRE = SHIPPER_PLAIN + 16 * 1024, /* see main.c: tls_wire_bytes */
	SHIPPER_IN = 16 * 1024,
	SHIPPER_MARKS = 32,
	SHIPPER_POLL_MS = 100,	/* how often the log's end is looked at */
	SHIPPER_SAFE_MS = 3000, /* taken so long ago and still connected: safe */
	SHIPPER_SAVE_MS = 1000,
	SHIPPER_DIAL_MS = 15 * 1000,
	SHIPPER_HANDSHAKE_MS = 10 * 1000,
	SHIPPER_STALL_MS = 60 * 1000, /* a receiver that takes nothing for so long is left */
	SHIPPER_RETRY_MS = 500,	      /* doubles */
	SHIPPER_RETRY_MAX_MS = 16 * 1000,
	SHIPPER_HOST_MAX = 255,
	OBSERVER_POLL_MS = 1000,	  /* how often a newer checkpoint is looked for */
	OBSERVER_SILENT_MS = 60 * 1000,	  /* without a countersignature: an alarm */
	OBSERVER_DISAGREE_MS = 30 * 1000, /* until a witness that disagrees is asked again */
	OBSERVER_ANSWER = 8192,
	HOOK_RATE = 60,	      /* posts a minute, at most */
	HOOK_KINDS = 64,      /* kept apart at a time: more than can be posted in a minute */
	HOOK_TRIES = 5,	      /* of a record that is refused for what it is */
	HOOK_RETRY_MS = 1000, /* doubles */
	HOOK_RETRY_MAX_MS = 60 * 1000,
	HOOK_ID = 96,
	HOOK_BODY = AUDIT_LINE_MAX + 4096,
	HOOK_ANSWER = 8192
};

enum shipper_source { SHIPPER_KEEPER, SHIPPER_DIALER, SHIPPER_SINK, SHIPPER_SOURCES };

enum sink_state {
	SINK_WAITING,
	SINK_DIALING,
	SINK_HANDSHAKE,
	SINK_STREAMING,
	SINK_ENDING,
	SINK_OVER
};

/* A place between two lines of the log. */
struct place {
	uint64_t first;	 /* of the segment; 0: before all there is */
	uint64_t offset; /* bytes of it that lie before */
	uint64_t seq;	 /* of the last line before; 0: none */
};

/* Reads lines from a place on. */
struct reader {
	struct audit_file_reader file; /* fd -1: none is open */
	struct place at;	       /* behind the last line given */
	uint64_t from;		       /* offset that file began at */
	uint64_t lost;		       /* lines that were missing between two segments */
};

/* Up to here it was sent by then. */
struct mark {
	struct place at;
	uint64_t ms, bytes;
};

/* What a sink is besides, when its receiver is a witness: observer.c. */
struct observer {
	struct note_key key;
	struct reader log;	     /* at the end of tree */
	struct merkle_frontier tree; /* of lines up to there; valid with has_tree */
	struct merkle_plan plan;     /* valid with is_planned: a proof is being made */
	struct merkle_head head;     /* the newest that was countersigned */
	struct merkle_head next;     /* what is shown, or being proved */
	struct view note, text;	     /* its note, and that one's text: in note_room */
	struct note_proof proof;     /* valid with is_ready */
	uint64_t base;		     /* sequence number of the line at place 0 */
	uint64_t size;		     /* that the witness has, as far as is known */
	uint64_t silent_ms;	     /* when its silence is an alarm */
	unsigned conflicts;	     /* in a row */
	bool has_tree, is_planned, is_walking, is_ready, has_signed;
	bool is_told_of, is_told_silent;
	struct wbuf answer;
	char kept[32]; /* file of the countersigned checkpoint */
	uint8_t note_room[NOTE_TEXT_MAX];
	uint8_t answer_room[OBSERVER_ANSWER];
};

/* Alarms of one action and object: what comes until then is counted. */
struct hook_kind {
	uint64_t key, until_ms;
	uint64_t more;		  /* since the last post */
	struct place first, last; /* before the first and the last of them; valid with more */
};

/* What a sink is besides, when its receiver is a webhook: hook.c. */
struct hook {
	struct view path;	   /* in the image; may be a secret */
	char begun[20];		   /* of a new one: what has an earlier time is not for it */
	bool is_new, is_open;	   /* the log's end was not reached yet; the log is being read */
	struct hook_kind *pending; /* whose repeats the body stands for; NULL: one record */
	struct hook_kind kind[HOOK_KINDS];
	struct place at; /* before what the body has */
	uint64_t key, seq;
	uint64_t posts, posted_ms[HOOK_RATE];
	unsigned refusals, status; /* of this record; the last that was no yes */
	size_t id_n;
	struct wbuf body, answer; /* body: empty: nothing is to be posted */
	uint8_t id[HOOK_ID], body_room[HOOK_BODY], answer_room[HOOK_ANSWER];
};

struct shipper;

struct sink {
	struct loop_source source; /* first: an event's source is its sink */
	struct shipper *x;
	const struct image_pool *pool;
	const struct image_server *server;
	struct tls_client_site *site;
	struct tls_conn *tls;	   /* NULL: not connected */
	struct observer *observer; /* a witness; NULL: none */
	struct hook *hook;	   /* a webhook; neither: it gets all lines, as syslog */
	struct reader log;
	struct place safe, saved;
	struct mark mark[SHIPPER_MARKS];
	unsigned mark_n;
	uint64_t bytes;		      /* that the kernel has taken of this connection */
	uint64_t due_ms;	      /* of the state: what it waits for, or gives up */
	uint64_t save_ms, failing_ms; /* failing since; 0: not */
	uint32_t ask_seq;	      /* of the question to the dialer */
	struct wbuf plain, wire, in;
	size_t wire_at; /* of wire that is sent */
	unsigned tries;
	uint64_t all_ms; /* when the log's end was reached last */
	uint8_t state;	 /* enum sink_state */
	bool is_at_end;	 /* the log had nothing more when it was looked at last */
	char name[280];	 /* of the receiver, as configured: NUL-terminated */
	char cursor[40]; /* its file */
};

struct shipper {
	struct loop loop;
	struct role_identity self;
	struct loop_source keeper, dialer;
	struct ring_writer ring;
	struct page_shipper_page *page; /* NULL: nobody looks */
	struct image image;
	void *image_map;
	uint32_t generation;
	int log_fd, own_fd; /* the log's directory, to read; DIR/ship */
	struct tls_library *tls;
	struct audit_hash digest;
	struct observer observer[IMAGE_SHIPS_MAX];
	struct hook hook[IMAGE_SHIPS_MAX];
	struct sink sink[IMAGE_SHIPS_MAX];
	unsigned sink_n;
	uint32_t asked; /* questions to the dialer so far */
	bool is_ending;
	uint64_t end_ms;
	char host[SHIPPER_HOST_MAX + 1]; /* this machine's name, printable */
	uint8_t message[SHIPPER_MESSAGE];
};

extern const struct sandbox_spec shipper_sandbox;

/* line: */

/* line_put - one line of the log as a message of RFC 5424 in a frame of RFC 5425 §4.3 */
void line_put(struct shipper *x, struct wbuf *w, struct view line);

/* reader: */

/* reader_open - goes on from a place. skipped: how many lines that belong before what there is are
 * gone. E_AGAIN there is no log yet · E_SYS (logged) */
enum err reader_open(struct reader *r, int log_fd, const struct place *from, uint64_t *ret_skipped);

/* reader_next - the next line; borrows until the next call. E_AGAIN there is none yet · E_LIMIT one
 * that is too long to be a record was passed over · E_SYS (logged) */
enum err reader_next(struct reader *r, int log_fd, struct view *ret);

/* reader_load, reader_save - a place in a file of DIR/ship, of that receiver. load: false: none, or
 * not of that receiver. E_SYS: errno */
bool reader_load(int own_fd, const char *file, struct view receiver, struct place *ret);
enum err reader_save(int own_fd, const char *file, struct view receiver, const struct place *p);

/* sink: */

/* sink_init - with the buffers' memory from a. E_NOMEM, E_PROTO: why is logged */
enum err sink_init(struct shipper *x, unsigned i, struct arena *a);

/* sink_event - a record about it */
void sink_event(struct sink *s, enum record_kind kind, const char *action, const char *result,
		struct view detail);

/* sink_lost - n records from that one on were gone before they were sent: an alarm */
void sink_lost(struct sink *s, uint64_t from, uint64_t n);

/* sink_tick - what is due; when to call again, milliseconds */
int sink_tick(struct sink *s);

/* sink_connected, sink_refused - the dialer's answers */
void sink_connected(struct sink *s, int fd);
void sink_refused(struct sink *s, const char *why);

/* sink_on_event - the loop's handler */
void sink_on_event(void *owner, struct loop_source *source, uint32_t events);

/* observer: */

/* observer_init - makes a witness of a sink. E_PROTO: the key is none, which was told */
enum err observer_init(struct sink *s, struct observer *w, struct view key);

/* observer_wants - there is something to show, and the proof is made; else s->due_ms says when to
 * look again */
bool observer_wants(struct sink *s);

/* observer_put - the whole question, into s->plain. false: it does not fit */
bool observer_put(struct sink *s);

/* observer_take - of its answer; is_end: nothing follows. E_OK it was judged · E_AGAIN · E_PROTO */
enum err observer_take(struct sink *s, struct view plain, bool is_end);

/* hook: */

/* hook_init - makes a webhook of a sink, and finds where it was */
void hook_init(struct sink *s, struct hook *h, struct view path);

/*
 * hook_put - the JSON of one alarm
 *   line      of the log; hostile
 *   count     how often it has happened since the post before
 *   instance  name of this machine
 * E_PROTO it is no record · E_LIMIT it does not fit
 */
enum err hook_put(struct wbuf *w, struct view line, uint64_t count, struct view instance);

/* hook_wants - there is an alarm to post, and it may be posted now */
bool hook_wants(struct sink *s);

/* hook_put_request - the whole request, into s->plain. false: it does not fit */
bool hook_put_request(struct sink *s);

/* hook_take - of its answer; is_end: nothing follows. ret_taken: it has the alarm. E_OK the post is
 * over · E_AGAIN · E_DENIED h->status says that it has not taken it · E_PROTO that is no answer */
enum err hook_take(struct sink *s, struct view plain, bool is_end, bool *ret_taken);

#endif
