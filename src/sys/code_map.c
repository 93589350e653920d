/* Read in pieces: a process may have sixty thousand mappings, a line each. */
#include "sys/code_map.h"

#include "base/hash.h"
#include "base/proc_maps.h"
#include "base/wbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
	CODE_MAP_PIECE = 12288,	 /* more than the longest line: a path of 4 KB in octal */
	CODE_MAP_MOST = 64 << 20 /* bytes: the kernel's limit of mappings, with short paths */
};

/* Memory of the kernel's own that every process has; nobody else can give anonymous memory a name
 * in brackets without "anon". */
static bool code_map_is_kernels(struct view path)
{
	return view_eq(path, VIEW("[vdso]")) || view_eq(path, VIEW("[vsyscall]")) ||
	       view_eq(path, VIEW("[uprobes]"));
}

static bool code_map_is_of_a_file(const struct proc_map *m)
{
	return m->inode && !view_starts(m->path, VIEW("/memfd:")) &&
	       !view_starts(m->path, VIEW("/secretmem")) && !view_starts(m->path, VIEW("/SYSV")) &&
	       !view_starts(m->path, VIEW("/dev/zero")) &&
	       !view_starts(m->path, VIEW("/anon_hugepage"));
}

static void code_map_add(struct code_map *c, const struct proc_map *m)
{
	const uint64_t words[] = { m->from, m->to, m->flags, m->offset, m->device, m->inode };
	enum code_map_fault fault = CODE_MAP_NONE;

	if (!(m->flags & PROC_MAP_EXEC) || (!m->inode && code_map_is_kernels(m->path)))
		return;
	c->n++;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		c->digest = hash_mix(c->digest ^ words[i]);
	if (m->flags & PROC_MAP_WRITE)
		fault = CODE_MAP_WRITABLE;
	else if (!code_map_is_of_a_file(m))
		fault = CODE_MAP_NO_FILE;
	if (fault != CODE_MAP_NONE && c->fault == CODE_MAP_NONE) {
		c->fault = (uint8_t)fault;
		c->from = m->from;
		c->to = m->to;
	}
}

/* The whole lines of text; *rest is what is behind the last of them. */
static enum err code_map_lines(struct code_map *c, struct view text, struct view *rest)
{
	size_t whole = text.n;
	struct proc_map m = { 0 };
	struct view lines = { 0 };
	enum err e = E_OK;

	while (whole && text.p[whole - 1] != '\n')
		whole--;
	lines = view_slice(text, 0, whole);
	*rest = view_slice(text, whole, text.n);
	while ((e = proc_maps_next(&lines, &m)) == E_OK)
		code_map_add(c, &m);
	return e == E_AGAIN ? E_OK : e;
}

enum err code_map_read(int fd, struct code_map *ret)
{
	uint8_t text[CODE_MAP_PIECE];
	struct code_map c = { .digest = 1 };
	struct wbuf w = wbuf_of(text, sizeof text);
	struct view rest = { 0 };
	size_t all = 0;
	ssize_t n = 0;

	while ((n = read(fd, text + w.n, sizeof text - w.n)) > 0) {
		all += (size_t)n;
		w.n += (size_t)n;
		if (all > CODE_MAP_MOST)
			return E_LIMIT;
		TRY(code_map_lines(&c, wbuf_view(&w), &rest));
		if (rest.n == sizeof text)
			return E_PROTO;
		w.n = 0;
		for (size_t i = 0; i < rest.n; i++) /* to the front; they may overlap */
			text[w.n++] = rest.p[i];
	}
	if (n < 0 || all == 0)
		return E_SYS;
	if (w.n)
		return E_PROTO;
	c.digest |= 1;
	*ret = c;
	return E_OK;
}

enum err code_map_of(pid_t pid, struct code_map *ret)
{
	char path[32] = "";
	int fd = -1;
	enum err e = E_OK;

	(void)snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES || errno == EPERM ? E_DENIED : E_SYS;
	e = code_map_read(fd, ret);
	(void)close(fd);
	return e;
}
