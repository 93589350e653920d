/* `sluis reload`. */
#ifndef TOOL_RELOAD_H
#define TOOL_RELOAD_H

int reload_main(int argc, char **argv);

#endif
