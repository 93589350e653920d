/*
 * Records held against all indicators at once. What a record costs depends on its length, not on
 * how many indicators there are: networks are looked up in a sorted table (one binary search),
 * whole texts, beginnings and ends in a hash table, parts by the automaton of Aho and Corasick.
 */
#ifndef TOOL_HUNT_MATCH_H
#define TOOL_HUNT_MATCH_H

#include "tool/hunt_set.h"
#include "tool/log_scan.h"

struct hunt_match;

/* hunt_match_new - of a set that is complete, and that it borrows; gives. E_NOMEM · E_LIMIT the
 * same value is in it more than HUNT_SAME times */
enum err hunt_match_new(const struct hunt_set *s, struct hunt_match **ret);
void hunt_match_done(struct hunt_match *m);

/* hunt_match_line - the indicators that hold of a record, each once, in no order; until the next
 * call */
size_t hunt_match_line(struct hunt_match *m, const struct log_line *line, const uint32_t **ret);

/* hunt_match_host - the host of a record's URL, as written; empty: it has none */
struct view hunt_match_host(const struct log_line *line);

#endif
