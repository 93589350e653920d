/* `sluis server drain|enable|disable POOL/NAME`. */
#ifndef TOOL_SERVER_H
#define TOOL_SERVER_H

#include <stdbool.h>

/* server_is_state - word is one of drain, enable, disable, reset */
bool server_is_state(const char *word);

/* server_main - argv[0] is "server" */
int server_main(int argc, char **argv);

#endif
