/* Names of files, processes and sockets come from anybody: each goes through doc_text. */
#include "tool/blast_doc.h"

#include "ipc/audit_line.h"
#include "tool/blast_lines.h"
#include "tool/blast_verdict.h"

#include <pwd.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>

enum { DOC_TEXT = 700, DOC_ROOM = 6 * DOC_TEXT + 16 };

static json_t *doc_text(const char *text)
{
	char room[DOC_ROOM];
	struct wbuf w = wbuf_of(room, sizeof room);

	audit_line_put_printable(&w, view_slice(view_str(text), 0, DOC_TEXT));
	return json_stringn(room, w.n);
}

static json_t *doc_number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static void doc_put(json_t *to, const char *key, json_t *value)
{
	(void)json_object_set_new(to, key, value);
}

/* ---- who it is ---- */

static json_t *doc_caps(uint64_t caps)
{
	json_t *list = json_array();
	char other[24];

	for (unsigned i = 0; i < 64; i++) {
		const char *name = blast_status_cap(i);

		if (!(caps >> i & 1))
			continue;
		(void)snprintf(other, sizeof other, "%u", i);
		(void)json_array_append_new(list, json_string(name ? name : other));
	}
	return list;
}

static json_t *doc_user_name(uint32_t uid)
{
	char room[4096];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(uid, &entry, room, sizeof room, &found) != 0 || !found)
		return json_null();
	return doc_text(found->pw_name);
}

static json_t *doc_user(const struct blast_process *p)
{
	const struct blast_status *s = &p->status;
	json_t *doc = json_object(), *groups = json_array();

	if (!p->has_status) {
		json_decref(doc);
		json_decref(groups);
		return json_null();
	}
	for (size_t i = 0; i < s->group_n; i++)
		(void)json_array_append_new(groups, doc_number(s->group[i]));
	doc_put(doc, "uid", doc_number(s->uid[1]));
	doc_put(doc, "name", doc_user_name(s->uid[1]));
	doc_put(doc, "gid", doc_number(s->gid[1]));
	doc_put(doc, "groups", groups);
	doc_put(doc, "no_new_privs", json_boolean(s->no_new_privs));
	doc_put(doc, "effective", doc_caps(s->effective));
	doc_put(doc, "permitted", doc_caps(s->permitted));
	doc_put(doc, "bounding", doc_caps(s->bounding));
	doc_put(doc, "inside_own_namespace", json_boolean(p->own_space[BLAST_SPACE_USER]));
	return doc;
}

static json_t *doc_spaces(const struct blast_process *p)
{
	json_t *doc = json_object();

	for (unsigned i = 0; i < BLAST_SPACES; i++)
		doc_put(doc, blast_space_name(i),
			!p->has_spaces ? json_null()
				       : json_string(p->own_space[i] ? "own" : "machine"));
	return doc;
}

/* ---- files ---- */

static json_t *doc_paths(const struct blast_files_list *l)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < l->n; i++)
		(void)json_array_append_new(list, doc_text(l->path[i]));
	return list;
}

static json_t *doc_files(const struct blast_process *p)
{
	const struct blast_files *f = &p->files;
	json_t *doc = json_object();

	doc_put(doc, "known", json_boolean(p->has_files));
	doc_put(doc, "own_root", json_boolean(p->is_root_own));
	doc_put(doc, "may_open", json_boolean(blast_verdict_may(p, BLAST_POWER_OPEN)));
	doc_put(doc, "looked_at", doc_number(f->looked_at));
	doc_put(doc, "readable", doc_number(f->readable));
	doc_put(doc, "writable", doc_number(f->writable));
	doc_put(doc, "executable", doc_number(f->executable));
	doc_put(doc, "setuid", doc_number(f->setuid));
	doc_put(doc, "folders", doc_number(f->folders));
	doc_put(doc, "sockets", doc_number(f->sockets));
	doc_put(doc, "devices", doc_number(f->devices));
	doc_put(doc, "keys", doc_number(f->keys));
	doc_put(doc, "shadow", json_boolean(f->reads_shadow));
	doc_put(doc, "proc", json_boolean(f->has_proc));
	doc_put(doc, "cut", json_boolean(f->is_cut));
	doc_put(doc, "key_files", doc_paths(&f->key));
	doc_put(doc, "writes", doc_paths(&f->write));
	doc_put(doc, "makes_files_in", doc_paths(&f->in));
	doc_put(doc, "setuid_programs", doc_paths(&f->run));
	return doc;
}

