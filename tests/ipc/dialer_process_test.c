/*
 * The dialer as the keeper starts it: born in its namespaces, its sandbox closed, spoken to by
 * frames alone. A system call that its table lacks ends it, and with it the test. As root also
 * inside the cgroup that holds it to its addresses, and with a name server of a network of its own.
 */
#include "dialer_dns.h"
#include "dialer_kit.h"
#include "dialer_server.h"

#include "ipc/reach_rules.h"
#include "ipc/record.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/resolv.h"
#include "sys/shm.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *program;

struct process {
	struct kit_image image;
	struct page_health_page *page;
	struct ring_reader ring;
	struct reach reach;
	int keeper, edge, pidfd;
	pid_t pid;
	char have[256], weaker[256];
};

static struct process p;

static void send_frame(uint8_t type, struct view body, const int *fds, unsigned n)
{
	assert_int_equal(frame_send(p.keeper, type, 0, body, fds, n), E_OK);
}

static void send_image(void)
{
	struct image im = { 0 };
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);
	void *at = NULL;
	int fd = -1;

	kit_check(&p.image, &im);
	assert_int_equal(shm_new("image", sizeof p.image, &fd), E_OK);
	assert_int_equal(shm_map(fd, true, &at, NULL), E_OK);
	memcpy(at, &p.image, sizeof p.image);
	shm_unmap(at, sizeof p.image);
	assert_int_equal(shm_seal(fd), E_OK);
	wbuf_u32(&w, p.image.header.generation);
	send_frame(KEEPER_IMAGE, wbuf_view(&w), &fd, 1);
	(void)close(fd);
}

static void send_page(bool has_reach)
{
	uint8_t body[4] = { PAGE_HEALTH, 0, has_reach ? 1 : 0, 1 };
	int fd = -1;

	assert_int_equal(shm_new("health", sizeof *p.page, &fd), E_OK);
	assert_int_equal(shm_map(fd, false, (void **)&p.page, NULL), E_OK);
	send_frame(KEEPER_PAGE, view_of(body, 4), &fd, 1);
	(void)close(fd);
}

