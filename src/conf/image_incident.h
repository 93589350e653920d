/* The check of an image's isolation, and of what applications say about it; part of image_check. */
#ifndef CONF_IMAGE_INCIDENT_H
#define CONF_IMAGE_INCIDENT_H

#include "conf/image.h"

/* image_incident_rows_are_good - single fields of struct image_isolation, IMAGE_SAFE_CALL,
 * IMAGE_NEED, and of what zones and applications say about levels */
bool image_incident_rows_are_good(const struct image *im);

/*
 * image_incident_why - what is wrong, a fixed text; NULL: nothing
 * Fields lie inside their bounds already, and there are at most IMAGE_APPS_MAX applications. What
 * an application needs leads nowhere in a circle, so that a walk along it ends. O(size)
 */
const char *image_incident_why(const struct image *im);

#endif
