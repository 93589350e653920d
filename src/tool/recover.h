/* `sluis recover`: applications come back, step by step (docs/recover.md). */
#ifndef TOOL_RECOVER_H
#define TOOL_RECOVER_H

/* recover_main - the exit status */
int recover_main(int argc, char **argv);

#endif
