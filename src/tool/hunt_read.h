/* Files of indicators: which format they have, and their content into a set. */
#ifndef TOOL_HUNT_READ_H
#define TOOL_HUNT_READ_H

#include "tool/hunt_set.h"

enum { HUNT_FILE_BYTES = 1 << 26 };

enum hunt_format { HUNT_ANY, HUNT_LIST, HUNT_STIX, HUNT_CSAF, HUNT_FORMATS };

/* hunt_read_format - by its name. E_PROTO */
enum err hunt_read_format(const char *name, enum hunt_format *ret);

/* hunt_read_text - what a file holds; name is for messages. Anything but E_OK has been said on
 * standard error */
enum err hunt_read_text(struct hunt_set *s, enum hunt_format format, const char *name,
			struct view text);

/* hunt_read_file - the same from a path, or "-" */
enum err hunt_read_file(struct hunt_set *s, enum hunt_format format, const char *path);

#endif
