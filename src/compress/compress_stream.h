/*
 * One body being compressed by zlib, brotli or zstd: the one way to these libraries.
 *
 * A stream has memory of its own, reserved at boot: a heap for the library's state and a buffer
 * for what comes out. Everything put in is taken in at once; the owner stops putting in while the
 * buffer holds something, so that a slow reader holds up its server and fills no memory.
 * Windows are small (32 KB for gzip, 128 KB for br, 256 KB for zstd: RFC 8878 §3.1.1.1.2 lets a
 * decoder refuse more than 8 MB) and levels are few and bounded, because the work is done for
 * whoever asks.
 */
#ifndef COMPRESS_COMPRESS_STREAM_H
#define COMPRESS_COMPRESS_STREAM_H

#include "base/wbuf.h"
#include "compress/compress_heap.h"
#include "proto/accept_encoding.h"

enum compress_level { COMPRESS_FAST = 1, COMPRESS_BALANCED, COMPRESS_SMALL };

/* What happens behind the bytes put in. */
enum compress_stream_op {
	COMPRESS_STREAM_GO,    /* nothing: output comes when there is enough */
	COMPRESS_STREAM_FLUSH, /* all of it can be decoded from what has come out */
	COMPRESS_STREAM_END    /* the body is complete */
};

enum {
	COMPRESS_STREAM_HEAP = 16 << 20, /* bytes of address space for a library's state */
	COMPRESS_STREAM_OUT = 1 << 20	 /* ... and for output: at most half of it is ever used */
};

struct compress_stream {
	struct compress_heap heap;
	struct wbuf out; /* p and cap are the owner's; n bytes have come out ... */
	size_t out_at;	 /* ... and so many of them have been taken */
	void *state;	 /* the library's; NULL: not in use */
	uint8_t coding;	 /* enum encoding */
	bool is_dirty;	 /* bytes were put in since the last flush */
	uint64_t in_n, out_n;
};

/* compress_stream_map - reserves address space for a stream that is all zero. E_SYS (logged) */
enum err compress_stream_map(struct compress_stream *s);

/*
 * compress_stream_open
 *   length   bytes that will be put in, when that is known; 0: it is not
 * E_NOMEM: the library asks for more than the heap has
 */
enum err compress_stream_open(struct compress_stream *s, enum encoding coding,
			      enum compress_level level, uint64_t length);

/*
 * compress_stream_put - all of in, then op
 * E_LIMIT: the output has no room (its owner did not take it) · E_PROTO: the library failed, which
 * for zstd also means another length than was announced
 */
enum err compress_stream_put(struct compress_stream *s, struct view in, enum compress_stream_op op);

/* compress_stream_pending - what has come out and was not taken */
static inline struct view compress_stream_pending(const struct compress_stream *s)
{
	return view_slice(wbuf_view(&s->out), s->out_at, s->out.n);
}

/* compress_stream_take - the first n bytes of it have gone */
void compress_stream_take(struct compress_stream *s, size_t n);

/* compress_stream_close - ends it, finished or not */
void compress_stream_close(struct compress_stream *s);

/* compress_stream_trim - gives the memory of a closed stream back to the kernel; E_SYS (logged) */
enum err compress_stream_trim(struct compress_stream *s);

#endif
