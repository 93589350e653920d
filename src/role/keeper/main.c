/*
 * NAME
 *      sluis-keeper - starts, joins and restarts the roles of Sluis
 *
 * DESCRIPTION
 *      The keeper is started by `sluis run` and stays in the foreground. It has the configuration
 *      compiled by sluis-config, binds the listening sockets, starts every other role in its own
 *      sandbox, makes the channels and shared pages between them, restarts what ends, and replaces
 *      configuration and programs without losing a connection. It says "ready" on standard output
 *      (and to the service manager) when every listener accepts.
 *
 * SECURITY
 *      The keeper keeps what root gives it as far as starting roles needs it, and drops the rest at
 *      start. It reads nothing from the network, has no TLS library and no parser of text formats;
 *      what it reads is frames from its own roles, each of which is assumed to be hostile, and
 *      frames from commands that root or its own user runs. It ends a role that breaks the
 *      protocol. When the keeper ends, every role ends with it.
 *
 * FILES
 *      DIR/lock          held while the keeper runs
 *      DIR/control.sock  where `sluis` asks (mode 0600)
 *      DIR/audit         the log, owned by the audit role
 *      DIR/keys          the audit key, owned by the signer
 *      DIR/persistence.key  what seals persistence cookies (mode 0600)
 *
 * SIGNALS
 *      SIGTERM, SIGINT   finish what is under way, then exit 0; a second one: at once
 *      SIGHUP            reload the configuration, as `sluis reload`
 *      SIGUSR2           replace the programs, as `sluis upgrade`
 *
 * IPC
 *      ipc/keeper_role.h with every role, ipc/tool_keeper.h with the command.
 */
#include "role/keeper/args.h"
#include "role/keeper/change.h"
#include "role/keeper/child.h"
#include "role/keeper/control.h"
#include "role/keeper/drill.h"
#include "role/keeper/events.h"
#include "role/keeper/fresh.h"
#include "role/keeper/handover.h"
#include "role/keeper/hash_key.h"
#include "role/keeper/history.h"
#include "role/keeper/notify.h"
#include "role/keeper/page.h"
#include "role/keeper/peaks.h"
#include "role/keeper/persist_key.h"
#include "role/keeper/seat.h"
#include "role/keeper/spawners.h"
#include "role/keeper/statedir.h"
#include "role/keeper/stop.h"
#include "role/keeper/store_key.h"
#include "role/keeper/upgrade.h"
#include "role/keeper/usage.h"
#include "role/keeper/users.h"
#include "role/keeper/watch.h"
#include "sys/caps.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/seal.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* What starting roles, binding low ports and limiting the dialer takes. */
#define KEEPER_CAPABILITIES                                                                        \
	(CAPS_BIT(CAP_SYS_ADMIN) | CAPS_BIT(CAP_SETUID) | CAPS_BIT(CAP_SETGID) |                   \
	 CAPS_BIT(CAP_SETPCAP) | CAPS_BIT(CAP_KILL) | CAPS_BIT(CAP_CHOWN) | CAPS_BIT(CAP_FOWNER) | \
	 CAPS_BIT(CAP_DAC_OVERRIDE) | CAPS_BIT(CAP_DAC_READ_SEARCH) |                              \
	 CAPS_BIT(CAP_NET_BIND_SERVICE) | CAPS_BIT(CAP_NET_ADMIN) | CAPS_BIT(CAP_BPF) |            \
	 CAPS_BIT(CAP_SYS_RESOURCE) | CAPS_BIT(CAP_IPC_LOCK))

static void main_on_signal(void *owner, struct loop_source *source, uint32_t events)
{
	struct keeper *k = owner;
	struct signalfd_siginfo info = { 0 };

	(void)events;
	while (read(source->fd, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGHUP)
			change_request(k, false);
		else if (info.ssi_signo == SIGUSR2)
			upgrade_request(k);
		else
			stop_begin(k, false, 0);
	}
}

static loop_handler *const main_handlers[KEEPER_SOURCES] = {
	[KEEPER_ON_CHANNEL] = child_on_channel, [KEEPER_ON_PIDFD] = child_on_pidfd,
	[KEEPER_ON_SIGNAL] = main_on_signal,	[KEEPER_ON_CONTROL] = control_on_listen,
	[KEEPER_ON_CLIENT] = control_on_client, [KEEPER_ON_SELF_CHECK] = upgrade_on_check,
};

/* The directory this program lies in, unless --programs said another. */
static enum err main_programs(struct keeper_options *o)
{
	ssize_t n = 0, slash = 0;

	if (*o->programs)
		return E_OK;
	n = readlink("/proc/self/exe", o->programs, KEEPER_PATH_MAX);
	if (n <= 0 || n >= KEEPER_PATH_MAX)
		return log_errno("/proc/self/exe");
	for (ssize_t i = 1; i < n; i++)
		if (o->programs[i] == '/')
			slash = i;
	o->programs[slash] = '\0';
	return E_OK;
}

static enum err main_harden(struct keeper *k)
{
	struct rlimit none = { 0, 0 }, files = { 0 };
	struct seal_report sealed = { 0 };

