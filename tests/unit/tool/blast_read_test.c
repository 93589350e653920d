/* What the kernel says of processes whose names, files and sockets are called what their owners
 * like (A27): nothing of it can pass for another line. */
#include "tool/blast_files.h"
#include "tool/blast_map.h"
#include "tool/blast_memory.h"
#include "tool/blast_net.h"
#include "tool/blast_peer.h"
#include "tool/blast_reach.h"
#include "tool/blast_search.h"
#include "tool/blast_space.h"
#include "tool/blast_status.h"

#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <string.h>

static const char status_text[] =
	"Name:\ta\\nUid:\\t0 b\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t7\n"
	"Uid:\t61104\t61104\t61104\t61104\nGid:\t5\t6\t7\t8\nFDSize:\t64\nGroups:\t1 22 333 \n"
	"NStgid:\t7\t1\nVmPeak:\t  123 kB\nThreads:\t1\nCapInh:\t0000000000000000\n"
	"CapPrm:\t000001ffffffffff\nCapEff:\t0000000000200000\nCapBnd:\t0000000000000000\n"
	"CapAmb:\t0000000000000001\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n";

static struct view guarded(struct guard *g, const char *text)
{
	return guard_put(g, view_str(text));
}

static void test_status(void **state)
{
	struct guard g = guard_new(4096);
	struct blast_status s = { 0 }, untouched = { .threads = 99 };
	char text[1024];

	(void)state;
	assert_int_equal(blast_status_parse(guarded(&g, status_text), &s), E_OK);
	assert_int_equal(s.uid[0], 61104);
	assert_int_equal(s.gid[3], 8);
	assert_true(s.group_n == 3 && s.group[2] == 333 && !s.has_more_groups);
	assert_true(s.effective == 1 << 21 && s.ambient == 1 && s.bounding == 0);
	assert_true(s.no_new_privs == 1 && s.seccomp == 2 && s.filters == 3 && s.threads == 1);
	assert_string_equal(blast_status_cap(21), "sys_admin");
	assert_null(blast_status_cap(41));
	/* Cut anywhere it is not understood, and nothing of it is taken */
	for (size_t n = 0; n + 2 < sizeof status_text; n++) {
		assert_int_equal(
			blast_status_parse(guard_put(&g, view_of(status_text, n)), &untouched),
			E_PROTO);
		assert_int_equal(untouched.threads, 99);
	}
	/* A name that tries to be a line */
	(void)snprintf(text, sizeof text, "Name:\tx Uid:\t0\t0\t0\t0\nXUid:\t0\t0\t0\t0\n%s",
		       status_text);
	assert_int_equal(blast_status_parse(guarded(&g, text), &s), E_OK);
	assert_int_equal(s.uid[1], 61104);
	guard_done(&g);
}

static void test_many_groups(void **state)
{
	char text[2048];
	int n = snprintf(text, sizeof text, "%s", status_text);
	struct blast_status s = { 0 };
	char groups[600] = "";
	struct wbuf w = wbuf_of(groups, sizeof groups - 1);

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		WBUF_LIT(&w, " ");
		wbuf_dec(&w, i);
	}
	(void)snprintf(text, sizeof text, "Groups:\t%s\n%.*s", groups, n, status_text);
	assert_int_equal(blast_status_parse(view_str(text), &s), E_OK);
	assert_true(s.group_n == BLAST_STATUS_GROUPS && s.has_more_groups);
}

static void test_space(void **state)
{
	uint64_t id = 0;

	(void)state;
	assert_int_equal(blast_space_parse(VIEW("net:[4026531840]"), VIEW("net"), &id), E_OK);
	assert_true(id == 4026531840);
	assert_int_equal(blast_space_parse(VIEW("mnt:[1]"), VIEW("net"), &id), E_PROTO);
	assert_int_equal(blast_space_parse(VIEW("net:[]"), VIEW("net"), &id), E_PROTO);
	assert_int_equal(blast_space_parse(VIEW("net:["), VIEW("net"), &id), E_PROTO);
	assert_int_equal(blast_space_parse(VIEW("net]"), VIEW("net"), &id), E_PROTO);
	assert_int_equal(blast_space_parse(VIEW(""), VIEW("net"), &id), E_PROTO);
}

