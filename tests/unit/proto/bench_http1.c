/* How long one head takes, in nanoseconds: run by hand, built with the tests so that it can't rot.
 * Prints one line per sample. */
#include "proto/http1.h"
#include "proto/uri.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 400000, REPEATS = 7, FIELDS = 100 };

static const char browser[] =
	"GET /assets/app/main.4f3a9c21.js?v=20260102 HTTP/1.1\r\n"
	"Host: www.example.nl\r\n"
	"Connection: keep-alive\r\n"
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
	"Chrome/126.0.0.0 Safari/537.36\r\n"
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;"
	"q=0.8\r\n"
	"Accept-Encoding: gzip, deflate, br, zstd\r\n"
	"Accept-Language: nl-NL,nl;q=0.9,en-US;q=0.8,en;q=0.7\r\n"
	"Cache-Control: no-cache\r\n"
	"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n"
	"Referer: https://www.example.nl/shop/products?page=2&order=price\r\n"
	"Sec-Fetch-Dest: document\r\n"
	"Sec-Fetch-Mode: navigate\r\n"
	"Upgrade-Insecure-Requests: 1\r\n"
	"\r\n";

static const char small[] = "GET /index.html HTTP/1.1\r\n"
			    "Host: www.example.nl\r\n"
			    "User-Agent: curl/7.88.1\r\n"
			    "Accept: */*\r\n"
			    "\r\n";

static const char response[] = "HTTP/1.1 200 OK\r\n"
			       "Server: nginx/1.22.1\r\n"
			       "Date: Fri, 02 Jan 2026 03:04:05 GMT\r\n"
			       "Content-Type: text/html\r\n"
			       "Content-Length: 1024\r\n"
			       "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
			       "Connection: keep-alive\r\n"
			       "ETag: \"6955b900-400\"\r\n"
			       "Accept-Ranges: bytes\r\n"
			       "\r\n";

static double now_ns(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool parse_head(struct view in, bool is_request)
{
	struct field fields[FIELDS];
	struct http1_head h = { .fields = fields, .field_cap = FIELDS };
	struct http1_error why = { 0 };
	size_t progress = 0;

	if (is_request)
		return http1_parse_request(in, 16384, &progress, &h, &why) == E_OK;
	return http1_parse_response(in, 16384, METHOD_GET, &progress, &h, &why) == E_OK;
}

static bool parse_target(struct view in, bool is_request)
{
	uint8_t room[1024];
	struct wbuf scratch = wbuf_of(room, sizeof room);
	struct uri_target t = { 0 };
	const char *why = NULL;

	(void)is_request;
	return uri_target_parse(in, &scratch, &t, &why) == E_OK;
}

static void bench(const char *name, struct view in, bool is_request, bool (*run)(struct view, bool))
{
	double best = 1e18;

	for (int repeat = 0; repeat < REPEATS; repeat++) {
		double from = now_ns(), each = 0;

		for (int i = 0; i < ROUNDS; i++) {
			__asm__ volatile("" : : "r"(in.p) : "memory");
			INVARIANT(run(in, is_request));
		}
		each = (now_ns() - from) / ROUNDS;
		best = each < best ? each : best;
	}
	printf("%-16s %5zu bytes %7.1f ns\n", name, in.n, best);
}

int main(void)
{
	bench("browser request", view_of(browser, sizeof browser - 1), true, parse_head);
	bench("small request", view_of(small, sizeof small - 1), true, parse_head);
	bench("response", view_of(response, sizeof response - 1), false, parse_head);
	bench("target", VIEW("/assets/app/main.4f3a9c21.js?v=20260102"), true, parse_target);
	bench("changed target", VIEW("/assets//app/./main%7e.js?v=20260102"), true, parse_target);
	return 0;
}
