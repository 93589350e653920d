/* The check of an image's gateway: portal, applications, access rules; part of image_check. */
#ifndef CONF_IMAGE_GATEWAY_H
#define CONF_IMAGE_GATEWAY_H

#include "conf/image.h"

/* image_gateway_rows_are_good - single fields of the gateway's sections and of image_gateway */
bool image_gateway_rows_are_good(const struct image *im);

/*
 * image_gateway_why - what is wrong, a fixed text; NULL: nothing
 * Fields lie inside their bounds already, path indices are good. Trees are trees, of the depth that
 * src/access counts on. Rules of the portal and of applications stand behind all others in
 * IMAGE_RULE_INDEX: a host's list is one of them alone, on a listener of cells, or has none of
 * them. So no listener leads to an application but through a cell. O(size)
 */
const char *image_gateway_why(const struct image *im);

#endif
