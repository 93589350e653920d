/* One file after the other, strictly: header, bytes, zeros up to a block; at the end two blocks. */
#include "tool/evidence_read.h"

#include "tool/evidence_bundle.h"

#include <stdlib.h>

enum { READ_FIRST = 256, READ_END = 2 };

enum err evidence_read_init(struct evidence_read *r)
{
	*r = (struct evidence_read){ .digest = EVP_MD_CTX_new() };
	return r->digest ? E_OK : E_NOMEM;
}

void evidence_read_done(struct evidence_read *r)
{
	EVP_MD_CTX_free(r->digest);
	free(r->file);
	free(r->manifest);
	*r = (struct evidence_read){ 0 };
}

static bool read_is_manifest(const struct evidence_read *r)
{
	return view_eq(view_str(r->now.name), VIEW(EVIDENCE_MANIFEST_NAME));
}

static bool read_is_signature(const struct evidence_read *r)
{
	return view_eq(view_str(r->now.name), VIEW(EVIDENCE_SIGNATURE_NAME));
}

static enum err read_room(struct evidence_read *r)
{
	struct evidence_read_file *more = NULL;

	if (r->file_n < r->file_cap)
		return E_OK;
	if (r->file_n > EVIDENCE_FILES_MAX)
		return E_LIMIT;
	r->file_cap = r->file_cap ? 2 * r->file_cap : READ_FIRST;
	more = reallocarray(r->file, r->file_cap, sizeof *more);
	if (!more)
		return E_NOMEM;
	r->file = more;
	return E_OK;
}

/* The manifest is the last file but its signature: nothing may stand where nobody looks. */
static enum err read_in_order(struct evidence_read *r)
{
	if (r->signature_n || (r->manifest && !read_is_signature(r)))
		return E_PROTO;
	if (read_is_signature(r))
		return r->manifest && r->now.bytes && r->now.bytes <= sizeof r->signature ? E_OK
											  : E_PROTO;
	if (!read_is_manifest(r))
		return E_OK;
	if (r->now.bytes == 0 || r->now.bytes > EVIDENCE_MANIFEST_MAX)
		return E_LIMIT;
	r->manifest = malloc(r->now.bytes);
	return r->manifest ? E_OK : E_NOMEM;
}

static enum err read_close(struct evidence_read *r)
{
	struct evidence_read_file *f = &r->file[r->file_n];

	*f = (struct evidence_read_file){ .bytes = r->now.bytes };
	for (size_t i = 0; i < sizeof f->name; i++)
		f->name[i] = r->now.name[i];
	if (EVP_DigestFinal_ex(r->digest, f->sha256, NULL) != 1)
		return E_SYS;
	r->file_n++;
	r->padding = evidence_tar_padding(r->now.bytes);
	r->is_in_file = false;
	return E_OK;
}

static enum err read_head(struct evidence_read *r)
{
	enum err e = evidence_tar_get(view_of(r->block, sizeof r->block), &r->now);

	r->have = 0;
	if (e == E_CLOSED) {
		r->zeros++;
		return r->zeros <= READ_END ? E_OK : E_PROTO;
	}
	if (e != E_OK)
		return e;
	if (r->zeros)
		return E_PROTO;
	TRY(read_room(r));
	TRY(read_in_order(r));
	if (EVP_DigestInit_ex(r->digest, EVP_sha256(), NULL) != 1)
		return E_SYS;
	r->left = r->now.bytes;
	r->is_in_file = true;
	if (r->on_bytes)
		TRY(r->on_bytes(r->arg, &r->now, 0, (struct view){ 0 }));
	return r->left ? E_OK : read_close(r);
}

static void read_keep(struct evidence_read *r, struct view v)
{
	struct wbuf w = { 0 };

	if (read_is_manifest(r)) {
		w = wbuf_of(&r->manifest[r->manifest_n], r->now.bytes - r->manifest_n);
		wbuf_view_put(&w, v);
		r->manifest_n += v.n;
	} else if (read_is_signature(r)) {
		w = wbuf_of(&r->signature[r->signature_n], sizeof r->signature - r->signature_n);
		wbuf_view_put(&w, v);
		r->signature_n += v.n;
	}
}

static enum err read_bytes(struct evidence_read *r, struct view v)
{
	if (EVP_DigestUpdate(r->digest, v.p, v.n) != 1)
		return E_SYS;
	read_keep(r, v);
	if (r->on_bytes)
		TRY(r->on_bytes(r->arg, &r->now, r->now.bytes - r->left, v));
	r->left -= v.n;
	return r->left ? E_OK : read_close(r);
}

static enum err read_padding(struct evidence_read *r, struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] != 0)
			return E_PROTO;
	r->padding -= v.n;
	return E_OK;
}

static enum err read_block(struct evidence_read *r, struct view v)
{
	struct wbuf w = wbuf_of(&r->block[r->have], sizeof r->block - r->have);

	wbuf_view_put(&w, v);
	r->have += v.n;
	return r->have == sizeof r->block ? read_head(r) : E_OK;
}

enum err evidence_read_push(struct evidence_read *r, struct view v)
{
	while (v.n) {
		uint64_t want = r->is_in_file ? r->left
				: r->padding  ? r->padding
					      : sizeof r->block - r->have;
		struct view part = view_slice(v, 0, want < v.n ? (size_t)want : v.n);

		v = view_slice(v, part.n, v.n);
		if (r->is_in_file)
			TRY(read_bytes(r, part));
		else if (r->padding)
			TRY(read_padding(r, part));
		else
			TRY(read_block(r, part));
	}
	return E_OK;
}

enum err evidence_read_end(const struct evidence_read *r)
{
	return r->zeros == READ_END && r->have == 0 && r->signature_n ? E_OK : E_SHORT;
}
