/* `sluis upgrade`. */
#ifndef TOOL_UPGRADE_H
#define TOOL_UPGRADE_H

/* upgrade_main - the sub-command; the exit status */
int upgrade_main(int argc, char **argv);

#endif
