/*
 * A file that can't be opened because open(2) is refused is not reached, whatever its mode says;
 * what was not found out is never judged harmless.
 */
#include "tool/blast_verdict.h"

enum { VERDICT_PAGE = 4096, VERDICT_MANY = 100 /* files: more than a process needs for itself */ };

struct verdict_topic {
	const char *key, *name;
	void (*judge)(const struct blast_process *p, unsigned searched, struct wbuf *cell,
		      struct wbuf *text, uint8_t *level);
};

bool blast_verdict_may(const struct blast_process *p, enum blast_power power)
{
	return !p->calls.is_known || p->calls.power[power] != BLAST_BPF_NEVER;
}

void blast_verdict_number(struct wbuf *w, uint64_t n)
{
	uint64_t unit = 1;

	while (n / unit >= 1000)
		unit *= 1000;
	wbuf_dec(w, n / unit);
	while (unit > 1) {
		n %= unit;
		unit /= 1000;
		WBUF_LIT(w, ",");
		wbuf_dec_pad(w, n / unit, 3);
	}
}

/* "3 files", "1 file" */
static void verdict_count(struct wbuf *w, uint64_t n, const char *what)
{
	blast_verdict_number(w, n);
	WBUF_LIT(w, " ");
	wbuf_str(w, what);
	if (n != 1)
		WBUF_LIT(w, "s");
}

static void verdict_list(struct wbuf *w, const char *before, const struct blast_files_list *l,
			 unsigned most)
{
	for (unsigned i = 0; i < l->n && i < most; i++) {
		wbuf_str(w, i ? ", " : before);
		wbuf_str(w, l->path[i]);
	}
	if (l->n)
		WBUF_LIT(w, ")");
}

static void verdict_unknown(struct wbuf *cell, struct wbuf *text, const char *what, uint8_t *level)
{
	WBUF_LIT(cell, "?");
	WBUF_LIT(text, "not known: ");
	wbuf_str(text, what);
	*level = BLAST_UNKNOWN;
}

/* ---- keys ---- */

static void verdict_keys(const struct blast_process *p, unsigned searched, struct wbuf *cell,
			 struct wbuf *text, uint8_t *level)
{
	unsigned n = (unsigned)__builtin_popcountll(p->memory.keys);

	if (!p->memory.is_known) {
		verdict_unknown(cell, text, "its memory can't be read", level);
		return;
	}
	if (n == 0 && searched == 0) {
		verdict_unknown(cell, text, "no private key to look for was found", level);
		return;
	}
	if (n == 0 && p->maps.hidden) {
		verdict_unknown(cell, text, "no key in what can be read of it; but it has ", level);
		WBUF_LIT(cell, " hidden");
		verdict_count(text, p->maps.hidden / VERDICT_PAGE, "page");
		WBUF_LIT(text, " that nobody else can read, root included (memfd_secret)");
		return;
	}
	*level = n ? BLAST_ALL : BLAST_NONE;
	wbuf_dec(cell, n);
	WBUF_LIT(text, "holds ");
	if (n)
		verdict_count(text, n, "private key");
	else
		WBUF_LIT(text, "no private key");
	wbuf_str(text, " (");
	wbuf_dec(text, searched);
	WBUF_LIT(text, " looked for)");
	if (p->memory.hashes) {
		WBUF_LIT(text, ", ");
		verdict_count(text, p->memory.hashes, "password hash");
	}
	if (p->memory.holds_pem)
		WBUF_LIT(text, "; and text of a key that is in none of these files: a decoy, or "
			       "one that was not looked for");
	if (p->memory.is_partial)
		WBUF_LIT(text, "; a part of its memory could not be read");
}

/* ---- files ---- */

static void verdict_cut(struct wbuf *cell, struct wbuf *text, const struct blast_files *f)
{
	if (f->is_cut) {
		WBUF_LIT(cell, "+");
		WBUF_LIT(text, "; there are more, the look was cut short");
	}
}

static void verdict_read(const struct blast_process *p, unsigned searched, struct wbuf *cell,
			 struct wbuf *text, uint8_t *level)
{
	const struct blast_files *f = &p->files;

