/* libfido2, libcrypto and jansson, set up before the sandbox so that they need nothing behind it.
 */
#ifndef ROLE_VERIFIER_LIBRARY_H
#define ROLE_VERIFIER_LIBRARY_H

#include "base/err.h"

/* library_open - no configuration file is read, no device is looked for. E_SYS */
enum err library_open(void);

#endif
