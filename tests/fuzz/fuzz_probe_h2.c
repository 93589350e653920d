/*
 * The answer to a health check over HTTP/2 (THREATS A18): any bytes, cut anywhere, judged as when
 * they come at once; and what the check sends back stays small.
 * Input: a byte that says which check it is, then the answer.
 */
#include "tests/fuzz/fuzz.h"

#include "conf/conf.h"
#include "role/dialer/probe_h2.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <stdio.h>
#include <unistd.h>

static const char config[] =
	"listeners: [{name: public, address: \"127.0.0.1:8080\", protocol: http}]\n"
	"backends:\n"
	"  - {name: a, protocol: h2c, servers: [\"127.0.0.1:1\"], health: {path: /}}\n"
	"  - {name: b, protocol: h2c, servers: [\"127.0.0.1:2\"], health: {path: /b, expect_body: "
	"aab}}\n"
	"  - {name: c, protocol: h2c, servers: [\"127.0.0.1:3\"], health: {grpc: true, "
	"grpc_service: a.B}}\n"
	"routes: [{hosts: [\"*\"], rules: [{match: {path_prefix: /b}, backend: b}, {match: "
	"{path_prefix: /c}, backend: c}], backend: a}]\n";

enum { CHECKS = 3, SENT_MAX = 1 << 20 };

static struct image image;

static void tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	(void)level;
	fprintf(stderr, "%s\n", text);
}

static void fuzz_image(void)
{
	char path[] = "/tmp/fuzz-probe-XXXXXX";
	struct conf_input in = { .path = path, .sink = tell };
	struct conf_result result = { 0 };
	int file = mkstemp(path), sealed = -1;
	const char *why = "";
	void *map = NULL;
	size_t n = 0;

	INVARIANT(fd_write_all(file, view_str(config)) == E_OK);
	INVARIANT(conf_check_file(&in, &result, &sealed) == E_OK);
	INVARIANT(shm_map(sealed, false, &map, &n) == E_OK);
	INVARIANT(image_check(view_of(map, n), &image, &why) == E_OK);
	(void)unlink(path);
	(void)fd_close(file);
	(void)fd_close(sealed);
}

/* What is to be sent, so that the library has room again. */
static void fuzz_drain(struct probe_h2 *p, size_t *sent)
{
	static uint8_t out[PROBE_HTTP_HEAD_MAX];
	struct wbuf w = { 0 };

	do {
		w = wbuf_of(out, sizeof out);
		probe_h2_pull(p, &w);
		*sent += w.n;
	} while (w.n);
	INVARIANT(*sent < SENT_MAX);
}

/* The answer in pieces of so many bytes. */
static enum page_check fuzz_judge(uint8_t how, struct view answer, size_t piece)
{
	static uint16_t border[PROBE_GRPC_ANSWER_MAX];
	const struct image_server *s = image_server_at(&image, how % CHECKS);
	const struct image_pool *pool = image_pool_at(&image, s->pool);
	struct probe_http http = { .needle = image_view(&image, pool->health_body),
				   .border = border };
	struct probe_h2 p = { 0 };
	enum page_check r = PAGE_CHECK_NONE;
	size_t sent = 0;

	probe_http_borders(http.needle, border);
	probe_http_begin(&http, &image, pool);
	INVARIANT(probe_h2_begin(&p, &http, &image, s) == E_OK);
	fuzz_drain(&p, &sent);
	for (size_t at = 0; at < answer.n && r == PAGE_CHECK_NONE; at += piece) {
		struct view in = view_slice(answer, at, piece);
		uint8_t *copy = fuzz_copy(in);

		r = probe_h2_feed(&p, view_of(copy, in.n), false);
		free(copy);
		if (r == PAGE_CHECK_NONE)
			fuzz_drain(&p, &sent);
	}
	if (r == PAGE_CHECK_NONE)
		r = probe_h2_feed(&p, (struct view){ 0 }, true);
	probe_h2_end(&p);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view answer = view_of(data, size);
	enum page_check whole = PAGE_CHECK_NONE;
	uint8_t how = 0;

	if (view_u8(&answer, &how) != E_OK || answer.n >= PROBE_H2_BYTES_MAX)
		return 0;
	if (!image.header)
		fuzz_image();
	whole = fuzz_judge(how, answer, answer.n + 1);
	INVARIANT(whole != PAGE_CHECK_NONE && whole < PAGE_CHECK_N);
	INVARIANT(fuzz_judge(how, answer, 1) == whole);
	for (unsigned i = 0; i < 4; i++)
		INVARIANT(fuzz_judge(how, answer, 1 + fuzz_choice(answer, i, answer.n + 1)) ==
			  whole);
	(void)probe_grpc_serves(answer);
	return 0;
}
