/*
 * The processes of an instance, as the kernel tells them, not as the instance does: the keeper, its
 * descendants whatever they are called, and whoever lives in a user namespace of one of them.
 */
#ifndef TOOL_PROCESS_LIST_H
#define TOOL_PROCESS_LIST_H

#include "base/err.h"
#include "base/view.h"

enum { PROCESS_LIST_MAX = 16384, PROCESS_LIST_NAME = 64 };

struct process_list_one {
	int pid, parent;
	char state;	  /* as in /proc/PID/stat: 'Z' has no memory any more */
	uint64_t started; /* clock ticks since the machine started: with pid, who it is */
	uint64_t user_ns; /* 0: not known */
	char name[PROCESS_LIST_NAME]; /* as it calls itself: a claim */
	bool is_ours;
};

struct process_list {
	struct process_list_one *p; /* owned; lowest pid first */
	size_t n;
	int keeper; /* 0: nobody runs */
};

/*
 * process_list_of - of the instance with this state directory (its lock names the keeper)
 *   ret  gives; process_list_done. keeper 0 and n 0: nobody runs there
 * E_DENIED the lock can't be read · E_LIMIT too many processes · E_NOMEM · E_SYS
 */
enum err process_list_of(const char *state_dir, struct process_list *ret);
void process_list_done(struct process_list *l);

/* process_list_one - one process, whoever's. E_CLOSED there is none · E_DENIED, E_PROTO, E_SYS */
enum err process_list_one(int pid, struct process_list_one *ret);

/* process_list_is_same - whether pid is still the process that was listed */
bool process_list_is_same(const struct process_list_one *p);

/* process_list_is_stopped - whether it stands still already: somebody wants it to */
bool process_list_is_stopped(const struct process_list_one *p);

#endif
