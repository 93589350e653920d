/* `sluis verify` inside a bundle. */
#include "tool/evidence_programs.h"

#include "ipc/audit_line.h"
#include "sys/fd.h"
#include "tool/manifest.h"
#include "tool/proc_file.h"

#include <fcntl.h>
#include <unistd.h>

enum { PROGRAMS_TEXT = 1000, PROGRAMS_MANIFEST = 1 << 20 };

static json_t *programs_text(const char *text)
{
	char room[6 * PROGRAMS_TEXT + 16];
	struct wbuf w = wbuf_of(room, sizeof room);

	audit_line_put_printable(&w, view_slice(view_str(text), 0, PROGRAMS_TEXT));
	return json_stringn(room, w.n);
}

static void programs_on_finding(void *arg, const struct manifest_finding *f)
{
	json_t *list = arg;

	(void)json_array_append_new(
		list, json_pack("{s:s, s:i, s:o, s:o, s:o}", "what", manifest_what_name(f->what),
				"pid", f->pid, "name", programs_text(f->name), "object",
				programs_text(f->object), "detail", programs_text(f->detail)));
}

static enum err programs_manifest(struct evidence_bundle *b, const char *path)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct proc_file f = { 0 };
	enum err e = E_OK;

	if (fd < 0 || proc_file_read_fd(fd, PROGRAMS_MANIFEST, &f) != E_OK) {
		evidence_bundle_miss(b, "manifest.json", "it can't be read");
		return E_OK;
	}
	e = evidence_bundle_put(b, "manifest.json", "beside the programs", view_of(f.p, f.n));
	proc_file_done(&f);
	return e;
}

enum err evidence_programs_put(struct evidence_bundle *b, const char *state_option)
{
	json_t *list = json_array();
	struct manifest_result r = { 0 };
	struct manifest_options o = { .state = state_option,
				      .on_finding = programs_on_finding,
				      .arg = list };
	enum err e = list ? manifest_check(&o, &r) : E_NOMEM;

	if (e != E_OK) {
		json_decref(list);
		evidence_bundle_miss(b, "programs.json",
				     e == E_CLOSED ? "there is no manifest of programs"
						   : "the programs can't be checked");
		return e == E_NOMEM ? e : E_OK;
	}
	TRY(evidence_bundle_put_json(
		b, "programs.json", "files, executables and code against manifest.json",
		json_pack("{s:b, s:i, s:i, s:i, s:i, s:s, s:s, s:o}", "ok",
			  (int)(r.findings == 0 && r.unreadable == 0), "files", (int)r.files,
			  "processes", (int)r.processes, "findings_total", (int)r.findings,
			  "unreadable", (int)r.unreadable, "manifest_sha256", r.sha256, "version",
			  r.version, "findings", list)));
	return programs_manifest(b, r.path);
}
