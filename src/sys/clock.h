/* Clocks. Monotonic for deadlines and durations, wall for people and logs. */
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include <stdint.h>

uint64_t clock_mono_ns(void);
uint64_t clock_mono_ms(void);
int64_t clock_wall_us(void);

#endif
