/* A head as in /proc/PID/maps begins with a digit or a small letter, what belongs to it with a
 * capital one. */
#include "tool/blast_map.h"

#include "base/proc_maps.h"
#include "base/wbuf.h"
#include "tool/proc_file.h"

enum { MAP_KB = 1024 };

struct map_reader {
	struct blast_maps *to;
	struct proc_map head;
};

static void map_note(struct blast_map *list, size_t *n, const struct proc_map *m)
{
	struct blast_map *one = &list[*n];
	struct wbuf w = wbuf_of(one->name, sizeof one->name - 1);

	if (*n == BLAST_MAP_SHOWN)
		return;
	*one = (struct blast_map){ .bytes = m->to - m->from,
				   .is_writable = m->flags & PROC_MAP_WRITE };
	wbuf_view_put(&w, view_slice(m->path, 0, sizeof one->name - 1));
	one->name[w.n] = '\0';
	(*n)++;
}

static bool map_is_kernels(const struct proc_map *m)
{
	return view_eq(m->path, VIEW("[vdso]")) || view_eq(m->path, VIEW("[vsyscall]"));
}

bool blast_map_is_hidden(struct view path)
{
	return view_eq(path, VIEW("/secretmem"));
}

static void map_head(struct map_reader *r)
{
	const struct proc_map *m = &r->head;
	struct blast_maps *to = r->to;
	bool has_file = m->inode != 0 && m->path.n && m->path.p[0] == '/';

	to->bytes += m->to - m->from;
	if (blast_map_is_hidden(m->path)) {
		to->hidden += m->to - m->from;
		return;
	}
	if ((m->flags & PROC_MAP_SHARED) && (m->flags & (PROC_MAP_READ | PROC_MAP_WRITE))) {
		to->shared_total++;
		to->shared_writable += (m->flags & PROC_MAP_WRITE) != 0;
		map_note(to->shared, &to->shared_n, m);
	}
	if (!(m->flags & PROC_MAP_EXEC) || map_is_kernels(m))
		return;
	to->writable_code += (m->flags & PROC_MAP_WRITE) != 0;
	to->anonymous_code += !has_file;
	if ((m->flags & PROC_MAP_WRITE) || !has_file)
		map_note(to->code, &to->code_n, m);
}

/* "rd wr mr mw me lo dd" */
static void map_flags(struct map_reader *r, struct view in)
{
	uint64_t n = r->head.to - r->head.from;

	while (in.n) {
		struct view word = view_slice(in, 0, view_find(in, ' '));

		in = view_slice(in, word.n + 1, in.n);
		if (view_eq(word, VIEW("dd")))
			r->to->not_dumped += n;
		else if (view_eq(word, VIEW("wf")))
			r->to->wiped += n;
		else if (view_eq(word, VIEW("sl")))
			r->to->sealed += n;
	}
}

/* "        124 kB" */
static enum err map_kb(struct view in, uint64_t *sum)
{
	uint64_t x = 0;

	if (!view_ends(in, VIEW(" kB")))
		return E_PROTO;
	TRY(view_dec(view_slice(in, 0, in.n - 3), &x));
	if (x > UINT64_MAX / MAP_KB || *sum + x * MAP_KB < *sum)
		return E_PROTO;
	*sum += x * MAP_KB;
	return E_OK;
}

static enum err map_line(struct map_reader *r, struct view line)
{
	size_t colon = view_find(line, ':');
	struct view name = view_slice(line, 0, colon),
		    value = view_trim(view_slice(line, colon + 1, line.n));

	if (colon == line.n)
		return E_PROTO;
	if (view_eq(name, VIEW("VmFlags")))
		map_flags(r, value);
	else if (view_eq(name, VIEW("Locked")))
		return map_kb(value, &r->to->locked);
	else if (view_eq(name, VIEW("Rss")))
		return map_kb(value, &r->to->resident);
	return E_OK;
}

enum err blast_map_parse(struct view text, struct blast_maps *ret)
{
	struct map_reader r = { .to = ret };
	bool has_head = false;

	*ret = (struct blast_maps){ 0 };
	while (text.n) {
		struct view line = view_slice(text, 0, view_find(text, '\n'));

		if (line.n && line.p[0] >= 'A' && line.p[0] <= 'Z') {
			if (!has_head)
				return E_PROTO;
			TRY(map_line(&r, line));
			text = view_slice(text, line.n + 1, text.n);
			continue;
		}
		TRY(proc_maps_next(&text, &r.head));
		has_head = true;
		map_head(&r);
	}
	ret->is_known = true;
	return E_OK;
}

enum err blast_map_look(int pid, struct blast_maps *ret)
{
	struct proc_file f = { 0 };
	enum err e = E_OK;

	*ret = (struct blast_maps){ 0 };
	TRY(proc_file_read(pid, "smaps", BLAST_MAP_BYTES, &f));
	e = f.is_cut ? E_LIMIT : blast_map_parse(view_of(f.p, f.n), ret);
	proc_file_done(&f);
	return e;
}
