/*
 * Files first, because private keys that anybody here can read are looked for in the memory of all;
 * then the rest, process by process.
 */
#include "tool/blast_look.h"

#include "base/hash.h"
#include "sys/caps.h"
#include "sys/fd.h"
#include "tool/ask.h"
#include "tool/blast_filter.h"
#include "tool/proc_file.h"
#include "tool/snapshot.h"
#include "tool/state_dir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_STATUS = 65536, LOOK_PATH = 4096 };

/* Capabilities that open files whatever their mode says. */
#define LOOK_OPENS (CAPS_DAC_READ_SEARCH | CAPS_BIT(CAP_DAC_OVERRIDE))

enum err blast_look_open(struct blast_look *l, const char *state_option, const char *role)
{
	*l = (struct blast_look){ .state = state_option,
				  .role = role,
				  .files_ms = UINT64_C(1000) * BLAST_FILES_S };
	l->p = calloc(BLAST_LOOK_MOST, sizeof *l->p);
	l->walked = calloc(BLAST_LOOK_WALKS, sizeof *l->walked);
	if (!l->p || !l->walked)
		return E_NOMEM;
	/* Of process 1, which an ordinary user may not look at: then his own */
	if (blast_space_look(1, &l->outside) != E_OK &&
	    blast_space_look(getpid(), &l->outside) != E_OK)
		return E_SYS;
	return blast_key_open(&l->keys);
}

void blast_look_close(struct blast_look *l)
{
	blast_key_close(&l->keys);
	blast_peer_done(&l->peers);
	blast_others_done(&l->machine);
	free(l->walked);
	free(l->p);
	*l = (struct blast_look){ 0 };
}

/* ---- who ---- */

/* What it calls itself when that is a role, else the program that it executes. */
static void look_role(struct blast_process *p)
{
	struct view name = view_str(p->is.name);
	char path[LOOK_PATH] = "";
	struct wbuf w = wbuf_of(p->role, sizeof p->role - 1);

	if (!view_starts(name, VIEW("sluis-")) &&
	    proc_file_link(p->is.pid, "exe", path, sizeof path) == E_OK) {
		name = view_str(path);
		for (size_t at = view_find(name, '/'); at < name.n; at = view_find(name, '/'))
			name = view_slice(name, at + 1, name.n);
	}
	if (view_starts(name, VIEW("sluis-")))
		name = view_slice(name, 6, name.n);
	wbuf_view_put(&w, view_slice(name, 0, sizeof p->role - 1));
	p->role[w.n] = '\0';
}

enum err blast_look_add(struct blast_look *l, const struct process_list_one *one,
			const char *subject)
{
	struct blast_process *p = &l->p[l->n];
	unsigned same = 0;

	if (one->state == 'Z')
		return E_CLOSED;
	if (l->n == BLAST_LOOK_MOST) {
		l->left_out++;
		return E_OK;
	}
	p->is = *one;
	(void)snprintf(p->subject, sizeof p->subject, "%s", subject);
	look_role(p);
	for (size_t i = 0; i < l->n; i++)
		same += view_eq(view_str(l->p[i].role), view_str(p->role)) &&
			view_eq(view_str(l->p[i].subject), view_str(p->subject));
	p->is_hidden = l->role && view_eq(view_str(subject), VIEW("sluis")) &&
		       !view_eq(view_str(l->role), view_str(p->role));
	if (same >= BLAST_LOOK_ROLE)
		l->left_out++;
	else
		l->n++;
	return E_OK;
}

/* ---- what could not be seen ---- */

static void look_unseen(struct blast_process *p, const char *what, enum err e)
{
	static const char *const why[] = {
		[E_AGAIN] = "it did not stop in time",
		[E_LIMIT] = "there is more than is taken",
		[E_DENIED] = "permission denied (root of the machine may)",
		[E_SYS] = "the kernel can't tell",
		[E_PROTO] = "the kernel's answer is not understood",
	};
	const char *text = (size_t)e < sizeof why / sizeof *why && why[e] ? why[e] : err_name(e);

	if (e == E_OK)
		return;
	if (!process_list_is_same(&p->is)) {
		p->is_gone = true;
		return;
	}
	if (p->unseen_n < BLAST_UNSEEN)
		(void)snprintf(p->unseen[p->unseen_n++], BLAST_UNSEEN_TEXT, "%s: %s", what, text);
}

/* ---- each ---- */

static enum err look_status(struct blast_process *p)
{
	struct proc_file f = { 0 };
	enum err e = proc_file_read(p->is.pid, "status", LOOK_STATUS, &f);

