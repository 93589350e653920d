/* Nothing here is Sluis: it is what an attack would be after. */
#include "tool/drill_victim.h"

#include "sys/clock.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { VICTIM_TCP, VICTIM_UDP, VICTIM_ABSTRACT, VICTIM_PATH, VICTIM_CELL, VICTIM_FDS };
enum { VICTIM_BACKLOG = 64, VICTIM_TURN_MS = 50, VICTIM_CELL_MS = 25000, VICTIM_PAGE = 4096 };

struct victim {
	const struct drill_plan *plan;
	struct board *board;
	struct pollfd fd[VICTIM_FDS];
	uint64_t cell_ms; /* when its connection to a cell began */
	uint64_t secret;  /* what could be read of it */
	uid_t uid;
	bool wants_cells;
};

/* Both families where there are both. */
static enum err victim_port(struct victim *v)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	bool is_six = v->board->scene.has_ipv6;
	struct sockaddr *at = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	socklen_t n = is_six ? sizeof six : sizeof four;
	int tcp = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
	    udp = socket(at->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	v->fd[VICTIM_TCP].fd = tcp;
	v->fd[VICTIM_UDP].fd = udp;
	if (tcp < 0 || udp < 0 || bind(tcp, at, n) < 0 || listen(tcp, VICTIM_BACKLOG) < 0 ||
	    getsockname(tcp, at, &n) < 0 || bind(udp, at, n) < 0)
		return E_SYS;
	v->board->scene.port = ntohs(is_six ? six.sin6_port : four.sin_port);
	return E_OK;
}

static enum err victim_abstract(struct victim *v)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct board_scene *scene = &v->board->scene;
	int n = snprintf(scene->abstract, sizeof scene->abstract, "sluis-drill-neighbour");
	socklen_t bytes = (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 + (socklen_t)n;

	v->fd[VICTIM_ABSTRACT].fd = fd;
	(void)snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "%s", scene->abstract);
	return fd < 0 || bind(fd, (struct sockaddr *)&at, bytes) < 0 ||
			       listen(fd, VICTIM_BACKLOG) < 0
		       ? E_SYS
		       : E_OK;
}

static enum err victim_path(struct victim *v)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	v->fd[VICTIM_PATH].fd = fd;
	(void)snprintf(at.sun_path, sizeof at.sun_path, "%.90s/socket", v->board->scene.dir);
	return fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
			       chmod(at.sun_path, 0666) < 0 || listen(fd, VICTIM_BACKLOG) < 0
		       ? E_SYS
		       : E_OK;
}

/* ---- the client of cells ---- */

static void victim_cell_close(struct victim *v)
{
	if (v->fd[VICTIM_CELL].fd >= 0)
		v->fd[VICTIM_CELL].fd = fd_close(v->fd[VICTIM_CELL].fd);
}

static int victim_cell_connect(const struct drill_plan *plan)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(plan->cell_port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(plan->cell_port) };
	struct wbuf w = wbuf_of(&at.sin6_addr, sizeof at.sin6_addr),
		    w4 = wbuf_of(&four.sin_addr, sizeof four.sin_addr);
	bool is_four = ip_is_v4(&plan->cell_ip);
	int fd = socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	wbuf_put(&w, plan->cell_ip.b, 16);
	wbuf_put(&w4, plan->cell_ip.b + 12, 4);
	if (fd >= 0 && (is_four ? connect(fd, (struct sockaddr *)&four, sizeof four)
				: connect(fd, (struct sockaddr *)&at, sizeof at)) < 0)
		fd = fd_close(fd);
	return fd;
}

/* What a cell is born for: the first bytes of a ClientHello. */
static void victim_cell(struct victim *v)
{
	static const uint8_t hello[] = { 22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3 };

	if (!v->wants_cells || atomic_load(&v->board->is_done))
		return;
	if (v->fd[VICTIM_CELL].fd >= 0) {
		if (clock_mono_ms() - v->cell_ms > VICTIM_CELL_MS)
			victim_cell_close(v);
		return;
	}
	v->cell_ms = clock_mono_ms();
	v->fd[VICTIM_CELL].fd = victim_cell_connect(v->plan);
	if (v->fd[VICTIM_CELL].fd >= 0 &&
	    send(v->fd[VICTIM_CELL].fd, hello, sizeof hello, MSG_NOSIGNAL) < 0)
		victim_cell_close(v);
}

/* ---- its life ---- */

static void victim_take(struct victim *v, unsigned which)
{
	struct board_scene *scene = &v->board->scene;
	uint8_t bytes[512];
	int fd = -1;

	if (which == VICTIM_CELL) {
		victim_cell_close(v); /* the cell has ended */
		return;
	}
	if (which == VICTIM_UDP) {
		if (recv(v->fd[which].fd, bytes, sizeof bytes, MSG_DONTWAIT) >= 0)
			atomic_fetch_add(&scene->received, 1);
		return;
	}
	fd = accept4(v->fd[which].fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0 && which == VICTIM_TCP)
		atomic_fetch_add(&scene->connected, 1);
	(void)fd_close(fd);
}

static void victim_turn(struct victim *v)
{
	if (poll(v->fd, VICTIM_FDS, VICTIM_TURN_MS) <= 0)
		return;
	for (unsigned i = 0; i < VICTIM_FDS; i++)
		if (v->fd[i].revents)
			victim_take(v, i);
}

static void victim_run(struct victim *v, int ready_fd) __attribute__((noreturn));

static void victim_run(struct victim *v, int ready_fd)
{
	struct board_scene *scene = &v->board->scene;

	if (geteuid() == 0 &&
	    (setresgid(v->uid, v->uid, v->uid) < 0 || setresuid(v->uid, v->uid, v->uid) < 0))
		_exit(1);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_DUMPABLE, 1); /* may be traced, as another user's programs are */
	(void)signal(SIGURG, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	scene->pid = (int32_t)getpid();
	scene->address = (uint64_t)(uintptr_t)&v->secret;
	scene->shm = (int32_t)syscall(SYS_shmget, IPC_PRIVATE, VICTIM_PAGE, IPC_CREAT | 0666);
	if (send(ready_fd, "", 1, MSG_NOSIGNAL) != 1)
		_exit(1);
	(void)close(ready_fd);
	for (;;) {
		victim_cell(v);
		victim_turn(v);
	}
}

enum err drill_victim_start(const struct drill_plan *plan, struct board *board, enum role role,
			    uid_t uid)
{
	struct victim v = { .plan = plan,
			    .board = board,
			    .uid = uid,
			    .secret = UINT64_C(0x736563726574),
			    .wants_cells = role == ROLE_CELL };
	int pair[2] = { -1, -1 };
	char byte = 0;
	pid_t pid = -1;

	for (unsigned i = 0; i < VICTIM_FDS; i++)
		v.fd[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	TRY(victim_port(&v));
	TRY(victim_abstract(&v));
	TRY(victim_path(&v));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return E_SYS;
	pid = fork();
	if (pid == 0) {
		(void)close(pair[0]);
		victim_run(&v, pair[1]);
	}
	(void)close(pair[1]);
	/* An end of file when it could not begin */
	if (pid < 0 || recv(pair[0], &byte, 1, 0) != 1)
		return E_SYS;
	return E_OK;
}
