/* An incident that is open asks for a bundle that is newer than it. */
#include "tool/rotate_evidence.h"

#include <stdio.h>

/* Whether an incident is open that no bundle of evidence is there of. */
static bool rotate_evidence_is_missing(const struct rotate *r)
{
	(void)r;
	return false; /* this version keeps no record of incidents */
}

int rotate_evidence_first(const struct rotate *r, const char *waiver)
{
	if (waiver)
		return rotate_ask_record(r, ROTATE_NO_EVIDENCE, "rotate", waiver);
	if (!rotate_evidence_is_missing(r))
		return 0;
	(void)fputs("sluis: an incident is open, and what is there now is evidence: keep it "
		    "first, or say why not: --without-evidence REASON\n",
		    stderr);
	return 1;
}
