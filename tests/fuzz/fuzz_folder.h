/* A folder for what a harness has to have on a disk: in TMPDIR, which tools/fuzz puts into memory,
 * and gone when the program ends. One per program. */
#ifndef TESTS_FUZZ_FUZZ_FOLDER_H
#define TESTS_FUZZ_FUZZ_FOLDER_H

/* fuzz_folder - its descriptor, made at the first call; borrowed */
int fuzz_folder(void);

/* fuzz_folder_empty - removes all files in it */
void fuzz_folder_empty(void);

#endif
