/* Alarms and the staged return: which put applications back. */
#ifndef ROLE_AUTHORITY_RECOVER_ALARM_H
#define ROLE_AUTHORITY_RECOVER_ALARM_H

#include "role/authority/recover.h"

/*
 * recover_on_alarm - an alarm was raised: when isolation.fallback_on has its class, every
 * application that has come further than closed, and has not returned for good, is closed again
 *   class   enum image_alarm_class; greater ones are never configured
 *   action  as in the audit log
 */
void recover_on_alarm(struct authority *a, unsigned class, struct view action);

#endif
