/*
 * Private keys, passwords on their way and the secrets of the store live in four roles. A process
 * is one of them when the keeper, its executable or its own name says so: none of the three alone
 * can make it another.
 */
#include "tool/evidence_choice.h"

#include "sys/fd.h"
#include "tool/proc_file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Roles without such secrets; one that is not named here is taken to have them. */
static const bool choice_is_open[ROLE_N] = {
	[ROLE_CONFIG] = true,  [ROLE_EDGE] = true,     [ROLE_DIALER] = true, [ROLE_AUDIT] = true,
	[ROLE_CONSOLE] = true, [ROLE_EXPORTER] = true, [ROLE_RELAY] = true,  [ROLE_SPAWNER] = true,
	[ROLE_SHIPPER] = true, [ROLE_CELL] = true,
};

static unsigned choice_role(struct view name)
{
	if (view_starts(name, VIEW("sluis-")))
		name = view_slice(name, 6, name.n);
	for (unsigned r = 1; r < ROLE_N; r++)
		if (view_eq(name, view_str(role_name((enum role)r))))
			return r;
	return 0;
}

static bool choice_is_known(struct view word)
{
	uint64_t pid = 0;

	return view_eq(word, VIEW("all")) || choice_role(word) != 0 || view_dec(word, &pid) == E_OK;
}

enum err evidence_choice_read(struct evidence_choice *c, const char *text)
{
	struct view rest = view_str(text);

	while (rest.n) {
		struct view word = view_slice(rest, 0, view_find(rest, ','));

		rest = view_slice(rest, word.n + 1, rest.n);
		if (c->n == EVIDENCE_CHOICE_WORDS) {
			(void)fprintf(stderr, "sluis evidence: --memory takes %d words at most\n",
				      EVIDENCE_CHOICE_WORDS);
			return E_LIMIT;
		}
		if (!choice_is_known(word)) {
			(void)fprintf(stderr,
				      "sluis evidence: --memory: expected roles (edge, cell, ...), "
				      "process numbers or `all`\n");
			return E_PROTO;
		}
		c->word[c->n++] = word;
	}
	return c->n ? E_OK : evidence_choice_read(c, "?");
}

/* Every role that anybody says this is. */
static unsigned choice_bits(const struct evidence_choice *c, const struct process_list_one *p)
{
	char path[4096];
	const char *slash = NULL;
	unsigned bits = 1U << choice_role(view_str(p->name));

	if (proc_file_link(p->pid, "exe", path, sizeof path) == E_OK) {
		struct view name = { 0 };

		slash = strrchr(path, '/');
		name = view_str(slash ? slash + 1 : path);
		bits |= 1U << choice_role(view_slice(name, 0, view_find(name, ' ')));
	}
	for (size_t i = 0; c->snapshot && i < c->snapshot->role_n; i++)
		if (c->snapshot->roles[i].pid == (uint32_t)p->pid &&
		    c->snapshot->roles[i].role < ROLE_N)
			bits |= 1U << c->snapshot->roles[i].role;
	return bits;
}

static bool choice_is_secret(unsigned bits)
{
	for (unsigned r = 1; r < ROLE_N; r++)
		if (bits >> r & 1 && !choice_is_open[r])
			return true;
	return false;
}

static bool choice_is_pid(struct view word, int pid)
{
	uint64_t x = 0;

	return view_dec(word, &x) == E_OK && x == (uint64_t)pid;
}

enum evidence_choice_verdict evidence_choice_of(struct evidence_choice *c,
						const struct process_list_one *p)
{
	unsigned bits = choice_bits(c, p);
	bool is_named = false, is_all = false;

	for (size_t i = 0; i < c->n; i++) {
		unsigned role = choice_role(c->word[i]);
		bool hit = choice_is_pid(c->word[i], p->pid) || (role && bits >> role & 1);

		c->is_used[i] |= hit || view_eq(c->word[i], VIEW("all"));
		is_named |= hit;
		is_all |= view_eq(c->word[i], VIEW("all"));
	}
	if (!is_named && !is_all)
		return EVIDENCE_CHOICE_NO;
	if (choice_is_secret(bits) && !c->want_secrets)
		return is_named ? EVIDENCE_CHOICE_SECRET : EVIDENCE_CHOICE_LEFT_OUT;
	return EVIDENCE_CHOICE_YES;
}

const struct view *evidence_choice_unused(const struct evidence_choice *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (!c->is_used[i])
			return &c->word[i];
	return NULL;
}

static bool choice_may_freeze(const struct evidence_choice *c, const struct process_list_one *p)
{
	/* Who was stopped as evidence is not set going again */
	if (!c->want_freeze || process_list_is_stopped(p))
		return false;
	for (size_t i = 0; i < c->n; i++)
		if (choice_is_pid(c->word[i], p->pid))
			return true;
	return choice_bits(c, p) >> ROLE_CELL & 1;
}

/* A child of ours that outlives us by one signal: whatever ends this command, the process goes on.
 */
int evidence_choice_freeze(const struct evidence_choice *c, const struct process_list_one *p)
{
	int ends[2] = { -1, -1 };
	char byte = 0;
	pid_t child = -1;

	if (!choice_may_freeze(c, p) || !process_list_is_same(p) || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	child = fork();
	if (child == 0) {
		(void)close(ends[1]);
		(void)setsid();
		/* Two forks: nobody has to wait for it */
		if (fork() == 0) {
			while (read(ends[0], &byte, 1) < 0)
				continue;
			(void)kill(p->pid, SIGCONT);
		}
		_exit(0);
	}
	(void)close(ends[0]);
	if (child > 0)
		(void)waitpid(child, NULL, 0);
	if (child < 0 || kill(p->pid, SIGSTOP) < 0)
		return fd_close(ends[1]);
	return ends[1];
}
