/* The container of a configuration's texts. Read by the config role and the command; the bytes may
 * have lain on a disk. */
#include "conf/document.h"

#include "conf/region.h"

static const char document_magic[] = "SLUISDOC";

static enum err document_part(struct view *in, struct view *ret)
{
	uint32_t n = 0;

	TRY(view_u32(in, &n));
	return view_take(in, n, ret);
}

/* Paths and names are used as C strings later: no NUL inside, one behind. */
static enum err document_text(struct view *in, struct arena *region, struct view *ret)
{
	struct view text = { 0 };

	TRY(document_part(in, &text));
	if (text.n == 0 || text.n > 4096 || view_find(text, 0) != text.n)
		return E_PROTO;
	*ret = region_copy(region, text);
	return E_OK;
}

static enum err document_file(struct view *in, struct arena *region, struct document_file *ret)
{
	TRY(document_text(in, region, &ret->shown));
	TRY(document_text(in, region, &ret->path));
	TRY(document_part(in, &ret->text));
	return view_starts(ret->path, VIEW("/")) ? E_OK : E_PROTO;
}

static enum err document_parse(struct view in, struct arena *region, struct document *ret)
{
	struct view magic = { 0 };
	uint32_t version = 0;

	TRY(view_take(&in, sizeof document_magic - 1, &magic));
	TRY(view_u32(&in, &version));
	TRY(view_u32(&in, &ret->file_n));
	if (!view_eq(magic, view_str(document_magic)) || version != DOCUMENT_VERSION ||
	    ret->file_n == 0 || ret->file_n > DOCUMENT_FILES_MAX)
		return E_PROTO;
	ret->files = REGION_NEW(region, struct document_file, ret->file_n);
	for (uint32_t i = 0; i < ret->file_n; i++)
		TRY(document_file(&in, region, &ret->files[i]));
	TRY(document_part(&in, &ret->changes));
	return view_end(&in);
}

enum err document_read(struct view bytes, struct arena *region, struct document *ret)
{
	struct document d = { 0 };

	if (bytes.n > DOCUMENT_BYTES_MAX || document_parse(bytes, region, &d) != E_OK ||
	    d.changes.n > DOCUMENT_CHANGES_MAX)
		return E_PROTO;
	*ret = d;
	return E_OK;
}

size_t document_bytes(const struct document *d)
{
	size_t n = sizeof document_magic - 1 + 12 + d->changes.n;

	for (uint32_t i = 0; i < d->file_n; i++)
		n += 12 + d->files[i].shown.n + d->files[i].path.n + d->files[i].text.n;
	return n;
}

static void document_put(struct wbuf *w, struct view part)
{
	wbuf_u32(w, (uint32_t)part.n);
	wbuf_view_put(w, part);
}

enum err document_write(const struct document *d, struct wbuf *w)
{
	wbuf_str(w, document_magic);
	wbuf_u32(w, DOCUMENT_VERSION);
	wbuf_u32(w, d->file_n);
	for (uint32_t i = 0; i < d->file_n; i++) {
		document_put(w, d->files[i].shown);
		document_put(w, d->files[i].path);
		document_put(w, d->files[i].text);
	}
	document_put(w, d->changes);
	return wbuf_check(w);
}