	(void)searched;
	if (!blast_verdict_may(p, BLAST_POWER_OPEN)) {
		WBUF_LIT(cell, "0");
		WBUF_LIT(text, "can open no file");
		return;
	}
	if (!p->has_files) {
		verdict_unknown(cell, text, "it may open files, but which could not be seen",
				level);
		return;
	}
	*level = f->readable == 0			  ? BLAST_NONE
		 : f->readable < VERDICT_MANY && !f->keys ? BLAST_SOME
							  : BLAST_ALL;
	blast_verdict_number(cell, f->readable);
	WBUF_LIT(text, "can read ");
	verdict_count(text, f->readable, "file");
	if (f->keys) {
		WBUF_LIT(text, ", ");
		blast_verdict_number(text, f->keys);
		WBUF_LIT(text, " of them private keys (");
		wbuf_str(text, f->key.path[0]);
		wbuf_str(text, f->keys > 1 ? ", ...)" : ")");
	}
	if (f->reads_shadow)
		WBUF_LIT(text, ", /etc/shadow");
	if (p->is_root_own && f->readable)
		WBUF_LIT(text, ", below a root or folders of its own");
	verdict_cut(cell, text, f);
}

/* Files that are open for writing: they need no open(2). */
static unsigned verdict_open_names(const struct blast_process *p, struct wbuf *text)
{
	unsigned shown = 0;

	for (size_t i = 0; i < p->fds.n; i++) {
		const struct blast_fd *d = &p->fds.fd[i];

		if (d->kind != BLAST_FD_FILE || d->is_kept)
			continue;
		if (shown < 3) {
			wbuf_str(text, shown ? ", " : " (");
			wbuf_str(text, d->name);
		}
		shown++;
	}
	if (shown)
		WBUF_LIT(text, ")");
	return shown;
}

static void verdict_write_below(const struct blast_process *p, struct wbuf *text)
{
	const struct blast_files *f = &p->files;

	if (f->writable) {
		WBUF_LIT(text, "can change ");
		verdict_count(text, f->writable, "file");
		verdict_list(text, " (", &f->write, 2);
	}
	if (f->folders) {
		wbuf_str(text, text->n ? ", make files in " : "can make files in ");
		verdict_count(text, f->folders, "folder");
		verdict_list(text, " (", &f->in, 2);
	}
}

static void verdict_write(const struct blast_process *p, unsigned searched, struct wbuf *cell,
			  struct wbuf *text, uint8_t *level)
{
	const struct blast_files *f = &p->files;
	bool may_open = blast_verdict_may(p, BLAST_POWER_OPEN);

	(void)searched;
	if (!p->fds.is_known || (may_open && !p->has_files)) {
		verdict_unknown(cell, text, "what it has open, or may open, could not be seen",
				level);
		return;
	}
	if (may_open)
		verdict_write_below(p, text);
	blast_verdict_number(cell, (may_open ? f->writable : 0) + p->fds.writable_files);
	if (p->fds.writable_files) {
		wbuf_str(text, text->n ? "; has " : "has ");
		verdict_count(text, p->fds.writable_files, "file");
		WBUF_LIT(text, " open for writing");
		(void)verdict_open_names(p, text);
	}
	if (text->n == 0)
		WBUF_LIT(text, "can change no file");
	else
		*level = may_open && f->writable + f->folders >= VERDICT_MANY ? BLAST_ALL
									      : BLAST_SOME;
	if (may_open)
		verdict_cut(cell, text, f);
}

/* ---- programs and code ---- */

static void verdict_exec(const struct blast_process *p, unsigned searched, struct wbuf *cell,
			 struct wbuf *text, uint8_t *level)
{
	bool has_own =
		blast_verdict_may(p, BLAST_POWER_MEMFD) || blast_verdict_may(p, BLAST_POWER_OPEN);

