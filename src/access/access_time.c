/* Times of the week, in minutes from Monday 00:00. */
#include "access/access_time.h"

enum { ACCESS_TIME_DAYS = 7, ACCESS_TIME_WEEK = ACCESS_TIME_DAYS * IMAGE_DAY_MINUTES };

static bool access_time_is_known(const struct access_clock *clock)
{
	return clock->weekday >= 1 && clock->weekday <= ACCESS_TIME_DAYS &&
	       clock->minute < IMAGE_DAY_MINUTES;
}

static bool access_time_has_day(const struct image_condition *c, uint32_t day)
{
	return c->days & 1u << (day % ACCESS_TIME_DAYS + 1);
}

/* At a minute of the week. What goes over midnight belongs to the day on which it begins. */
static bool access_time_at(const struct image_condition *c, uint32_t at)
{
	uint32_t day = at / IMAGE_DAY_MINUTES, minute = at % IMAGE_DAY_MINUTES;

	if (c->from < c->to)
		return access_time_has_day(c, day) && minute >= c->from && minute < c->to;
	return (access_time_has_day(c, day) && minute >= c->from) ||
	       (access_time_has_day(c, day + ACCESS_TIME_DAYS - 1) && minute < c->to);
}

static uint32_t access_time_now(const struct access_clock *clock)
{
	return (uint32_t)(clock->weekday - 1) * IMAGE_DAY_MINUTES + clock->minute;
}

enum access_truth access_time_is(const struct image_condition *c, const struct access_clock *clock)
{
	if (!access_time_is_known(clock))
		return ACCESS_UNKNOWN;
	return access_time_at(c, access_time_now(clock)) ? ACCESS_TRUE : ACCESS_FALSE;
}

/* Minutes until border, a minute of the day, of a day so many days on; 0: it is over. */
static uint32_t access_time_until(uint32_t now, uint32_t days, uint32_t border)
{
	uint32_t at = (now / IMAGE_DAY_MINUTES + days) * IMAGE_DAY_MINUTES + border;

	return at > now ? at - now : 0;
}

uint32_t access_time_holds(const struct image_condition *c, const struct access_clock *clock)
{
	const uint32_t borders[] = { c->from, c->to };
	uint32_t now = 0, least = 0, left_s = clock->left_s;

	if (!access_time_is_known(clock))
		return ACCESS_FOR_EVER;
	now = access_time_now(clock);
	for (uint32_t day = 0; day <= ACCESS_TIME_DAYS; day++)
		for (size_t b = 0; b < sizeof borders / sizeof borders[0]; b++) {
			uint32_t wait = access_time_until(now, day, borders[b]);

			if (wait && (!least || wait < least) &&
			    access_time_at(c, (now + wait) % ACCESS_TIME_WEEK) !=
				    access_time_at(c, now))
				least = wait;
		}
	if (!least)
		return ACCESS_FOR_EVER;
	if (left_s < 1 || left_s > 60)
		left_s = 1;
	least = (least - 1) * 60 + left_s;
	if (!clock->steady_s)
		return least < left_s ? least : left_s;
	return least < clock->steady_s ? least : clock->steady_s;
}
