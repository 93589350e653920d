/*
 * Files of /proc are copied as they are, links are listed. The environment is left alone: Sluis
 * gives its roles none, and what a person's shell had in it is not evidence of anything.
 */
#include "tool/evidence_process.h"

#include "sys/fd.h"
#include "tool/manifest_file.h"
#include "tool/proc_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PROCESS_SMALL = 1 << 18,
	PROCESS_LARGE = 16 << 20,
	PROCESS_LINK = 4096,
	PROCESS_SPACES = 512,
	PROCESS_PATH = 128
};

struct process_file {
	const char *name;
	size_t max;
};

static const struct process_file process_files[] = {
	{ "status", PROCESS_SMALL },	   { "stat", PROCESS_SMALL },
	{ "cmdline", PROCESS_SMALL },	   { "maps", PROCESS_LARGE },
	{ "smaps_rollup", PROCESS_SMALL }, { "limits", PROCESS_SMALL },
	{ "cgroup", PROCESS_SMALL },	   { "mountinfo", PROCESS_LARGE },
	{ "uid_map", PROCESS_SMALL },	   { "gid_map", PROCESS_SMALL },
	{ "io", PROCESS_SMALL },	   { "oom_score_adj", PROCESS_SMALL },
	{ "wchan", PROCESS_SMALL },
};

/* Of a network namespace, through any process in it. */
static const struct process_file process_net[] = {
	{ "net/tcp", PROCESS_LARGE },	   { "net/tcp6", PROCESS_LARGE },
	{ "net/udp", PROCESS_LARGE },	   { "net/udp6", PROCESS_LARGE },
	{ "net/raw", PROCESS_LARGE },	   { "net/raw6", PROCESS_LARGE },
	{ "net/packet", PROCESS_LARGE },   { "net/unix", PROCESS_LARGE },
	{ "net/netlink", PROCESS_LARGE },  { "net/dev", PROCESS_SMALL },
	{ "net/route", PROCESS_LARGE },	   { "net/ipv6_route", PROCESS_LARGE },
	{ "net/if_inet6", PROCESS_SMALL }, { "net/arp", PROCESS_LARGE },
	{ "net/snmp", PROCESS_SMALL },	   { "net/sockstat", PROCESS_SMALL },
};

struct processes {
	struct evidence_bundle *bundle;
	json_t *list, *sockets; /* sockets: which process has which inode open */
	uint64_t space[PROCESS_SPACES];
	size_t space_n;
};

void evidence_process_label(const struct process_list_one *p, char ret[EVIDENCE_LABEL])
{
	struct view name = view_str(p->name);
	bool is_ours = view_starts(name, VIEW("sluis-"));

	name = is_ours ? view_slice(name, 6, name.n) : name;
	if (!evidence_tar_is_name(name) || view_find(name, '/') != name.n || name.n > 40)
		name = VIEW("other");
	(void)snprintf(ret, EVIDENCE_LABEL, "%.*s-%d", (int)name.n, (const char *)name.p, p->pid);
}

static const char *process_why(enum err e)
{
	return e == E_DENIED   ? "permission denied"
	       : e == E_CLOSED ? "it is gone"
	       : e == E_NOMEM  ? "no memory"
			       : "it can't be read";
}

static enum err process_copy(struct evidence_bundle *b, int pid, const struct process_file *from,
			     const char *name)
{
	struct proc_file f = { 0 };
	char how[PROCESS_PATH];
	enum err e = proc_file_read(pid, from->name, from->max, &f);

	(void)snprintf(how, sizeof how, "/proc/%d/%s", pid, from->name);
	if (e != E_OK) {
		evidence_bundle_miss(b, name, process_why(e));
		return E_OK;
	}
	if (f.is_cut)
		evidence_bundle_miss(b, name, "longer than is taken: the end is cut off");
	e = evidence_bundle_put(b, name, how, view_of(f.p, f.n));
	proc_file_done(&f);
	return e;
}

/* Printable ASCII as it is, all else as one letter: names of files come from anybody. */
static void process_plain(const char *text, char *ret, size_t cap)
{
	size_t n = 0;

	for (; text[n] && n + 1 < cap; n++)
		ret[n] = text[n] >= ' ' && text[n] < 0x7f ? text[n] : '?';
	ret[n] = '\0';
}

static json_t *process_link(int pid, const char *name)
{
	char to[PROCESS_LINK], plain[PROCESS_LINK];

	if (proc_file_link(pid, name, to, sizeof to) != E_OK)
		return json_null();
	process_plain(to, plain, sizeof plain);
	return json_string(plain);
}

static json_t *process_spaces(int pid)
{
	static const char *const names[] = { "user", "pid", "net", "mnt", "ipc", "uts", "cgroup" };
	json_t *doc = json_object();
	char path[32];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		(void)snprintf(path, sizeof path, "ns/%s", names[i]);
		(void)json_object_set_new(doc, names[i], process_link(pid, path));
	}
	return doc;
}

static json_t *process_executable(int pid)
{
	char hash[MANIFEST_HEX + 1] = "";
	uint64_t bytes = 0;
	AUTO_FD fd = -1;

	if (proc_file_open(pid, "exe", &fd) != E_OK || manifest_file_hash(fd, hash, &bytes) != E_OK)
		return json_null();
	return json_pack("{s:s, s:I}", "sha256", hash, "bytes", (json_int_t)bytes);
}

