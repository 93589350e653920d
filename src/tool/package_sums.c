/* One pass over all lists: a library is looked for by its path, with and without /usr (merged). */
#include "tool/package_sums.h"

#include "sys/fd.h"
#include "tool/proc_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SUMS_LIST_MAX = 32 << 20, SUMS_HEX = 32, SUMS_LINE = SUMS_HEX + 2 };

static void sums_tell(struct manifest_job *j, enum manifest_what what,
		      const struct manifest_library *l, const char *detail)
{
	manifest_job_tell(j, &(struct manifest_finding){ .what = (uint8_t)what,
							 .name = "library",
							 .object = l->path,
							 .detail = detail });
}

void package_sums_add(struct manifest_job *j, const struct proc_map *m, dev_t device)
{
	struct manifest_library *l = NULL;
	struct wbuf w = { 0 };

	for (size_t i = 0; i < j->library_n; i++)
		if (j->library[i].device == device && j->library[i].inode == m->inode)
			return;
	if (j->library_n == MANIFEST_JOB_LIBRARIES || m->path.n >= sizeof l->path) {
		j->has_more_libraries = true;
		return;
	}
	l = &j->library[j->library_n++];
	*l = (struct manifest_library){ .device = device, .inode = m->inode };
	w = wbuf_of(l->path, sizeof l->path - 1);
	wbuf_view_put(&w, m->path);
	j->result->libraries++;
}

/* A list has paths without their first slash; libc's are below lib, where merged systems have
 * usr/lib. */
static bool sums_is_at(const struct manifest_library *l, struct view path)
{
	struct view own = view_slice(view_str(l->path), 1, sizeof l->path);

	if (view_eq(own, path))
		return true;
	return view_starts(own, VIEW("usr/")) && view_eq(view_slice(own, 4, own.n), path);
}

/* The file that was mapped, and no other one that lies there now. */
static enum err sums_md5(const struct manifest_library *l, char ret[MANIFEST_HEX + 1])
{
	AUTO_FD fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st = { 0 };

	if (fd < 0 || fstat(fd, &st) < 0)
		return proc_file_error(errno);
	if (st.st_ino != l->inode || st.st_dev != l->device)
		return E_AGAIN;
	return manifest_file_md5(fd, ret);
}

static void sums_compare(struct manifest_job *j, struct manifest_library *l, struct view sum,
			 const char *package)
{
	char detail[MANIFEST_HEX + 320], md5[MANIFEST_HEX + 1] = "";
	enum err e = sums_md5(l, md5);

	l->is_known = true;
	(void)snprintf(detail, sizeof detail, "MD5 %s, package %.200s", md5, package);
	if (e == E_AGAIN)
		sums_tell(j, MANIFEST_LIBRARY_DIFFERS, l, "replaced while it was looked at");
	else if (e != E_OK)
		sums_tell(j, MANIFEST_UNREADABLE, l, err_name(e));
	else if (!view_eq(view_str(md5), sum))
		sums_tell(j, MANIFEST_LIBRARY_DIFFERS, l, detail);
}

/* "<32 digits>  usr/lib/...", a line each; what is none names nothing. */
static void sums_list(struct manifest_job *j, struct view text, const char *package)
{
	while (text.n) {
		struct view line = view_slice(text, 0, view_find(text, '\n'));
		struct view path = view_slice(line, SUMS_LINE, line.n);

		text = view_slice(text, line.n + 1, text.n);
		for (size_t i = 0; path.n && i < j->library_n; i++)
			if (!j->library[i].is_known && sums_is_at(&j->library[i], path))
				sums_compare(j, &j->library[i], view_slice(line, 0, SUMS_HEX),
					     package);
	}
}

static void sums_file(struct manifest_job *j, int dir_fd, const char *name)
{
	AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct proc_file f = { 0 };

	if (fd < 0 || proc_file_read_fd(fd, SUMS_LIST_MAX, &f) != E_OK)
		return; /* what it names stays unknown, and is told */
	sums_list(j, view_of(f.p, f.n), name);
	proc_file_done(&f);
}

static void sums_unknown(struct manifest_job *j)
{
	for (size_t i = 0; i < j->library_n; i++)
		if (!j->library[i].is_known)
			sums_tell(j, MANIFEST_LIBRARY_UNKNOWN, &j->library[i], "");
	if (j->has_more_libraries)
		manifest_job_tell(
			j, &(struct manifest_finding){
				   .what = MANIFEST_UNREADABLE,
				   .name = "library",
				   .object = "the others",
				   .detail = "there are too many, or their paths are long" });
}

static enum err sums_fail(struct manifest_result *r, const char *path, enum err e)
{
	(void)snprintf(r->path, sizeof r->path, "%s", path);
	r->why = "no directory of checksums that can be read";
	return e;
}

enum err package_sums_check(struct manifest_job *j)
{
	const char *asked = j->options->packages;
	DIR *dir = opendir(asked ? asked : PACKAGE_SUMS_DIR);

	if (!dir && !asked)
		return E_OK;
	if (!dir)
		return sums_fail(j->result, asked, proc_file_error(errno));
	for (;;) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
		const struct dirent *d = readdir(dir);

		if (!d)
			break;
		if (view_ends(view_str(d->d_name), VIEW(".md5sums")))
			sums_file(j, dirfd(dir), d->d_name);
	}
	(void)closedir(dir);
	j->result->has_packages = true;
	sums_unknown(j);
	return E_OK;
}
