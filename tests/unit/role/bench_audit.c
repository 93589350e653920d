/*
 * How fast records become a signed log, and how fast the log is verified: run by hand.
 *   build/tests/unit/role/bench-audit [RECORDS]
 */
#include "sys/clock.h"
#include "tests/unit/role/audit_rig.h"
#include "tool/audit_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BENCH_BATCH = 1500 };

static double cpu_s(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What an edge writes about one request. */
static void bench_put(struct ring_writer *g, uint64_t i)
{
	uint8_t buf[1024];
	struct wbuf w = wbuf_of(buf, sizeof buf);

	record_put_number(&w, RECORD_TAG_KIND, RECORD_ACCESS);
	record_put_number(&w, RECORD_TAG_TIME, 1700000000000000u + i);
	record_put_text(&w, RECORD_TAG_ACTION, VIEW("GET"));
	record_put_text(&w, RECORD_TAG_OBJECT,
			VIEW("https://www.example.nl/api/v1/cases/12345/documents"));
	record_put_text(&w, RECORD_TAG_RESULT, VIEW("200"));
	record_put_text(&w, RECORD_TAG_ORIGIN, VIEW("192.0.2.171:51234"));
	record_put_text(&w, RECORD_TAG_ACTOR, VIEW("-"));
	record_put_text(&w, RECORD_TAG_REQUEST_ID, VIEW("0123456789abcdef0123456789abcdef"));
	record_put_text(&w, RECORD_TAG_LISTENER, VIEW("public"));
	record_put_text(&w, RECORD_TAG_ROUTE, VIEW("shop/api"));
	record_put_text(&w, RECORD_TAG_POOL, VIEW("web"));
	record_put_text(&w, RECORD_TAG_SERVER, VIEW("10.0.0.11:8080"));
	record_put_number(&w, RECORD_TAG_BYTES_IN, 412);
	record_put_number(&w, RECORD_TAG_BYTES_OUT, 1234);
	record_put_number(&w, RECORD_TAG_DURATION_US, 1534);
	record_put_number(&w, RECORD_TAG_FIRST_BYTE_US, 1498);
	record_put_number(&w, RECORD_TAG_TRIES, 1);
	record_put_text(&w, RECORD_TAG_TLS, VIEW("TLSv1.3 TLS_AES_128_GCM_SHA256"));
	record_put_text(&w, RECORD_TAG_PROTOCOL, VIEW("HTTP/1.1"));
	record_put_text(
		&w, RECORD_TAG_USER_AGENT,
		VIEW("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"));
	if (ring_put(g, RING_ACCESS, wbuf_view(&w)) != E_OK)
		abort();
}

static void on_finding(void *arg, const struct audit_verify_finding *f)
{
	(void)arg;
	printf("%.*s:%llu: %.*s\n", (int)f->file.n, (const char *)f->file.p,
	       (unsigned long long)f->line, (int)f->what.n, (const char *)f->what.p);
}

int main(int argc, char **argv)
{
	uint64_t total = argc > 1 ? strtoull(argv[1], NULL, 10) : 300000;
	struct audit_rig_ring g = audit_rig_ring_new(1, RING_BYTES);
	struct audit_verify_options o = { .key_n = 1, .on_finding = on_finding };
	struct audit_verify_result v = { 0 };
	struct audit_rig r;
	double writer = 0, audit = 0, at = 0;
	uint64_t wall = clock_mono_ns();

	audit_rig_open(&r);
	audit_rig_boot(&r, 1);
	audit_rig_attach(&r, &g, "edge[0]");
	if (audit_rig_start(&r) != E_OK)
		return 1;
	for (uint64_t i = 0; i < total; i += BENCH_BATCH) {
		at = cpu_s();
		for (uint64_t j = 0; j < BENCH_BATCH; j++)
			bench_put(&g.w, i + j);
		writer += cpu_s() - at;
		at = cpu_s();
		audit_rig_turn(&r, i % (100 * BENCH_BATCH) == 0);
		audit += cpu_s() - at;
	}
	audit_rig_stop(&r);
	printf("edge: %.0f ns per record; audit: %.0f ns per record (%.0f per second of CPU); wall "
	       "%.2f s\n",
	       writer * 1e9 / (double)total, audit * 1e9 / (double)total, (double)total / audit,
	       (double)(clock_mono_ns() - wall) / 1e9);
	o.dir_fd = r.dir_fd;
	o.key[0] = r.key;
	at = cpu_s();
	if (audit_verify_run(&o, &v) != E_OK)
		return 1;
	at = cpu_s() - at;
	printf("verify: %llu records, %llu findings, %.0f per second\n",
	       (unsigned long long)v.records, (unsigned long long)v.findings,
	       (double)v.records / at);
	audit_rig_close(&r);
	audit_rig_ring_done(&g);
	return v.findings != 0;
}
