/* Rows of the authority as JSON: what --json prints, and what tables are made of. */
#ifndef TOOL_ADMIN_ROWS_H
#define TOOL_ADMIN_ROWS_H

#include "base/view.h"

#include <jansson.h>

/* admin_rows_user, ... - one row behind those in list. E_SHORT, E_LIMIT, E_PROTO: it is none ·
 * E_NOMEM */
enum err admin_rows_user(struct view body, json_t *list);
enum err admin_rows_group(struct view body, json_t *list);
enum err admin_rows_factor(struct view body, json_t *list);
enum err admin_rows_session(struct view body, json_t *list);
enum err admin_rows_invite(struct view body, json_t *list);

/* admin_rows_text - null: empty, or no UTF-8 */
json_t *admin_rows_text(struct view v);

/* admin_rows_time - "2026-11-23T13:39:28Z", as JSON; null: never */
json_t *admin_rows_time(uint64_t wall_s);

#endif
