/*
 * portal-preview DIR: every sample page in every language as DIR/LANGUAGE/NAME.html, the assets
 * below DIR, the header lines of pages in DIR/headers, and the names of all pages in DIR/pages: for
 * browsers to look at.
 */
#include "tests/unit/portal/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static uint8_t page[PORTAL_PAGE_MAX];

static void write_file(const char *folder, const char *name, struct view v)
{
	char path[512];
	FILE *file = NULL;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!file || fwrite(v.p, 1, v.n, file) != v.n || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

static void write_pages(const char *folder, enum portal_language language, struct wbuf *names)
{
	struct view code = portal_language_name(language);
	struct sample_room room = { 0 };
	char name[256];

	for (size_t i = 0; samples_get(i, language, &room).name; i++) {
		struct sample s = samples_get(i, language, &room);
		struct wbuf w = wbuf_of(page, sizeof page);

		if (portal_page(&w, s.kind, &s.model) != E_OK) {
			fprintf(stderr, "%s does not fit\n", s.name);
			exit(1);
		}
		snprintf(name, sizeof name, "%.2s/%s.html", (const char *)code.p, s.name);
		write_file(folder, name, wbuf_view(&w));
		wbuf_str(names, name);
		WBUF_LIT(names, "\n");
	}
}

static void make_folder(const char *folder, const char *name)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	mkdir(path, 0755);
}

/* The assets are found as a browser finds them: by the addresses in a page. */
static void write_assets(const char *folder, struct view html)
{
	struct portal_asset asset = { 0 };
	char name[128];

	for (; html.n > 0; html = view_slice(html, 1, html.n)) {
		struct view path = view_slice(html, 0, view_find(html, '"'));

		if (view_starts(html, VIEW("/assets/")) && portal_asset(path, &asset)) {
			struct wbuf w = wbuf_of(name, sizeof name - 1);

			wbuf_view_put(&w, path);
			name[w.n] = 0;
			write_file(folder, name, asset.body);
		}
	}
}

int main(int argc, char **argv)
{
	static uint8_t names[8192], headers[4096];
	struct wbuf n = wbuf_of(names, sizeof names), h = wbuf_of(headers, sizeof headers);
	struct wbuf w = wbuf_of(page, sizeof page);
	struct sample_room room = { 0 };
	struct sample login = samples_get(0, PORTAL_EN, &room);

	if (argc != 2) {
		fprintf(stderr, "portal-preview DIR\n");
		return 2;
	}
	mkdir(argv[1], 0755);
	make_folder(argv[1], "assets");
	for (size_t l = 0; l < PORTAL_LANGUAGES; l++) {
		make_folder(argv[1], (const char *)portal_language_name((enum portal_language)l).p);
		write_pages(argv[1], (enum portal_language)l, &n);
	}
	if (portal_page(&w, login.kind, &login.model) == E_OK)
		write_assets(argv[1], wbuf_view(&w));
	portal_put_headers(&h, PORTAL_EN);
	write_file(argv[1], "headers", wbuf_view(&h));
	write_file(argv[1], "pages", wbuf_view(&n));
	return 0;
}
