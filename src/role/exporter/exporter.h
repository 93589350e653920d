/*
 * The exporter's data. main() owns it.
 *
 *   edges --spans--> batch being filled --swap--> batch being sent --> collector
 *
 * Two batches of a fixed size are all there is: while one is under way and the other is full, spans
 * are dropped and counted.
 */
#ifndef ROLE_EXPORTER_EXPORTER_H
#define ROLE_EXPORTER_EXPORTER_H

#include "base/arena.h"
#include "conf/image.h"
#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "ipc/span.h"
#include "sys/loop.h"
#include "sys/sandbox.h"

enum {
	EXPORTER_BATCH = 256 * 1024,
	EXPORTER_LINE = 32 * 1024, /* room that one span wants: escaped, six bytes for one */
	EXPORTER_EDGES = 192,	   /* running ones and old ones that finish */
	EXPORTER_ANSWER = 16 * 1024,
	EXPORTER_FLUSH_MS = 1000,
	EXPORTER_POST_MS = 10 * 1000,
	EXPORTER_RETRY_MS = 1000, /* doubles */
	EXPORTER_TRIES = 5
};

enum exporter_source { EXPORTER_KEEPER, EXPORTER_EDGE, EXPORTER_COLLECTOR, EXPORTER_SOURCES };

enum exporter_state {
	EXPORTER_IDLE, /* connected or not */
	EXPORTER_CONNECTING,
	EXPORTER_SENDING,
	EXPORTER_READING,
	EXPORTER_WAITING /* for the next try */
};

struct exporter_batch {
	struct wbuf json;
	uint32_t spans;
};

struct exporter {
	struct loop loop;
	struct role_identity self;
	struct loop_source keeper, collector;
	struct loop_source edges[EXPORTER_EDGES];
	uint64_t edge_freed[EXPORTER_EDGES]; /* turn in which the slot was closed */
	struct page_exporter_page *page;     /* NULL: nobody looks */
	struct ip ip;
	uint16_t port;
	bool is_in_trouble; /* the collector's: it has been told */
	bool is_reach_by_address, has_collector, is_ending;
	uint64_t end_ms;
	char path[256], service[1600]; /* NUL-terminated; service: escaped for JSON */
	struct exporter_batch batch[2];
	uint8_t filling; /* which of them */
	uint8_t state;	 /* enum exporter_state */
	uint8_t tries;
	uint64_t flush_ms, due_ms;
	struct wbuf head; /* of the request */
	uint8_t head_bytes[1024];
	size_t sent; /* of head and batch */
	struct wbuf answer;
	uint8_t answer_bytes[EXPORTER_ANSWER];
	size_t progress; /* of the answer's parser */
};

extern const struct sandbox_spec exporter_sandbox;

/* otlp: */

/* otlp_begin, otlp_span, otlp_end - a batch as OTLP's JSON: the part before the spans, one span
 * (false: the batch is full), the part behind them */
void otlp_begin(struct exporter_batch *b, const char *service);
bool otlp_span(struct exporter_batch *b, const struct span *s);
void otlp_end(struct exporter_batch *b);

/* otlp_text - text in double quotes, escaped: what is no printable ASCII as \u00XX */
void otlp_text(struct wbuf *w, struct view text);

/* post: */

/* post_init - the batches' memory from a. E_NOMEM */
enum err post_init(struct exporter *x, struct arena *a);

/* post_take - one span from an edge */
void post_take(struct exporter *x, const struct span *s);

/* post_tick - sends what is due, gives up what takes too long; when to call again, milliseconds */
int post_tick(struct exporter *x);

/* post_is_empty - nothing waits */
bool post_is_empty(const struct exporter *x);

/* post_on_collector - the loop's handler */
void post_on_collector(void *owner, struct loop_source *source, uint32_t events);

#endif
