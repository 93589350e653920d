/*
 * /proc/PID/stat and statm of the roles: two lines of numbers that the kernel writes, the only text
 * the keeper reads. A number that is not there stays as it was.
 */
#include "role/keeper/usage.h"

#include "ipc/pages.h"
#include "role/keeper/page.h"
#include "role/keeper/seat.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
	USAGE_EVERY_MS = 5000,
	USAGE_FRESH_MS = 200,
	USAGE_LINE = 1024,
	USAGE_STAT_UTIME = 11, /* fields behind the command's name, which may hold anything */
	USAGE_STAT_STIME = 12,
	USAGE_STATM_RESIDENT = 1,
	USAGE_STATM_SHARED = 2
};

enum err usage_open(struct keeper *k)
{
	void *p = NULL;

	TRY(page_own(k));
	if (k->usage.page)
		return E_OK;
	TRY(shm_map(k->own.rw, true, &p, NULL));
	k->usage.page = p;
	PAGE_SET(k->usage.page->started_wall_s, (uint64_t)k->started_wall_s);
	PAGE_SET(k->usage.page->reloads, k->reloads);
	PAGE_SET(k->usage.page->reloads_failed, k->failed_reloads);
	return E_OK;
}

/* The line of a file of /proc; empty when there is none. */
static struct view usage_line(pid_t pid, const char *name, char line[USAGE_LINE])
{
	char path[64];
	ssize_t n = 0;
	AUTO_FD fd = -1;

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return (struct view){ 0 };
	n = read(fd, line, USAGE_LINE);
	return view_of(line, n > 0 ? (size_t)n : 0);
}

/* Number i of those that blanks part; 0 when it is none. */
static uint64_t usage_number(struct view line, unsigned i)
{
	uint64_t x = 0;

	for (; i; i--) {
		size_t blank = view_find(line, ' ');

		line = view_slice(line, blank + 1, line.n);
	}
	return view_dec(view_slice(line, 0, view_find(line, ' ')), &x) == E_OK ? x : 0;
}

/* Behind "(name) ". */
static struct view usage_behind_name(struct view line)
{
	size_t at = 0;

	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == ')')
			at = i + 2;
	return view_slice(line, at, line.n);
}

static uint64_t usage_cpu_us(pid_t pid)
{
	char text[USAGE_LINE];
	struct view line = usage_behind_name(usage_line(pid, "stat", text));
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t ticks =
		usage_number(line, USAGE_STAT_UTIME) + usage_number(line, USAGE_STAT_STIME);

	return hz > 0 ? ticks * 1000000 / (uint64_t)hz : 0;
}

static void usage_memory(struct page_keeper_role *r, pid_t pid)
{
	char text[USAGE_LINE];
	struct view line = usage_line(pid, "statm", text);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	PAGE_SET(r->resident_bytes, usage_number(line, USAGE_STATM_RESIDENT) * page);
	PAGE_SET(r->shared_bytes, usage_number(line, USAGE_STATM_SHARED) * page);
}

static void usage_row(struct page_keeper_role *r, pid_t pid)
{
	uint64_t cpu = usage_cpu_us(pid);

	PAGE_SET(r->pid, (uint32_t)pid);
	if (cpu)
		PAGE_SET(r->cpu_us, cpu);
	usage_memory(r, pid);
}

static void usage_seat(struct page_keeper_role *r, const struct keeper_seat *s)
{
	const struct keeper_child *c = s->child;

	PAGE_SET(r->index, s->index);
	PAGE_SET(r->restarts, s->restarts);
	PAGE_SET(r->is_running, c && c->state == CHILD_RUNNING);
	if (c && c->state != CHILD_FREE) {
		PAGE_SET(r->started_wall_s, (uint64_t)c->started_wall_s);
		usage_row(r, c->pid);
	}
	PAGE_SET(r->role, s->is_wanted ? s->role : 0);
}

static void usage_self(struct keeper *k)
{
	struct page_keeper_role *r = &k->usage.page->role[ROLE_KEEPER];

	usage_row(r, getpid());
	PAGE_SET(r->started_wall_s, (uint64_t)k->started_wall_s);
	PAGE_SET(r->is_running, 1);
	PAGE_SET(r->role, ROLE_KEEPER);
}

void usage_update(struct keeper *k)
{
	if (!k->usage.page || (k->usage.at_ms && k->loop.now_ms - k->usage.at_ms < USAGE_FRESH_MS))
		return;
	k->usage.at_ms = k->loop.now_ms;
	PAGE_SET(k->usage.page->generation, k->image.generation);
	usage_self(k);
	for (size_t i = 0; i < KEEPER_SEATS; i++)
		if (i != ROLE_KEEPER &&
		    (k->seats[i].is_wanted || PAGE_GET(k->usage.page->role[i].role)))
			usage_seat(&k->usage.page->role[i], &k->seats[i]);
}

uint64_t usage_tick(struct keeper *k)
{
	if (!k->usage.page || !k->seats[ROLE_CONSOLE].is_wanted)
		return UINT64_MAX;
	if (k->loop.now_ms >= k->usage.at_ms + USAGE_EVERY_MS)
		usage_update(k);
	return k->usage.at_ms + USAGE_EVERY_MS;
}

void usage_ended(struct keeper *k, const struct keeper_child *c)
{
	const struct keeper_seat *s = seat_of(k, (enum role)c->role, c->index);
	struct page_keeper_role *r = NULL;

	if (!k->usage.page)
		return;
	r = &k->usage.page->role[s - k->seats];
	if (PAGE_GET(r->pid) != (uint32_t)c->pid)
		return;
	PAGE_ADD(k->usage.page->cpu_us, PAGE_GET(r->cpu_us));
	PAGE_SET(r->cpu_us, 0);
	PAGE_SET(r->resident_bytes, 0);
	PAGE_SET(r->shared_bytes, 0);
	PAGE_SET(r->pid, 0);
	PAGE_SET(r->is_running, 0);
}

void usage_changed(struct keeper *k, bool is_good)
{
	if (!k->usage.page)
		return;
	PAGE_SET(k->usage.page->reloads, k->reloads);
	PAGE_SET(k->usage.page->reloads_failed, k->failed_reloads);
	PAGE_SET(k->usage.page->is_last_good, is_good);
	PAGE_SET(k->usage.page->generation, k->image.generation);
	PAGE_SET(k->usage.page->last_wall_s, (uint64_t)(clock_wall_us() / 1000000));
}

_Static_assert((int)PAGE_KEEPER_ROLES == (int)KEEPER_SEATS, "a row per seat");
