/*
 * The order is that of how fast things go away: processes and sockets, memory, sessions, then
 * files. A bundle is complete when its manifest is signed, its file is on disk under its name, and
 * the audit log says so; what went wrong before leaves no file behind but says that it failed.
 */
#include "tool/evidence_collect.h"

#include "base/date.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "tool/ask.h"
#include "tool/evidence_ask.h"
#include "tool/evidence_bundle.h"
#include "tool/evidence_core.h"
#include "tool/evidence_live.h"
#include "tool/evidence_machine.h"
#include "tool/evidence_process.h"
#include "tool/evidence_programs.h"
#include "tool/evidence_record.h"
#include "tool/evidence_state.h"
#include "tool/proc_file.h"
#include "tool/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { COLLECT_PATH = 4090, COLLECT_SPARE = 64 << 20 };

struct collect {
	struct evidence_collect *options;
	struct evidence_bundle bundle;
	struct process_list processes;
	struct snapshot *snapshot; /* owned; NULL: the keeper did not answer */
	struct evidence_signature signature;
	uint8_t file_hash[EVIDENCE_HASH];
	char state[STATE_DIR_MAX + 1], id[EVIDENCE_ID];
	char path[COLLECT_PATH], part[COLLECT_PATH + 8];
	uint64_t memory_bytes;
	unsigned memory_n;
	int folder, fd; /* DIR/evidence; the file */
};

static void collect_say(const struct collect *c, const char *what, uint64_t bytes)
{
	if (c->options->is_quiet)
		return;
	(void)fprintf(stderr, "%s", what);
	if (bytes)
		(void)fprintf(stderr, ": %llu KiB", (unsigned long long)(bytes + 1023) / 1024);
	(void)fputc('\n', stderr);
}

static int collect_fail(const char *what, int error)
{
	char reason[128] = "";

	(void)fprintf(stderr, "sluis evidence: %s: %s\n", what,
		      strerror_r(error, reason, sizeof reason));
	return 1;
}

/* ---- before anything is written ---- */

static int collect_look(struct collect *c)
{
	enum err e = E_OK;

	if (state_dir_path(c->options->state_option, c->state) != E_OK)
		return 1;
	e = process_list_of(c->state, &c->processes);
	if (e == E_OK && c->processes.n == 0) {
		(void)fprintf(stderr,
			      "sluis evidence: no Sluis runs with state directory %s: nobody can "
			      "sign. Copy the directory, the audit log in it is signed\n",
			      c->state);
		return 1;
	}
	if (e != E_OK) {
		(void)fprintf(stderr,
			      "sluis evidence: the processes of %s can't be listed (%s): ask as "
			      "root, or as the user that runs Sluis\n",
			      c->state, err_name(e));
		return 1;
	}
	c->snapshot = calloc(1, sizeof *c->snapshot);
	if (c->snapshot && ask_keeper(c->options->state_option, TOOL_STATUS, (struct view){ 0 },
				      snapshot_row, c->snapshot) != 0) {
		free(c->snapshot);
		c->snapshot = NULL;
	}
	if (c->snapshot)
		c->snapshot->now_s = time(NULL);
	c->options->choice.snapshot = c->snapshot;
	return 0;
}

/* "Rss: 1234 kB", and what is swapped out: memory that is copied is no more than that. */
static uint64_t collect_resident(int pid)
{
	struct proc_file f = { 0 };
	uint64_t kib = 0, x = 0;
	struct view text = { 0 };

	if (proc_file_read(pid, "smaps_rollup", 65536, &f) != E_OK)
		return 0;
	text = view_of(f.p, f.n);
	while (text.n) {
		struct view line = view_slice(text, 0, view_find(text, '\n')), v = line;

		text = view_slice(text, line.n + 1, text.n);
		if (!view_starts(line, VIEW("Rss:")) && !view_starts(line, VIEW("Swap:")))
			continue;
		v = view_trim(view_slice(line, view_find(line, ':') + 1, line.n));
		if (view_dec(view_slice(v, 0, view_find(v, ' ')), &x) == E_OK)
			kib += x;
	}
	proc_file_done(&f);
	return kib * 1024;
}

