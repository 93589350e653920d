/* What tools/compile-templates makes of the pages in web/portal. */
#ifndef PORTAL_PORTAL_TEMPLATE_H
#define PORTAL_PORTAL_TEMPLATE_H

#include "portal/portal.h"

/* portal_template - appends the page; w is bad when there is none */
void portal_template(struct wbuf *w, enum portal_page_kind kind, const struct portal_model *m);

#endif
