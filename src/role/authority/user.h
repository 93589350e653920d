/* Users and groups, as the store has them. */
#ifndef ROLE_AUTHORITY_USER_H
#define ROLE_AUTHORITY_USER_H

#include "role/authority/authority.h"

enum { USER_HANDLE = 32, USER_LOCALE = 8 };

struct user {
	uint32_t id;
	bool is_disabled;
	uint8_t name_n, title_n, locale_n;
	uint8_t name_at[GATE_USER_MAX], title_at[GATE_TITLE_MAX], locale_at[USER_LOCALE];
	uint8_t handle[USER_HANDLE]; /* random: what passkeys know the user by (WebAuthn §5.4.3) */
	uint64_t created_s, seen_s;
};

static inline struct view user_name(const struct user *u)
{
	return view_of(u->name_at, u->name_n);
}

static inline struct view user_title(const struct user *u)
{
	return view_of(u->title_at, u->title_n);
}

static inline struct view user_locale(const struct user *u)
{
	return view_of(u->locale_at, u->locale_n);
}

/* user_is_name - [a-z0-9._-], 1 to GATE_USER_MAX, not beginning with a dot or a hyphen: for users
 * and groups */
bool user_is_name(struct view v);

/* user_is_title - 1 to GATE_TITLE_MAX bytes of UTF-8 without control characters */
bool user_is_title(struct view v);

/* user_is_locale - one that the portal speaks, or none */
bool user_is_locale(struct view v);

/* E_CLOSED there is none · E_SYS */
enum err user_by_name(struct authority *a, struct view name, struct user *ret);
enum err user_by_id(struct authority *a, uint32_t id, struct user *ret);
enum err user_after(struct authority *a, struct view name, struct user *ret);

/* user_groups - names, a line each, sorted. E_LIMIT they don't fit: nobody decides by a part of
 * them · E_SYS */
enum err user_groups(struct authority *a, uint32_t user, struct wbuf *w);

/* user_copy - at most cap bytes of v to p; how many */
size_t user_copy(uint8_t *p, size_t cap, struct view v);

#endif
