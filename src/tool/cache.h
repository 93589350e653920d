/* `sluis cache`: what edges keep in memory, and how to be rid of it. */
#ifndef TOOL_CACHE_H
#define TOOL_CACHE_H

int cache_main(int argc, char **argv);

#endif
