/* `sluis verify`. */
#ifndef TOOL_VERIFY_H
#define TOOL_VERIFY_H

int verify_main(int argc, char **argv);

#endif
