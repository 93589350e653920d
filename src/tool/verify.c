/* What is on disk and in memory against the manifest of the build, for people and programs. */
#include "tool/verify.h"

#include "ipc/audit_line.h"
#include "tool/manifest.h"
#include "tool/package_sums.h"
#include "tool/release_note.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

enum { VERIFY_TEXT = 1000, VERIFY_ROOM = 6 * VERIFY_TEXT + 16 };

static const char verify_usage[] =
	"usage: sluis verify [options]\n"
	"\n"
	"Compares what is installed, and what runs of it, with the manifest that was written when\n"
	"it was built: files, their modes and owners, executables of processes and their code, "
	"byte\n"
	"by byte. Checks who signed the manifest, and the libraries that processes run against "
	"the\n"
	"checksums of the machine's packages.\n"
	"\n"
	"  --key KEY         a verifier key, or a file with them, that has to have signed the\n"
	"                    manifest; may be given often (/etc/sluis/release.pub, if there is "
	"one)\n"
	"  --manifest FILE   another manifest: a copy that was kept elsewhere proves more\n"
	"  --programs DIR    where the programs of the roles are\n"
	"  --packages DIR    another /var/lib/dpkg/info: the same holds for that\n"
	"  --disk            only the files, not the processes\n"
	"  --json            the outcome for programs\n"
	"  --state DIR       state directory of the instance\n"
	"  --help\n"
	"\n"
	"Exit status: 0 all as built, 1 findings, or something could not be looked at.\n";

struct verify {
	struct manifest_options options;
	bool is_json;
	json_t *list;
};

/* Names of files may have any byte; neither a terminal nor JSON takes them all. */
static struct view verify_clean(const char *text, char room[VERIFY_ROOM])
{
	struct wbuf w = wbuf_of(room, VERIFY_ROOM);

	audit_line_put_printable(&w, view_slice(view_str(text), 0, VERIFY_TEXT));
	return wbuf_view(&w);
}

static json_t *verify_text(const char *text)
{
	char room[VERIFY_ROOM];
	struct view v = verify_clean(text, room);

	return json_stringn((const char *)v.p, v.n);
}

static void verify_say(const char *before, const char *text, const char *after)
{
	char room[VERIFY_ROOM];
	struct view v = verify_clean(text, room);

	(void)printf("%s%.*s%s", before, (int)v.n, (const char *)v.p, after);
}

static void verify_on_finding(void *arg, const struct manifest_finding *f)
{
	struct verify *v = arg;

	if (v->is_json) {
		(void)json_array_append_new(v->list, json_pack("{s:s, s:i, s:o, s:o, s:o}", "what",
							       manifest_what_name(f->what), "pid",
							       f->pid, "name", verify_text(f->name),
							       "object", verify_text(f->object),
							       "detail", verify_text(f->detail)));
		return;
	}
	verify_say("", f->name, "");
	if (f->pid)
		(void)printf("[%d]", f->pid);
	(void)printf(": %s", manifest_what_text(f->what));
	verify_say(": ", f->object, "");
	if (f->detail[0])
		verify_say(" (", f->detail, ")");
	(void)putchar('\n');
}

static void verify_print_signature(const struct manifest_result *r)
{
	verify_say("signature: ", release_note_word(r->signature), "");
	if (r->signer[0])
		verify_say(", ", r->signer, "");
	if (r->signature != MANIFEST_SIGNED)
		verify_say(" (", r->signature_why, ")");
	(void)putchar('\n');
}

static void verify_print(const struct verify *v, const struct manifest_result *r)
{
	(void)printf("%s: %u files, %u processes, %u libraries, %u findings",
		     r->findings ? "NOT AS BUILT" : "as built", r->files, r->processes,
		     r->libraries, r->findings);
	if (r->unreadable)
		(void)printf(", %u could not be looked at (root can)", r->unreadable);
	verify_say("\nversion ", r->version, "");
	verify_say(", manifest ", r->path, "\n");
	(void)printf("SHA-256 of the manifest %s\n", r->sha256);
	verify_print_signature(r);
	if (r->libraries && !r->has_packages)
		(void)printf("libraries: compared with their files alone, there is no %s\n",
			     PACKAGE_SUMS_DIR);
	else if (r->libraries)
		verify_say("libraries: compared with ",
			   v->options.packages ? v->options.packages : PACKAGE_SUMS_DIR, "\n");
}

