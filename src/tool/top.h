/* `sluis top`: what happens now, in the terminal. */
#ifndef TOOL_TOP_H
#define TOOL_TOP_H

/* top_main - the sub-command; gives the exit status */
int top_main(int argc, char **argv);

#endif
