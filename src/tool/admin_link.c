/* The portal's address is asked of the running instance first: a link that leads nowhere is not
 * made. */
#include "tool/admin_link.h"

#include "base/base64url.h"
#include "sys/clock.h"
#include "sys/secret.h"
#include "tool/admin_rows.h"
#include "tool/ask.h"
#include "tool/snapshot.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { ADMIN_LINK_SECRET = 32, ADMIN_LINK_MAX = 512 };

/* "https://login.example.nl". False: told */
static bool admin_link_portal(const struct admin_line *o, struct wbuf *ret)
{
	struct snapshot *s = calloc(1, sizeof *s);
	bool is_there = false;

	if (s && ask_keeper(o->state, TOOL_STATUS, (struct view){ 0 }, snapshot_row, s) == 0) {
		is_there = s->image.header && s->image.header->gateway.origin.n;
		if (is_there)
			wbuf_view_put(ret, image_view(&s->image, s->image.header->gateway.origin));
		else
			(void)fputs("sluis: there is no portal to invite to: the configuration has "
				    "no `gateway`\n",
				    stderr);
		snapshot_release(s);
	}
	free(s);
	return is_there && !ret->bad;
}

static int admin_link_print(const struct admin_line *o, struct view user, struct view link)
{
	json_t *until = admin_rows_time((uint64_t)clock_wall_us() / 1000000 + o->good_for_s);
	int status = 0;

	if (o->is_json) {
		status = admin_table_json(json_pack("{s:s%, s:s%, s:O}", "user", user.p, user.n,
						    "link", link.p, link.n, "until", until));
	} else {
		ask_put_line(false, link);
		(void)fprintf(stderr,
			      "for %.*s, until %s, once: whoever has the link is that person. It "
			      "is not shown again.\n",
			      (int)user.n, (const char *)user.p, json_string_value(until));
	}
	json_decref(until);
	return status;
}

static bool admin_link_hash(const uint8_t secret[ADMIN_LINK_SECRET], struct hash32 *ret)
{
	return EVP_Digest(secret, ADMIN_LINK_SECRET, ret->b, NULL, EVP_sha256(), NULL) == 1;
}

int admin_link_make(const struct admin_line *o, struct view user)
{
	uint8_t secret[ADMIN_LINK_SECRET], link[ADMIN_LINK_MAX];
	struct wbuf w = wbuf_of(link, sizeof link);
	struct tool_act act = { .kind = ACT_INVITE_ADD, .number = o->good_for_s, .name = user };
	struct admin_answer a = { 0 };
	int status = 1;

	if (!admin_link_portal(o, &w))
		return 1;
	secret_random(secret, sizeof secret);
	WBUF_LIT(&w, "/invite/");
	base64url_put(&w, view_of(secret, sizeof secret));
	if (admin_link_hash(secret, &act.secret) && !w.bad)
		status = admin_act_ask(o, &act, &a);
	if (status == 0)
		status = admin_link_print(o, user, wbuf_view(&w));
	admin_answer_done(&a);
	secret_wipe(secret, sizeof secret);
	secret_wipe(link, sizeof link);
	return status;
}
