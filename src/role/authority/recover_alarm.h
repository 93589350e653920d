/* Alarms and the staged return: which put applications back, and how many are open. */
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

/* recover_alarms_are_open - E_AGAIN: nobody keeps alarms · E_OK, *ret_n: so many are open */
enum err recover_alarms_open(const struct authority *a, uint32_t *ret_n);

#endif
