/* The three libraries behind one interface; a row of functions each. */
#include "compress/compress_stream.h"

#include "sys/log.h"

#include <brotli/encode.h>
#include <sys/mman.h>
#define ZLIB_CONST
#include <zlib.h>
#define ZSTD_STATIC_LINKING_ONLY /* for a context with an allocator of its own */
#include <zstd.h>

enum {
	STREAM_WINDOW_LOG = 18,
	STREAM_BR_WINDOW_LOG = 17,
	STREAM_TABLE_LOG = 17 /* zstd's tables */,
	STREAM_GZIP_WINDOW = 15 + 16 /* gzip's header and trailer */
};

struct compress_stream_library {
	int level[COMPRESS_SMALL + 1]; /* by enum compress_level */
	enum err (*open)(struct compress_stream *s, int level, uint64_t length);
	enum err (*put)(struct compress_stream *s, struct view in, enum compress_stream_op op);
	void (*close)(struct compress_stream *s);
};

static void *compress_stream_get(void *opaque, size_t n)
{
	return compress_heap_get(opaque, n);
}

static void compress_stream_free(void *opaque, void *p)
{
	compress_heap_put(opaque, p);
}

/* ---- gzip ---- */

static voidpf compress_stream_get_items(voidpf opaque, uInt items, uInt size)
{
	return compress_heap_get(opaque, (size_t)items * size);
}

static enum err compress_stream_open_gzip(struct compress_stream *s, int level, uint64_t length)
{
	z_stream *z = compress_heap_get(&s->heap, sizeof *z);

	(void)length;
	if (!z)
		return E_NOMEM;
	*z = (z_stream){ .zalloc = compress_stream_get_items,
			 .zfree = compress_stream_free,
			 .opaque = &s->heap };
	s->state = z;
	return deflateInit2(z, level, Z_DEFLATED, STREAM_GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) == Z_OK
		       ? E_OK
		       : E_NOMEM;
}

static enum err compress_stream_put_gzip(struct compress_stream *s, struct view in,
					 enum compress_stream_op op)
{
	static const int flush[] = { Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH };
	z_stream *z = s->state;
	int got = Z_OK;

	z->next_in = in.p;
	z->avail_in = (uInt)in.n;
	z->next_out = s->out.p + s->out.n;
	z->avail_out = (uInt)(s->out.cap - s->out.n);
	got = deflate(z, flush[op]);
	s->out.n = s->out.cap - z->avail_out;
	if (z->avail_in || z->avail_out == 0)
		return E_LIMIT;
	if (op == COMPRESS_STREAM_END)
		return got == Z_STREAM_END ? E_OK : E_PROTO;
	/* Z_BUF_ERROR: there was nothing to do */
	return got == Z_OK || got == Z_BUF_ERROR ? E_OK : E_PROTO;
}

static void compress_stream_close_gzip(struct compress_stream *s)
{
	(void)deflateEnd(s->state);
}

/* ---- br ---- */

static enum err compress_stream_open_br(struct compress_stream *s, int level, uint64_t length)
{
	BrotliEncoderState *b =
		BrotliEncoderCreateInstance(compress_stream_get, compress_stream_free, &s->heap);

	if (!b)
		return E_NOMEM;
	s->state = b;
	if (!BrotliEncoderSetParameter(b, BROTLI_PARAM_QUALITY, (uint32_t)level) ||
	    !BrotliEncoderSetParameter(b, BROTLI_PARAM_LGWIN, STREAM_BR_WINDOW_LOG) ||
	    !BrotliEncoderSetParameter(b, BROTLI_PARAM_SIZE_HINT,
				       length < UINT32_MAX ? (uint32_t)length : 0))
		return E_PROTO;
	return E_OK;
}

static enum err compress_stream_put_br(struct compress_stream *s, struct view in,
				       enum compress_stream_op op)
{
	static const BrotliEncoderOperation operation[] = { BROTLI_OPERATION_PROCESS,
							    BROTLI_OPERATION_FLUSH,
							    BROTLI_OPERATION_FINISH };

	do {
		uint8_t *out = s->out.p + s->out.n;
		size_t room = s->out.cap - s->out.n;

		if (!BrotliEncoderCompressStream(s->state, operation[op], &in.n, &in.p, &room, &out,
						 NULL))
			return E_PROTO;
		s->out.n = s->out.cap - room;
		if (room == 0)
			return E_LIMIT;
	} while (in.n || BrotliEncoderHasMoreOutput(s->state));
	return op != COMPRESS_STREAM_END || BrotliEncoderIsFinished(s->state) ? E_OK : E_PROTO;
}

static void compress_stream_close_br(struct compress_stream *s)
{
	BrotliEncoderDestroyInstance(s->state);
}

/* ---- zstd ---- */

static enum err compress_stream_open_zstd(struct compress_stream *s, int level, uint64_t length)
{
	ZSTD_CCtx *z = ZSTD_createCCtx_advanced(
		(ZSTD_customMem){ compress_stream_get, compress_stream_free, &s->heap });

