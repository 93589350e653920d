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

/* store_place_look - whether the store's file is there if it ever was. A store that has vanished or
 * is empty would be made anew otherwise, without a user, and open to everybody what somebody has
 * closed (P8). E_DENIED it was there */
enum err store_place_look(int dir_fd);

/* store_place_mark - from now on there was one, for good: an empty file "made" beside it. When that
 * can't be written it is told (logged), and the next start tries again */
void store_place_mark(int dir_fd);

#endif
