/* One walk over /proc; then the marks spread until nothing changes. */
#include "tool/process_list.h"

#include "sys/fd.h"
#include "tool/proc_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LIST_STAT = 4096, LIST_ALL = 262144, LIST_SPACES = 256, LIST_STARTED = 22 };

static enum err process_list_field(struct view *in, struct view *ret)
{
	*ret = view_slice(*in, 0, view_find(*in, ' '));
	*in = view_slice(*in, ret->n + 1, in->n);
	return ret->n ? E_OK : E_PROTO;
}

/* "1234 (name) S 1 ... starttime ...": the name may have any byte, so its end is the last ')'. */
static enum err process_list_parse(struct view text, struct process_list_one *p)
{
	size_t open = view_find(text, '('), close = text.n;
	struct wbuf name = wbuf_of(p->name, sizeof p->name - 1);
	struct view in = { 0 }, field = { 0 };
	uint64_t x = 0;

	while (close > open && text.p[close - 1] != ')')
		close--;
	if (close <= open + 1 || close + 1 >= text.n)
		return E_PROTO;
	wbuf_view_put(&name, view_slice(text, open + 1, close - open - 2));
	in = view_slice(text, close + 1, text.n);
	TRY(process_list_field(&in, &field));
	p->state = (char)field.p[0];
	TRY(process_list_field(&in, &field));
	TRY(view_dec(field, &x));
	p->parent = (int)x;
	for (unsigned i = 5; i <= LIST_STARTED; i++)
		TRY(process_list_field(&in, &field));
	return view_dec(field, &p->started);
}

enum err process_list_one(int pid, struct process_list_one *ret)
{
	struct process_list_one p = { .pid = pid };
	struct proc_file f = { 0 };
	char space[64];
	enum err e = proc_file_read(pid, "stat", LIST_STAT, &f);

	if (e == E_OK)
		e = process_list_parse(view_of(f.p, f.n), &p);
	proc_file_done(&f);
	if (e != E_OK)
		return e;
	/* "user:[4026531837]" */
	if (proc_file_link(pid, "ns/user", space, sizeof space) == E_OK) {
		struct view v = view_str(space);

		if (view_starts(v, VIEW("user:[")) &&
		    view_dec(view_slice(v, 6, v.n - 7), &p.user_ns) != E_OK)
			p.user_ns = 0;
	}
	*ret = p;
	return E_OK;
}

bool process_list_is_same(const struct process_list_one *p)
{
	struct process_list_one now = { 0 };

	return process_list_one(p->pid, &now) == E_OK && now.started == p->started;
}

bool process_list_is_stopped(const struct process_list_one *p)
{
	struct process_list_one now = { 0 };

	return process_list_one(p->pid, &now) == E_OK && (now.state == 'T' || now.state == 't');
}

static enum err process_list_add(struct process_list *l, size_t *cap, int pid)
{
	struct process_list_one one = { 0 }, *more = NULL;

	if (process_list_one(pid, &one) != E_OK)
		return E_OK; /* it has ended meanwhile */
	if (l->n == LIST_ALL)
		return E_LIMIT;
	if (l->n == *cap) {
		*cap = *cap ? 2 * *cap : 512;
		more = reallocarray(l->p, *cap, sizeof *more);
		if (!more)
			return E_NOMEM;
		l->p = more;
	}
	l->p[l->n++] = one;
	return E_OK;
}

static enum err process_list_walk(struct process_list *l)
{
	DIR *dir = opendir("/proc");
	size_t cap = 0;
	enum err e = dir ? E_OK : E_SYS;

	while (e == E_OK) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
		const struct dirent *d = readdir(dir);
		uint64_t pid = 0;

		if (!d)
			break;
		if (view_dec(view_str(d->d_name), &pid) == E_OK && pid <= INT32_MAX)
			e = process_list_add(l, &cap, (int)pid);
	}
	if (dir)
		(void)closedir(dir);
	return e;
}

static int process_list_compare(const void *a, const void *b)
{
	const struct process_list_one *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static struct process_list_one *process_list_find(const struct process_list *l, int pid)
{
	struct process_list_one key = { .pid = pid };

	return l->n ? bsearch(&key, l->p, l->n, sizeof key, process_list_compare) : NULL;
}

/* User namespaces of ours that are not the machine's or the caller's own. */
struct process_list_spaces {
	uint64_t own, outer, id[LIST_SPACES];
	size_t n;
};

static bool process_list_has(const struct process_list_spaces *s, uint64_t id)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->id[i] == id)
			return true;
	return false;
}

static bool process_list_mark(const struct process_list *l, struct process_list_spaces *s)
{
	bool has_changed = false;

	for (size_t i = 0; i < l->n; i++) {
		struct process_list_one *p = &l->p[i];
		const struct process_list_one *parent = process_list_find(l, p->parent);
		bool is_ours = (parent && parent->is_ours) || p->pid == l->keeper ||
			       (p->user_ns && process_list_has(s, p->user_ns));

		if (p->is_ours || !is_ours)
			continue;
		p->is_ours = has_changed = true;
		if (p->user_ns && p->user_ns != s->own && p->user_ns != s->outer &&
		    !process_list_has(s, p->user_ns) && s->n < LIST_SPACES)
			s->id[s->n++] = p->user_ns;
	}
	return has_changed;
}

static void process_list_keep(struct process_list *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->p[i].is_ours)
			l->p[kept++] = l->p[i];
	l->n = kept;
}

/* The keeper's lock says who it is; a stale one names nobody, or somebody else. E_CLOSED nobody */
static enum err process_list_keeper(const char *state_dir, int *ret)
{
	AUTO_FD dir = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD fd = dir < 0 ? -1 : openat(dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct process_list_one p = { 0 };
	char text[24];
	struct wbuf w = wbuf_of(text, sizeof text);
	uint64_t pid = 0;

	if (fd < 0)
		return proc_file_error(errno);
	if (fd_read_all(fd, &w) != E_OK)
		return E_CLOSED;
	if (view_dec(view_slice(wbuf_view(&w), 0, view_find(wbuf_view(&w), '\n')), &pid) != E_OK ||
	    pid == 0 || pid > INT32_MAX)
		return E_CLOSED;
	if (process_list_one((int)pid, &p) != E_OK ||
	    !view_starts(view_str(p.name), VIEW("sluis-keeper")))
		return E_CLOSED;
	*ret = (int)pid;
	return E_OK;
}

enum err process_list_of(const char *state_dir, struct process_list *ret)
{
	struct process_list l = { 0 };
	struct process_list_spaces s = { 0 };
	enum err e = process_list_keeper(state_dir, &l.keeper);

	if (e == E_OK)
		e = process_list_walk(&l);
	if (e == E_OK) {
		const struct process_list_one *keeper = NULL, *own = NULL;

		qsort(l.p, l.n, sizeof *l.p, process_list_compare);
		keeper = process_list_find(&l, l.keeper);
		own = process_list_find(&l, getpid());
		s.outer = keeper ? keeper->user_ns : 0;
		s.own = own ? own->user_ns : 0;
		while (process_list_mark(&l, &s))
			continue;
		process_list_keep(&l);
		e = l.n > PROCESS_LIST_MAX ? E_LIMIT : E_OK;
	}
	if (e != E_OK)
		process_list_done(&l);
	if (e != E_OK && e != E_CLOSED)
		return e;
	*ret = l;
	return E_OK;
}

void process_list_done(struct process_list *l)
{
	free(l->p);
	*l = (struct process_list){ 0 };
}
