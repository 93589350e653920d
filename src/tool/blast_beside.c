/* Whose program it is, the kernel says: the file that it executes. */
#include "tool/blast_beside.h"

#include "tool/blast_start.h"
#include "tool/proc_file.h"

#include <stdio.h>
#include <string.h>

enum { BESIDE_PATH = 4096 };

bool blast_beside_is_name(const char *word)
{
	return view_eq(view_str(word), VIEW("nginx")) || view_eq(view_str(word), VIEW("haproxy"));
}

static bool beside_is(int pid, const char *name)
{
	char path[BESIDE_PATH];
	const char *slash = NULL;

	if (proc_file_link(pid, "exe", path, sizeof path) != E_OK)
		return false;
	slash = strrchr(path, '/');
	return slash && view_eq(view_str(slash + 1), view_str(name));
}

/* All that execute it, or those below one of them. */
static size_t beside_find(struct blast_look *l, const char *name, int above)
{
	struct blast_machine m = { 0 };
	size_t n = 0;

	if (blast_others_machine(&m) != E_OK)
		return 0;
	for (size_t i = 0; i < m.n; i++) {
		struct process_list_one one = { 0 };

		if (!beside_is(m.p[i].pid, name) || process_list_one(m.p[i].pid, &one) != E_OK ||
		    (above && one.pid != above && one.parent != above))
			continue;
		n += blast_look_add(l, &one, name) == E_OK;
	}
	blast_others_done(&m);
	return n;
}

static enum err beside_pid(struct blast_look *l, int pid)
{
	struct process_list_one one = { 0 };
	char subject[BLAST_SUBJECT];
	enum err e = process_list_one(pid, &one);

	(void)snprintf(subject, sizeof subject, "process %d", pid);
	if (e == E_OK)
		e = blast_look_add(l, &one, subject);
	if (e != E_OK)
		(void)fprintf(stderr, "sluis: --beside %d: there is no such process\n", pid);
	return e;
}

enum err blast_beside_add(struct blast_beside *b, struct blast_look *l, const char *word)
{
	uint64_t pid = 0;
	int started = 0;

	if (view_dec(view_str(word), &pid) == E_OK)
		return pid && pid <= INT32_MAX ? beside_pid(l, (int)pid) : E_CLOSED;
	if (beside_find(l, word, 0))
		return E_OK;
	if (b->n == BLAST_BESIDE_MOST)
		return E_LIMIT;
	TRY(blast_start(word, &l->keys, &started));
	b->run[b->n++] = (struct blast_beside_run){ started, word };
	return beside_find(l, word, started) ? E_OK : E_SYS;
}

void blast_beside_end(struct blast_beside *b)
{
	for (size_t i = 0; i < b->n; i++)
		blast_start_end(b->run[i].pid);
	b->n = 0;
}
