/* For tests: the assertions of a gateway with two applications: 77 (audience "cases") wants tokens,
 * 78 does not. */
#ifndef TESTS_UNIT_ROLE_SIGNER_TOKEN_RIG_H
#define TESTS_UNIT_ROLE_SIGNER_TOKEN_RIG_H

#include "role/signer/token.h"

#include <stdlib.h>
#include <string.h>

enum { TOKEN_RIG_APP = 77, TOKEN_RIG_SILENT = 78 };

struct token_rig_image {
	struct image_header h;
	struct image_app apps[2];
	char text[64];
};

/* token_rig_open - t keeps what it allocates for as long as the test lives */
static inline enum err token_rig_open(struct token *t, OSSL_LIB_CTX *libctx, int dir_fd)
{
	enum { TOKEN_RIG_KEPT = 256 };
	static void *kept[TOKEN_RIG_KEPT]; /* as roles do: until the end */
	static unsigned kept_n;
	static struct token_rig_image room;
	struct image im = { .header = &room.h };
	struct arena a = { 0 };
	const char *why = "";

	memset(&room, 0, sizeof room);
	strcpy(room.text, "https://login.example.nlcases");
	room.h.section[IMAGE_BYTES] =
		(struct image_section_at){ offsetof(struct token_rig_image, text),
					   sizeof room.text };
	room.h.section[IMAGE_APP] =
		(struct image_section_at){ offsetof(struct token_rig_image, apps), 2 };
	room.h.gateway.origin = (struct image_str){ 0, 24 };
	room.h.gateway.host = (struct image_str){ 8, 16 };
	room.apps[0].id = TOKEN_RIG_APP;
	room.apps[0].wants_jwt = 1;
	room.apps[0].audience = room.apps[1].audience = (struct image_str){ 24, 5 };
	room.apps[1].id = TOKEN_RIG_SILENT;
	a.cap = token_memory(&im);
	a.p = kept[kept_n++ % TOKEN_RIG_KEPT] = calloc(1, a.cap);
	*t = (struct token){ 0 };
	return a.p ? token_open(t, libctx, dir_fd, &im, &a, &why) : E_NOMEM;
}

#endif
