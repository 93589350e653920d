/* Taking single options out: of an item of the configuration, and of a change that set them. */
#ifndef CONF_OVERLAY_UNSET_H
#define CONF_OVERLAY_UNSET_H

#include "conf/overlay.h"

/* overlay_option_has - key is option itself, or inside of it: "health" has "health.path" */
bool overlay_option_has(struct view option, struct view key);

/* overlay_unset_ask - option is asked for this time: it has to be there */
void overlay_unset_ask(struct node *option);

/* overlay_unset_read - the list behind `without`, into ret. False: told */
bool overlay_unset_read(const struct overlay *o, struct node *list, struct overlay_change *ret);

/*
 * overlay_unset_join - c, which is asked for, into an earlier change of the same place, as far as
 * its `without` goes; and what c sets anew is not unset any more
 */
void overlay_unset_join(const struct overlay *o, struct overlay_change *earlier,
			struct overlay_change *c);

/* overlay_unset_do - carries `without` out. True: something was there */
bool overlay_unset_do(const struct overlay *o, const struct overlay_change *c, struct node *item);

#endif