static json_t *verify_json_signature(const struct manifest_result *r)
{
	return json_pack("{s:s, s:b, s:o, s:s}", "state", release_note_word(r->signature),
			 "is_required", (int)r->has_keys, "key", verify_text(r->signer), "why",
			 r->signature_why);
}

static int verify_json(struct verify *v, const struct manifest_result *r)
{
	json_t *doc = json_pack(
		"{s:i, s:b, s:i, s:i, s:i, s:i, s:{s:o, s:s, s:o}, s:o, s:{s:i, s:b}, s:o}",
		"format", 1, "ok", (int)(r->findings == 0 && r->unreadable == 0), "files",
		(int)r->files, "processes", (int)r->processes, "findings_total", (int)r->findings,
		"unreadable", (int)r->unreadable, "manifest", "path", verify_text(r->path),
		"sha256", r->sha256, "version", verify_text(r->version), "signature",
		verify_json_signature(r), "libraries", "mapped", (int)r->libraries,
		"is_compared_with_packages", (int)r->has_packages, "findings", v->list);
	int status = doc && json_dumpf(doc, stdout, JSON_INDENT(2)) == 0 ? 0 : 1;

	(void)putchar('\n');
	json_decref(doc);
	return status;
}

static int verify_failed(enum err e, const struct manifest_result *r)
{
	const char *path = r->path;
	const char *why = r->why	  ? r->why
			  : e == E_CLOSED ? "there is no manifest"
			  : e == E_PROTO  ? "that is no manifest of programs"
			  : e == E_DENIED ? "permission denied"
					  : err_name(e);

	(void)fprintf(stderr, "sluis verify: %s: %s\n", path[0] ? path : "manifest.json", why);
	return 1;
}

static int verify_run(struct verify *v)
{
	struct manifest_result r = { 0 };
	enum err e = E_OK;

	v->options.on_finding = verify_on_finding;
	v->options.arg = v;
	v->list = json_array();
	e = manifest_check(&v->options, &r);
	if (e != E_OK) {
		json_decref(v->list);
		return verify_failed(e, &r);
	}
	if (!v->is_json) {
		json_decref(v->list);
		verify_print(v, &r);
	} else if (verify_json(v, &r) != 0) {
		return 1;
	}
	return r.findings || r.unreadable;
}

static bool verify_option(struct verify *v, int c)
{
	const char **place = c == 'm'	? &v->options.manifest
			     : c == 'p' ? &v->options.programs
			     : c == 'k' ? &v->options.packages
			     : c == 's' ? &v->options.state
					: NULL;

	if (place)
		*place = optarg;
	else if (c == 'd')
		v->options.is_disk_only = true;
	else if (c == 'j')
		v->is_json = true;
	else if (c == 'K' && v->options.key_n < MANIFEST_KEYS_MAX)
		v->options.key[v->options.key_n++] = optarg;
	else
		return false;
	return true;
}

int verify_main(int argc, char **argv)
{
	static const struct option options[] = { { "manifest", required_argument, NULL, 'm' },
						 { "key", required_argument, NULL, 'K' },
						 { "programs", required_argument, NULL, 'p' },
						 { "packages", required_argument, NULL, 'k' },
						 { "disk", no_argument, NULL, 'd' },
						 { "json", no_argument, NULL, 'j' },
						 { "state", required_argument, NULL, 's' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	struct verify v = { 0 };
	int c = 0;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		if (!verify_option(&v, c))
			break;
	if (c == -1 && optind == argc)
		return verify_run(&v);
	(void)fputs(verify_usage, c == 'h' ? stdout : stderr);
	return c == 'h' ? 0 : 2;
}
