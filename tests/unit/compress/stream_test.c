/*
 * Compressed streams: what comes out decodes to what went in, whatever the pieces; flushed bytes
 * are enough to decode what was put in; memory and output stay in their bounds (THREATS A21, A22).
 * The window is one that every decoder takes (RFC 8878 §3.1.1.1.2).
 */
#include "tests/unit/check.h"

#include "base/rng.h"
#include "compress/compress_stream.h"

#include <brotli/decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { BYTES = 3 << 20, PIECE = 64 << 10 };

struct sample {
	const char *name;
	uint8_t *p;
};

static size_t decode_gzip(struct view in, uint8_t *to, size_t cap)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p,
		       .avail_in = (uInt)in.n,
		       .next_out = to,
		       .avail_out = (uInt)cap };

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_in_range(inflate(&z, Z_SYNC_FLUSH), 0, 1);
	inflateEnd(&z);
	return cap - z.avail_out;
}

static size_t decode_br(struct view in, uint8_t *to, size_t cap)
{
	BrotliDecoderState *b = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	size_t room = cap;

	assert_int_not_equal(BrotliDecoderDecompressStream(b, &in.n, &in.p, &room, &to, NULL),
			     BROTLI_DECODER_RESULT_ERROR);
	BrotliDecoderDestroyInstance(b);
	return cap - room;
}

static size_t decode_zstd(struct view in, uint8_t *to, size_t cap)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();
	ZSTD_inBuffer from = { in.p, in.n, 0 };
	ZSTD_outBuffer out = { to, cap, 0 };

	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 18);
	while (from.pos < from.size)
		assert_false(ZSTD_isError(ZSTD_decompressStream(z, &out, &from)));
	ZSTD_freeDCtx(z);
	return out.pos;
}

static size_t decode(enum encoding coding, struct view in, uint8_t *to, size_t cap)
{
	if (coding == ENCODING_GZIP)
		return decode_gzip(in, to, cap);
	return coding == ENCODING_BR ? decode_br(in, to, cap) : decode_zstd(in, to, cap);
}

/* What the owner does: takes what is there, in pieces. */
static void drain(struct compress_stream *s, struct wbuf *to, size_t *most)
{
	struct view v = compress_stream_pending(s);

	if (v.n > *most)
		*most = v.n;
	while (v.n) {
		size_t n = v.n < 60000 ? v.n : 60000;

		wbuf_put(to, v.p, n);
		compress_stream_take(s, n);
		v = compress_stream_pending(s);
	}
}

static struct sample *samples(void)
{
	static struct sample made[3] = { { "text", NULL }, { "noise", NULL }, { "zeros", NULL } };
	struct rng r = { .s = { 1, 2, 3, 4 } };

	for (size_t k = 0; k < 3; k++) {
		made[k].p = calloc(1, BYTES);
		for (size_t i = 0; i < BYTES && k < 2; i++)
			made[k].p[i] = k ? (uint8_t)rng_next(&r)
					 : (uint8_t)("abcdefgh <p>"[rng_next(&r) % 12]);
	}
	return made;
}

static void check_stream(struct compress_stream *s, const struct sample *sample,
			 enum encoding coding, enum compress_level level)
{
	struct wbuf out = wbuf_of(malloc(BYTES + BYTES / 4), BYTES + BYTES / 4);
	uint8_t *back = malloc(BYTES + 1);
	size_t most = 0;

	CHECK_OK(compress_stream_open(s, coding, level, 0));
	for (size_t at = 0; at < BYTES; at += PIECE) {
		enum compress_stream_op op =
			at + PIECE == BYTES ? COMPRESS_STREAM_END : COMPRESS_STREAM_GO;

		CHECK_OK(compress_stream_put(s, view_of(sample->p + at, PIECE), op));
		drain(s, &out, &most);
	}
	CHECK_ROW(sample->name, decode(coding, wbuf_view(&out), back, BYTES + 1) == BYTES);
	CHECK_ROW(sample->name, memcmp(back, sample->p, BYTES) == 0);
	CHECK_ROW(sample->name, s->in_n == BYTES && s->out_n == out.n);
	CHECK_ROW(sample->name, most <= COMPRESS_STREAM_OUT / 4 * 3);
	CHECK_ROW(sample->name, s->heap.reached <= COMPRESS_STREAM_HEAP / 2);
	printf("%-6s %-4s %u: %zu of %d bytes, %zu KB of heap, %zu bytes at once\n", sample->name,
	       (const char *)accept_encoding_name(coding).p, (unsigned)level, out.n, (int)BYTES,
	       s->heap.reached >> 10, most);
	CHECK_OK((compress_stream_close(s), compress_stream_trim(s)));
	free(out.p);
	free(back);
}

