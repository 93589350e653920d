/* The one place where alarms meet levels and returns (promise P8). */
#include "role/authority/alarm_raised.h"

#include "role/authority/recover_alarm.h"

void alarm_raised(struct authority *a, enum alarm_class class, const struct alarm *al)
{
	recover_on_alarm(a, class, al->action);
}
