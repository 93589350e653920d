/* `sluis check`: a configuration, in the caller's own process and with the caller's rights. */
#ifndef TOOL_CHECK_H
#define TOOL_CHECK_H

/* check_main - argv[0] is "check" */
int check_main(int argc, char **argv);

#endif