static void test_streams(void **state)
{
	struct compress_stream s = { 0 };
	struct sample *all = samples();

	(void)state;
	CHECK_OK(compress_stream_map(&s));
	for (size_t k = 0; k < 3; k++)
		for (unsigned coding = ENCODING_GZIP; coding < ENCODING_N; coding++)
			for (unsigned level = COMPRESS_FAST; level <= COMPRESS_SMALL; level++)
				check_stream(&s, &all[k], (enum encoding)coding,
					     (enum compress_level)level);
	for (size_t k = 0; k < 3; k++)
		free(all[k].p);
}

/* After a flush everything can be decoded: server-sent events are not held back. */
static void test_flush(void **state)
{
	struct compress_stream s = { 0 };

	(void)state;
	CHECK_OK(compress_stream_map(&s));
	for (unsigned coding = ENCODING_GZIP; coding < ENCODING_N; coding++) {
		uint8_t bytes[4096], back[256];
		struct wbuf out = wbuf_of(bytes, sizeof bytes);
		size_t most = 0;

		CHECK_OK(compress_stream_open(&s, (enum encoding)coding, COMPRESS_BALANCED, 0));
		for (size_t i = 1; i <= 20; i++) {
			CHECK_OK(compress_stream_put(&s, VIEW("data: x\n\n"), COMPRESS_STREAM_GO));
			assert_true(s.is_dirty);
			CHECK_OK(
				compress_stream_put(&s, (struct view){ 0 }, COMPRESS_STREAM_FLUSH));
			assert_false(s.is_dirty);
			drain(&s, &out, &most);
			assert_int_equal(
				decode((enum encoding)coding, wbuf_view(&out), back, sizeof back),
				9 * i);
		}
		CHECK_OK(compress_stream_put(&s, (struct view){ 0 }, COMPRESS_STREAM_END));
		drain(&s, &out, &most);
		assert_int_equal(decode((enum encoding)coding, wbuf_view(&out), back, sizeof back),
				 180);
		compress_stream_close(&s);
	}
}

/* An announced length that is not kept is an error of zstd, and never a shorter body. */
static void test_length(void **state)
{
	struct compress_stream s = { 0 };

	(void)state;
	CHECK_OK(compress_stream_map(&s));
	for (unsigned coding = ENCODING_GZIP; coding < ENCODING_N; coding++) {
		CHECK_OK(compress_stream_open(&s, (enum encoding)coding, COMPRESS_FAST, 5));
		CHECK_OK(compress_stream_put(&s, VIEW("hello"), COMPRESS_STREAM_END));
		compress_stream_close(&s);
	}
	CHECK_OK(compress_stream_open(&s, ENCODING_ZSTD, COMPRESS_FAST, 50));
	CHECK_OK(compress_stream_put(&s, VIEW("hello"), COMPRESS_STREAM_GO));
	CHECK_ERR(compress_stream_put(&s, VIEW("hello"), COMPRESS_STREAM_END), E_PROTO);
	compress_stream_close(&s);
	/* an owner that takes nothing is told before anything is lost */
	CHECK_OK(compress_stream_open(&s, ENCODING_GZIP, COMPRESS_FAST, 0));
	s.out.cap = 16;
	CHECK_ERR(compress_stream_put(&s, VIEW("012345678901234567890123456789012345678901234567"),
				      COMPRESS_STREAM_END),
		  E_LIMIT);
	compress_stream_close(&s);
}

static void test_heap(void **state)
{
	struct compress_heap h = { .base = aligned_alloc(64, 1024), .cap = 1024 };
	uint8_t *a = compress_heap_get(&h, 1), *b = compress_heap_get(&h, 64);

	(void)state;
	assert_true(a && b && ((uintptr_t)a & 63) == 0 && ((uintptr_t)b & 63) == 0 && b >= a + 64);
	assert_null(compress_heap_get(&h, 512));
	assert_null(compress_heap_get(&h, (size_t)1 << 40));
	assert_null(compress_heap_get(&h, SIZE_MAX));
	assert_null(compress_heap_get(&h, SIZE_MAX / 2 - 1));
	compress_heap_put(&h, a);
	compress_heap_put(&h, NULL);
	assert_ptr_equal(compress_heap_get(&h, 33), a);
	compress_heap_reset(&h);
	assert_non_null(compress_heap_get(&h, 1024 - 64));
	assert_null(compress_heap_get(&h, 1));
	free(h.base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
