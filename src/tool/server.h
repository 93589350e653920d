/* `sluis server drain|enable|disable POOL/NAME`. */
#ifndef TOOL_SERVER_H
#define TOOL_SERVER_H

/* server_main - argv[0] is "server" */
int server_main(int argc, char **argv);

#endif
