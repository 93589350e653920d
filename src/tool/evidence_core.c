/*
 * Two passes, because the headers in front say which pages follow: the first finds the pages that
 * are not zero (/proc/PID/pagemap says which can be, where it may be read), the second reads them
 * again and writes. What has gone in between is zeros in the file, and told.
 */
#include "tool/evidence_core.h"

#include "sys/fd.h"
#include "tool/proc_file.h"
#include "tool/proc_maps.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	CORE_PAGE = 4096,
	CORE_PAGES = 256, /* that are read at once */
	CORE_RUNS = 32768,
	CORE_MAPS = 16 << 20,
	CORE_NOTES = 8 << 20,
	CORE_AUXV = 16384,
	CORE_NT_FILE = 0x46494c45
};

/* A mapping's most bytes: no role has one that large, and looking through it would take minutes. */
#define CORE_MAP_BYTES (UINT64_C(1) << 38)

/* Pages that follow each other. */
struct core_run {
	uint64_t from, n; /* bytes */
	unsigned flags;
};

struct core {
	struct evidence_bundle *bundle;
	const struct process_list_one *process;
	struct proc_file maps;
	int pagemap; /* -1: may not be read: every readable page may be more than zeros */
	struct core_run run[CORE_RUNS];
	size_t run_n;
	uint64_t gap; /* bytes of zeros between pages that are taken along */
	uint64_t bytes, lost;
	bool is_gone;	/* it has ended meanwhile */
	uint8_t *notes; /* owned */
	struct wbuf note;
	uint64_t present[CORE_PAGES];
	uint8_t buf[CORE_PAGES * CORE_PAGE];
};

/* ---- which pages ---- */

/* Runs that lie near each other become one, until there is room. */
static void core_join(struct core *c)
{
	size_t kept = 0;

	c->gap = c->gap ? 4 * c->gap : CORE_PAGE;
	for (size_t i = 1; i < c->run_n; i++) {
		struct core_run *last = &c->run[kept];
		const struct core_run *r = &c->run[i];

		if (r->flags == last->flags && r->from - (last->from + last->n) <= c->gap)
			last->n = r->from + r->n - last->from;
		else
			c->run[++kept] = *r;
	}
	c->run_n = kept + 1;
}

static void core_add(struct core *c, uint64_t at, unsigned flags)
{
	struct core_run *last = c->run_n ? &c->run[c->run_n - 1] : NULL;

	if (last && last->flags == flags && at - (last->from + last->n) <= c->gap) {
		last->n = at + CORE_PAGE - last->from;
		return;
	}
	for (unsigned i = 0; c->run_n == CORE_RUNS && i < 32; i++)
		core_join(c);
	if (c->run_n < CORE_RUNS)
		c->run[c->run_n++] = (struct core_run){ at, CORE_PAGE, flags };
	else
		c->lost += CORE_PAGE;
}

static bool core_is_zero(const uint8_t *page)
{
	uint8_t any = 0;

	for (size_t i = 0; i < CORE_PAGE; i++)
		any |= page[i];
	return any == 0;
}

/* As many bytes in a row as there are. */
static size_t core_read_on(struct core *c, uint64_t at, uint8_t *to, size_t n)
{
	struct iovec local = { to, n };
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the other process */
	struct iovec remote = { (void *)(uintptr_t)at, n };
	ssize_t got = c->is_gone ? 0 : process_vm_readv(c->process->pid, &local, 1, &remote, 1, 0);

	c->is_gone |= got < 0 && errno == ESRCH;
	return got > 0 ? (size_t)got : 0;
}

/* How many there are; the rest is zeros: pages among the others that nobody can touch (sys/moat.h),
 * or that are gone by now. */
static size_t core_read(struct core *c, uint64_t at, uint8_t *to, size_t n)
{
	size_t have = 0;

	for (size_t i = 0; i < n;) {
		size_t got = core_read_on(c, at + i, to + i, n - i);

		have += got;
		i += got;
		for (size_t k = 0; !got && k < CORE_PAGE; k++)
			to[i++] = 0;
	}
	return have;
}

