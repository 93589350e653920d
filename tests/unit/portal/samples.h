/* Sample models of every page, in every state that looks different: for unit tests, and for the
 * previews that a browser looks at. */
#ifndef TESTS_UNIT_PORTAL_SAMPLES_H
#define TESTS_UNIT_PORTAL_SAMPLES_H

#include "portal/portal.h"

struct sample {
	const char *name;
	enum portal_page_kind kind;
	struct portal_model model;
};

enum { SAMPLE_ROWS = 6 };

/* What the lists of a sample point to. */
struct sample_room {
	struct portal_app apps[SAMPLE_ROWS];
	struct portal_factor factors[SAMPLE_ROWS];
	struct portal_session sessions[SAMPLE_ROWS];
};

/* samples_get - the i-th one; name NULL behind the last. samples_hostile - a model of which every
 * text is v */
struct sample samples_get(size_t i, enum portal_language language, struct sample_room *room);
struct portal_model samples_hostile(struct view v, struct sample_room *room);

#endif
