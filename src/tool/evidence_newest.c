/* Records are in the order of time. */
#include "tool/evidence.h"
#include "tool/evidence_record.h"

#include <stdio.h>

bool evidence_newest(const char *state_dir, int64_t since_s, struct evidence_last *ret)
{
	json_t *all = evidence_record_all(state_dir);
	bool is_found = false;

	for (size_t i = json_array_size(all); i-- > 0 && !is_found;) {
		const json_t *r = json_array_get(all, i);
		int64_t at = json_integer_value(json_object_get(r, "at_s"));

		if (at < since_s)
			continue;
		is_found = true;
		*ret = (struct evidence_last){ .at_s = at,
					       .is_waived =
						       json_is_true(json_object_get(r, "waived")) };
		(void)snprintf(ret->id, sizeof ret->id, "%s",
			       json_string_value(json_object_get(r, "id")));
	}
	json_decref(all);
	return is_found;
}