/* Bit 63: in memory, bit 62: swapped out (kernel: admin-guide/mm/pagemap). */
static void core_present(struct core *c, uint64_t at, size_t pages)
{
	ssize_t got = c->pagemap < 0 ? -1
				     : pread(c->pagemap, c->present, pages * sizeof c->present[0],
					     (off_t)(at / CORE_PAGE * sizeof c->present[0]));
	size_t have = got > 0 ? (size_t)got / sizeof c->present[0] : 0;

	for (size_t i = 0; i < pages; i++)
		c->present[i] = c->pagemap < 0 || (i < have && c->present[i] >> 62 != 0);
}

static void core_window(struct core *c, uint64_t at, size_t pages, unsigned flags)
{
	size_t i = 0;

	core_present(c, at, pages);
	while (i < pages) {
		size_t n = 0;

		while (i + n < pages && c->present[i + n])
			n++;
		if (n)
			(void)core_read(c, at + i * CORE_PAGE, c->buf, n * CORE_PAGE);
		for (size_t k = 0; k < n; k++)
			if (!core_is_zero(&c->buf[k * CORE_PAGE]))
				core_add(c, at + (i + k) * CORE_PAGE, flags);
		i += n + 1;
	}
}

/* Without the table of pages, looking at shared memory that nobody has touched would make it; what
 * roles share is among the bundle's pages/ anyway. */
static bool core_wants(const struct core *c, const struct proc_map *m)
{
	if (c->pagemap < 0 && m->flags & PROC_MAP_SHARED)
		return false;
	return (m->flags & PROC_MAP_READ) && m->to - m->from <= CORE_MAP_BYTES &&
	       !view_starts(m->path, VIEW("[vvar")) && !view_eq(m->path, VIEW("[vsyscall]")) &&
	       !view_starts(m->path, VIEW("/dev/"));
}

static enum err core_scan(struct core *c)
{
	struct view text = view_of(c->maps.p, c->maps.n);
	struct proc_map m = { 0 };
	enum err e = E_OK;

	while ((e = proc_maps_next(&text, &m)) == E_OK) {
		for (uint64_t at = m.from; core_wants(c, &m) && at < m.to && !c->is_gone;
		     at += (uint64_t)CORE_PAGES * CORE_PAGE) {
			uint64_t pages = (m.to - at) / CORE_PAGE;

			core_window(c, at, pages < CORE_PAGES ? (size_t)pages : CORE_PAGES,
				    m.flags);
		}
	}
	for (size_t i = 0; i < c->run_n; i++)
		c->bytes += c->run[i].n;
	if (c->is_gone)
		return E_CLOSED;
	return e == E_AGAIN ? E_OK : e;
}

/* ---- the headers: this machine's own layout, as a core file's is ---- */

static void core_put_note(struct core *c, uint32_t type, struct view desc)
{
	Elf64_Nhdr h = { .n_namesz = 5, .n_descsz = (Elf64_Word)desc.n, .n_type = type };

	wbuf_put(&c->note, &h, sizeof h);
	wbuf_put(&c->note, "CORE\0\0\0\0", 8);
	wbuf_view_put(&c->note, desc);
	wbuf_put(&c->note, "\0\0\0", (4 - desc.n % 4) % 4);
}

static void core_word(struct wbuf *w, uint64_t x)
{
	wbuf_put(w, &x, sizeof x);
}

static bool core_is_file(const struct proc_map *m)
{
	return m->path.n && m->path.p[0] == '/';
}

