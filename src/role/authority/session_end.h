/* How sessions end: on disk first, then for everybody at once, through the gate page. E_SYS: the
 * store does not know of it, and they are cut (session_cut.h): nobody is let in. */
#ifndef ROLE_AUTHORITY_SESSION_END_H
#define ROLE_AUTHORITY_SESSION_END_H

#include "role/authority/session.h"

/* session_end_one - and t tells of it, with the session as its object. E_SYS */
enum err session_end_one(struct authority *a, uint32_t id, const struct tell *t);

/*
 * session_end_all - of one user, or (0) of everybody
 *   but      this one stays; 0: none
 *   t        one record per session
 *   ret_n    how many, also on failure; may be NULL
 */
enum err session_end_all(struct authority *a, uint32_t user, uint32_t but, const struct tell *t,
			 uint32_t *ret_n);

/* session_end_some - likewise, but a batch at most: ret_n 0: there are none left. E_SYS */
enum err session_end_some(struct authority *a, uint32_t user, uint32_t but, const struct tell *t,
			  uint32_t *ret_n);

#endif
