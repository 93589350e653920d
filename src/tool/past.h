/* `sluis history` and `sluis rollback`: entries of DIR/config, read here; applied by the keeper. */
#ifndef TOOL_PAST_H
#define TOOL_PAST_H

int past_main(int argc, char **argv);
int past_rollback_main(int argc, char **argv);

#endif
