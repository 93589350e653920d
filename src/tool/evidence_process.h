/* What /proc says of each process of the instance, and of the networks that they live in. */
#ifndef TOOL_EVIDENCE_PROCESS_H
#define TOOL_EVIDENCE_PROCESS_H

#include "tool/evidence_bundle.h"
#include "tool/process_list.h"

enum { EVIDENCE_LABEL = 72 };

/* evidence_process_label - "edge-1234": what the program is called, as far as it is a plain name */
void evidence_process_label(const struct process_list_one *p, char ret[EVIDENCE_LABEL]);

/*
 * evidence_process_put_all - processes.json, processes/<label>/..., network/<namespace>/...
 * E_NOMEM, E_SYS: the bundle can't be written on; what can't be read is told as missing
 */
enum err evidence_process_put_all(struct evidence_bundle *b, const struct process_list *l);

#endif