/* ---- descriptors ---- */

static json_t *doc_peer(const struct blast_look *l, const struct blast_fd *d)
{
	uint64_t other = blast_peer_of(&l->peers, d->inode);
	const struct blast_process *holder = blast_look_holder(l, other);
	char text[PROCESS_LIST_NAME + 24];

	if (d->kind != BLAST_FD_CHANNEL || !holder)
		return json_null();
	(void)snprintf(text, sizeof text, "%s[%d]", holder->role, holder->is.pid);
	return doc_text(text);
}

static json_t *doc_fd(const struct blast_look *l, const struct blast_fd *d)
{
	json_t *doc = json_object();
	char seals[64];
	struct wbuf w = wbuf_of(seals, sizeof seals);
	char access[3] = { d->access & BLAST_FD_READ ? 'r' : '-',
			   d->access & BLAST_FD_WRITE ? 'w' : '-', '\0' };

	doc_put(doc, "fd", json_integer(d->fd));
	doc_put(doc, "kind", json_string(blast_fd_kind(d->kind)));
	doc_put(doc, "to", doc_text(d->name));
	doc_put(doc, "access", json_string(access));
	if (d->kind == BLAST_FD_FILE || d->kind == BLAST_FD_FOLDER)
		doc_put(doc, "mode", doc_number(d->mode));
	if (d->kind == BLAST_FD_MEMORY) {
		blast_fd_put_seals(&w, d->seals);
		doc_put(doc, "seals", json_stringn(seals, w.n));
		doc_put(doc, "writable", json_boolean(!d->is_kept));
	}
	if (d->kind == BLAST_FD_CHANNEL)
		doc_put(doc, "peer", doc_peer(l, d));
	return doc;
}

static json_t *doc_fds(const struct blast_look *l, const struct blast_process *p)
{
	json_t *doc = json_object(), *kinds = json_object(), *list = json_array();

	for (unsigned i = 0; i < BLAST_FD_KINDS; i++)
		if (p->fds.count[i])
			doc_put(kinds, blast_fd_kind(i), doc_number(p->fds.count[i]));
	for (size_t i = 0; i < p->fds.n; i++)
		(void)json_array_append_new(list, doc_fd(l, &p->fds.fd[i]));
	doc_put(doc, "known", json_boolean(p->fds.is_known));
	doc_put(doc, "total", doc_number(p->fds.total));
	doc_put(doc, "kinds", kinds);
	doc_put(doc, "writable_files", doc_number(p->fds.writable_files));
	doc_put(doc, "writable_memory", doc_number(p->fds.writable_memory));
	doc_put(doc, "list", list);
	return doc;
}

/* ---- memory ---- */

static json_t *doc_map_list(const struct blast_map *m, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *one = json_object();

		doc_put(one, "bytes", doc_number(m[i].bytes));
		doc_put(one, "writable", json_boolean(m[i].is_writable));
		doc_put(one, "of", doc_text(m[i].name));
		(void)json_array_append_new(list, one);
	}
	return list;
}

static json_t *doc_maps(const struct blast_process *p)
{
	const struct blast_maps *m = &p->maps;
	json_t *doc = json_object();

	doc_put(doc, "known", json_boolean(m->is_known));
	doc_put(doc, "bytes", doc_number(m->bytes));
	doc_put(doc, "resident", doc_number(m->resident));
	doc_put(doc, "locked", doc_number(m->locked));
	doc_put(doc, "not_dumped", doc_number(m->not_dumped));
	doc_put(doc, "wiped_on_fork", doc_number(m->wiped));
	doc_put(doc, "hidden", doc_number(m->hidden));
	doc_put(doc, "sealed", doc_number(m->sealed));
	doc_put(doc, "writable_code", doc_number(m->writable_code));
	doc_put(doc, "anonymous_code", doc_number(m->anonymous_code));
	doc_put(doc, "code", doc_map_list(m->code, m->code_n));
	doc_put(doc, "shared_total", doc_number(m->shared_total));
	doc_put(doc, "shared_writable", doc_number(m->shared_writable));
	doc_put(doc, "shared", doc_map_list(m->shared, m->shared_n));
	return doc;
}

