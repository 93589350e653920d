/* The keeper's messages, and the authority's life: birth, changes, end. */
#ifndef ROLE_AUTHORITY_SETUP_H
#define ROLE_AUTHORITY_SETUP_H

#include "role/authority/authority.h"

extern const struct frame_table setup_table;

/* setup_new - an authority without anything; NULL: no memory */
struct authority *setup_new(void);

/* setup_prepare - its loop and tables: before the sandbox closes. E_SYS */
enum err setup_prepare(struct authority *a);

/* setup_begin - with what the keeper has sent: image, store, vault, sessions. E_PROTO, E_DENIED,
 * E_SYS; *ret_why says what and what to do */
enum err setup_begin(struct authority *a, const char **ret_why);

/* setup_watch_keeper - the channel enters the loop. E_SYS */
enum err setup_watch_keeper(struct authority *a);

/* setup_turn - one turn, which waits at most max_ms. E_CLOSED: it is over · E_SYS */
enum err setup_turn(struct authority *a, int max_ms);

/* setup_tick - what time brings; a->now_ms and wall_us are the caller's */
void setup_tick(struct authority *a);

/* setup_image - takes fd: a sealed image to decide by from now on. E_PROTO; *ret_why */
enum err setup_image(struct authority *a, int fd, uint32_t number, const char **ret_why);

#endif
