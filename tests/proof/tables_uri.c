/* What the proofs take as given about the table of uri.c, looked up entry by entry. */
#include "proto/uri.c"

void tables_main(void)
{
	for (unsigned c = 0; c < 256; c++) {
		//@ assert uri_classes[c] <= URI_REFUSE;
	}
}
