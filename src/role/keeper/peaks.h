/*
 * Peaks of failures: log-ins, TLS handshakes of clients, answers of class 5xx. Counters of the
 * shared pages are looked at every ten seconds; one that rises far above what it was raises the
 * alarm failures.peak, once, until it has come down again (base/peak.h).
 *
 * The pages are their writers' words: an edge that lies raises an alarm, or hides its own failures,
 * and moves nothing here but numbers.
 */
#ifndef ROLE_KEEPER_PEAKS_H
#define ROLE_KEEPER_PEAKS_H

#include "role/keeper/keeper.h"

/* peaks_tick - looks when it is time; when to look next */
uint64_t peaks_tick(struct keeper *k);

#endif
