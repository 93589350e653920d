/* The keeper's command line, as `sluis run` gives it. */
#ifndef ROLE_KEEPER_ARGS_H
#define ROLE_KEEPER_ARGS_H

#include "role/keeper/keeper.h"

/* args_parse - E_PROTO (told on standard error) */
enum err args_parse(int argc, char *const *argv, struct keeper_options *ret);

#endif