static void test_maps(void **state)
{
	static const char text[] =
		"55d0-65d0 r-xp 00000000 fe:00 1124                       /usr/sbin/x\n"
		"Rss:                  40 kB\nLocked:                0 kB\nVmFlags: rd ex mr mw me "
		"\n"
		"70000000-70002000 rw-s 00000000 00:01 22                 /memfd:a\\012b "
		"(deleted)\n"
		"Rss:                   8 kB\nLocked:                8 kB\n"
		"VmFlags: rd wr sh mr lo dd wf sl \n"
		"80000000-80001000 rwxp 00000000 00:00 0 \nVmFlags: rd wr ex \n"
		"88000000-88002000 rw-s 00000000 00:0e 7                  /secretmem (deleted)\n"
		"90000000-90001000 r-xp 00000000 00:00 0                  [vdso]\n";
	struct guard g = guard_new(sizeof text);
	struct blast_maps m = { 0 };

	(void)state;
	assert_int_equal(blast_map_parse(guarded(&g, text), &m), E_OK);
	assert_true(m.is_known && m.resident == 48 * 1024 && m.locked == 8192);
	assert_true(m.not_dumped == 8192 && m.wiped == 8192 && m.sealed == 8192);
	assert_true(m.shared_total == 1 && m.shared_writable == 1 && m.shared[0].bytes == 8192);
	assert_string_equal(m.shared[0].name, "/memfd:a\\012b");
	assert_true(m.writable_code == 1 && m.anonymous_code == 1 && m.code_n == 1);
	assert_true(m.hidden == 8192);
	assert_int_equal(blast_map_parse(VIEW("Rss: 8 kB\n"), &m), E_PROTO);
	assert_int_equal(blast_map_parse(VIEW("1-2 r-xp 0 0:0 0\nRss: 8\n"), &m), E_PROTO);
	assert_int_equal(blast_map_parse(VIEW("1-2 r-xp 0 0:0 0\nRss: 99999999999999999 kB\n"), &m),
			 E_PROTO);
	assert_int_equal(blast_map_parse(VIEW("1-2 r-xp 0 0:0 0\nno line\n"), &m), E_PROTO);
	assert_false(m.is_known);
	guard_done(&g);
}

static void test_network(void **state)
{
	static const char dev[] = "Inter-|   Receive\n face |bytes\n    lo: 0 0\n  eth0: 1 2\n"
				  "tunl0:0\n";
	static const char v4[] = "Iface\tDestination\neth0\t00000000\nlo\t0000007F\n";
	static const char zeros[] = "00000000000000000000000000000000 00 "
				    "00000000000000000000000000000000 00 "
				    "00000000000000000000000000000000 ffffffff 00000001 00000000 ";
	char v6[800];

	(void)state;
	assert_int_equal(blast_net_interfaces(view_str(dev)), 2);
	assert_int_equal(blast_net_routes(view_str(v4)), 1);
	(void)snprintf(v6, sizeof v6,
		       "%s00200200       lo\n%s00200200     eth0\n%s00000001     eth0\n", zeros,
		       zeros, zeros);
	assert_int_equal(blast_net_routes_v6(view_str(v6)), 1);
	assert_int_equal(blast_net_routes_v6(VIEW("a b\n\n\n")), 0);
	assert_true(view_eq(blast_net_group(VIEW("4:memory:/x\n0::/a/b\n")), VIEW("/a/b")));
	assert_true(blast_net_group(VIEW("4:memory:/0::/x\n")).n == 0);
}