	(void)umask(022);
	if (chdir("/") < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || getrlimit(RLIMIT_NOFILE, &files) < 0)
		return log_errno("the keeper's own limits");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		return log_errno("RLIMIT_NOFILE");
	TRY(seal_memory(&sealed)); /* what it starts inherits the first half (P5) */
	if (k->is_root && caps_limit(KEEPER_CAPABILITIES) != E_OK)
		return log_errno("dropping capabilities");
	return E_OK;
}

static enum err main_signals(struct keeper *k)
{
	static const int mine[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR2 };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof mine / sizeof *mine; i++)
		(void)sigaddset(&set, mine[i]);
	if (sigaction(SIGPIPE, &ignore, NULL) < 0 || sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return log_errno("signals");
	k->signals = (struct loop_source){ .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
					   .kind = KEEPER_ON_SIGNAL };
	if (k->signals.fd < 0)
		return log_errno("signalfd");
	return loop_add(&k->loop, &k->signals, EPOLLIN);
}

static enum err main_start_new(struct keeper *k)
{
	int fd = -1;

	secret_random(&k->boot_id, sizeof k->boot_id);
	TRY(statedir_open(k));
	TRY(history_open(k));
	TRY(statedir_control(k, &fd));
	TRY(control_open(k, fd));
	TRY(usage_open(k));
	return page_health(k);
}

static enum err main_start_upgraded(struct keeper *k)
{
	if (handover_read(k, k->options.handover_fd) != E_OK) {
		log_line(LOG_ERROR, "what the old keeper handed over is not understood");
		return E_PROTO;
	}
	k->options.handover_fd = fd_close(k->options.handover_fd);
	TRY(handover_adopt(k));
	TRY(usage_open(k));
	TRY(statedir_open(k));
	return history_open(k);
}

static enum err main_start(struct keeper *k)
{
	struct wbuf w = wbuf_of(k->path_body, sizeof k->path_body);
	bool is_upgrade = k->options.handover_fd >= 0;

	wbuf_str16(&w, view_str(k->options.config));
	k->path_body_n = w.n;
	TRY(main_harden(k));
	TRY(users_find(k));
	TRY(loop_init(&k->loop, k, main_handlers, KEEPER_SOURCES));
	k->loop.turn = 1; /* 0 is when nothing was ever freed */
	TRY(main_signals(k));
	TRY(secret_new(KEEPER_TICKET_BYTES, &k->ticket_keys));
	secret_random(k->ticket_keys.p, k->ticket_keys.n);
	TRY(is_upgrade ? main_start_upgraded(k) : main_start_new(k));
	TRY(drill_open(k));
	TRY(persist_key_load(k));
	TRY(hash_key_load(k));
	TRY(store_key_load(k));
	TRY(spawners_open(k));
	TRY(events_open(k));
	events_put(k, RECORD_EVENT, is_upgrade ? "sluis.upgraded" : "sluis.started",
		   VIEW("keeper[0]"), "ok", (struct view){ 0 });
	change_request(k, is_upgrade);
	return E_OK;
}

static uint64_t main_earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Everything that time does; how long nothing happens by itself, or -1. */
static int main_tick(struct keeper *k)
{
	uint64_t next = child_tick(k);

	next = main_earlier(next, seat_tick(k));
	next = main_earlier(next, control_tick(k));
	next = main_earlier(next, change_tick(k));
	next = main_earlier(next, upgrade_tick(k));
	next = main_earlier(next, usage_tick(k));
	next = main_earlier(next, peaks_tick(k));
	next = main_earlier(next, spawners_tick(k));
	next = main_earlier(next, watch_tick(k));
	drill_tick(k);
	stop_tick(k);
	if (next == UINT64_MAX)
		return -1;
	if (next <= k->loop.now_ms)
		return 0;
	return next - k->loop.now_ms < 60000 ? (int)(next - k->loop.now_ms) : 60000;
}

static int main_run(struct keeper *k)
{
	while (k->stop.stage != STOP_DONE) {
		int wait_ms = main_tick(k);

		if (k->stop.stage == STOP_DONE)
			break;
		if (loop_turn(&k->loop, wait_ms) != E_OK)
			return 1;
	}
	statedir_done(k);
	secret_done(&k->ticket_keys);
	secret_done(&k->persist_keys);
	secret_done(&k->hash_key);
	secret_done(&k->store_key);
	secret_done(&k->store_key_next);
	return k->stop.exit_status;
}

int main(int argc, char **argv, char **envp)
{
	struct keeper *k =
		mmap(NULL, sizeof *k, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct keeper_options *o = k == MAP_FAILED ? NULL : &k->options;
	bool is_check = argc == 1 && view_ends(view_str(argv[0]), VIEW("-self-check"));

	log_open("keeper", 0);
	if (!o) {
		(void)log_errno("mmap");
		return 1;
	}
	if (is_check)
		*o = (struct keeper_options){ .is_self_check = true, .handover_fd = 3 };
	else if (args_parse(argc, argv, o) != E_OK)
		return 2;
	if (main_programs(o) != E_OK)
		return 1;
	fresh_init(k);
	k->envp = envp;
	k->notify = notify_find(envp);
	if (o->is_self_check)
		return upgrade_self_check(k, o->handover_fd);
	if (main_start(k) != E_OK)
		return 1;
	return main_run(k);
}