/* NT_FILE: count, page size, {from, to, page of the file} each, then the names with a NUL each. */
static void core_put_files(struct core *c, struct wbuf *w)
{
	struct view text = view_of(c->maps.p, c->maps.n);
	struct proc_map m = { 0 };
	uint64_t n = 0;

	while (proc_maps_next(&text, &m) == E_OK)
		n += core_is_file(&m);
	core_word(w, n);
	core_word(w, CORE_PAGE);
	text = view_of(c->maps.p, c->maps.n);
	while (proc_maps_next(&text, &m) == E_OK) {
		if (!core_is_file(&m))
			continue;
		core_word(w, m.from);
		core_word(w, m.to);
		core_word(w, m.offset / CORE_PAGE);
	}
	text = view_of(c->maps.p, c->maps.n);
	while (proc_maps_next(&text, &m) == E_OK) {
		if (!core_is_file(&m))
			continue;
		wbuf_view_put(w, m.path);
		wbuf_u8(w, 0);
	}
}

static enum err core_notes(struct core *c)
{
	struct proc_file auxv = { 0 };
	uint8_t *room = malloc(CORE_NOTES / 2);
	struct wbuf files = wbuf_of(room, CORE_NOTES / 2);

	c->notes = malloc(CORE_NOTES);
	c->note = wbuf_of(c->notes, CORE_NOTES);
	if (!room || !c->notes) {
		free(room);
		return E_NOMEM;
	}
	core_put_files(c, &files);
	if (!files.bad)
		core_put_note(c, CORE_NT_FILE, wbuf_view(&files));
	free(room);
	if (proc_file_read(c->process->pid, "auxv", CORE_AUXV, &auxv) == E_OK) {
		core_put_note(c, NT_AUXV, view_of(auxv.p, auxv.n));
		proc_file_done(&auxv);
	}
	return wbuf_check(&c->note);
}

static uint16_t core_machine(void)
{
#if defined(__x86_64__)
	return EM_X86_64;
#elif defined(__aarch64__)
	return EM_AARCH64;
#else
	return EM_NONE;
#endif
}

/* Where memory begins: behind headers and notes, at a page. */
static uint64_t core_front(const struct core *c)
{
	uint64_t n = sizeof(Elf64_Ehdr) + (c->run_n + 1) * sizeof(Elf64_Phdr) + c->note.n;

	return (n + CORE_PAGE - 1) / CORE_PAGE * CORE_PAGE;
}

static enum err core_put_head(struct core *c)
{
	Elf64_Ehdr h = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				      __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB
										: ELFDATA2MSB,
				      EV_CURRENT },
			 .e_type = ET_CORE,
			 .e_machine = core_machine(),
			 .e_version = EV_CURRENT,
			 .e_phoff = sizeof h,
			 .e_ehsize = sizeof h,
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = (Elf64_Half)(c->run_n + 1) };
	uint64_t at = core_front(c);
	Elf64_Phdr note = { .p_type = PT_NOTE,
			    .p_offset = sizeof h + (c->run_n + 1) * sizeof note,
			    .p_filesz = c->note.n,
			    .p_align = 4 };

	TRY(evidence_bundle_write(c->bundle, view_of(&h, sizeof h)));
	TRY(evidence_bundle_write(c->bundle, view_of(&note, sizeof note)));
	for (size_t i = 0; i < c->run_n; i++) {
		const struct core_run *r = &c->run[i];
		Elf64_Phdr p = { .p_type = PT_LOAD,
				 .p_flags = PF_R | (r->flags & PROC_MAP_WRITE ? PF_W : 0U) |
					    (r->flags & PROC_MAP_EXEC ? PF_X : 0U),
				 .p_offset = at,
				 .p_vaddr = r->from,
				 .p_filesz = r->n,
				 .p_memsz = r->n,
				 .p_align = CORE_PAGE };

		TRY(evidence_bundle_write(c->bundle, view_of(&p, sizeof p)));
		at += r->n;
	}
	TRY(evidence_bundle_write(c->bundle, wbuf_view(&c->note)));
	for (size_t i = 0; i < CORE_PAGE; i++)
		c->buf[i] = 0;
	return evidence_bundle_write(c->bundle,
				     view_of(c->buf, core_front(c) - note.p_offset - c->note.n));
}

