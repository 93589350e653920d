/* What the proofs take as given about the table of accept_encoding.c, looked up entry by entry. */
#include "proto/accept_encoding.c"

void tables_main(void)
{
	for (unsigned i = 0; i < ENCODING_N; i++) {
		//@ assert view_ok(accept_encoding_names[i]);
	}
}
