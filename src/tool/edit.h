/* `sluis server`, `backend`, `route`, `certificate`, `listener` add, set, remove: the command line
 * as a run-time change (conf/overlay.h). */
#ifndef TOOL_EDIT_H
#define TOOL_EDIT_H

/* edit_server, ... - the sub-commands; the exit status */
int edit_server(int argc, char **argv);
int edit_backend(int argc, char **argv);
int edit_route(int argc, char **argv);
int edit_certificate(int argc, char **argv);
int edit_listener(int argc, char **argv);

#endif
