/* A key's first sight is the authority's own clock, not what a certificate says of itself. */
#include "role/authority/recover_key.h"

static enum err recover_key_put(struct authority *a, const struct hash32 *hash, uint64_t first_s)
{
	struct store_ask q = store_ask(&a->store, Q_KEY_NEW);

	store_put_hash(&q, hash);
	store_put_int(&q, first_s);
	return store_run(&q);
}

static void recover_key_hash(struct authority *a, uint32_t i, struct hash32 *ret)
{
	const struct image *im = authority_image(a);

	vault_hash(&a->vault, image_view(im, image_certificate_at(im, i)->spki), ret);
}

static enum err recover_key_put_all(struct authority *a, uint64_t first_s)
{
	struct hash32 hash = { 0 };

	for (uint32_t i = 0; i < image_count(authority_image(a), IMAGE_CERTIFICATE); i++) {
		recover_key_hash(a, i, &hash);
		TRY(recover_key_put(a, &hash, first_s));
	}
	return E_OK;
}

enum err recover_key_open(struct authority *a)
{
	struct store_ask q = store_ask(&a->store, Q_KEY_COUNT);
	uint64_t n = 0;

	TRY(store_number(&q, &n));
	return recover_key_put_all(a, n ? authority_wall_s(a) : 0);
}

void recover_key_image(struct authority *a)
{
	if (recover_key_put_all(a, authority_wall_s(a)) != E_OK)
		return; /* logged; not known is not newer */
}

void recover_key_note(struct authority *a, const struct hash32 *hash)
{
	struct store_ask q = store_ask(&a->store, Q_META_GET);
	enum err e = E_OK;

	/* the first key set that this store sees may be as old as the keys of certificates */
	store_put_text(&q, VIEW("key_set_seen"));
	e = store_next(&q);
	store_end(&q);
	if (e == E_SYS || recover_key_put(a, hash, e == E_OK ? authority_wall_s(a) : 0) != E_OK ||
	    e == E_OK)
		return;
	q = store_ask(&a->store, Q_META_SET);
	store_put_text(&q, VIEW("key_set_seen"));
	store_put_blob(&q, VIEW("1"));
	if (store_run(&q) != E_OK)
		return; /* logged; the next one counts as old too */
}

static bool recover_key_is_since(struct authority *a, const struct hash32 *hash,
				 uint64_t incident_s)
{
	struct store_ask q = store_ask(&a->store, Q_KEY_SEEN);
	uint64_t first_s = 0;

	store_put_hash(&q, hash);
	return store_number(&q, &first_s) == E_OK && first_s >= incident_s;
}

bool recover_key_is_newer(struct authority *a, uint64_t incident_s, struct wbuf *w)
{
	const struct image *im = authority_image(a);
	struct hash32 hash = { 0 };

	for (uint32_t i = 0; i < image_count(im, IMAGE_CERTIFICATE); i++) {
		const struct image_certificate *c = image_certificate_at(im, i);
		bool is_issued = c->not_before_s >= 0 &&
				 (uint64_t)c->not_before_s + RECOVER_KEY_BACKDATED_S >= incident_s;

		recover_key_hash(a, i, &hash);
		if (is_issued && recover_key_is_since(a, &hash, incident_s))
			continue;
		WBUF_LIT(w, "certificate ");
		wbuf_view_put(w, view_slice(image_view(im, c->name), 0, 64));
		wbuf_str(w, is_issued ? " is new, but its key was in use before"
				      : " was issued before the incident");
		return false;
	}
	if (!a->keys_n)
		return true;
	vault_hash(&a->vault, view_of(a->keys, a->keys_n), &hash);
	if (recover_key_is_since(a, &hash, incident_s))
		return true;
	WBUF_LIT(w, "the key of assertions was in use before the incident");
	return false;
}
