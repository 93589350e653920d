/*
 * Streams of an HTTP/2 connection that are gone: may their frames still come? (RFC 9113 §5.1)
 *
 * What its sender has ended, itself, is over: a frame that follows is an error. What was ended by a
 * reset of ours may be followed by frames that crossed it. Only those are remembered, the last few;
 * of streams as old as one that has been forgotten nothing is said. Pure; no system calls.
 */
#ifndef ROLE_EDGE_H2_GONE_H
#define ROLE_EDGE_H2_GONE_H

#include <stdbool.h>
#include <stdint.h>

enum { H2_GONE_RESETS = 32 };

enum h2_gone_state {
	H2_GONE_CROSSED, /* frames of it may have crossed a reset, or nobody knows */
	H2_GONE_ENDED,	 /* by the peer */
	H2_GONE_NEVER	 /* it was left out: no such stream was opened */
};

/* The zero value: a connection without streams. */
struct h2_gone {
	int32_t last;		    /* the highest number that was opened */
	int32_t gap_from, gap_last; /* numbers that the last jump left out; from 0: none */
	int32_t forgotten;	    /* the highest of reset's that had to go */
	int32_t taken_back;	    /* whose RST_STREAM came last */
	int32_t reset[H2_GONE_RESETS];
	uint8_t at; /* in reset: the next one's place */
};

/* h2_gone_begin - id opens a stream, if it is above all before. False: it is not */
bool h2_gone_begin(struct h2_gone *g, int32_t id);

/* h2_gone_reset - we ended id before its peer had done so, or never took it */
void h2_gone_reset(struct h2_gone *g, int32_t id);

/* h2_gone_what - of a stream that is not there; id 1 to last */
enum h2_gone_state h2_gone_what(const struct h2_gone *g, int32_t id);

#endif
