/* A straight line. */
#include "balance/slow_start.h"

uint32_t slow_start_part(uint64_t up_ms, uint64_t now_ms, uint32_t over_ms)
{
	uint64_t age = now_ms > up_ms ? now_ms - up_ms : 0;

	if (up_ms == 0 || age >= over_ms)
		return SLOW_START_ALL;
	return SLOW_START_LEAST + (uint32_t)(age * (SLOW_START_ALL - SLOW_START_LEAST) / over_ms);
}
