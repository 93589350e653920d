/* What the proofs take as given about the table of http1_rules.c, looked up entry by entry. */
#include "proto/http1_rules.c"

void tables_main(void)
{
	for (unsigned id = 0; id < FIELD_N; id++) {
		if (!rules_by_id[id])
			continue;
		/*@ assert rules_by_id[id] == on_host || rules_by_id[id] == on_connection ||
		  @	rules_by_id[id] == on_content_length ||
		  @	rules_by_id[id] == on_transfer_encoding || rules_by_id[id] == on_te ||
		  @	rules_by_id[id] == on_upgrade || rules_by_id[id] == on_expect;
		  @*/
	}
}
