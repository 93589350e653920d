/* Times of the week: whether one is now, and when that changes. */
#ifndef ACCESS_ACCESS_TIME_H
#define ACCESS_ACCESS_TIME_H

#include "access/access.h"

/* access_time_is - does a condition of kind IMAGE_IF_TIME hold? */
enum access_truth access_time_is(const struct image_condition *c, const struct access_clock *clock);

/* access_time_holds - seconds for which access_time_is stays as it is; ACCESS_FOR_EVER */
uint32_t access_time_holds(const struct image_condition *c, const struct access_clock *clock);

#endif
