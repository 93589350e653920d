/*
 * Is far more of this happening than it used to? One number per interval, and a slow average of
 * those before it. Two thresholds, so that a number between them keeps what holds: a peak begins at
 * eight times the average and ends below twice of it. Pure; no clock.
 */
#ifndef BASE_PEAK_H
#define BASE_PEAK_H

#include <stdbool.h>
#include <stdint.h>

struct peak {
	uint64_t mean;	/* 256ths */
	uint64_t floor; /* less than this in an interval is never a peak */
	uint32_t seen;	/* intervals, up to PEAK_LEARNS */
	bool is_high;
};

enum {
	PEAK_LEARNS = 3,  /* intervals before the first verdict: what a start brings is no peak */
	PEAK_WEIGHT = 64, /* the average follows with one part in so many */
	PEAK_TIMES = 8,
	PEAK_ENDS = 2
};

/*
 * peak_feed - n happened in this interval, among `of` tries (0: that is not known)
 * True when a peak begins with it: once, until it has ended. Where tries are known a peak is also a
 * twentieth of them at least: a site with many visitors has many failures.
 */
bool peak_feed(struct peak *p, uint64_t n, uint64_t of);

#endif
