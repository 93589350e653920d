/* What the proofs take as given about the tables of field.c, looked up entry by entry. */
#include "proto/field.c"

void tables_main(void)
{
	for (size_t n = 0; n <= FIELD_LONGEST; n++) {
		for (size_t i = 0; i < FIELD_SAME_LENGTH && field_by_length[n][i]; i++) {
			uint8_t id = field_by_length[n][i];

			//@ assert 0 < n && id < FIELD_N;
			//@ assert field_rows[id].name.n == n;
			//@ assert \valid_read(field_rows[id].name.p + (0 .. n - 1));
		}
	}
	for (unsigned id = 0; id < FIELD_N; id++) {
		//@ assert view_ok(field_rows[id].name);
	}
}
