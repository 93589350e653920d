/*
 * A server that has just come up gets less at first: its caches are cold. Its weight begins at
 * SLOW_START_LEAST of 256 (10 %) and grows in a straight line (Envoy's slow start with aggression
 * 1, its default) to all of it.
 */
#ifndef BALANCE_SLOW_START_H
#define BALANCE_SLOW_START_H

#include <stdint.h>

enum { SLOW_START_ALL = 256, SLOW_START_LEAST = 26 };

/*
 * slow_start_part - of 256, for balance_set_weight; grows with now_ms
 *   up_ms      when it came up; 0: it always was. In the future counts as now
 *   over_ms    slow_start; 0: none
 */
uint32_t slow_start_part(uint64_t up_ms, uint64_t now_ms, uint32_t over_ms);

#endif
