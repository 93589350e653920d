/* Ids are those of the links in /proc/PID/ns; parents are asked of the kernel. */
#include "tool/blast_space.h"

#include "sys/fd.h"
#include "tool/proc_file.h"

#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static const char *const space_names[BLAST_SPACES] = { "user", "pid", "net",   "mnt",
						       "ipc",  "uts", "cgroup" };

const char *blast_space_name(unsigned kind)
{
	return space_names[kind];
}

enum err blast_space_parse(struct view link, struct view kind, uint64_t *ret)
{
	if (!view_starts(link, kind) || !view_ends(link, VIEW("]")))
		return E_PROTO;
	link = view_slice(link, kind.n, link.n);
	if (!view_starts(link, VIEW(":[")))
		return E_PROTO;
	return view_dec(view_slice(link, 2, link.n - 3), ret);
}

static enum err space_id(int pid, unsigned kind, uint64_t *ret)
{
	char path[32], link[64];

	(void)snprintf(path, sizeof path, "ns/%s", space_names[kind]);
	TRY(proc_file_link(pid, path, link, sizeof link));
	return blast_space_parse(view_str(link), view_str(space_names[kind]), ret);
}

/* Up to the outermost that may be seen; no error: what is further out is not ours to know. */
static size_t space_climb(int pid, unsigned kind, uint64_t *ret)
{
	char path[32];
	AUTO_FD fd = -1;
	struct stat st = { 0 };
	size_t n = 0;

	(void)snprintf(path, sizeof path, "ns/%s", space_names[kind]);
	if (proc_file_open(pid, path, &fd) != E_OK)
		return 0;
	while (n < BLAST_SPACE_DEPTH && fstat(fd, &st) == 0) {
		int up = ioctl(fd, NS_GET_PARENT);

		ret[n++] = st.st_ino;
		if (up < 0)
			break;
		(void)fd_close(fd);
		fd = up;
	}
	return n;
}

enum err blast_space_look(int pid, struct blast_spaces *ret)
{
	struct blast_spaces s = { 0 };

	for (unsigned i = 0; i < BLAST_SPACES; i++)
		TRY(space_id(pid, i, &s.id[i]));
	s.user_n = space_climb(pid, BLAST_SPACE_USER, s.user);
	s.pid_n = space_climb(pid, BLAST_SPACE_PID, s.pid);
	*ret = s;
	return E_OK;
}

static bool space_has(const uint64_t *list, size_t n, uint64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == id)
			return true;
	return false;
}

bool blast_space_sees(const struct blast_spaces *who, const struct blast_spaces *whom)
{
	return who->pid_n && space_has(whom->pid, whom->pid_n, who->pid[0]);
}

bool blast_space_rules(const struct blast_spaces *who, const struct blast_spaces *whom)
{
	return who->user_n && space_has(whom->user, whom->user_n, who->user[0]);
}