/* Also whether what was asked for may be had. */
static int collect_estimate(struct collect *c, uint64_t *ret)
{
	struct evidence_choice *choice = &c->options->choice;
	const struct view *unused = NULL;
	uint64_t bytes = evidence_state_bytes(c->state);

	for (size_t i = 0; i < c->processes.n; i++) {
		const struct process_list_one *p = &c->processes.p[i];
		enum evidence_choice_verdict v = evidence_choice_of(choice, p);

		if (v == EVIDENCE_CHOICE_SECRET) {
			(void)fprintf(stderr,
				      "sluis evidence: the memory of %s[%d] holds private keys or "
				      "secrets of users: say --include-secrets if that is meant\n",
				      p->name, p->pid);
			return 1;
		}
		if (v == EVIDENCE_CHOICE_YES)
			bytes += collect_resident(p->pid);
	}
	unused = evidence_choice_unused(choice);
	if (unused) {
		(void)fprintf(stderr, "sluis evidence: --memory: nobody here is %.*s\n",
			      (int)unused->n, (const char *)unused->p);
		return 1;
	}
	*ret = bytes;
	return 0;
}

static int collect_room(struct collect *c)
{
	struct statvfs v = { 0 };
	uint64_t bytes = 0, free_bytes = 0;

	if (collect_estimate(c, &bytes) != 0)
		return 1;
	bytes = bytes < c->options->bytes_max ? bytes : c->options->bytes_max;
	if (fstatvfs(c->fd, &v) < 0)
		return collect_fail(c->part, errno);
	free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
	if (free_bytes >= bytes + COLLECT_SPARE)
		return 0;
	(void)fprintf(stderr,
		      "sluis evidence: %s: %llu MiB are free, up to %llu MiB may be needed: say "
		      "--output on another disk, or take less memory\n",
		      c->part, (unsigned long long)free_bytes >> 20,
		      (unsigned long long)(bytes + COLLECT_SPARE) >> 20);
	return 1;
}

