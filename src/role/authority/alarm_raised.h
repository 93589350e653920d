/* What follows from an alarm by itself. */
#ifndef ROLE_AUTHORITY_ALARM_RAISED_H
#define ROLE_AUTHORITY_ALARM_RAISED_H

#include "role/authority/alarm.h"

/* alarm_raised - called for each that audit tells of, as it is kept (al->is_new: none of its kind
 * was open), also when the store took nothing; class decides: isolation.fallback_on */
void alarm_raised(struct authority *a, enum alarm_class class, const struct alarm *al);

#endif
