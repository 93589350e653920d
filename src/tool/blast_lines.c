/* Verdicts have words of their own (blast_verdict.c); this is what they rest on. */
#include "tool/blast_lines.h"

#include "tool/blast_verdict.h"

enum { LINES_MB = 1 << 20, LINES_PEERS = 24 };

static const char *const lines_names[BLAST_LINES] = {
	[BLAST_LINE_USER] = "user",	[BLAST_LINE_SPACES] = "namespaces",
	[BLAST_LINE_OPEN] = "has open", [BLAST_LINE_PEERS] = "speaks to",
	[BLAST_LINE_MEMORY] = "memory", [BLAST_LINE_POWERS] = "may ask for",
};

const char *blast_lines_name(unsigned line)
{
	return lines_names[line];
}

static void lines_caps(struct wbuf *w, uint64_t caps)
{
	bool is_first = true;

	if ((caps >> 40 & 1) && __builtin_popcountll(caps) >= 38) {
		WBUF_LIT(w, "all capabilities");
		return;
	}
	for (unsigned i = 0; i < 64; i++) {
		const char *name = blast_status_cap(i);

		if (!(caps >> i & 1))
			continue;
		if (!is_first)
			WBUF_LIT(w, ", ");
		wbuf_str(w, name ? name : "?");
		is_first = false;
	}
	if (is_first)
		WBUF_LIT(w, "no capability");
}

static bool lines_user(const struct blast_process *p, struct wbuf *w)
{
	const struct blast_status *s = &p->status;

	if (!p->has_status)
		return false;
	WBUF_LIT(w, "uid ");
	wbuf_dec(w, s->uid[1]);
	WBUF_LIT(w, ", gid ");
	wbuf_dec(w, s->gid[1]);
	WBUF_LIT(w, "; ");
	lines_caps(w, s->effective);
	if (s->effective && p->own_space[BLAST_SPACE_USER])
		WBUF_LIT(w, " (within its own user namespace alone)");
	if (s->permitted & ~s->effective) {
		WBUF_LIT(w, ", may take ");
		lines_caps(w, s->permitted & ~s->effective);
	}
	if (s->uid[1] != 0 && (s->uid[0] == 0 || s->uid[2] == 0))
		WBUF_LIT(w, "; may become root again");
	wbuf_str(w, s->no_new_privs ? "; can gain none (no_new_privs)"
		    : s->bounding   ? "; can gain more by programs that have them"
				    : "; its bounding set is empty");
	return true;
}

static bool lines_spaces(const struct blast_process *p, struct wbuf *w)
{
	for (unsigned own = 2; own-- > 0 && p->has_spaces;) {
		bool is_first = true;

		for (unsigned i = 0; i < BLAST_SPACES; i++) {
			if (p->own_space[i] != (own == 1))
				continue;
			wbuf_str(w, !is_first ? ", "
				    : own     ? "its own: "
				    : w->n    ? "; the machine's: "
					      : "the machine's: ");
			wbuf_str(w, blast_space_name(i));
			is_first = false;
		}
	}
	if (p->has_spaces)
		wbuf_str(w, p->is_root_own ? "; another root than the machine's"
					   : "; the machine's root");
	return p->has_spaces;
}

static bool lines_open(const struct blast_process *p, struct wbuf *w)
{
	const struct blast_fds *s = &p->fds;
	bool is_first = true;

	if (!s->is_known)
		return false;
	wbuf_dec(w, s->total);
	WBUF_LIT(w, " descriptors: ");
	for (unsigned i = 0; i < BLAST_FD_KINDS; i++) {
		if (!s->count[i])
			continue;
		if (!is_first)
			WBUF_LIT(w, ", ");
		wbuf_dec(w, s->count[i]);
		WBUF_LIT(w, " ");
		wbuf_str(w, blast_fd_kind(i));
		is_first = false;
		if (i == BLAST_FD_MEMORY) {
			WBUF_LIT(w, " (");
			wbuf_dec(w, s->writable_memory);
			WBUF_LIT(w, " writable)");
		}
	}
	return true;
}

/* Each other process once, as far as there is room. */
static bool lines_peers(const struct blast_look *l, const struct blast_process *p, struct wbuf *w)
{
	const struct blast_process *seen[LINES_PEERS] = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < p->fds.n && n < LINES_PEERS; i++) {
		const struct blast_process *o =
			blast_look_holder(l, blast_peer_of(&l->peers, p->fds.fd[i].inode));
		bool is_new = o && o != p;

		for (size_t k = 0; k < n; k++)
			is_new = is_new && seen[k] != o;
		if (!is_new)
			continue;
		wbuf_str(w, n ? ", " : "");
		wbuf_str(w, o->role);
		WBUF_LIT(w, "[");
		wbuf_dec(w, (uint64_t)o->is.pid);
		WBUF_LIT(w, "]");
		seen[n++] = o;
	}
	return n != 0;
}

static void lines_mb(struct wbuf *w, uint64_t bytes)
{
	wbuf_dec(w, bytes / LINES_MB);
	WBUF_LIT(w, ".");
	wbuf_dec(w, bytes % LINES_MB * 10 / LINES_MB);
	WBUF_LIT(w, " MB");
}

static bool lines_memory(const struct blast_process *p, struct wbuf *w)
{
	const struct blast_maps *m = &p->maps;

	if (!m->is_known)
		return false;
	lines_mb(w, m->resident);
	WBUF_LIT(w, " in use, ");
	lines_mb(w, m->locked);
	WBUF_LIT(w, " locked, ");
	lines_mb(w, m->not_dumped);
	WBUF_LIT(w, " left out of core dumps; ");
	wbuf_dec(w, m->shared_total);
	WBUF_LIT(w, " shared mappings, ");
	wbuf_dec(w, m->shared_writable);
	WBUF_LIT(w, " of them writable; ");
	wbuf_dec(w, m->writable_code);
	WBUF_LIT(w, " writable and executable");
	if (m->anonymous_code) {
		WBUF_LIT(w, ", ");
		wbuf_dec(w, m->anonymous_code);
		WBUF_LIT(w, " executable and of no file");
	}
	return true;
}

static bool lines_powers(const struct blast_process *p, struct wbuf *w)
{
	bool is_first = true;

	if (!p->calls.is_known)
		return false;
	for (unsigned i = 0; i < BLAST_POWERS; i++) {
		if (p->calls.power[i] == BLAST_BPF_NEVER)
			continue;
		if (!is_first)
			WBUF_LIT(w, ", ");
		wbuf_str(w, blast_calls_power(i));
		if (p->calls.power[i] == BLAST_BPF_SOMETIMES)
			WBUF_LIT(w, " (with certain arguments)");
		is_first = false;
	}
	if (is_first)
		WBUF_LIT(w, "none of the dangerous system calls");
	return true;
}

bool blast_lines_put(const struct blast_look *l, const struct blast_process *p, unsigned line,
		     struct wbuf *w)
{
	switch ((enum blast_line)line) {
	case BLAST_LINE_USER:
		return lines_user(p, w);
	case BLAST_LINE_SPACES:
		return lines_spaces(p, w);
	case BLAST_LINE_OPEN:
		return lines_open(p, w);
	case BLAST_LINE_PEERS:
		return lines_peers(l, p, w);
	case BLAST_LINE_MEMORY:
		return lines_memory(p, w);
	case BLAST_LINE_POWERS:
		return lines_powers(p, w);
	case BLAST_LINES:
		break;
	}
	return false;
}