/* "socket:[1234]": whose it is, for the tables of sockets, which say inodes only. */
static void process_socket(struct processes *p, const char *label, const char *fd, json_t *link)
{
	struct view v = view_str(json_string_value(link) ? json_string_value(link) : "");
	uint64_t inode = 0;

	if (!view_starts(v, VIEW("socket:[")) ||
	    view_dec(view_slice(v, 8, v.n - 9), &inode) != E_OK)
		return;
	(void)json_array_append_new(p->sockets,
				    json_pack("{s:I, s:s, s:s}", "inode", (json_int_t)inode,
					      "process", label, "fd", fd));
}

static enum err process_descriptor(struct processes *p, int pid, const char *label, const char *fd,
				   json_t *list)
{
	char path[PROCESS_PATH];
	struct proc_file info = { 0 };
	json_t *row = json_object();

	(void)snprintf(path, sizeof path, "fd/%.16s", fd);
	(void)json_object_set_new(row, "fd", json_string(fd));
	(void)json_object_set_new(row, "to", process_link(pid, path));
	process_socket(p, label, fd, json_object_get(row, "to"));
	(void)snprintf(path, sizeof path, "fdinfo/%.16s", fd);
	if (proc_file_read(pid, path, PROCESS_LINK, &info) == E_OK)
		(void)json_object_set_new(row, "info", json_stringn((const char *)info.p, info.n));
	proc_file_done(&info);
	return json_array_append_new(list, row) == 0 ? E_OK : E_NOMEM;
}

static enum err process_descriptors(struct processes *p, int pid, const char *label)
{
	char path[PROCESS_PATH], name[EVIDENCE_TAR_NAME];
	json_t *list = json_array();
	enum err e = E_OK;
	DIR *dir = NULL;

	(void)snprintf(path, sizeof path, "/proc/%d/fd", pid);
	(void)snprintf(name, sizeof name, "processes/%s/fd.json", label);
	dir = opendir(path);
	if (!dir) {
		evidence_bundle_miss(p->bundle, name, process_why(proc_file_error(errno)));
		json_decref(list);
		return E_OK;
	}
	while (e == E_OK) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
		const struct dirent *d = readdir(dir);
		uint64_t fd = 0;

		if (!d)
			break;
		if (view_dec(view_str(d->d_name), &fd) == E_OK)
			e = process_descriptor(p, pid, label, d->d_name, list);
	}
	(void)closedir(dir);
	if (e == E_OK)
		return evidence_bundle_put_json(p->bundle, name, "/proc/PID/fd and fdinfo", list);
	json_decref(list);
	return e;
}

/* "net:[4026531840]" -> its number; 0: not known */
static uint64_t process_net_space(int pid)
{
	char to[64];
	uint64_t id = 0;
	struct view v = { 0 };

	if (proc_file_link(pid, "ns/net", to, sizeof to) != E_OK)
		return 0;
	v = view_str(to);
	return view_starts(v, VIEW("net:[")) && view_dec(view_slice(v, 5, v.n - 6), &id) == E_OK
		       ? id
		       : 0;
}

static enum err process_network(struct processes *p, int pid)
{
	uint64_t id = process_net_space(pid);
	char name[EVIDENCE_TAR_NAME];

	for (size_t i = 0; i < p->space_n; i++)
		if (p->space[i] == id)
			return E_OK;
	if (p->space_n == PROCESS_SPACES)
		return E_OK;
	p->space[p->space_n++] = id;
	for (size_t i = 0; i < sizeof process_net / sizeof *process_net; i++) {
		struct process_file one = process_net[i];

		(void)snprintf(name, sizeof name, "network/%llu/%.20s", (unsigned long long)id,
			       &one.name[4]);
		TRY(process_copy(p->bundle, pid, &one, name));
	}
	return E_OK;
}

static enum err process_put(struct processes *p, const struct process_list_one *one)
{
	char label[EVIDENCE_LABEL], name[EVIDENCE_TAR_NAME], called[PROCESS_LIST_NAME];
	json_t *row = NULL;

	evidence_process_label(one, label);
	process_plain(one->name, called, sizeof called);
	row = json_pack("{s:s, s:i, s:i, s:s, s:s#, s:I, s:o, s:o, s:o, s:o, s:o}", "process",
			label, "pid", one->pid, "parent", one->parent, "name", called, "state",
			&one->state, 1, "started_ticks", (json_int_t)one->started, "executable",
			process_link(one->pid, "exe"), "executable_is",
			process_executable(one->pid), "root", process_link(one->pid, "root"), "cwd",
			process_link(one->pid, "cwd"), "namespaces", process_spaces(one->pid));
	if (!row || json_array_append_new(p->list, row) != 0)
		return E_NOMEM;
	for (size_t i = 0; i < sizeof process_files / sizeof *process_files; i++) {
		(void)snprintf(name, sizeof name, "processes/%s/%.16s", label,
			       process_files[i].name);
		TRY(process_copy(p->bundle, one->pid, &process_files[i], name));
	}
	TRY(process_descriptors(p, one->pid, label));
	return process_network(p, one->pid);
}

enum err evidence_process_put_all(struct evidence_bundle *b, const struct process_list *l)
{
	struct processes p = { .bundle = b, .list = json_array(), .sockets = json_array() };
	enum err e = p.list && p.sockets ? E_OK : E_NOMEM;

	for (size_t i = 0; i < l->n && e == E_OK; i++)
		if (l->p[i].state != 'Z')
			e = process_put(&p, &l->p[i]);
	if (e != E_OK) {
		json_decref(p.list);
		json_decref(p.sockets);
		return e;
	}
	e = evidence_bundle_put_json(b, "processes.json",
				     "the keeper, its descendants, its user namespaces", p.list);
	if (e != E_OK) {
		json_decref(p.sockets);
		return e;
	}
	return evidence_bundle_put_json(b, "network/sockets.json", "links of /proc/PID/fd",
					p.sockets);
}
