/*
 * NAME
 *	sluis-dialer - connects to servers, resolves their names, checks their health
 *
 * DESCRIPTION
 *	The only process of Sluis that makes connections. An edge names a server of its image by
 *	number and gets a connected descriptor, the relay one of datagrams; they can't name an
 *	address. Names are resolved here
 *	(A and AAAA, TTLs respected, all addresses used in turn); /etc/resolv.conf and /etc/hosts
 *	are read once, at start: a reload reads them again. Servers are checked as health says and
 *	left alone for a while when requests keep failing, as outlier says; what is known is in the
 *	health page, which outlives this process.
 *
 *	A reload starts a new dialer beside the old one. The old one lets go of the health page when
 *	it is told to drain, goes on answering until its edges have closed their channels, and ends.
 *
 * SECURITY
 *	Never has client bytes or a key; https health checks use trust anchors alone. Started by
 *	root, cgroup BPF rules hold it to the addresses and ports of its image and its name
 *	servers; otherwise Landlock holds it to their ports (P4). It can't listen, open a file or
 *	start a program (P5); with unix: servers in the image it keeps a view of the file system,
 *	of which it can open nothing and connect to the sockets that their permissions allow.
 *	Edges are hostile: a frame that is not in the table ends the channel; pending calls, events
 *	and ejected servers are limited. Servers and name servers are hostile: answers are bounded
 *	and parsed strictly, resolve_to says what a name may resolve to.
 *
 * FILES
 *	/etc/resolv.conf, /etc/hosts: read before the sandbox is closed; a missing one is empty.
 *
 * SIGNALS
 *	SIGPIPE is ignored. It ends when the keeper closes its channel.
 *
 * IPC
 *	keeper (descriptor 3): IMAGE, PAGE (health, writable), RING, CHANNEL at boot; CHANNEL,
 *	SERVER_STATE, DRAIN later. edges, relay: DIAL, FAILURE, SUCCESS; answered by CONNECTED,
 *	FAILED.
 */
#include "ipc/keeper_role.h"
#include "role/dialer/edge_channel.h"
#include "role/dialer/keeper_channel.h"
#include "role/dialer/sandbox.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/resolv.h"

#include <signal.h>
#include <stdlib.h>

enum { MAIN_PORTS_MAX = 4096, MAIN_DNS_PORT = 53 };

static enum err main_start(struct keeper_birth *birth)
{
	struct dialer *d = birth->d;
	uint8_t *text = calloc(1, RESOLV_FILE_MAX);
	struct wbuf hosts = wbuf_of(text, RESOLV_FILE_MAX);
	struct dialer_setup setup = { 0 };
	enum err e = text ? resolv_read("/etc/hosts", &hosts) : E_NOMEM;

	if (e == E_LIMIT) {
		log_line(LOG_WARNING, "/etc/hosts is longer than %d bytes: the rest is not used",
			 RESOLV_FILE_MAX);
		e = E_OK;
	}
	setup.hosts = wbuf_view(&hosts);
	if (e == E_OK)
		e = dialer_start(d, &setup);
	free(text);
	for (uint32_t i = 0; i < birth->channel_n && e == E_OK; i++)
		e = edge_channel_add(d, &birth->peer[i], birth->channel[i]);
	if (e == E_OK)
		e = fd_set_nonblocking(ROLE_CHANNEL_FD);
	d->keeper.fd = ROLE_CHANNEL_FD;
	return e == E_OK ? loop_add(&d->loop, &d->keeper, EPOLLIN) : e;
}

static bool main_has_port(const struct sandbox_port *ports, size_t n, uint16_t port)
{
	for (size_t i = 0; i < n; i++)
		if (ports[i].port == port)
			return true;
	return false;
}

/* The TCP ports of the image's servers, and that of name servers. */
static bool main_ports(const struct dialer *d, struct sandbox_port *ports, size_t *ret_n)
{
	size_t n = 0;

	if (d->names)
		ports[n++].port = MAIN_DNS_PORT;
	for (uint32_t i = 0; i < d->server_n; i++) {
		const struct image_address *a = &d->server[i].conf->address;

		if (a->kind == IMAGE_ADDRESS_UNIX || main_has_port(ports, n, a->port))
			continue;
		if (n == MAIN_PORTS_MAX)
			return false;
		ports[n++].port = a->port;
	}
	*ret_n = n;
	return true;
}

static bool main_has_unix(const struct dialer *d)
{
	for (uint32_t i = 0; i < d->server_n; i++)
		if (d->server[i].conf->address.kind == IMAGE_ADDRESS_UNIX)
			return true;
	return false;
}

static enum err main_close_sandbox(struct dialer *d, struct sandbox_report *ret)
{
	static const struct sandbox_spec *const specs[] = { &dialer_sandbox, &dialer_sandbox_unix };
	struct sandbox_port *ports = calloc(MAIN_PORTS_MAX, sizeof *ports);
	struct sandbox_run run = { .ports = ports,
				   .limits_ports = true,
				   .has_other_reach = d->is_reach_by_address,
				   .weaker = d->self.weaker };
	enum err e = ports ? E_OK : E_NOMEM;

	if (e == E_OK && !main_ports(d, ports, &run.port_n)) {
		keeper_role_failed("the servers have more than %d different ports: use fewer, or "
				   "several instances",
				   MAIN_PORTS_MAX);
		e = E_LIMIT;
	} else if (e == E_OK) {
		e = sandbox_enter(specs[main_has_unix(d)], &run, ret);
		if (e != E_OK)
			keeper_role_failed("%s", ret->weaker[0] ? ret->weaker
								: "the sandbox can't be closed");
	}
	/* `ports` is not given back: it is small, and the process is as it will be from here on */
	return e;
}

static enum page_reach main_reach(const struct dialer *d, const struct sandbox_report *report)
{
	struct view weaker = view_str(report->weaker);

	if (d->is_reach_by_address)
		return PAGE_REACH_ADDRESSES;
	for (size_t i = 0; i < weaker.n; i++)
		if (view_starts(view_slice(weaker, i, weaker.n), VIEW("P4:")))
			return PAGE_REACH_NONE;
	return PAGE_REACH_PORTS;
}

static int main_run(struct keeper_birth *birth)
{
	struct dialer *d = birth->d;
	struct sandbox_report report = { 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	if (keeper_role_boot(&keeper_channel_boot, birth, &d->self) != E_OK)
		return EXIT_FAILURE;
	if (!d->image_map || !d->page) {
		keeper_role_failed("the keeper sent no image or no health page");
		return EXIT_FAILURE;
	}
	if (main_start(birth) != E_OK) {
		keeper_role_failed("the dialer can't be set up");
		return EXIT_FAILURE;
	}
	if (main_close_sandbox(d, &report) != E_OK)
		return EXIT_FAILURE;
	d->reach = (uint8_t)main_reach(d, &report);
	if (keeper_role_ready(report.have, report.weaker) != E_OK)
		return EXIT_FAILURE;
	while (!d->is_over)
		if (dialer_turn(d) != E_OK)
			return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

int main(void)
{
	struct keeper_birth birth = { .d = calloc(1, sizeof *birth.d) };

	return birth.d ? main_run(&birth) : EXIT_FAILURE;
}
