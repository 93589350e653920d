/*
 * Where SQLite gets its memory and its files: a heap reserved at boot, and one directory, which the
 * keeper has opened. The library's own calls name absolute paths; below they become names in that
 * directory, so that an empty root and Landlock hold.
 */
#ifndef ROLE_AUTHORITY_STORE_PLACE_H
#define ROLE_AUTHORITY_STORE_PLACE_H

#include "base/err.h"

#include <stddef.h>

/*
 * store_place_init - before anything else of SQLite is used in this process; again only to name
 * another directory (tests)
 *   dir_fd  borrowed as long as SQLite is used
 *   bytes   ceiling of the library's memory
 * E_SYS the library refused, or no memory
 */
enum err store_place_init(int dir_fd, size_t bytes);

#endif
