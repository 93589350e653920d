/* Targets and hosts: the canonical form is a fixed point, holds nothing that is read in two ways,
 * and always fits where the contract says. */
#include "tests/fuzz/fuzz.h"

#include "proto/uri.h"

static bool has_dot_segment(struct view path)
{
	while (path.n) {
		struct view rest = view_slice(path, 1, path.n);
		struct view segment = view_slice(rest, 0, view_find(rest, '/'));
		bool is_last = segment.n == rest.n;

		if (segment.n == 0 && !is_last)
			return true; /* "//" */
		if (view_eq(segment, VIEW(".")) || view_eq(segment, VIEW("..")))
			return true;
		if (view_starts(segment, VIEW(".;")) || view_starts(segment, VIEW("..;")))
			return true;
		path = view_slice(rest, segment.n, rest.n);
	}
	return false;
}

static void check_path(const struct uri_target *t)
{
	INVARIANT(t->path.n && t->path.p[0] == '/' && !has_dot_segment(t->path));
	for (size_t i = 0; i < t->path.n; i++) {
		uint8_t c = t->path.p[i];

		INVARIANT(c > 0x20 && c < 0x7f && !strchr("\"#<>?[\\]^`{|}", c));
		if (c != '%')
			continue;
		INVARIANT(t->path.n - i >= 3);
		INVARIANT(!view_ieq(view_slice(t->path, i, 3), VIEW("%2F")));
		INVARIANT(!view_ieq(view_slice(t->path, i, 3), VIEW("%5C")));
		INVARIANT(!view_starts(view_slice(t->path, i, 3), VIEW("%0")));
	}
}

static void check_fixed_point(const struct uri_target *t)
{
	struct wbuf scratch = { 0 };
	struct uri_target again = { 0 };
	const char *why = NULL;

	INVARIANT(uri_target_parse(t->path, &scratch, &again, &why) == E_OK);
	INVARIANT(!again.is_changed && view_eq(again.path, t->path) && !again.query.p);
}

static void check_target(struct view in)
{
	uint8_t *room = malloc(3 * in.n + 1);
	struct wbuf scratch = wbuf_of(room, 3 * in.n);
	struct uri_target t = { 0 };
	const char *why = NULL;
	enum err e = uri_target_parse(in, &scratch, &t, &why);

	INVARIANT(e == E_OK || (e == E_PROTO && why && scratch.n == 0));
	if (e == E_OK && !view_eq(in, VIEW("*"))) {
		size_t path_n = view_find(in, '?');

		check_path(&t);
		check_fixed_point(&t);
		INVARIANT(t.is_changed == !view_eq(t.path, view_slice(in, 0, path_n)));
		INVARIANT((t.query.p != NULL) == (path_n < in.n));
		INVARIANT(!t.query.p || t.query.n == in.n - path_n - 1);
	}
	free(room);
}

static void check_host(struct view in)
{
	uint8_t *room = malloc(in.n + 1);
	struct wbuf scratch = wbuf_of(room, in.n), none = { 0 };
	struct uri_host h = { 0 }, again = { 0 };

	if (uri_host_parse(in, &scratch, &h) == E_OK) {
		INVARIANT(h.name.n && h.name.n <= in.n);
		for (size_t i = 0; i < h.name.n; i++)
			INVARIANT(h.name.p[i] < 'A' || h.name.p[i] > 'Z' || h.name.p[0] == '[');
		INVARIANT(uri_host_parse(h.name, &none, &again) ==
			  E_OK); /* nothing left to lower */
		INVARIANT(view_eq(again.name, h.name) && again.port == 0 && again.is_ip == h.is_ip);
	}
	free(room);
}

static void check_absolute(struct view in)
{
	struct view authority = { 0 }, rest = { 0 };
	bool is_https = false;

	if (uri_absolute_split(in, &is_https, &authority, &rest) != E_OK)
		return;
	INVARIANT(authority.n && rest.n && rest.p[0] == '/');
	INVARIANT(view_find(authority, '/') == authority.n &&
		  view_find(authority, '?') == authority.n);
	INVARIANT(view_ends(in, authority) || view_ends(in, rest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);

	check_target(in);
	check_host(in);
	check_absolute(in);
	return 0;
}
