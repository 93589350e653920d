/* Assertions for applications: asked of the signer, kept until shortly before their end. */
#ifndef ROLE_AUTHORITY_SIGN_H
#define ROLE_AUTHORITY_SIGN_H

#include "role/authority/session.h"

/* sign_set_channel - takes fd: a channel to the signer of the newest image; what waits is asked
 * again (promise P11). E_SYS */
enum err sign_set_channel(struct authority *a, int fd);

/*
 * sign_grant - answers q with this grant and an assertion for the application
 *   grant  all but its texts; fresh_s at most
 * Refused with GATE_WHY_BUSY when there is no signer, or it does not answer in time.
 */
void sign_grant(struct authority *a, const struct question *q, const struct session *s,
		const struct image_app *app, const struct authority_grant *grant);

/* sign_on_event - the loop's handler; sign_tick - who has waited too long is refused */
void sign_on_event(void *owner, struct loop_source *source, uint32_t events);
void sign_tick(struct authority *a);

#endif