static int collect_open(struct collect *c)
{
	if (evidence_record_id(c->id) != E_OK ||
	    evidence_record_folder(c->state, &c->folder) != E_OK)
		return 1;
	if (c->options->output)
		(void)snprintf(c->path, sizeof c->path, "%s", c->options->output);
	else
		(void)snprintf(c->path, sizeof c->path, "%s/evidence/%s.tar%s", c->state, c->id,
			       c->options->to.n ? ".cms" : "");
	(void)snprintf(c->part, sizeof c->part, "%s.part", c->path);
	if (access(c->path, F_OK) == 0)
		return collect_fail(c->path, EEXIST);
	c->fd = open(c->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return c->fd < 0 ? collect_fail(c->part, errno) : 0;
}

/* ---- what goes in ---- */

static json_t *collect_recipients(const struct evidence_recipients *to)
{
	json_t *list = json_array();

	for (size_t i = 0; i < to->n; i++)
		(void)json_array_append_new(
			list, json_pack("{s:s*, s:s}", "subject",
					to->one[i].subject[0] ? to->one[i].subject : NULL, "sha256",
					to->one[i].sha256));
	return list;
}

static json_t *collect_words(const struct evidence_choice *choice)
{
	json_t *list = json_array();

	for (size_t i = 0; i < choice->n; i++)
		(void)json_array_append_new(
			list, json_stringn((const char *)choice->word[i].p, choice->word[i].n));
	return list;
}

static enum err collect_describe(struct collect *c)
{
	char began[40];
	struct wbuf w = wbuf_of(began, sizeof began - 1);
	json_t *doc = c->bundle.doc, *more = NULL;

	date_put_utc(&w, clock_wall_us());
	began[w.n] = '\0';
	more = json_pack("{s:i, s:s, s:s, s:o, s:o, s:i, s:s, s:i, s:b, s:o, s:o, s:b, s:b, s:s}",
			 "format", (int)EVIDENCE_FORMAT, "bundle", c->id, "began", began, "machine",
			 evidence_machine_describe(), "instance",
			 json_pack("{s:i, s:i}", "keeper", c->processes.keeper, "processes",
				   (int)c->processes.n),
			 "uid", (int)geteuid(), "version", SLUIS_VERSION, "command_pid",
			 (int)getpid(), "encrypted", (int)(c->options->to.n != 0), "recipients",
			 collect_recipients(&c->options->to), "memory_asked",
			 collect_words(&c->options->choice), "includes_secrets",
			 (int)c->options->choice.want_secrets, "freeze",
			 (int)c->options->choice.want_freeze, "time_stamp",
			 "the signer's clock, and the audit log's event evidence.collected");
	if (!more || json_object_update(doc, more) != 0) {
		json_decref(more);
		return E_NOMEM;
	}
	json_decref(more);
	return E_OK;
}

static enum err collect_core(struct collect *c, const struct process_list_one *p)
{
	char label[EVIDENCE_LABEL];
	uint64_t bytes = 0;
	int frozen = evidence_choice_freeze(&c->options->choice, p);
	enum err e = E_OK;

	evidence_process_label(p, label);
	e = evidence_core_put(&c->bundle, p, label, &bytes);
	(void)fd_close(frozen);
	c->memory_bytes += bytes;
	c->memory_n += bytes != 0;
	collect_say(c, label, bytes);
	return e;
}

static enum err collect_memory(struct collect *c)
{
	for (size_t i = 0; i < c->processes.n; i++) {
		const struct process_list_one *p = &c->processes.p[i];
		char name[EVIDENCE_TAR_NAME], label[EVIDENCE_LABEL];

		evidence_process_label(p, label);
		(void)snprintf(name, sizeof name, "processes/%s/core", label);
		switch (p->state == 'Z' ? EVIDENCE_CHOICE_NO
					: evidence_choice_of(&c->options->choice, p)) {
		case EVIDENCE_CHOICE_YES:
			TRY(collect_core(c, p));
			break;
		case EVIDENCE_CHOICE_SECRET:
		case EVIDENCE_CHOICE_LEFT_OUT:
			evidence_bundle_miss(
				&c->bundle, name,
				"it holds private keys or secrets, which were not asked "
				"for (--include-secrets)");
			break;
		case EVIDENCE_CHOICE_NO:
			break;
		}
	}
	return E_OK;
}

static enum err collect_all(struct collect *c)
{
	struct evidence_state_options state = { .dir = c->state,
						.since_us = c->options->since_us,
						.is_clear = c->options->to.n == 0 };

	TRY(collect_describe(c));
	collect_say(c, "processes and sockets", 0);
	TRY(evidence_process_put_all(&c->bundle, &c->processes));
	if (c->options->choice.n)
		collect_say(c, "memory", 0);
	TRY(collect_memory(c));
	collect_say(c, "status, sessions, programs", 0);
	TRY(evidence_live_put(&c->bundle, c->options->state_option, c->snapshot, state.is_clear));
	TRY(evidence_programs_put(&c->bundle, c->options->state_option));
	collect_say(c, "configurations, audit log", 0);
	TRY(evidence_state_put(&c->bundle, &state));
	TRY(evidence_machine_put(&c->bundle, c->state));
	return evidence_bundle_seal(&c->bundle, c->signature.hash);
}

/* ---- the end ---- */

static int collect_write(struct collect *c)
{
	enum err e = evidence_bundle_open(&c->bundle, c->fd, &c->options->to);

	c->bundle.bytes_max = c->options->bytes_max;
	if (e == E_OK)
		e = collect_all(c);
	if (e == E_OK && evidence_ask_sign(c->options->state_option, &c->signature) != 0)
		return 1;
	if (e == E_OK)
		e = evidence_bundle_sign(&c->bundle, &c->signature);
	if (e == E_OK)
		e = evidence_out_end(&c->bundle.out, c->fd, c->file_hash);
	if (e == E_OK)
		return 0;
	if (c->bundle.out.reason)
		return collect_fail(c->part, c->bundle.out.reason);
	(void)fprintf(stderr, "sluis evidence: the bundle can't be made (%s)\n", err_name(e));
	return 1;
}

static void collect_hex(const uint8_t *hash, char ret[EVIDENCE_HEX + 1])
{
	struct wbuf w = wbuf_of(ret, EVIDENCE_HEX);

	wbuf_hex(&w, view_of(hash, EVIDENCE_HASH));
	ret[w.n] = '\0';
}

static json_t *collect_summary(const struct collect *c)
{
	char manifest[EVIDENCE_HEX + 1], file[EVIDENCE_HEX + 1], at[40];
	uint8_t key[AUDIT_KEY_ID];
	struct wbuf w = wbuf_of(key, sizeof key), t = wbuf_of(at, sizeof at - 1);
	struct stat st = { 0 };
	json_t *path = json_string(c->path);

	collect_hex(c->signature.hash, manifest);
	collect_hex(c->file_hash, file);
	audit_key_put_id(&w, &c->signature.key);
	date_put_utc(&t, (int64_t)c->signature.wall_us);
	at[t.n] = '\0';
	(void)fstat(c->fd, &st);
	return json_pack("{s:s, s:I, s:s, s:b, s:o, s:I, s:s, s:s, s:s#, s:b, s:i, s:I, s:I, s:I, "
			 "s:i, s:O}",
			 "id", c->id, "at_s", (json_int_t)(c->signature.wall_us / 1000000),
			 "signed", at, "waived", 0, "file", path ? path : json_null(), "bytes",
			 (json_int_t)st.st_size, "sha256", file, "manifest_sha256", manifest, "key",
			 (const char *)key, (int)w.n, "encrypted", (int)(c->options->to.n != 0),
			 "memory_processes", (int)c->memory_n, "memory_bytes",
			 (json_int_t)c->memory_bytes, "files", (json_int_t)c->bundle.file_n,
			 "missing_total", (json_int_t)c->bundle.missing_n, "uid", (int)geteuid(),
			 "missing", c->bundle.missing);
}

static void collect_print(const struct collect *c, const json_t *doc)
{
	const json_t *row = NULL;
	size_t i = 0;

	if (c->options->is_json) {
		(void)json_dumpf(doc, stdout, JSON_INDENT(2));
		(void)putchar('\n');
		return;
	}
	(void)printf("%s\n%lld bytes, %lld files, memory of %u processes; signed %s by key %s\n",
		     c->path, json_integer_value(json_object_get(doc, "bytes")),
		     json_integer_value(json_object_get(doc, "files")), c->memory_n,
		     json_string_value(json_object_get(doc, "signed")),
		     json_string_value(json_object_get(doc, "key")));
	(void)printf("SHA-256 of the file      %s\nSHA-256 of the manifest  %s\n",
		     json_string_value(json_object_get(doc, "sha256")),
		     json_string_value(json_object_get(doc, "manifest_sha256")));
	json_array_foreach(c->bundle.missing, i, row)(void)
		printf("missing: %s: %s\n", json_string_value(json_object_get(row, "what")),
		       json_string_value(json_object_get(row, "why")));
	if (c->options->choice.n == 0)
		(void)printf(
			"no memory was taken: --memory edge,cell has what a leak or an intruder "
			"left there\n");
}

/* The log last: what it names is on disk, whole, and found by its record. */
static int collect_note(struct collect *c, const json_t *doc)
{
	struct evidence_note note = { .what = TOOL_EVIDENCE_COLLECTED,
				      .manifest = c->signature.hash,
				      .file = c->file_hash,
				      .id = c->id,
				      .detail = "" };
	json_t *record = json_copy((json_t *)(uintptr_t)doc);
	int status = 1;

	(void)json_object_del(record, "missing");
	if (record && evidence_record_write(c->folder, c->id, record) == E_OK) {
		status = evidence_ask_note(c->options->state_option, &note);
		if (status != 0)
			evidence_record_remove(c->folder, c->id);
	}
	json_decref(record);
	return status;
}

static int collect_finish(struct collect *c)
{
	json_t *doc = NULL;
	int status = 1;

	if (rename(c->part, c->path) < 0)
		return collect_fail(c->path, errno);
	doc = collect_summary(c);
	status = doc ? collect_note(c, doc) : 1;
	if (status == 0) {
		collect_print(c, doc);
		(void)fflush(stdout);
	} else {
		(void)unlink(c->path);
	}
	json_decref(doc);
	return status;
}

static int collect_begin(struct collect *c)
{
	struct evidence_note note = { .what = TOOL_EVIDENCE_BEGUN,
				      .id = c->id,
				      .detail = c->options->reason ? c->options->reason : "" };
	int status = evidence_ask_note(c->options->state_option, &note);

	if (status == 0)
		status = collect_write(c);
	if (status == 0)
		status = collect_finish(c);
	if (status != 0) {
		note.what = TOOL_EVIDENCE_FAILED;
		note.detail = "";
		(void)evidence_ask_note(c->options->state_option, &note);
	}
	return status;
}

int evidence_collect_run(struct evidence_collect *o)
{
	struct collect *c = calloc(1, sizeof *c);
	int status = 1;

	if (!c)
		return 1;
	c->options = o;
	c->folder = c->fd = -1;
	status = collect_look(c);
	if (status == 0)
		status = collect_open(c);
	if (status == 0)
		status = collect_room(c);
	if (status == 0)
		status = collect_begin(c);
	if (c->fd >= 0 && status != 0)
		(void)unlink(c->part);
	evidence_bundle_done(&c->bundle);
	process_list_done(&c->processes);
	if (c->snapshot)
		snapshot_release(c->snapshot);
	free(c->snapshot);
	(void)fd_close(c->folder);
	(void)fd_close(c->fd);
	free(c);
	return status;
}