/* ---- the pages ---- */

static enum err core_put_run(struct core *c, const struct core_run *r)
{
	for (uint64_t done = 0; done < r->n;) {
		uint64_t left = r->n - done;
		size_t n = left < sizeof c->buf ? (size_t)left : sizeof c->buf;

		c->lost += n - core_read(c, r->from + done, c->buf, n);
		TRY(evidence_bundle_write(c->bundle, view_of(c->buf, n)));
		done += n;
	}
	return E_OK;
}

static enum err core_write(struct core *c, const char *name)
{
	char why[128];
	enum err e = evidence_bundle_begin(
		c->bundle, name,
		c->pagemap < 0
			? "ELF core: process_vm_readv, every readable mapping that is not shared"
			: "ELF core: process_vm_readv, pages in memory or swapped out",
		core_front(c) + c->bytes);

	if (e != E_OK) {
		c->bytes = 0;
		return e == E_LIMIT ? E_OK : e;
	}
	TRY(core_put_head(c));
	for (size_t i = 0; i < c->run_n; i++)
		TRY(core_put_run(c, &c->run[i]));
	/* Its number may be somebody else's by now */
	if (!process_list_is_same(c->process))
		evidence_bundle_miss(c->bundle, name,
				     "the process ended while it was read: the end is not its own");
	if (c->lost) {
		(void)snprintf(why, sizeof why,
			       "%llu bytes went away while they were read, and are zeros or absent",
			       (unsigned long long)c->lost);
		evidence_bundle_miss(c->bundle, name, why);
	}
	return evidence_bundle_end(c->bundle);
}

static const char *core_why(enum err e)
{
	return e == E_DENIED   ? "permission denied"
	       : e == E_CLOSED ? "the process ended before it was taken"
	       : e == E_PROTO  ? "its maps are not understood"
			       : "it can't be read";
}

/* Whether its memory may be read at all: asked once, of a page that it must have. */
static enum err core_may(struct core *c)
{
	struct view text = view_of(c->maps.p, c->maps.n);
	struct proc_map m = { 0 };

	while (proc_maps_next(&text, &m) == E_OK) {
		errno = 0;
		if (core_wants(c, &m) && core_read(c, m.from, c->buf, CORE_PAGE) == CORE_PAGE)
			return E_OK;
		if (errno == EPERM || errno == ESRCH)
			return proc_file_error(errno);
	}
	return E_CLOSED;
}

static enum err core_take(struct core *c, const char *name)
{
	enum err e = proc_file_read(c->process->pid, "maps", CORE_MAPS, &c->maps);

	if (proc_file_open(c->process->pid, "pagemap", &c->pagemap) != E_OK)
		c->pagemap = -1;
	if (e == E_OK)
		e = core_may(c);
	if (e == E_OK)
		e = core_scan(c);
	if (e == E_OK && !process_list_is_same(c->process))
		e = E_CLOSED;
	if (e != E_OK) {
		c->bytes = 0;
		evidence_bundle_miss(c->bundle, name, core_why(e));
		return E_OK;
	}
	TRY(core_notes(c));
	return core_write(c, name);
}

enum err evidence_core_put(struct evidence_bundle *b, const struct process_list_one *p,
			   const char *label, uint64_t *ret_bytes)
{
	struct core *c = calloc(1, sizeof *c);
	char name[EVIDENCE_TAR_NAME];
	enum err e = E_NOMEM;

	if (!c)
		return E_NOMEM;
	c->bundle = b;
	c->process = p;
	c->pagemap = -1;
	(void)snprintf(name, sizeof name, "processes/%s/core", label);
	e = core_take(c, name);
	*ret_bytes = c->bytes;
	(void)fd_close(c->pagemap);
	proc_file_done(&c->maps);
	free(c->notes);
	free(c);
	return e;
}