static json_t *doc_memory(const struct blast_look *l, const struct blast_process *p)
{
	json_t *doc = json_object(), *keys = json_array();

	for (unsigned i = 0; i < l->keys.n; i++)
		if (p->memory.keys >> i & 1)
			(void)json_array_append_new(keys, doc_text(l->keys.path[i]));
	doc_put(doc, "known", json_boolean(p->memory.is_known));
	doc_put(doc, "partial", json_boolean(p->memory.is_partial));
	doc_put(doc, "bytes", doc_number(p->memory.bytes));
	doc_put(doc, "private_keys", keys);
	doc_put(doc, "key_text", json_boolean(p->memory.holds_pem));
	doc_put(doc, "password_hashes", doc_number(p->memory.hashes));
	return doc;
}

/* ---- system calls ---- */

static json_t *doc_left(const struct blast_calls *c)
{
	json_t *list = json_array();
	char name[64];

	for (unsigned i = 0; i < BLAST_CALLS_MAX && c->has_filters; i++) {
		struct wbuf w = wbuf_of(name, sizeof name);

		if (c->of[i] == BLAST_BPF_NEVER || !blast_calls_name(i, &w))
			continue;
		(void)json_array_append_new(list, json_stringn(name, w.n));
	}
	return list;
}

static json_t *doc_acts(const struct blast_calls *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->act_n; i++) {
		const struct blast_calls_act *a = &c->act[i];
		char name[64];
		struct wbuf w = wbuf_of(name, sizeof name);
		json_t *one = json_object();

		if (a->name)
			wbuf_str(&w, a->name);
		else
			(void)blast_calls_name(a->number, &w);
		doc_put(one, "act", json_stringn(name, w.n));
		doc_put(one, "allowed", json_string(blast_bpf_word(a->verdict)));
		if (a->when[0])
			doc_put(one, "when", doc_text(a->when));
		(void)json_array_append_new(list, one);
	}
	return list;
}

static json_t *doc_calls(const struct blast_process *p)
{
	const struct blast_calls *c = &p->calls;
	json_t *doc = json_object(), *powers = json_object();

	for (unsigned i = 0; i < BLAST_POWERS && c->is_known; i++)
		doc_put(powers, blast_calls_power_key(i), json_string(blast_bpf_word(c->power[i])));
	doc_put(doc, "known", json_boolean(c->is_known));
	doc_put(doc, "filters", doc_number(c->filters));
	doc_put(doc, "total", doc_number(c->total));
	doc_put(doc, "allowed", doc_number(c->always + c->sometimes));
	doc_put(doc, "by_argument", doc_number(c->sometimes));
	doc_put(doc, "foreign", json_boolean(c->is_foreign));
	doc_put(doc, "unclear", json_boolean(c->is_unclear));
	doc_put(doc, "stopped_us", doc_number(p->stopped_us));
	doc_put(doc, "powers", powers);
	doc_put(doc, "left", doc_left(c));
	doc_put(doc, "acts", doc_acts(c));
	return doc;
}

/* ---- the rest ---- */

static json_t *doc_net(const struct blast_process *p)
{
	json_t *doc = json_object(), *rules = json_array();

	for (size_t i = 0; i < p->net.rule_n; i++)
		(void)json_array_append_new(rules, doc_text(p->net.rule[i]));
	doc_put(doc, "known", json_boolean(p->net.is_known));
	doc_put(doc, "interfaces", doc_number(p->net.interfaces));
	doc_put(doc, "routes", doc_number(p->net.routes));
	doc_put(doc, "programs", doc_number(p->net.programs));
	doc_put(doc, "programs_known", json_boolean(p->net.has_programs_known));
	doc_put(doc, "rules", doc_number(p->net.rules));
	doc_put(doc, "allowed", rules);
	return doc;
}

static json_t *doc_others(const struct blast_process *p)
{
	const struct blast_others *o = &p->others;

	return json_pack("{s:b, s:i, s:i, s:i, s:i}", "known", (int)o->is_known, "all", (int)o->all,
			 "visible", (int)o->sees, "signal", (int)o->signals, "trace",
			 (int)o->traces);
}

