/* `sluis alarms`: what somebody has to look at. */
#ifndef TOOL_ALARMS_H
#define TOOL_ALARMS_H

int alarms_main(int argc, char **argv);

#endif
