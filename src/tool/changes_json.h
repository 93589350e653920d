/* The document of `sluis changes --json`. */
#ifndef TOOL_CHANGES_JSON_H
#define TOOL_CHANGES_JSON_H

#include "base/view.h"

/*
 * changes_json_print - run-time changes as JSON
 *   changes     as conf_print_text writes them (conf/overlay.h)
 *   number      of the configuration in force, in the history
 *   is_pinned   it goes before the files until a reload
 * The exit status
 */
int changes_json_print(struct view changes, uint32_t number, bool is_pinned);

#endif