static json_t *doc_verdicts(const struct blast_process *p, unsigned searched)
{
	json_t *doc = json_object();

	for (unsigned i = 0; i < BLAST_TOPICS; i++) {
		struct blast_verdict v = blast_verdict_of(p, i, searched);
		json_t *one = json_object();

		doc_put(one, "level", json_string(blast_verdict_level(v.level)));
		doc_put(one, "short", doc_text(v.cell));
		doc_put(one, "text", doc_text(v.text));
		doc_put(doc, blast_verdict_key(i), one);
	}
	return doc;
}

static void doc_line(json_t *list, const char *about, const char *text)
{
	json_t *one = json_object();

	doc_put(one, "about", json_string(about));
	doc_put(one, "text", doc_text(text));
	(void)json_array_append_new(list, one);
}

static json_t *doc_lines(const struct blast_look *l, const struct blast_process *p)
{
	json_t *list = json_array();
	char text[BLAST_LINE];

	for (unsigned i = 0; i < BLAST_TOPICS; i++)
		doc_line(list, blast_verdict_topic(i), blast_verdict_of(p, i, l->keys.n).text);
	for (unsigned i = 0; i < BLAST_LINES; i++) {
		struct wbuf w = wbuf_of(text, sizeof text - 1);

		if (!blast_lines_put(l, p, i, &w))
			continue;
		text[w.n] = '\0';
		doc_line(list, blast_lines_name(i), text);
	}
	return list;
}

static json_t *doc_unseen(const struct blast_process *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < p->unseen_n; i++)
		(void)json_array_append_new(list, doc_text(p->unseen[i]));
	return list;
}

static json_t *doc_process(const struct blast_look *l, const struct blast_process *p)
{
	json_t *doc = json_object();

	doc_put(doc, "subject", doc_text(p->subject));
	doc_put(doc, "role", doc_text(p->role));
	doc_put(doc, "pid", json_integer(p->is.pid));
	doc_put(doc, "name", doc_text(p->is.name));
	doc_put(doc, "user", doc_user(p));
	doc_put(doc, "namespaces", doc_spaces(p));
	doc_put(doc, "files", doc_files(p));
	doc_put(doc, "descriptors", doc_fds(l, p));
	doc_put(doc, "mappings", doc_maps(p));
	doc_put(doc, "memory", doc_memory(l, p));
	doc_put(doc, "seccomp", doc_calls(p));
	doc_put(doc, "network", doc_net(p));
	doc_put(doc, "others", doc_others(p));
	doc_put(doc, "lines", doc_lines(l, p));
	doc_put(doc, "verdict", doc_verdicts(p, l->keys.n));
	doc_put(doc, "unseen", doc_unseen(p));
	return doc;
}

/* ---- the sum ---- */

static bool doc_is_shown(const struct blast_process *p)
{
	return !p->is_gone && !p->is_hidden;
}

static bool doc_is_alike(const struct blast_process *a, const struct blast_process *b)
{
	return view_eq(view_str(a->subject), view_str(b->subject)) &&
	       view_eq(view_str(a->role), view_str(b->role)) &&
	       (view_eq(view_str(a->subject), VIEW("sluis")) ||
		a->status.uid[1] == b->status.uid[1]);
}

static bool doc_is_first(const struct blast_look *l, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (doc_is_shown(&l->p[k]) && doc_is_alike(&l->p[k], &l->p[i]))
			return false;
	return doc_is_shown(&l->p[i]);
}

/* The worst of all that are alike. */
static json_t *doc_sum_topic(const struct blast_look *l, size_t first, unsigned topic)
{
	struct blast_verdict worst = blast_verdict_of(&l->p[first], topic, l->keys.n);
	json_t *doc = json_object();

	for (size_t i = first + 1; i < l->n; i++) {
		struct blast_verdict v = { 0 };

		if (!doc_is_shown(&l->p[i]) || !doc_is_alike(&l->p[first], &l->p[i]))
			continue;
		v = blast_verdict_of(&l->p[i], topic, l->keys.n);
		if (v.level > worst.level)
			worst = v;
	}
	doc_put(doc, "level", json_string(blast_verdict_level(worst.level)));
	doc_put(doc, "short", doc_text(worst.cell));
	doc_put(doc, "text", doc_text(worst.text));
	return doc;
}

