/* Pages of the portal as answers: what they all have in common, cookies, status. */
#ifndef ROLE_CELL_PORTAL_VIEW_H
#define ROLE_CELL_PORTAL_VIEW_H

#include "role/cell/porter.h"

/* A model, and the texts in it that have to be somewhere. */
struct portal_view {
	struct portal_model m;
	uint8_t csrf[TOKEN_TEXT], nonce[TOKEN_TEXT];
};

/* portal_view_of - what every page of j has */
void portal_view_of(const struct gate_state *j, struct portal_view *ret);

/* portal_view_title - an application's name for people */
struct view portal_view_title(const struct gate_state *j, const struct image_app *app);

/* portal_view_page - answers with the page. Ends j */
void portal_view_page(struct gate_state *j, enum portal_page_kind kind, const struct portal_view *v,
		      uint16_t status);

/* portal_view_error - in plain words, with the request's id. Ends j */
void portal_view_error(struct gate_state *j, uint16_t status, const char *why);

/* portal_view_refused - what the authority refused: an error, or a moment to wait. Ends j */
void portal_view_refused(struct gate_state *j, const struct ask_answer *a);

/* portal_view_go - 303, with j's cookies. Ends j */
void portal_view_go(struct gate_state *j, struct view location);

/* portal_view_to_login - the same to the log-in, with what it is for. Ends j */
void portal_view_to_login(struct gate_state *j, bool is_step_up);

/* portal_view_put_enter - the path that leads to the application j is for */
void portal_view_put_enter(const struct gate_state *j, struct wbuf *w);

/* portal_view_asset - a file of the bundle. Ends j */
void portal_view_asset(struct gate_state *j, const struct portal_asset *asset);

#endif
