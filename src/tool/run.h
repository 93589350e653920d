/* `sluis run`: becomes the keeper. */
#ifndef TOOL_RUN_H
#define TOOL_RUN_H

/* run_main - argv[0] is "run"; comes back only when the keeper can't be executed */
int run_main(int argc, char **argv);

#endif