	if (!z)
		return E_NOMEM;
	s->state = z;
	if (ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, STREAM_WINDOW_LOG)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_hashLog, STREAM_TABLE_LOG)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_chainLog, STREAM_TABLE_LOG)) ||
	    (length && ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(z, length))))
		return E_PROTO;
	return E_OK;
}

static enum err compress_stream_put_zstd(struct compress_stream *s, struct view in,
					 enum compress_stream_op op)
{
	static const ZSTD_EndDirective directive[] = { ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end };
	ZSTD_inBuffer from = { in.p, in.n, 0 };
	ZSTD_outBuffer to = { s->out.p, s->out.cap, s->out.n };
	size_t left = 0;

	do {
		left = ZSTD_compressStream2(s->state, &to, &from, directive[op]);
		s->out.n = to.pos;
		if (ZSTD_isError(left))
			return E_PROTO;
		if (to.pos == to.size)
			return E_LIMIT;
	} while (from.pos < from.size || (op != COMPRESS_STREAM_GO && left));
	return E_OK;
}

static void compress_stream_close_zstd(struct compress_stream *s)
{
	(void)ZSTD_freeCCtx(s->state);
}

/* ---- none: the body as it is, for something to be put behind it ---- */

static enum err compress_stream_open_identity(struct compress_stream *s, int level, uint64_t length)
{
	(void)level;
	(void)length;
	s->state = s;
	return E_OK;
}

static enum err compress_stream_put_identity(struct compress_stream *s, struct view in,
					     enum compress_stream_op op)
{
	(void)op;
	if (in.n > wbuf_room(&s->out))
		return E_LIMIT;
	wbuf_view_put(&s->out, in);
	return E_OK;
}

static void compress_stream_close_identity(struct compress_stream *s)
{
	(void)s;
}

/* Levels: the libraries' scales differ; each row takes about the same time for the same word. */
static const struct compress_stream_library libraries[ENCODING_N] = {
	[ENCODING_IDENTITY] = { { 0, 0, 0, 0 },
				compress_stream_open_identity,
				compress_stream_put_identity,
				compress_stream_close_identity },
	[ENCODING_GZIP] = { { 0, 1, 5, 8 },
			    compress_stream_open_gzip,
			    compress_stream_put_gzip,
			    compress_stream_close_gzip },
	[ENCODING_BR] = { { 0, 1, 4, 5 },
			  compress_stream_open_br,
			  compress_stream_put_br,
			  compress_stream_close_br },
	[ENCODING_ZSTD] = { { 0, 1, 3, 6 },
			    compress_stream_open_zstd,
			    compress_stream_put_zstd,
			    compress_stream_close_zstd },
};

/* ---- for all ---- */

enum err compress_stream_map(struct compress_stream *s)
{
	uint8_t *p = mmap(NULL, COMPRESS_STREAM_HEAP + COMPRESS_STREAM_OUT, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return log_errno("reserving memory for compression");
	s->heap = (struct compress_heap){ .base = p, .cap = COMPRESS_STREAM_HEAP };
	s->out = wbuf_of(p + COMPRESS_STREAM_HEAP, COMPRESS_STREAM_OUT);
	return E_OK;
}

enum err compress_stream_open(struct compress_stream *s, enum encoding coding,
			      enum compress_level level, uint64_t length)
{
	enum err got = E_OK;

	INVARIANT(!s->state && coding < ENCODING_N);
	s->coding = (uint8_t)coding;
	s->out.n = s->out_at = 0;
	s->in_n = s->out_n = 0;
	s->is_dirty = false;
	got = libraries[coding].open(s, libraries[coding].level[level], length);
	if (got != E_OK)
		compress_stream_close(s);
	return got;
}

enum err compress_stream_put(struct compress_stream *s, struct view in, enum compress_stream_op op)
{
	size_t had = s->out.n;

	if (s->out_at == s->out.n)
		had = s->out_at = s->out.n = 0;
	TRY(libraries[s->coding].put(s, in, op));
	s->in_n += in.n;
	s->out_n += s->out.n - had;
	s->is_dirty = op == COMPRESS_STREAM_GO && (s->is_dirty || in.n);
	return E_OK;
}

void compress_stream_take(struct compress_stream *s, size_t n)
{
	INVARIANT(n <= s->out.n - s->out_at);
	s->out_at += n;
}

void compress_stream_close(struct compress_stream *s)
{
	if (s->state)
		libraries[s->coding].close(s);
	s->state = NULL;
	s->out.n = s->out_at = 0;
	compress_heap_reset(&s->heap);
}

enum err compress_stream_trim(struct compress_stream *s)
{
	INVARIANT(!s->state);
	if (s->heap.reached == 0)
		return E_OK;
	s->heap.reached = 0;
	if (madvise(s->heap.base, COMPRESS_STREAM_HEAP + COMPRESS_STREAM_OUT, MADV_DONTNEED) < 0)
		return log_errno("madvise");
	return E_OK;
}
