/* Rows of compress and cache. */
#include "conf/options_delivery.h"

#include "conf/option_row.h"
#include "proto/accept_encoding.h"

/* 1 << enum encoding, as OPTION_WORDS has it */
OPTIONS_WORD_LIST(compress_algorithms, { "zstd", 1 << ENCODING_ZSTD, OPTION_WORD_READY },
		  { "br", 1 << ENCODING_BR, OPTION_WORD_READY },
		  { "gzip", 1 << ENCODING_GZIP, OPTION_WORD_READY });
OPTIONS_WORD_LIST(compress_level, { "fast", IMAGE_COMPRESS_FAST, OPTION_WORD_READY },
		  { "balanced", IMAGE_COMPRESS_BALANCED, OPTION_WORD_READY },
		  { "small", IMAGE_COMPRESS_SMALL, OPTION_WORD_READY });

static const struct option compress_rows[] = {
	ROW_BOOL(model_compress, is_enabled, "enabled", "true",
		 "false: a rule does not do what its route says."),
	ROW_TEXTS(
		model_compress, types, "types", 0, 127,
		"Content types that are compressed: type/subtype, or type/*. When left out: HTML, "
		"CSS, JavaScript, JSON, XML, plain text, SVG, WebAssembly and what is built on "
		"them; never text/event-stream, images, video or archives."),
	ROW_RANGE(model_compress, min_size, "min_size", OPTION_SIZE, 0, 1, 16 << 20, "1k",
		  "Answers that are known to be smaller go as they are."),
	{ .name = "algorithms",
	  .kind = OPTION_WORDS,
	  .offset = offsetof(struct model_compress, algorithms),
	  .preset = "zstd br gzip",
	  .words = &compress_algorithms_words,
	  .doc = "Which may be used. The client's weights decide, this order between equal ones: "
		 "zstd, br, gzip." },
	ROW_WORD(model_compress, level, "level", compress_level, "balanced",
		 "How much work is done for how small a result: fast, balanced or small."),
	ROW_BOOL(model_compress, even_with_credentials, "even_with_credentials", "false",
		 "Also when the request has Cookie or Authorization, or the answer Set-Cookie. "
		 "Compressing a secret together with what an attacker puts into the same answer "
		 "tells him the secret by its length (BREACH): only for answers in which that "
		 "can't be."),
};
const struct option_table options_compress = {
	.name = "compress",
	.doc = "Compression of answers that servers have not compressed. A plain true is enough. "
	       "Of "
	       "one edge at most 64 answers at a time; further ones go as they are.",
	.rows = compress_rows,
	.n = OPTIONS_COUNT(compress_rows),
	.size = sizeof(struct model_compress),
	.scalar = "enabled",
};

static const struct option cache_rows[] = {
	ROW_BOOL(model_cache, is_enabled, "enabled", "true",
		 "false: a rule does not do what its route says."),
	ROW_RANGE(model_cache, max_object, "max_object", OPTION_SIZE, 0, 1, 1 << 20, "64k",
		  "Larger answers are not kept."),
	ROW_RANGE(model_cache, max_total, "max_total", OPTION_SIZE, 0, 1 << 20, 1 << 30, "32m",
		  "Memory of one edge for all answers; the largest that any rule says."),
	ROW_TIME(model_cache, collapse_ms, "collapse", 0, OPTIONS_MINUTE, "5s",
		 "How long a request waits for the answer to the same request of another client; "
		 "then it asks the server itself. 0 = never waits."),
	ROW_BOOL(model_cache, even_with_cookies, "even_with_cookies", "false",
		 "Also keep answers to requests with Cookie that do not say public or s-maxage."),
	ROW_BOOL(model_cache, status_field, "status_field", "true",
		 "Say in Cache-Status (RFC 9211) what the cache did."),
};
const struct option_table options_cache = {
	.name = "cache",
	.doc = "Answers kept in the memory of each edge as RFC 9111 lets a shared cache do, when "
	       "the server says for how long; never on its own judgement. A plain true is enough.",
	.rows = cache_rows,
	.n = OPTIONS_COUNT(cache_rows),
	.size = sizeof(struct model_cache),
	.scalar = "enabled",
};
