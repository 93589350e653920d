/* A cgroup for a twin of root's: its keeper makes others below, for whom it holds to addresses. */
#ifndef TOOL_DRILL_CGROUP_H
#define TOOL_DRILL_CGROUP_H

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

/* drill_cgroup_new - below the own one; path is empty where there is none to be made */
void drill_cgroup_new(char *path, size_t cap, const char *name);

/* drill_cgroup_enter - pid is in it from now on */
void drill_cgroup_enter(const char *path, pid_t pid);

/* drill_cgroup_end - nobody is in it any more: it is removed with all below */
void drill_cgroup_end(const char *path);

#endif
