/* Few at a time: looked through from end to end. */
#include "role/authority/enrol.h"

#include "sys/secret.h"

struct enrolment *enrol_find(struct authority *a, uint32_t session, uint8_t kind)
{
	for (unsigned i = 0; i < AUTHORITY_ENROLMENTS; i++) {
		struct enrolment *e = &a->enrolments[i];

		if (e->until_ms > a->now_ms && e->session == session && e->kind == kind)
			return e;
	}
	return NULL;
}

struct enrolment *enrol_begin(struct authority *a, uint32_t session, uint8_t kind)
{
	struct enrolment *e = enrol_find(a, session, kind), *oldest = &a->enrolments[0];

	for (unsigned i = 0; i < AUTHORITY_ENROLMENTS; i++)
		if (a->enrolments[i].until_ms < oldest->until_ms)
			oldest = &a->enrolments[i];
	if (!e)
		e = oldest;
	*e = (struct enrolment){
		.until_ms = a->now_ms +
			    (kind == GATE_TOTP ? AUTHORITY_LOGIN_MS : AUTHORITY_CHALLENGE_MS),
		.session = session,
		.kind = kind,
	};
	secret_random(e->secret, sizeof e->secret);
	return e;
}

void enrol_end(struct enrolment *e)
{
	secret_wipe(e, sizeof *e);
}
