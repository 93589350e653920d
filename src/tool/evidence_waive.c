/* The log first, then the record: what nobody can read there is no waiver. */
#include "sys/clock.h"
#include "sys/fd.h"
#include "tool/evidence.h"
#include "tool/evidence_ask.h"
#include "tool/evidence_record.h"
#include "tool/state_dir.h"

#include <stdio.h>
#include <unistd.h>

static int waive_refused(void)
{
	(void)fputs("sluis evidence: a waiver needs a reason of 1 to 200 bytes\n", stderr);
	return 2;
}

static json_t *waive_record(const char *id, const char *reason)
{
	json_t *text = json_string(reason);

	return json_pack("{s:s, s:I, s:b, s:i, s:o}", "id", id, "at_s",
			 (json_int_t)(clock_wall_us() / 1000000), "waived", 1, "uid",
			 (int)geteuid(), "reason", text ? text : json_string("not UTF-8"));
}

int evidence_waive(const char *state_option, const char *reason)
{
	char dir[STATE_DIR_MAX + 1], id[EVIDENCE_ID];
	struct evidence_note note = { .what = TOOL_EVIDENCE_WAIVED, .id = id, .detail = reason };
	AUTO_FD folder = -1;
	json_t *doc = NULL;
	int status = 1;

	if (reason[0] == '\0' || view_str(reason).n > TOOL_REASON_MAX)
		return waive_refused();
	if (state_dir_path(state_option, dir) != E_OK || evidence_record_id(id) != E_OK ||
	    evidence_record_folder(dir, &folder) != E_OK)
		return 1;
	if (evidence_ask_note(state_option, &note) != 0)
		return 1;
	doc = waive_record(id, reason);
	status = doc && evidence_record_write(folder, id, doc) == E_OK ? 0 : 1;
	json_decref(doc);
	return status;
}
