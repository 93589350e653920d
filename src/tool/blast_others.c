/* The rules are those of kill(2) and of ptrace(2), "Ptrace access mode checking". */
#include "tool/blast_others.h"

#include "tool/proc_file.h"

#include <dirent.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { OTHERS_STATUS = 65536, OTHERS_MOST = 65536 };

static bool others_has(const struct blast_one *who, unsigned cap, const struct blast_one *whom)
{
	return (who->effective >> cap & 1) && blast_space_rules(&who->spaces, &whom->spaces);
}

bool blast_others_signals(const struct blast_one *who, const struct blast_one *whom)
{
	if (!blast_space_sees(&who->spaces, &whom->spaces))
		return false;
	return who->uid[1] == whom->uid[0] || who->uid[1] == whom->uid[2] ||
	       who->uid[0] == whom->uid[0] || who->uid[0] == whom->uid[2] ||
	       others_has(who, CAP_KILL, whom);
}

bool blast_others_traces(const struct blast_one *who, const struct blast_one *whom)
{
	bool is_same = true;

	if (!blast_space_sees(&who->spaces, &whom->spaces))
		return false;
	if (others_has(who, CAP_SYS_PTRACE, whom))
		return true;
	for (unsigned i = 0; i < 3; i++)
		is_same = is_same && whom->uid[i] == who->uid[1] && whom->gid[i] == who->gid[1];
	return is_same && whom->is_dumpable;
}

/* Of a process that is not dumpable the kernel gives the files in /proc to root. */
static bool others_is_dumpable(int pid, const struct blast_status *s)
{
	char path[32];
	struct stat st = { 0 };

	(void)snprintf(path, sizeof path, "/proc/%d/mem", pid);
	if (stat(path, &st) < 0)
		return true;
	return st.st_uid == s->uid[1] && st.st_gid == s->gid[1];
}

static enum err others_look(int pid, struct blast_one *ret)
{
	struct blast_one one = { .pid = pid };
	struct blast_status s = { 0 };
	struct proc_file f = { 0 };
	enum err e = proc_file_read(pid, "status", OTHERS_STATUS, &f);

	if (e == E_OK)
		e = blast_status_parse(view_of(f.p, f.n), &s);
	proc_file_done(&f);
	if (e == E_OK)
		e = blast_space_look(pid, &one.spaces);
	if (e != E_OK)
		return e;
	for (unsigned i = 0; i < 3; i++) {
		one.uid[i] = s.uid[i];
		one.gid[i] = s.gid[i];
	}
	one.effective = s.effective;
	one.is_dumpable = others_is_dumpable(pid, &s);
	*ret = one;
	return E_OK;
}

static enum err others_add(struct blast_machine *m, int pid)
{
	struct blast_one one = { 0 }, *more = NULL;

	if (others_look(pid, &one) != E_OK)
		return E_OK; /* gone, or nobody's to see */
	if (m->n == OTHERS_MOST)
		return E_LIMIT;
	if (m->n == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 256;

		more = reallocarray(m->p, cap, sizeof *more);
		if (!more)
			return E_NOMEM;
		m->p = more;
		m->cap = cap;
	}
	m->p[m->n++] = one;
	return E_OK;
}

enum err blast_others_machine(struct blast_machine *ret)
{
	DIR *dir = opendir("/proc");
	enum err e = dir ? E_OK : E_SYS;

	*ret = (struct blast_machine){ 0 };
	while (e == E_OK) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
		const struct dirent *d = readdir(dir);
		uint64_t pid = 0;

		if (!d)
			break;
		if (view_dec(view_str(d->d_name), &pid) == E_OK && pid <= INT32_MAX)
			e = others_add(ret, (int)pid);
	}
	if (dir)
		(void)closedir(dir);
	return e;
}

void blast_others_done(struct blast_machine *m)
{
	free(m->p);
	*m = (struct blast_machine){ 0 };
}

struct blast_others blast_others_count(const struct blast_machine *m, int pid)
{
	struct blast_others r = { 0 };
	const struct blast_one *who = NULL;

	for (size_t i = 0; i < m->n; i++)
		if (m->p[i].pid == pid)
			who = &m->p[i];
	for (size_t i = 0; who && i < m->n; i++) {
		const struct blast_one *whom = &m->p[i];

		if (whom == who)
			continue;
		r.all++;
		r.sees += blast_space_sees(&who->spaces, &whom->spaces);
		r.signals += blast_others_signals(who, whom);
		r.traces += blast_others_traces(who, whom);
	}
	r.is_known = who != NULL;
	return r;
}
