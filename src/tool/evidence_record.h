/*
 * DIR/evidence: one record per bundle that was taken, or waived, in a file of its own. The audit
 * log is what proves it (evidence.collected); these are for people and for `upgrade` and `rotate`.
 */
#ifndef TOOL_EVIDENCE_RECORD_H
#define TOOL_EVIDENCE_RECORD_H

#include "base/err.h"

#include <jansson.h>

enum { EVIDENCE_ID = 40, EVIDENCE_RECORDS = 10000 };

/* evidence_record_id - "evidence-20260717T063000Z-1a2b3c4d"; NUL-terminated */
enum err evidence_record_id(char ret[EVIDENCE_ID]);

/* evidence_record_folder - DIR/evidence, made when it is missing (0700); gives its descriptor.
 * E_SYS: told on standard error */
enum err evidence_record_folder(const char *state_dir, int *ret_fd);

/* evidence_record_write - doc as ID.json, whole or not at all; doc is borrowed. E_SYS (told) */
enum err evidence_record_write(int folder_fd, const char *id, json_t *doc);

/* evidence_record_remove - takes it back */
void evidence_record_remove(int folder_fd, const char *id);

/* evidence_record_all - an array of all records, oldest first; NULL: no memory. What is no record
 * is left out */
json_t *evidence_record_all(const char *state_dir);

#endif
