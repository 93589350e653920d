/* `sluis reload` and `sluis upgrade`. */
#ifndef TOOL_RELOAD_H
#define TOOL_RELOAD_H

int reload_main(int argc, char **argv);
int reload_upgrade_main(int argc, char **argv);

#endif