static void test_mount(void **state)
{
	static const char text[] =
		"30 1 0:2 / /a rw - cgroup cgroup rw\n"
		"31 1 0:3 / /sys/fs/c\\040d rw,nosuid shared:4 master:1 - cgroup2 cgroup2 rw\n";
	char path[32], small[8];

	(void)state;
	assert_int_equal(blast_net_mount(view_str(text), path, sizeof path), E_OK);
	assert_string_equal(path, "/sys/fs/c d");
	assert_int_equal(blast_net_mount(view_str(text), small, sizeof small), E_LIMIT);
	assert_int_equal(
		blast_net_mount(VIEW("30 1 0:2 / /a rw - tmpfs cgroup2\n"), path, sizeof path),
		E_CLOSED);
}

static void test_rule(void **state)
{
	uint8_t key[24] = { 160, 0, 0, 0, 0x1f, 0x90, 6, 0, [18] = 0xff, [19] = 0xff, 10, 0, 0, 1 };
	char text[BLAST_NET_RULE];

	(void)state;
	assert_true(blast_reach_put_rule(view_of(key, sizeof key), text));
	assert_string_equal(text, "tcp 10.0.0.1/32 port 8080");
	key[0] = 32 + 96 + 8;
	key[6] = 17;
	assert_true(blast_reach_put_rule(view_of(key, sizeof key), text));
	assert_string_equal(text, "udp 10.0.0.1/8 port 8080");
	key[0] = 100; /* fewer bits than port, protocol and the mapped prefix have */
	assert_false(blast_reach_put_rule(view_of(key, sizeof key), text));
	key[0] = 160;
	key[6] = 1;
	assert_false(blast_reach_put_rule(view_of(key, sizeof key), text));
	assert_false(blast_reach_put_rule(view_of(key, 23), text));
}

/* ---- netlink ---- */

struct answer {
	struct nlmsghdr head;
	struct unix_diag_msg m;
	struct rtattr a;
	uint32_t peer;
};

static void test_peers(void **state)
{
	struct answer x = { .head = { .nlmsg_len = sizeof x, .nlmsg_type = SOCK_DIAG_BY_FAMILY },
			    .m = { .udiag_ino = 71 },
			    .a = { .rta_len = sizeof x.a + 4, .rta_type = UNIX_DIAG_PEER },
			    .peer = 72 };
	struct nlmsghdr done = { .nlmsg_len = sizeof done, .nlmsg_type = NLMSG_DONE };
	struct blast_peers l = { 0 };
	struct guard g = guard_new(sizeof x);

	(void)state;
	assert_int_equal(blast_peer_parse(&l, guard_put(&g, view_of(&x, sizeof x))), E_OK);
	assert_int_equal(blast_peer_of(&l, 71), 72);
	assert_int_equal(blast_peer_of(&l, 72), 0);
	assert_int_equal(blast_peer_parse(&l, view_of(&done, sizeof done)), E_AGAIN);
	for (size_t n = 1; n < sizeof x; n++)
		assert_int_equal(blast_peer_parse(&l, guard_put(&g, view_of(&x, n))), E_PROTO);
	x.a.rta_len = 2; /* shorter than its own head */
	assert_int_equal(blast_peer_parse(&l, view_of(&x, sizeof x)), E_PROTO);
	x.a.rta_len = 4000; /* longer than the answer */
	assert_int_equal(blast_peer_parse(&l, view_of(&x, sizeof x)), E_PROTO);
	x.head.nlmsg_len = 3;
	assert_int_equal(blast_peer_parse(&l, view_of(&x, sizeof x)), E_PROTO);
	assert_int_equal(l.n, 1);
	blast_peer_done(&l);
	guard_done(&g);
}

/* ---- secrets ---- */

