/* `sluis hunt`: indicators of compromise, over the whole audit log. */
#ifndef TOOL_HUNT_H
#define TOOL_HUNT_H

/* hunt_main - argv[0] is "sluis hunt". Exit status: 0 nothing found, 3 found, 1 failed, 2 usage */
int hunt_main(int argc, char **argv);

#endif
