/* What a connection holds while nothing happens on it: OpenSSL's state, and no record buffer. */
#include "rig.h"
#include "tls/tls_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { IDLE_HEAP_BYTES = 64 << 20, IDLE_CONNS = 64, IDLE_BYTES = 17 << 10 };

static size_t used(void)
{
	struct heap_stat s;

	tls_heap_stat(&s);
	return s.used;
}

/*
 * THREATS A22: memory per idle connection has a ceiling, in either version. TLS 1.3's ticket goes
 * with the first answer (RFC 8446 §4.6.1), and sending it must not leave a buffer behind.
 */
static void test_idle_bytes(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct rig *r = rig_new();

	(void)state;
	for (size_t v = 0; v < sizeof versions / sizeof versions[0]; v++) {
		static struct rig_pair pairs[IDLE_CONNS];
		struct rig_client spec = { .version = versions[v] };
		SSL_CTX *ctx = rig_client_context(&spec);
		size_t before = used(), each = 0;

		for (int i = 0; i < IDLE_CONNS; i++) {
			rig_pair_open(&pairs[i], r, RIG_P256, ctx, &spec);
			rig_pair_run(&pairs[i]);
			assert_true(rig_pair_from_client(&pairs[i], 500));
			assert_true(rig_pair_from_server(&pairs[i], 1000));
			SSL_free(pairs[i].client); /* its memory is in the same heap */
			pairs[i].client = NULL;
		}
		each = (used() - before) / IDLE_CONNS;
		if (each > IDLE_BYTES)
			fail_msg("%zu bytes per idle connection of version %x", each, versions[v]);
		for (int i = 0; i < IDLE_CONNS; i++)
			rig_pair_close(&pairs[i]);
		SSL_CTX_free(ctx);
	}
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_idle_bytes) };

	if (tls_heap_init(IDLE_HEAP_BYTES, HEAP_PLAIN) != E_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