	(void)searched;
	if (!blast_verdict_may(p, BLAST_POWER_EXEC)) {
		WBUF_LIT(cell, "no");
		WBUF_LIT(text, "can start no program");
		return;
	}
	if (!p->calls.is_known) {
		verdict_unknown(cell, text, "its filters can't be read", level);
		return;
	}
	*level = p->files.executable || has_own || !p->has_files ? BLAST_ALL : BLAST_SOME;
	wbuf_str(cell, *level == BLAST_ALL ? "yes" : "if it finds one");
	WBUF_LIT(text, "can start programs: ");
	blast_verdict_number(text, p->files.executable);
	WBUF_LIT(text, " are in its reach");
	if (p->files.executable == 0 && has_own)
		WBUF_LIT(text, ", but it can make one in memory");
	if (p->files.setuid && p->has_status && !p->status.no_new_privs) {
		WBUF_LIT(text, ", ");
		blast_verdict_number(text, p->files.setuid);
		WBUF_LIT(text, " of them give another user's rights");
		verdict_list(text, " (", &p->files.run, 2);
	}
}

static void verdict_code(const struct blast_process *p, unsigned searched, struct wbuf *cell,
			 struct wbuf *text, uint8_t *level)
{
	(void)searched;
	if (p->maps.writable_code) {
		*level = BLAST_ALL;
		WBUF_LIT(cell, "yes");
		WBUF_LIT(text, "has memory that is writable and executable: ");
		verdict_count(text, p->maps.writable_code, "mapping");
		return;
	}
	if (!p->calls.is_known || !p->maps.is_known) {
		verdict_unknown(cell, text, "its filters or mappings can't be read", level);
		return;
	}
	if (!blast_verdict_may(p, BLAST_POWER_CODE)) {
		WBUF_LIT(cell, "no");
		WBUF_LIT(text, "can run no code but what was loaded at its start");
		return;
	}
	*level = BLAST_ALL;
	WBUF_LIT(cell, "yes");
	WBUF_LIT(text, "can make memory executable and run code that it has brought along");
}

/* ---- network ---- */

static void verdict_rules(const struct blast_net *n, struct wbuf *cell, struct wbuf *text)
{
	blast_verdict_number(cell, n->rules);
	wbuf_str(cell, n->rules == 1 ? " target" : " targets");
	WBUF_LIT(text, "can connect to what rules in the kernel allow its control group: ");
	blast_verdict_number(text, n->rules);
	for (size_t i = 0; i < n->rule_n && i < 4; i++) {
		wbuf_str(text, i ? ", " : " (");
		wbuf_str(text, n->rule[i]);
	}
	if (n->rule_n)
		wbuf_str(text, n->rules > 4 ? ", ...)" : ")");
}

/* What it has already. */
static void verdict_sockets(const struct blast_process *p, struct wbuf *text)
{
	if (!p->fds.is_known)
		return;
	WBUF_LIT(text, "; has ");
	verdict_count(text, p->fds.count[BLAST_FD_LISTENER], "listener");
	WBUF_LIT(text, ", ");
	verdict_count(text, p->fds.count[BLAST_FD_INET], "connection");
	WBUF_LIT(text, " and ");
	verdict_count(text, p->fds.count[BLAST_FD_CHANNEL], "local socket");
}

static void verdict_connect(const struct blast_process *p, unsigned searched, struct wbuf *cell,
			    struct wbuf *text, uint8_t *level)
{
	const struct blast_net *n = &p->net;
	bool may =
		blast_verdict_may(p, BLAST_POWER_INET) && blast_verdict_may(p, BLAST_POWER_CONNECT);

	(void)searched;
	if (!may) {
		WBUF_LIT(cell, "nowhere");
		WBUF_LIT(text, "can make no connection");
	} else if (!p->calls.is_known || !n->is_known) {
		verdict_unknown(cell, text, "its filters or its network can't be seen", level);
	} else if (n->routes == 0) {
		WBUF_LIT(cell, "nowhere");
		WBUF_LIT(text, "may make connections, in a network that leads nowhere");
	} else if (n->holds_connect && n->rules) {
		*level = BLAST_SOME;
		verdict_rules(n, cell, text);
	} else {
		*level = BLAST_ALL;
		WBUF_LIT(cell, "anywhere");
		WBUF_LIT(text, "can connect anywhere that this machine can");
		if (n->programs)
			WBUF_LIT(text, ", as far as programs of its control group let it");
	}
	if (may && blast_verdict_may(p, BLAST_POWER_LISTEN) && n->routes)
		WBUF_LIT(text, ", and open listeners");
	verdict_sockets(p, text);
}

