/* What the proofs take as given about the table of http1.c, looked up entry by entry. */
#include "proto/http1.c"

void tables_main(void)
{
	for (unsigned m = 0; m < METHOD_N; m++) {
		//@ assert view_ok(method_rows[m].name);
	}
}