	if (e == E_OK)
		e = blast_status_parse(view_of(f.p, f.n), &p->status);
	proc_file_done(&f);
	p->has_status = e == E_OK;
	return e;
}

static enum err look_spaces(const struct blast_look *l, struct blast_process *p)
{
	TRY(blast_space_look(p->is.pid, &p->spaces));
	for (unsigned i = 0; i < BLAST_SPACES; i++)
		p->own_space[i] = p->spaces.id[i] != l->outside.id[i];
	p->has_spaces = true;
	return E_OK;
}

static enum err look_calls(struct blast_process *p)
{
	struct blast_filter f = { 0 };
	enum err e = E_OK;

	if (p->has_status && p->status.seccomp == 0)
		return blast_calls_look(&f.stack, &p->calls);
	e = blast_filter_read(p->is.pid, &f);
	p->stopped_us = f.stopped_us;
	if (e == E_OK)
		e = blast_calls_look(&f.stack, &p->calls);
	blast_filter_done(&f);
	return e;
}

/* ---- files ---- */

/* Capabilities that open files of the machine: not those of a user namespace of its own. */
static uint64_t look_file_caps(const struct blast_process *p)
{
	return p->own_space[BLAST_SPACE_USER] ? 0 : p->status.effective & LOOK_OPENS;
}

static struct blast_walked *look_walked(struct blast_look *l, const struct blast_walked *w)
{
	for (size_t i = 0; i < l->walked_n; i++) {
		struct blast_walked *old = &l->walked[i];

		if (old->device == w->device && old->inode == w->inode && old->space == w->space &&
		    old->caps == w->caps && old->groups == w->groups && old->uid == w->uid &&
		    old->gid == w->gid)
			return old;
	}
	return NULL;
}

static void look_add_list(struct blast_files_list *to, const struct blast_files_list *from)
{
	for (unsigned i = 0; i < from->n; i++)
		blast_files_note(to, from->path[i]);
}

static void look_add_files(struct blast_files *to, const struct blast_files *from)
{
	to->is_cut |= from->is_cut;
	to->has_proc |= from->has_proc;
	to->reads_shadow |= from->reads_shadow;
	to->looked_at += from->looked_at;
	to->readable += from->readable;
	to->writable += from->writable;
	to->executable += from->executable;
	to->folders += from->folders;
	to->setuid += from->setuid;
	to->sockets += from->sockets;
	to->devices += from->devices;
	to->keys += from->keys;
	look_add_list(&to->key, &from->key);
	look_add_list(&to->write, &from->write);
	look_add_list(&to->in, &from->in);
	look_add_list(&to->run, &from->run);
}

/* Everything below one folder, as that process; once for all that are alike. */
static enum err look_below(struct blast_look *l, struct blast_process *p, int dir_fd)
{
	struct blast_files_who who = { .uid = p->status.uid[1],
				       .gid = p->status.gid[1],
				       .group = p->status.group,
				       .group_n = p->status.group_n,
				       .caps = look_file_caps(p),
				       .within_ms = l->files_ms };
	struct blast_walked w = { .caps = who.caps,
				  .uid = who.uid,
				  .gid = who.gid,
				  .space = p->spaces.id[BLAST_SPACE_MNT] };
	struct blast_walked *old = NULL;
	struct stat st = { 0 };

	if (fstat(dir_fd, &st) < 0)
		return E_SYS;
	w.groups = hash_fnv1a(view_of(who.group, who.group_n * sizeof *who.group));
	w.device = st.st_dev;
	w.inode = st.st_ino;
	old = look_walked(l, &w);
	if (!old) {
		TRY(blast_files_look(dir_fd, &who, &w.files));
		if (l->walked_n < BLAST_LOOK_WALKS)
			l->walked[l->walked_n++] = w;
		old = &w;
	}
	look_add_files(&p->files, &old->files);
	return E_OK;
}

static enum err look_folders(struct blast_look *l, struct blast_process *p)
{
	enum err e = E_OK;

	for (size_t i = 0; i < p->fds.n && e == E_OK; i++) {
		char path[64];
		AUTO_FD fd = -1;

		if (p->fds.fd[i].kind != BLAST_FD_FOLDER)
			continue;
		(void)snprintf(path, sizeof path, "fd/%d", p->fds.fd[i].fd);
		if (proc_file_open(p->is.pid, path, &fd) == E_OK)
			e = look_below(l, p, fd);
	}
	return e;
}

