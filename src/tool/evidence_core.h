/*
 * The memory of a process as an ELF core file (ET_CORE), which gdb, readelf, YARA and the tools of
 * CSIRTs read. It is taken while the process runs: pages are each whole, together they may be some
 * moments apart. Pages of zeros and pages that nobody ever touched are left out.
 */
#ifndef TOOL_EVIDENCE_CORE_H
#define TOOL_EVIDENCE_CORE_H

#include "tool/evidence_bundle.h"
#include "tool/process_list.h"

/*
 * evidence_core_put - the file processes/<label>/core
 *   ret_bytes  of memory; 0 when it could not be had, which is told as missing
 * E_NOMEM, E_SYS: the bundle can't be written on
 */
enum err evidence_core_put(struct evidence_bundle *b, const struct process_list_one *p,
			   const char *label, uint64_t *ret_bytes);

#endif
