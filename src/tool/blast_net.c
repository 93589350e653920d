/* Text of /proc, and the control group by its path. */
#include "tool/blast_net.h"

#include "base/wbuf.h"
#include "sys/fd.h"
#include "tool/blast_reach.h"
#include "tool/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { NET_FILE = 4 << 20, NET_PATH = 4096 };

static struct view net_line(struct view *text)
{
	struct view line = view_slice(*text, 0, view_find(*text, '\n'));

	*text = view_slice(*text, line.n + 1, text->n);
	return line;
}

/* The word that comes next; empty: there is none. */
static struct view net_word(struct view *line)
{
	size_t n = 0;
	struct view word = { 0 };

	*line = view_trim(*line);
	while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t')
		n++;
	word = view_slice(*line, 0, n);
	*line = view_slice(*line, n, line->n);
	return word;
}

unsigned blast_net_interfaces(struct view text)
{
	unsigned n = 0;

	while (text.n) {
		struct view line = net_line(&text);
		size_t colon = view_find(line, ':');

		/* The two lines of the heading have bars */
		if (colon == line.n || view_find(line, '|') != line.n)
			continue;
		n += !view_eq(view_trim(view_slice(line, 0, colon)), VIEW("lo"));
	}
	return n;
}

unsigned blast_net_routes(struct view text)
{
	unsigned n = 0;

	(void)net_line(&text); /* the heading */
	while (text.n) {
		struct view line = net_line(&text), name = net_word(&line);

		n += name.n && !view_eq(name, VIEW("lo"));
	}
	return n;
}

/* Whether bit 0x200 is set in eight hexadecimal digits. */
static bool net_rejects(struct view flags)
{
	uint8_t c = flags.n == 8 ? flags.p[5] : '0';

	return ((c >= 'a' ? c - 'a' + 10 : c - '0') & 2) != 0;
}

/* Destination, length, source, length, hop, metric, use, use, flags, interface. Those that reject
 * (RTF_REJECT, 0x200) lead nowhere. */
unsigned blast_net_routes_v6(struct view text)
{
	unsigned n = 0;

	while (text.n) {
		struct view line = net_line(&text), word = { 0 }, flags = { 0 };

		for (unsigned i = 0; i < 10; i++) {
			flags = word;
			word = net_word(&line);
		}
		n += word.n && !view_eq(word, VIEW("lo")) && !net_rejects(flags);
	}
	return n;
}

struct view blast_net_group(struct view text)
{
	while (text.n) {
		struct view line = net_line(&text);

		if (view_starts(line, VIEW("0::/")))
			return view_slice(line, 3, line.n);
	}
	return (struct view){ 0 };
}

/* "\040" is a blank: the kernel writes blanks and backslashes so. */
static void net_unescape(struct wbuf *w, struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\\' && i + 3 < v.n) {
			wbuf_u8(w, (uint8_t)((v.p[i + 1] & 3) << 6 | (v.p[i + 2] & 7) << 3 |
					     (v.p[i + 3] & 7)));
			i += 3;
		} else {
			wbuf_u8(w, v.p[i]);
		}
	}
}

enum err blast_net_mount(struct view text, char *ret, size_t cap)
{
	while (text.n) {
		struct view line = net_line(&text), place = { 0 }, word = { 0 };
		struct wbuf w = wbuf_of(ret, cap - 1);

		for (unsigned i = 0; i < 5; i++)
			place = net_word(&line);
		do
			word = net_word(&line);
		while (word.n && !view_eq(word, VIEW("-")));
		if (!view_eq(net_word(&line), VIEW("cgroup2")))
			continue;
		net_unescape(&w, place);
		TRY(wbuf_check(&w));
		ret[w.n] = '\0';
		return E_OK;
	}
	return E_CLOSED;
}

static enum err net_count(int pid, const char *name, unsigned (*count)(struct view), unsigned *sum)
{
	struct proc_file f = { 0 };
	enum err e = proc_file_read(pid, name, NET_FILE, &f);

	if (e == E_OK)
		*sum += count(view_of(f.p, f.n));
	proc_file_done(&f);
	return e;
}

/* The path of the group, as it is mounted here. */
static enum err net_group_path(int pid, char *ret)
{
	struct proc_file mounts = { 0 }, group = { 0 };
	enum err e = proc_file_read(0, "self/mountinfo", NET_FILE, &mounts);
	struct view path = { 0 };
	size_t n = 0;

	if (e == E_OK)
		e = blast_net_mount(view_of(mounts.p, mounts.n), ret, NET_PATH);
	if (e == E_OK)
		e = proc_file_read(pid, "cgroup", NET_FILE, &group);
	if (e == E_OK) {
		path = blast_net_group(view_of(group.p, group.n));
		n = view_str(ret).n;
		if (path.n == 0)
			e = E_CLOSED;
		else if (snprintf(&ret[n], NET_PATH - n, "%.*s", (int)path.n,
				  (const char *)path.p) >= (int)(NET_PATH - n))
			e = E_LIMIT;
	}
	proc_file_done(&mounts);
	proc_file_done(&group);
	return e;
}

static void net_programs(int pid, struct blast_net *n)
{
	char path[NET_PATH];
	AUTO_FD fd = -1;
	enum err e = net_group_path(pid, path);

	/* No cgroup2 at all: no programs either */
	if (e == E_CLOSED) {
		n->has_programs_known = true;
		return;
	}
	if (e != E_OK)
		return;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n->has_programs_known = fd >= 0 && blast_reach_look(fd, n) == E_OK;
}

enum err blast_net_look(int pid, struct blast_net *ret)
{
	*ret = (struct blast_net){ 0 };
	TRY(net_count(pid, "net/dev", blast_net_interfaces, &ret->interfaces));
	TRY(net_count(pid, "net/route", blast_net_routes, &ret->routes));
	if (net_count(pid, "net/ipv6_route", blast_net_routes_v6, &ret->routes) == E_NOMEM)
		return E_NOMEM;
	net_programs(pid, ret);
	ret->is_known = true;
	return E_OK;
}
