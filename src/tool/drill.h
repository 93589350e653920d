/* `sluis drill`: what could somebody do who has taken over a process of this instance? */
#ifndef TOOL_DRILL_H
#define TOOL_DRILL_H

int drill_main(int argc, char **argv);

#endif