static void send_ring(void)
{
	uint8_t body[7] = { 0, 0, 0, 1, ROLE_DIALER, 0, 0 };
	struct ring_data *data = NULL;
	size_t bytes = 0;
	int fds[2] = { -1, -1 };

	assert_int_equal(shm_new("ring", ring_data_bytes(RING_BYTES_SMALL), &fds[0]), E_OK);
	assert_int_equal(shm_new("cursor", sizeof(struct ring_cursor), &fds[1]), E_OK);
	assert_int_equal(shm_map(fds[0], true, (void **)&data, &bytes), E_OK);
	ring_init(data, RING_BYTES_SMALL);
	shm_unmap(data, bytes);
	assert_int_equal(ring_reader_map(fds[0], fds[1], &p.ring), E_OK);
	send_frame(KEEPER_RING, view_of(body, 7), fds, 2);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static int send_channel(void)
{
	uint8_t body[3] = { ROLE_EDGE, 0, 0 };
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	send_frame(KEEPER_CHANNEL, view_of(body, 3), &ends[1], 1);
	(void)close(ends[1]);
	return ends[0];
}

static void keep_text(struct view v, char ret[256])
{
	struct wbuf w = wbuf_of(ret, 255);

	wbuf_view_put(&w, view_slice(v, 0, 255));
	ret[w.n] = '\0';
}

static bool receive_ready(void)
{
	uint8_t buf[FRAME_MAX];
	struct pollfd poll_for = { .fd = p.keeper, .events = POLLIN };
	struct frame f = { 0 };
	struct view in, have, weaker;

	if (poll(&poll_for, 1, 10000) != 1 || frame_receive(p.keeper, buf, &f) != E_OK)
		return false;
	in = f.body;
	if (f.type != ROLE_READY || view_str16(&in, &have) != E_OK ||
	    view_str16(&in, &weaker) != E_OK)
		return false;
	keep_text(have, p.have);
	keep_text(weaker, p.weaker);
	return true;
}

static void make_reach(void)
{
	static uint32_t number = 1000;
	struct image im = { 0 };
	uint8_t text[4096];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct reach_rule rules[64];
	struct ip resolvers[RESOLV_SERVERS_MAX];
	const char *why = "";
	size_t n = 0;

	kit_check(&p.image, &im);
	assert_int_equal(resolv_read("/etc/resolv.conf", &w), E_OK);
	n = resolv_servers(wbuf_view(&w), resolvers);
	assert_true(reach_rules_count(&im, n) <= 64);
	n = reach_rules_fill(&im, resolvers, n, rules);
	if (reach_new(rules, n, number++, &p.reach, &why) != E_OK)
		fail_msg("reach_new: %s", why);
}

static void start(bool with_reach)
{
	/* P4 is excused where neither Landlock's ports nor cgroups can be had (before Linux 6.7,
	 * not root); nothing else is */
	uint8_t body[11];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct spawn_spec spec = { .program = program,
				   .argv0 = "sluis-dialer",
				   .uid = 61104,
				   .gid = 61104,
				   .wants_network = true };
	const char *why = "";
	int ends[2];

	p.reach = (struct reach){ .cgroup_fd = -1, .parent_fd = -1 };
	if (with_reach)
		make_reach();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	p.keeper = ends[0];
	spec.channel_fd = ends[1];
	spec.cgroup_fd = p.reach.cgroup_fd;
	if (spawn_role(&spec, &p.pid, &p.pidfd, &why) != E_OK)
		fail_msg("spawn_role: %s", why);
	(void)close(ends[1]);
	wbuf_u8(&w, ROLE_DIALER);
	wbuf_u16(&w, 0);
	wbuf_u32(&w, 0x01020304);
	wbuf_u32(&w, 1u << 4);
	send_frame(KEEPER_IDENTITY, wbuf_view(&w), NULL, 0);
	send_image();
	send_page(with_reach);
	send_ring();
	p.edge = send_channel();
	send_frame(KEEPER_GO, view_of(NULL, 0), NULL, 0);
	assert_true(receive_ready());
}

/* How it ended: the exit status, or 1000 + signal; -1 when it has not within ms. */
static int ended(int ms)
{
	struct pollfd poll_for = { .fd = p.pidfd, .events = POLLIN };
	int status = 0;

	if (poll(&poll_for, 1, ms) != 1 || waitpid(p.pid, &status, 0) != p.pid)
		return -1;
	p.pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int stop(void **state)
{
	int how = 0;

	(void)state;
	p.keeper = fd_close(p.keeper);
	how = p.pid ? ended(5000) : 0;
	if (how == -1)
		(void)kill(p.pid, SIGKILL);
	p.edge = fd_close(p.edge);
	p.pidfd = fd_close(p.pidfd);
	reach_done(&p.reach);
	ring_reader_unmap(&p.ring);
	if (p.page)
		shm_unmap(p.page, sizeof *p.page);
	p = (struct process){ .keeper = -1, .edge = -1, .pidfd = -1 };
	p.reach = (struct reach){ .cgroup_fd = -1, .parent_fd = -1 };
	if (how != 0)
		fprintf(stderr, "the dialer ended with %d\n", how);
	return how;
}

static uint8_t dial(uint32_t slot, struct dns *dns)
{
	static uint32_t seq = 1;
	uint8_t buf[FRAME_MAX], why = 0;
	struct frame f = { 0 };
	struct pollfd poll_for = { .fd = p.edge, .events = POLLIN };
	int ready = 0;

	kit_dial(p.edge, ++seq, slot, 1);
	for (unsigned i = 0; i < 500 && ready == 0; i++) {
		if (dns)
			dns_serve(dns);
		ready = poll(&poll_for, 1, 10);
	}
	assert_int_equal(ready, 1);
	assert_int_equal(frame_receive(p.edge, buf, &f), E_OK);
	assert_int_equal(f.seq, seq);
	why = f.type == DIALER_FAILED ? f.body.p[0] : 0;
	assert_int_equal(f.fd_n, why ? 0 : 1);
	frame_done(&f);
	return why;
}

static bool is_writer_soon(void)
{
	for (unsigned i = 0; i < 100 && PAGE_GET(p.page->generation) == 0; i++)
		(void)usleep(5000);
	return PAGE_GET(p.page->generation) == p.image.header.generation;
}

static bool has_event(const char *action, unsigned ms)
{
	uint64_t until = clock_mono_ms() + ms;
	static uint8_t buf[RING_RECORD_MAX];

	while (clock_mono_ms() < until) {
		struct view record;
		struct record_field field;

		if (ring_get(&p.ring, buf, &record) != E_OK) {
			(void)usleep(5000);
			continue;
		}
		ring_release(&p.ring);
		while (record.n && record_next(&record, &field) == E_OK)
			if (field.tag == RECORD_TAG_ACTION && view_eq(field.text, view_str(action)))
				return true;
	}
	return false;
}

static void it_is_born_dials_and_ends_with_the_keeper(void **state)
{
	uint16_t port = 0;
	int listener = kit_listen("127.0.0.1", 16, &port);

	(void)state;
	kit_image_init(&p.image);
	kit_pool(&p.image, "web");
	kit_server(&p.image, "127.0.0.1", port);
	kit_server(&p.image, "127.0.0.1", kit_closed_port());
	start(false);
	assert_non_null(strstr(p.have, "seccomp"));
	assert_int_equal(dial(0, NULL), 0);
	assert_int_equal(dial(1, NULL), DIAL_REFUSED);
	assert_true(is_writer_soon());
	if (p.weaker[0] == '\0')
		assert_int_equal(PAGE_GET(p.page->reach), PAGE_REACH_PORTS);
	p.keeper = fd_close(p.keeper);
	assert_int_equal(ended(3000), 0);
	(void)close(listener);
}

struct secure_server {
	struct server server;
	X509 *certificate;
	SSL_CTX *tls;
	struct image_str der;
};

static void secure_start(struct secure_server *s, bool is_rsa)
{
	unsigned char *der = NULL;
	int n = 0;

	s->tls = server_certificate("DNS:app.internal", is_rsa, &s->certificate);
	n = i2d_X509(s->certificate, &der);
	server_start(&s->server, "127.0.0.1", s->tls);
	server_say(&s->server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	s->der = (struct image_str){ p.image.byte_n, (uint32_t)n };
	memcpy(p.image.bytes + p.image.byte_n, der, (size_t)n);
	p.image.byte_n += (uint32_t)n;
	p.image.der[p.image.der_n++] = s->der;
	OPENSSL_free(der);
}

static void secure_stop(struct secure_server *s)
{
	server_stop(&s->server);
	X509_free(s->certificate);
	SSL_CTX_free(s->tls);
}

static void secure_pool(const char *pool_name, const char *tls_name, uint32_t anchor, uint16_t port)
{
	struct image_pool *pool = kit_pool(&p.image, pool_name);

	pool->health_kind = IMAGE_HEALTH_HTTP;
	pool->protocol = IMAGE_HTTPS;
	pool->tls_name = kit_text(&p.image, tls_name);
	pool->tls_ca = (struct image_range){ anchor, 1 };
	kit_server(&p.image, "127.0.0.1", port);
}

static void becomes(unsigned slot, uint8_t health, uint8_t check)
{
	for (unsigned i = 0; i < 400; i++) {
		if (PAGE_GET(p.page->server[slot].health) == health &&
		    PAGE_GET(p.page->server[slot].last_check) == check)
			return;
		(void)usleep(10000);
	}
	fail_msg("server %u: health %u check %u", slot, PAGE_GET(p.page->server[slot].health),
		 PAGE_GET(p.page->server[slot].last_check));
}

static void checks_and_passive_marking_work_inside_the_sandbox(void **state)
{
	struct server plain = { 0 };
	struct image_pool *pool = NULL;

	(void)state;
	server_start(&plain, "127.0.0.1", NULL);
	server_say(&plain, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	kit_image_init(&p.image);
	pool = kit_pool(&p.image, "web");
	pool->health_kind = IMAGE_HEALTH_HTTP;
	pool->outlier_errors = 2;
	pool->outlier_max_percent = 100;
	pool->health_body = kit_text(&p.image, "ok");
	kit_server(&p.image, "127.0.0.1", plain.port);
	kit_pool(&p.image, "dead")->health_kind = IMAGE_HEALTH_TCP;
	kit_server(&p.image, "127.0.0.1", kit_closed_port());
	start(false);
	becomes(0, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	becomes(1, PAGE_HEALTH_DOWN, PAGE_CHECK_REFUSED);
	assert_true(has_event("server.down", 2000));
	kit_tell(p.edge, 0, 1, DIAL_RESET);
	kit_tell(p.edge, 0, 1, DIAL_ANSWER);
	assert_true(has_event("server.ejected", 2000));
	assert_true(has_event("server.returned", 2000));
	server_stop(&plain);
	becomes(0, PAGE_HEALTH_DOWN, PAGE_CHECK_REFUSED);
}

static void https_checks_work_inside_the_sandbox(void **state)
{
	struct secure_server ec = { 0 }, rsa = { 0 };
	struct server plain = { 0 };

	(void)state;
	kit_image_init(&p.image);
	secure_start(&ec, false);
	secure_start(&rsa, true);
	server_start(&plain, "127.0.0.1", NULL);
	atomic_store(&plain.script->speaks_first, true);
	server_say(&plain, "HTTP/1.1 200 OK\r\n\r\n");
	secure_pool("ec", "app.internal", 0, ec.server.port);
	secure_pool("rsa", "app.internal", 1, rsa.server.port);
	secure_pool("untrusted", "app.internal", 0, rsa.server.port);
	secure_pool("plain", "app.internal", 0, plain.port);
	start(false);
	becomes(0, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	becomes(1, PAGE_HEALTH_UP, PAGE_CHECK_OK);
	becomes(2, PAGE_HEALTH_DOWN, PAGE_CHECK_TLS);
	becomes(3, PAGE_HEALTH_DOWN, PAGE_CHECK_TLS);
	secure_stop(&ec);
	secure_stop(&rsa);
	server_stop(&plain);
}

static void draining_ends_with_the_last_channel(void **state)
{
	uint8_t deadline[4] = { 0 };
	uint16_t port = 0;
	int listener = kit_listen("127.0.0.1", 16, &port), second = -1;

	(void)state;
	kit_image_init(&p.image);
	kit_pool(&p.image, "web");
	kit_server(&p.image, "127.0.0.1", port);
	start(false);
	second = send_channel();
	assert_int_equal(dial(0, NULL), 0);
	send_frame(KEEPER_DRAIN, view_of(deadline, 4), NULL, 0);
	assert_int_equal(dial(0, NULL), 0);
	p.edge = fd_close(p.edge);
	assert_int_equal(ended(300), -1);
	(void)close(second);
	assert_int_equal(ended(3000), 0);
	(void)close(listener);
}

static void a_hostile_keeper_or_edge_ends_it_or_its_channel(void **state)
{
	uint8_t nonsense[64] = { 0 };
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	(void)state;
	kit_image_init(&p.image);
	kit_pool(&p.image, "web");
	kit_server(&p.image, "127.0.0.1", kit_closed_port());
	start(false);
	assert_int_equal(send(p.edge, nonsense, sizeof nonsense, MSG_NOSIGNAL), sizeof nonsense);
	assert_int_equal(frame_receive(p.edge, buf, &f), E_CLOSED);
	assert_true(has_event("ipc.violation", 2000));
	p.edge = fd_close(p.edge);
	p.edge = send_channel(); /* a restarted edge */
	assert_int_equal(dial(0, NULL), DIAL_REFUSED);
	send_frame(KEEPER_IMAGE, view_of(nonsense, 4), NULL,
		   0); /* a boot message in the run phase */
	assert_int_equal(ended(3000), 0);
}

static void a_unix_server_is_reached_from_inside(void **state)
{
	char directory[] = "/tmp/dialer-XXXXXX", path[64] = "";
	struct sockaddr_un {
		sa_family_t family;
		char path[108];
	} a = { .family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chmod(directory, 0755), 0);
	(void)snprintf(path, sizeof path, "%s/s", directory);
	(void)snprintf(a.path, sizeof a.path, "%s", path);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(chmod(path, 0777), 0);
	kit_image_init(&p.image);
	kit_pool(&p.image, "web");
	kit_server(&p.image, path, 0);
	start(false);
	assert_int_equal(dial(0, NULL), 0);
	(void)close(listener);
	(void)unlink(path);
	assert_int_equal(dial(0, NULL), DIAL_REFUSED);
	(void)rmdir(directory);
}

/* --- as root --- */

static void its_cgroup_holds_it(void **state)
{
	struct image im = { 0 };
	uint16_t port = 0, other = 0;
	int a = kit_listen("127.0.0.1", 16, &port), b = kit_listen("127.0.0.1", 16, &other);

	(void)state;
	kit_image_init(&p.image);
	kit_pool(&p.image, "web");
	kit_server(&p.image, "127.0.0.1", port);
	kit_check(&p.image, &im);
	p.reach = (struct reach){ .cgroup_fd = -1, .parent_fd = -1 };
	start(true);
	assert_int_equal(dial(0, NULL), 0);
	assert_true(is_writer_soon());
	assert_int_equal(PAGE_GET(p.page->reach), PAGE_REACH_ADDRESSES);
	assert_int_equal(stop(NULL), 0);
	/* rules of another image: what the dialer believes it may do the kernel refuses */
	kit_image_init(&p.image);
	kit_pool(&p.image, "web");
	kit_server(&p.image, "127.0.0.1", port);
	{
		struct kit_image mine = p.image;
		struct reach_rule rules[4];
		const char *why = "";

		mine.server[0].address.port = other;
		kit_check(&mine, &im);
		assert_int_equal(reach_rules_fill(&im, NULL, 0, rules), 1);
		assert_int_equal(rules[0].port, other);
		assert_int_equal(reach_new(rules, 1, 2000, &p.reach, &why), E_OK);
	}
	{
		struct reach keep = p.reach;
		int own = openat(keep.cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		char pid[16];

		start(false);
		p.reach = keep;
		assert_int_equal(dial(0, NULL), 0);
		(void)snprintf(pid, sizeof pid, "%d", (int)p.pid);
		assert_int_equal(write(own, pid, strlen(pid)), (ssize_t)strlen(pid));
		assert_int_equal(dial(0, NULL), DIAL_UNREACHABLE);
		(void)close(own);
	}
	(void)close(a);
	(void)close(b);
}

static void lo_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (ioctl(fd, SIOCSIFFLAGS, &r) != 0)
		_exit(3);
	(void)close(fd);
}

/* In a network and a mount namespace of the test's own: /etc/resolv.conf is ours. */
static void resolv_conf_is_ours(void)
{
	static const char text[] = "nameserver 127.0.0.1\n", path[] = "/tmp/dialer-resolv.conf";
	int fd = -1;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		_exit(2);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (write(fd, text, sizeof text - 1) != (ssize_t)sizeof text - 1 || fchmod(fd, 0644) != 0 ||
	    mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) != 0)
		_exit(4);
	(void)close(fd);
	(void)unlink(path);
	lo_up();
}

static void names_are_resolved_inside_sandbox_and_cgroup(void **state)
{
	static struct dns dns;
	uint16_t port = 0;
	int listener = -1;

	(void)state;
	resolv_conf_is_ours();
	dns_open(&dns, 53);
	listener = kit_listen("127.0.0.2", 16, &port);
	dns.record[0] = (struct dns_record){ "app.test", "127.0.0.2", 60 };
	dns.record[1] = (struct dns_record){ "lie.test", "127.0.0.9", 60 };
	kit_image_init(&p.image);
	kit_pool(&p.image, "web")->resolve_to = (struct image_range){ 0, 1 };
	assert_int_equal(ip_net_parse(VIEW("127.0.0.0/29"), &p.image.network[0]), E_OK);
	p.image.network_n = 1;
	kit_server(&p.image, "app.test", port);
	kit_server(&p.image, "lie.test", port);
	kit_server(&p.image, "localhost", kit_closed_port());
	start(true);
	assert_int_equal(dial(0, &dns), 0);
	assert_int_equal(dial(0, &dns), 0);
	dns.is_truncating = true; /* and over TCP */
	assert_int_equal(dial(1, &dns), DIAL_NAME);
	assert_true(dns.streams > 0);
	assert_int_equal(dial(2, &dns), DIAL_REFUSED);
	assert_int_equal(dns.questions, 4);
	dns_close(&dns);
	(void)close(listener);
}

#define TEST(f) cmocka_unit_test_teardown(f, stop)

int main(int argc, char **argv)
{
	const struct CMUnitTest everywhere[] = {
		TEST(it_is_born_dials_and_ends_with_the_keeper),
		TEST(checks_and_passive_marking_work_inside_the_sandbox),
		TEST(https_checks_work_inside_the_sandbox),
		TEST(draining_ends_with_the_last_channel),
		TEST(a_hostile_keeper_or_edge_ends_it_or_its_channel),
		TEST(a_unix_server_is_reached_from_inside),
	};
	const struct CMUnitTest with_root[] = {
		TEST(its_cgroup_holds_it),
		/* last: it leaves this network for one of its own */
		TEST(names_are_resolved_inside_sandbox_and_cgroup),
	};
	struct reach r;
	const char *why = "";
	int failed = 0;

	if (argc != 2)
		return 2;
	program = argv[1];
	(void)signal(SIGPIPE, SIG_IGN);
	failed = cmocka_run_group_tests(everywhere, NULL, NULL);
	if (reach_new(NULL, 0, 100, &r, &why) != E_OK) {
		fprintf(stderr, "the cgroup and the name server are not tried: %s\n", why);
		return failed;
	}
	reach_done(&r);
	return failed + cmocka_run_group_tests(with_root, NULL, NULL);
}
