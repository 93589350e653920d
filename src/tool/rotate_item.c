/* Items are named after what they are: "token.key", "certificate/www", "app/files". */
#include "tool/rotate_item.h"

#include "sys/fd.h"
#include "tool/rotate_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

const struct rotate_item_key rotate_item_keys[ROTATE_KEEPER_KEYS] = {
	{ "tickets", NULL, ROTATE_KEY_TICKETS },
	{ "persistence.key", "persistence.key", ROTATE_KEY_PERSISTENCE },
	{ "hash.key", "hash.key", ROTATE_KEY_HASHING },
	{ "store.key", "store.key", ROTATE_KEY_STORE },
};

static const char rotate_item_of_certificate[] = "certificate/", rotate_item_of_app[] = "app/";

enum err rotate_item_token_print(const struct rotate *r, char *ret)
{
	AUTO_FD dir = openat(r->dir_fd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EVP_PKEY *key = NULL;

	ret[0] = '\0';
	if (dir < 0)
		return rotate_file_failed("DIR/keys");
	TRY(rotate_key_read(dir, "token.key", &key));
	if (key)
		rotate_key_print(key, ret);
	EVP_PKEY_free(key);
	return E_OK;
}

const struct image_certificate *rotate_item_certificate(const struct rotate *r,
							const struct rotate_item *i)
{
	const struct image *im = &r->now->image;
	struct view name = view_str(i->name);

	name = view_slice(name, sizeof rotate_item_of_certificate - 1, name.n);
	for (uint32_t at = 0; at < image_count(im, IMAGE_CERTIFICATE); at++)
		if (view_eq(image_view(im, image_certificate_at(im, at)->name), name))
			return image_certificate_at(im, at);
	return NULL;
}

/* ---- the list ---- */

/* A place at the end for an item of this name; NULL: it is there already, or there is no room. */
static struct rotate_item *rotate_item_new(struct rotate *r, enum rotate_kind kind,
					   const char *prefix, struct view name)
{
	struct rotate_item *i = &r->list.items[r->list.n];
	struct wbuf w = { 0 };

	if (r->list.n == ROTATE_ITEMS)
		return NULL;
	*i = (struct rotate_item){ .kind = (uint8_t)kind };
	w = wbuf_of(i->name, sizeof i->name - 1);
	wbuf_str(&w, prefix);
	wbuf_view_put(&w, name);
	if (w.bad || rotate_state_find(&r->list, wbuf_view(&w)))
		return NULL;
	r->list.n++;
	return i;
}

static void rotate_item_people(struct rotate *r)
{
	const struct image *im = &r->now->image;
	struct view approvers = image_view(im, im->header->isolation.approvers);

	if (approvers.n)
		(void)rotate_item_new(r, ROTATE_FACTORS, "factors/", approvers);
	(void)rotate_item_new(r, ROTATE_FACTORS, "factors", (struct view){ 0 });
}

static void rotate_item_apps(struct rotate *r)
{
	const struct image *im = &r->now->image;

	for (uint32_t at = 0; at < image_count(im, IMAGE_APP); at++)
		if (image_app_at(im, at)->wants_jwt)
			(void)rotate_item_new(r, ROTATE_APP, rotate_item_of_app,
					      image_view(im, image_app_at(im, at)->name));
}

static void rotate_item_certificates(struct rotate *r)
{
	const struct image *im = &r->now->image;

	for (uint32_t at = 0; at < image_count(im, IMAGE_CERTIFICATE); at++) {
		const struct image_certificate *c = image_certificate_at(im, at);
		struct rotate_item *i = rotate_item_new(
			r, ROTATE_CERTIFICATE, rotate_item_of_certificate, image_view(im, c->name));

		if (i)
			rotate_file_sha256(image_view(im, c->spki), i->was);
	}
}

static enum err rotate_item_all_keys(struct rotate *r)
{
	for (unsigned k = 0; k < ROTATE_KEEPER_KEYS; k++) {
		const struct rotate_item_key *key = &rotate_item_keys[k];
		struct rotate_item *i =
			rotate_item_new(r, ROTATE_KEEPER_KEY, "", view_str(key->name));

		if (i && key->file)
			TRY(rotate_file_print(r->dir_fd, key->file, i->was));
	}
	return E_OK;
}

enum err rotate_item_list(struct rotate *r)
{
	bool is_gateway = r->now->image.header->gateway.host.n != 0;
	struct rotate_item *i = NULL;

	if (is_gateway) {
		(void)rotate_item_new(r, ROTATE_SESSIONS, "", VIEW("sessions"));
		i = rotate_item_new(r, ROTATE_TOKEN, "", VIEW("token.key"));
	}
	if (i)
		TRY(rotate_item_token_print(r, i->was));
	TRY(rotate_item_all_keys(r));
	rotate_item_certificates(r);
	rotate_item_apps(r);
	(void)rotate_item_new(r, ROTATE_AUDIT, "", VIEW("audit.key"));
	if (is_gateway)
		rotate_item_people(r);
	if (r->list.n < ROTATE_ITEMS)
		return E_OK;
	(void)fprintf(stderr, "sluis: more than %d things to rotate\n", ROTATE_ITEMS - 1);
	return E_LIMIT;
}

/* ---- closing ---- */

enum err rotate_item_note(struct rotate *r, struct rotate_item *i, const char *evidence)
{
	rotate_state_text(i->evidence, sizeof i->evidence, view_str(evidence));
	return rotate_state_save(r->dir_fd, &r->list);
}

enum err rotate_item_close(struct rotate *r, struct rotate_item *i, enum rotate_progress progress,
			   const char *evidence)
{
	char detail[TOOL_ROTATE_DETAIL_MAX + 1];

	(void)snprintf(detail, sizeof detail, "%s%s%s%s%s%s", i->was[0] ? "old " : "", i->was,
		       i->now[0] ? " new " : "", i->now, i->was[0] || i->now[0] ? ": " : "",
		       evidence);
	if (rotate_ask_record(r, progress == ROTATE_IS_WAIVED ? ROTATE_WAIVED : ROTATE_DONE,
			      i->name, detail) != 0)
		return E_SYS;
	i->progress = (uint8_t)progress;
	i->at_s = time(NULL);
	i->uid = (uint32_t)geteuid();
	return rotate_item_note(r, i, evidence);
}