static json_t *doc_sum_row(const struct blast_look *l, size_t first)
{
	const struct blast_process *p = &l->p[first];
	json_t *doc = json_object(), *pids = json_array();

	for (size_t i = first; i < l->n; i++)
		if (doc_is_shown(&l->p[i]) && doc_is_alike(p, &l->p[i]))
			(void)json_array_append_new(pids, json_integer(l->p[i].is.pid));
	doc_put(doc, "subject", doc_text(p->subject));
	doc_put(doc, "role", doc_text(p->role));
	doc_put(doc, "uid", p->has_status ? doc_number(p->status.uid[1]) : json_null());
	doc_put(doc, "user", p->has_status ? doc_user_name(p->status.uid[1]) : json_null());
	doc_put(doc, "pids", pids);
	for (unsigned t = 0; t < BLAST_TOPICS; t++)
		doc_put(doc, blast_verdict_key(t), doc_sum_topic(l, first, t));
	return doc;
}

/* Of how many kinds of process of one program has one kind of power to its full. */
static json_t *doc_total(const json_t *sum, const char *subject)
{
	json_t *doc = json_object();
	unsigned kinds = 0, all[BLAST_TOPICS] = { 0 };

	for (size_t i = 0; i < json_array_size(sum); i++) {
		const json_t *row = json_array_get(sum, i);

		if (!view_eq(view_str(json_string_value(json_object_get(row, "subject"))),
			     view_str(subject)))
			continue;
		kinds++;
		for (unsigned t = 0; t < BLAST_TOPICS; t++)
			all[t] += view_eq(
				view_str(json_string_value(json_object_get(
					json_object_get(row, blast_verdict_key(t)), "level"))),
				VIEW("all"));
	}
	doc_put(doc, "subject", json_string(subject));
	doc_put(doc, "kinds", doc_number(kinds));
	for (unsigned t = 0; t < BLAST_TOPICS; t++)
		doc_put(doc, blast_verdict_key(t), doc_number(all[t]));
	return doc;
}

static json_t *doc_totals(const json_t *sum)
{
	json_t *list = json_array();
	const char *before = "";

	/* Rows of one program follow each other */
	for (size_t i = 0; i < json_array_size(sum); i++) {
		const char *subject =
			json_string_value(json_object_get(json_array_get(sum, i), "subject"));

		if (!view_eq(view_str(subject), view_str(before)))
			(void)json_array_append_new(list, doc_total(sum, subject));
		before = subject;
	}
	return list;
}

/* ---- all ---- */

static json_t *doc_now(void)
{
	char text[32];
	time_t now = time(NULL);
	struct tm tm = { 0 };

	if (!gmtime_r(&now, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

static json_t *doc_searched(const struct blast_look *l)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < l->keys.n; i++)
		(void)json_array_append_new(list, doc_text(l->keys.path[i]));
	return list;
}

json_t *blast_doc_make(const struct blast_look *l)
{
	json_t *doc = json_object(), *sum = json_array(), *all = json_array();
	struct utsname u = { 0 };
	bool is_complete = !l->are_paths_unknown && !l->left_out;

	if (!doc || !sum || !all || uname(&u) < 0)
		return NULL;
	for (size_t i = 0; i < l->n; i++) {
		if (!doc_is_shown(&l->p[i]))
			continue;
		is_complete = is_complete && l->p[i].unseen_n == 0;
		(void)json_array_append_new(all, doc_process(l, &l->p[i]));
		if (doc_is_first(l, i))
			(void)json_array_append_new(sum, doc_sum_row(l, i));
	}
	doc_put(doc, "format", json_integer(BLAST_DOC_FORMAT));
	doc_put(doc, "made", doc_now());
	doc_put(doc, "kernel", doc_text(u.release));
	doc_put(doc, "complete", json_boolean(is_complete));
	doc_put(doc, "keys_searched", doc_searched(l));
	doc_put(doc, "keys_left_out", doc_number(l->keys.left_out));
	doc_put(doc, "keys_configured_known", json_boolean(!l->are_paths_unknown));
	doc_put(doc, "processes_left_out", doc_number(l->left_out));
	doc_put(doc, "totals", doc_totals(sum));
	doc_put(doc, "summary", sum);
	doc_put(doc, "processes", all);
	return doc;
}
