/* `sluis status`. */
#ifndef TOOL_STATUS_H
#define TOOL_STATUS_H

/* status_main - argv[0] is "status" */
int status_main(int argc, char **argv);

#endif
