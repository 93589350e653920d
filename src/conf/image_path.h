/* The check of an image's path indices; part of image_check. */
#ifndef CONF_IMAGE_PATH_H
#define CONF_IMAGE_PATH_H

#include "conf/image.h"

/*
 * image_path_why - what is wrong with IMAGE_PATHS and IMAGE_PATH, a fixed text; NULL: nothing
 * Ranges, names and indices lie inside already. Every range ascends and is of one table alone, and
 * a rule is listed under its own path and kind. O(size)
 */
const char *image_path_why(const struct image *im);

#endif