static enum err look_files(struct blast_look *l, struct blast_process *p)
{
	AUTO_FD root = -1;
	struct stat own = { 0 }, st = { 0 };

	if (!p->has_status || !p->has_spaces)
		return E_DENIED;
	TRY(proc_file_open(p->is.pid, "root/.", &root));
	if (fstat(root, &st) < 0 || stat("/", &own) < 0)
		return E_SYS;
	p->is_root_own = st.st_dev != own.st_dev || st.st_ino != own.st_ino;
	TRY(look_below(l, p, root));
	/* With the machine's root they lie below it already */
	if (p->is_root_own)
		TRY(look_folders(l, p));
	p->has_files = true;
	return E_OK;
}

/* ---- keys ---- */

static void look_configured(struct blast_look *l)
{
	struct snapshot *s = calloc(1, sizeof *s);
	char path[LOOK_PATH];

	l->are_paths_unknown =
		!s || ask_keeper(l->state, TOOL_STATUS, (struct view){ 0 }, snapshot_row, s) != 0 ||
		!s->image.header;
	for (uint32_t i = 0; !l->are_paths_unknown && i < image_count(&s->image, IMAGE_CERTIFICATE);
	     i++) {
		struct view v = image_view(&s->image, image_certificate_at(&s->image, i)->key_path);
		struct wbuf w = wbuf_of(path, sizeof path - 1);

		wbuf_view_put(&w, v);
		path[w.n] = '\0';
		if (!w.bad)
			blast_key_add(&l->keys, path);
	}
	if (s)
		snapshot_release(s);
	free(s);
}

static void look_keys_of(struct blast_look *l, const char *below, const struct blast_files_list *k)
{
	char path[LOOK_PATH + BLAST_FILES_PATH];

	for (unsigned i = 0; i < k->n; i++) {
		(void)snprintf(path, sizeof path, "%s%s", below, k->path[i]);
		blast_key_add(&l->keys, path);
	}
}

/* Those that somebody here can read, and those of the instance itself. */
static void look_keys(struct blast_look *l)
{
	struct blast_files_who root = { .caps = LOOK_OPENS, .within_ms = l->files_ms };
	struct blast_files *f = calloc(1, sizeof *f);
	char dir[STATE_DIR_MAX + 1];
	AUTO_FD fd = -1;

	if (state_dir_path(l->state, dir) == E_OK)
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f && fd >= 0 && geteuid() == 0 && blast_files_look(fd, &root, f) == E_OK)
		look_keys_of(l, dir, &f->key);
	free(f);
	for (size_t i = 0; i < l->n; i++)
		look_keys_of(l, "", &l->p[i].files.key);
}

/* ---- all ---- */

static void look_first(struct blast_look *l, struct blast_process *p)
{
	look_unseen(p, "descriptors", blast_fd_look(p->is.pid, &p->fds));
	if (p->is_hidden)
		return;
	look_unseen(p, "status", look_status(p));
	look_unseen(p, "namespaces", look_spaces(l, p));
	if (p->fds.is_partial)
		look_unseen(p, "some descriptors", E_DENIED);
	look_unseen(p, "files", look_files(l, p));
}

static void look_second(struct blast_look *l, struct blast_process *p)
{
	look_unseen(p, "seccomp filters", look_calls(p));
	look_unseen(p, "mappings", blast_map_look(p->is.pid, &p->maps));
	look_unseen(p, "network", blast_net_look(p->is.pid, &p->net));
	if (p->net.is_known && !p->net.has_programs_known)
		look_unseen(p, "programs of its control group", E_DENIED);
	look_unseen(p, "memory", blast_memory_look(p->is.pid, l->keys.search, &p->memory));
	look_unseen(p, "peers of its channels",
		    blast_peer_add(&l->peers, p->is.pid, p->spaces.id[BLAST_SPACE_NET]));
	p->others = blast_others_count(&l->machine, p->is.pid);
}

enum err blast_look_run(struct blast_look *l)
{
	TRY(blast_others_machine(&l->machine));
	for (size_t i = 0; i < l->n; i++)
		look_first(l, &l->p[i]);
	look_configured(l);
	look_keys(l);
	for (size_t i = 0; i < l->n; i++)
		if (!l->p[i].is_hidden)
			look_second(l, &l->p[i]);
	return E_OK;
}

const struct blast_process *blast_look_holder(const struct blast_look *l, uint64_t inode)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->p[i].fds.n; k++)
			if (inode && l->p[i].fds.fd[k].inode == inode)
				return &l->p[i];
	return NULL;
}
