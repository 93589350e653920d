/* What the proofs take as given about the table of http1_shape.c, looked up entry by entry. */
#include "proto/http1_shape.c"

void tables_main(void)
{
	for (unsigned state = 0; state < ST_N; state++) {
		for (unsigned class = 0; class < CL_N; class ++) {
			//@ assert shape_next[state][class] < ST_N;
		}
	}
}
