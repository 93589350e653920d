/* The tables behind portal.h; the pages themselves are made of web/portal by the template compiler.
 */
#include "portal/portal.h"

#include "portal/portal_asset.h"
#include "portal/portal_template.h"
#include "proto/accept_language.h"

static const struct view portal_language_names[PORTAL_LANGUAGES] = {
	[PORTAL_NL] = VIEW_INIT("nl"),
	[PORTAL_EN] = VIEW_INIT("en"),
};

static const struct view portal_notice_names[PORTAL_NOTES] = {
	[PORTAL_NOTE_NOTHING] = VIEW_INIT(""),
	[PORTAL_NOTE_ADDED] = VIEW_INIT("added"),
	[PORTAL_NOTE_REMOVED] = VIEW_INIT("removed"),
	[PORTAL_NOTE_PASSWORD] = VIEW_INIT("password"),
	[PORTAL_NOTE_ENDED] = VIEW_INIT("ended"),
	[PORTAL_NOTE_READY] = VIEW_INIT("ready"),
	[PORTAL_NOTE_DIFFERENT] = VIEW_INIT("different"),
	[PORTAL_NOTE_INCOMPLETE] = VIEW_INIT("incomplete"),
};

struct portal_header {
	struct view name, value;
};

/*
 * Of pages (DEFAULTS 5b). Referrer-Policy is same-origin and not no-referrer, since the latter
 * makes browsers send "Origin: null" with our own forms (Fetch §3.2.3), which are refused then.
 */
static const struct portal_header portal_page_headers[] = {
	{ VIEW_INIT("Content-Type"), VIEW_INIT("text/html; charset=utf-8") },
	{ VIEW_INIT("Cache-Control"), VIEW_INIT("no-store") },
	{ VIEW_INIT("Content-Security-Policy"),
	  VIEW_INIT("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
		    "font-src 'self'; connect-src 'self'; frame-src 'none'; frame-ancestors "
		    "'none'; base-uri 'none'; form-action 'self'") },
	{ VIEW_INIT("X-Frame-Options"), VIEW_INIT("DENY") },
	{ VIEW_INIT("Referrer-Policy"), VIEW_INIT("same-origin") },
	{ VIEW_INIT("Permissions-Policy"),
	  VIEW_INIT("camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), "
		    "usb=(), publickey-credentials-create=(self), "
		    "publickey-credentials-get=(self)") },
	{ VIEW_INIT("Cross-Origin-Opener-Policy"), VIEW_INIT("same-origin") },
	{ VIEW_INIT("Cross-Origin-Resource-Policy"), VIEW_INIT("same-origin") },
};

enum portal_language portal_language(struct view accept_language, struct view choice)
{
	size_t found = 0;

	for (size_t i = 0; i < PORTAL_LANGUAGES; i++)
		if (view_eq(choice, portal_language_names[i]))
			return (enum portal_language)i;
	found = accept_language_choose(accept_language, portal_language_names, PORTAL_LANGUAGES);
	return found < PORTAL_LANGUAGES ? (enum portal_language)found : PORTAL_EN;
}

struct view portal_language_name(enum portal_language language)
{
	INVARIANT(language < PORTAL_LANGUAGES);
	return portal_language_names[language];
}

enum portal_notice portal_notice(struct view name)
{
	for (size_t i = 1; i < PORTAL_NOTES; i++)
		if (view_eq(name, portal_notice_names[i]))
			return (enum portal_notice)i;
	return PORTAL_NOTE_NOTHING;
}

enum err portal_page(struct wbuf *w, enum portal_page_kind kind, const struct portal_model *m)
{
	portal_template(w, kind, m);
	return wbuf_check(w);
}

static void portal_put_header(struct wbuf *w, struct view name, struct view value)
{
	wbuf_view_put(w, name);
	WBUF_LIT(w, ": ");
	wbuf_view_put(w, value);
	WBUF_LIT(w, "\r\n");
}

void portal_put_headers(struct wbuf *w, enum portal_language language)
{
	for (size_t i = 0; i < sizeof portal_page_headers / sizeof portal_page_headers[0]; i++)
		portal_put_header(w, portal_page_headers[i].name, portal_page_headers[i].value);
	portal_put_header(w, VIEW("Content-Language"), portal_language_name(language));
}

bool portal_asset(struct view path, struct portal_asset *ret)
{
	struct portal_asset asset = portal_asset_at(0);

	for (size_t i = 1; asset.path.n > 0 && !view_eq(asset.path, path); i++)
		asset = portal_asset_at(i);
	if (asset.path.n > 0)
		*ret = asset;
	return asset.path.n > 0;
}

void portal_asset_put_headers(struct wbuf *w, const struct portal_asset *asset)
{
	portal_put_header(w, VIEW("Content-Type"), asset->type);
	portal_put_header(w, VIEW("ETag"), asset->etag);
	portal_put_header(w, VIEW("Cache-Control"), VIEW("public, max-age=31536000, immutable"));
	portal_put_header(w, VIEW("Content-Security-Policy"),
			  VIEW("default-src 'none'; frame-ancestors 'none'"));
	portal_put_header(w, VIEW("Cross-Origin-Resource-Policy"), VIEW("same-origin"));
}
