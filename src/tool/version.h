/* `sluis version`. */
#ifndef TOOL_VERSION_H
#define TOOL_VERSION_H

/* version_main - argv[0] is "version" */
int version_main(int argc, char **argv);

#endif