/* ---- others ---- */

static void verdict_others(const struct blast_process *p, unsigned searched, struct wbuf *cell,
			   struct wbuf *text, uint8_t *level)
{
	const struct blast_others *o = &p->others;
	bool may_signal = blast_verdict_may(p, BLAST_POWER_SIGNAL),
	     may_trace = blast_verdict_may(p, BLAST_POWER_TRACE);
	unsigned traces = may_trace ? o->traces : 0, signals = may_signal ? o->signals : 0;

	(void)searched;
	if ((may_signal || may_trace) && !o->is_known) {
		verdict_unknown(cell, text, "its namespaces can't be seen", level);
		return;
	}
	*level = traces ? BLAST_ALL : signals ? BLAST_SOME : BLAST_NONE;
	if (*level == BLAST_NONE) {
		WBUF_LIT(cell, "none");
		WBUF_LIT(text, "can neither signal another process nor look into one");
		return;
	}
	blast_verdict_number(cell, traces > signals ? traces : signals);
	WBUF_LIT(text, "of ");
	blast_verdict_number(text, o->all);
	WBUF_LIT(text, " other processes: can signal ");
	blast_verdict_number(text, signals);
	WBUF_LIT(text, ", read and change the memory of ");
	blast_verdict_number(text, traces);
}

static void verdict_calls(const struct blast_process *p, unsigned searched, struct wbuf *cell,
			  struct wbuf *text, uint8_t *level)
{
	const struct blast_calls *c = &p->calls;

	(void)searched;
	if (!c->is_known) {
		verdict_unknown(cell, text, "its filters can't be read", level);
		return;
	}
	*level = c->has_filters && !c->is_foreign ? BLAST_SOME : BLAST_ALL;
	wbuf_dec(cell, c->always + c->sometimes);
	WBUF_LIT(cell, " of ");
	wbuf_dec(cell, c->total);
	if (!c->has_filters) {
		WBUF_LIT(text, "has every system call: no seccomp filter");
		return;
	}
	WBUF_LIT(text, "has ");
	wbuf_dec(text, c->always + c->sometimes);
	WBUF_LIT(text, " of ");
	wbuf_dec(text, c->total);
	WBUF_LIT(text, " system calls, ");
	wbuf_dec(text, c->sometimes);
	WBUF_LIT(text, " of them with certain arguments only");
	if (c->is_foreign)
		WBUF_LIT(text, "; calls of other architectures get through");
	if (c->is_unclear)
		WBUF_LIT(text, "; some could not be followed and count as allowed");
}

static const struct verdict_topic verdict_topics[BLAST_TOPICS] = {
	[BLAST_TOPIC_KEYS] = { "keys", "private keys", verdict_keys },
	[BLAST_TOPIC_READ] = { "read", "reads files", verdict_read },
	[BLAST_TOPIC_WRITE] = { "write", "changes files", verdict_write },
	[BLAST_TOPIC_EXEC] = { "exec", "starts programs", verdict_exec },
	[BLAST_TOPIC_CODE] = { "code", "runs own code", verdict_code },
	[BLAST_TOPIC_CONNECT] = { "connect", "connects to", verdict_connect },
	[BLAST_TOPIC_OTHERS] = { "others", "other processes", verdict_others },
	[BLAST_TOPIC_CALLS] = { "calls", "system calls", verdict_calls },
};

const char *blast_verdict_topic(unsigned topic)
{
	return verdict_topics[topic].name;
}

const char *blast_verdict_key(unsigned topic)
{
	return verdict_topics[topic].key;
}

const char *blast_verdict_level(unsigned level)
{
	static const char *const names[] = { "none", "some", "unknown", "all" };

	return names[level];
}

struct blast_verdict blast_verdict_of(const struct blast_process *p, enum blast_topic topic,
				      unsigned searched)
{
	struct blast_verdict v = { .level = BLAST_NONE };
	struct wbuf cell = wbuf_of(v.cell, sizeof v.cell - 1),
		    text = wbuf_of(v.text, sizeof v.text - 1);

	verdict_topics[topic].judge(p, searched, &cell, &text, &v.level);
	v.cell[cell.n] = '\0';
	v.text[text.n] = '\0';
	return v;
}
