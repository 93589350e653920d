/* `sluis rotate`: every key and secret anew, as a checklist that survives interruptions. */
#ifndef TOOL_ROTATE_H
#define TOOL_ROTATE_H

int rotate_main(int argc, char **argv);

#endif