static void test_search(void **state)
{
	struct blast_search *s = NULL;
	static uint8_t text[8192];
	struct guard g = guard_new(sizeof text);
	uint64_t found = 0;

	(void)state;
	assert_int_equal(blast_search_new(&s), E_OK);
	assert_int_equal(blast_search_add(s, 3, VIEW("ab: a secret of 24 bytes")), E_OK);
	assert_int_equal(blast_search_add(s, 5, VIEW("ab: another secret, longer")), E_OK);
	assert_int_equal(blast_search_add(s, 5, VIEW("too short")), E_LIMIT);
	assert_int_equal(blast_search_add(s, BLAST_SEARCH_KEYS, VIEW("0123456789abcdef")), E_LIMIT);
	assert_int_equal(blast_search_add(s, 1, view_of(text, BLAST_SEARCH_MOST + 1)), E_LIMIT);
	blast_search_find(s, view_of(text, sizeof text), &found);
	assert_true(found == 0);
	/* At the very end, where the guard page begins */
	memcpy(&text[sizeof text - 24], "ab: a secret of 24 bytes", 24);
	blast_search_find(s, guard_put(&g, view_of(text, sizeof text)), &found);
	assert_true(found == UINT64_C(1) << 3);
	found = 0;
	blast_search_find(s, guard_put(&g, view_of(text, sizeof text - 1)), &found);
	assert_true(found == 0);
	blast_search_find(s, VIEW("xxab: another secret, longeryy"), &found);
	assert_true(found == UINT64_C(1) << 5);
	blast_search_free(s);
	blast_search_free(NULL);
	guard_done(&g);
}

static void test_forms(void **state)
{
	static const char real[] =
		"x$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWA";
	static const char format[] = "$argon2id$v=19$m=%u,t=%u,p=%u$";
	static const char key[] = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw";
	struct blast_memory m = { 0 };

	(void)state;
	blast_memory_forms(view_str(format), sizeof format, &m);
	assert_int_equal(m.hashes, 0);
	blast_memory_forms(view_str(real), sizeof real, &m);
	assert_int_equal(m.hashes, 1);
	/* Only what begins before the given place: pieces overlap */
	blast_memory_forms(view_str(real), 1, &m);
	assert_int_equal(m.hashes, 1);
	assert_false(m.holds_pem);
	blast_memory_forms(view_str(key), 1, &m);
	assert_true(m.holds_pem);
}

static void test_key_text(void **state)
{
	(void)state;
	assert_true(blast_files_is_key(VIEW("text\n-----BEGIN EC PRIVATE KEY-----\r\nMHcC")));
	assert_true(blast_files_is_key(VIEW("-----BEGIN PRIVATE KEY-----")));
	assert_false(blast_files_is_key(VIEW("-----BEGIN PUBLIC KEY-----\nPRIVATE KEY-----")));
	assert_false(blast_files_is_key(VIEW(" -----BEGIN PRIVATE KEY-----\n")));
	assert_false(blast_files_is_key(VIEW("")));
}

/* The worst first, whatever comes; more than there is room for changes nothing but that. */
static void test_worst_first(void **state)
{
	struct blast_files_list l = { 0 };
	char path[400];

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(path, sizeof path, "/tmp/%u", i);
		blast_files_note(&l, path);
	}
	blast_files_note(&l, "/var/a");
	blast_files_note(&l, "/etc/b");
	assert_int_equal(l.n, BLAST_FILES_SHOWN);
	assert_string_equal(l.path[0], "/etc/b");
	assert_string_equal(l.path[1], "/var/a");
	assert_string_equal(l.path[2], "/tmp/0");
	(void)snprintf(path, sizeof path, "/etc/%0300d", 1);
	blast_files_note(&l, path);
	assert_int_equal(strlen(l.path[1]), BLAST_FILES_PATH - 1);
	assert_string_equal(&l.path[1][BLAST_FILES_PATH - 4], "...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),	 cmocka_unit_test(test_many_groups),
		cmocka_unit_test(test_space),	 cmocka_unit_test(test_maps),
		cmocka_unit_test(test_network),	 cmocka_unit_test(test_mount),
		cmocka_unit_test(test_rule),	 cmocka_unit_test(test_peers),
		cmocka_unit_test(test_search),	 cmocka_unit_test(test_forms),
		cmocka_unit_test(test_key_text), cmocka_unit_test(test_worst_first),
	};

	return cmocka_run_group_tests_name("tool-blast-read", tests, NULL, NULL);
}
