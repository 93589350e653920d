/* `sluis isolate`: levels of isolation (promise P8; docs/incident.md). */
#ifndef TOOL_ISOLATE_H
#define TOOL_ISOLATE_H

/* isolate_main - the sub-command; the exit status */
int isolate_main(int argc, char **argv);

#endif
