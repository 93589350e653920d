/* `sluis changes` and `sluis diff`: what is in force beside the files, and what a file would do. */
#ifndef TOOL_CHANGES_H
#define TOOL_CHANGES_H

int changes_main(int argc, char **argv);
int changes_diff_main(int argc, char **argv);

#endif
