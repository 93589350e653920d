/* Files and list are both sorted by name, and walked side by side. */
#include "tool/evidence_check.h"

#include "tool/evidence_bundle.h"

#include <stdlib.h>
#include <string.h>

static void check_tell(struct evidence_check *c, const char *name, const char *what)
{
	c->findings++;
	if (c->on_finding)
		c->on_finding(c->arg, name, what);
}

/* ---- the signature ---- */

static enum err check_signature(struct evidence_check *c, const struct evidence_read *r)
{
	struct evidence_signature s = { 0 };
	enum err e = E_OK;

	if (EVP_Digest(r->manifest, r->manifest_n, c->sha256, NULL, EVP_sha256(), NULL) != 1)
		return E_SYS;
	if (evidence_bundle_get_signature(view_of(r->signature, r->signature_n), &s) != E_OK) {
		check_tell(c, EVIDENCE_SIGNATURE_NAME, "is not a signature as Sluis writes it");
		return E_OK;
	}
	if (!view_eq(view_of(s.hash, sizeof s.hash), view_of(c->sha256, sizeof c->sha256)))
		check_tell(c, EVIDENCE_MANIFEST_NAME, "is not what was signed");
	e = evidence_signer_check(&s);
	if (e == E_SYS)
		return e;
	if (e != E_OK)
		check_tell(c, EVIDENCE_SIGNATURE_NAME, "the signature is not valid");
	for (size_t i = 0; i < c->key_n; i++)
		c->is_key_known |= audit_key_eq(&c->key[i], &s.key);
	if (c->key_n && !c->is_key_known)
		check_tell(c, EVIDENCE_SIGNATURE_NAME,
			   "is signed by another key than the one named");
	c->signature = s;
	c->has_signature = true;
	return E_OK;
}

/* ---- the files ---- */

static int check_compare_read(const void *a, const void *b)
{
	const struct evidence_read_file *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

struct check_row {
	const char *name, *sha256;
	json_int_t bytes;
};

static int check_compare_row(const void *a, const void *b)
{
	const struct check_row *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool check_row_of(const json_t *from, struct check_row *ret)
{
	const json_t *bytes = json_object_get(from, "bytes");

	ret->name = json_string_value(json_object_get(from, "name"));
	ret->sha256 = json_string_value(json_object_get(from, "sha256"));
	ret->bytes = json_integer_value(bytes);
	return ret->name && ret->sha256 && json_is_integer(bytes) &&
	       evidence_tar_is_name(view_str(ret->name));
}

static void check_same(struct evidence_check *c, const struct evidence_read_file *f,
		       const struct check_row *row)
{
	char hex[2 * EVIDENCE_HASH];
	struct wbuf w = wbuf_of(hex, sizeof hex);

	wbuf_hex(&w, view_of(f->sha256, sizeof f->sha256));
	if (row->bytes < 0 || (uint64_t)row->bytes != f->bytes)
		check_tell(c, f->name, "has not the size that the manifest says");
	else if (!view_eq(wbuf_view(&w), view_str(row->sha256)))
		check_tell(c, f->name, "has not the hash that the manifest says");
}

/* Both in order of their names. */
static void check_merge(struct evidence_check *c, const struct evidence_read_file **file, size_t n,
			const struct check_row *row, size_t row_n)
{
	size_t i = 0, k = 0;

	while (i < n || k < row_n) {
		int order = i == n ? 1 : k == row_n ? -1 : strcmp(file[i]->name, row[k].name);

		if (order < 0)
			check_tell(c, file[i]->name, "is not in the manifest");
		else if (order > 0)
			check_tell(c, row[k].name, "is in the manifest, and not in the bundle");
		else
			check_same(c, file[i], &row[k]);
		i += order <= 0;
		k += order >= 0;
	}
}

static enum err check_rows(struct evidence_check *c, const json_t *files, struct check_row *row,
			   const struct evidence_read_file **file, const struct evidence_read *r)
{
	size_t n = json_array_size(files), file_n = r->file_n - 2; /* manifest and signature */

	for (size_t i = 0; i < n; i++)
		if (!check_row_of(json_array_get(files, i), &row[i])) {
			check_tell(c, EVIDENCE_MANIFEST_NAME, "has an entry that is no file");
			return E_OK;
		}
	for (size_t i = 0; i < file_n; i++)
		file[i] = &r->file[i];
	qsort(row, n, sizeof *row, check_compare_row);
	qsort(file, file_n, sizeof(struct evidence_read_file *), check_compare_read);
	for (size_t i = 1; i < file_n; i++)
		if (check_compare_read(&file[i - 1], &file[i]) == 0)
			check_tell(c, file[i]->name, "is there twice");
	check_merge(c, file, file_n, row, n);
	return E_OK;
}

static enum err check_files(struct evidence_check *c, const struct evidence_read *r)
{
	const json_t *files = NULL;
	size_t n = 0;
	struct check_row *row = NULL;
	const struct evidence_read_file **file = NULL;
	enum err e = E_NOMEM;

	c->manifest =
		json_loadb((const char *)r->manifest, r->manifest_n, JSON_REJECT_DUPLICATES, NULL);
	files = json_object_get(c->manifest, "files");
	n = json_array_size(files);
	if (!json_is_array(files) || n > EVIDENCE_FILES_MAX ||
	    json_integer_value(json_object_get(c->manifest, "format")) != EVIDENCE_FORMAT) {
		check_tell(c, EVIDENCE_MANIFEST_NAME, "is not a manifest of this version");
		return E_OK;
	}
	row = calloc(n + 1, sizeof *row);
	file = calloc(r->file_n + 1, sizeof(struct evidence_read_file *));
	if (row && file)
		e = check_rows(c, files, row, file, r);
	free(row);
	free((void *)file);
	return e;
}

enum err evidence_check_run(struct evidence_check *c, const struct evidence_read *r)
{
	TRY(check_signature(c, r));
	return check_files(c, r);
}

void evidence_check_done(struct evidence_check *c)
{
	json_decref(c->manifest);
	c->manifest = NULL;
}
