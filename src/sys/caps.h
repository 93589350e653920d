/* Capability sets of the own process, by the raw calls: there is no library to trust with it. */
#ifndef SYS_CAPS_H
#define SYS_CAPS_H

#include "base/err.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

#define CAPS_BIT(cap)	     (UINT64_C(1) << (cap))
#define CAPS_SYS_ADMIN	     CAPS_BIT(CAP_SYS_ADMIN)
#define CAPS_DAC_READ_SEARCH CAPS_BIT(CAP_DAC_READ_SEARCH)

/*
 * caps_keep - permitted, effective, inheritable and ambient become keep, the bounding set empty:
 * the program executed next has keep and nothing can add to it. E_SYS: errno says why (not logged)
 */
enum err caps_keep(uint64_t keep);

/* caps_limit - permitted and effective become what they are and keep; the bounding set too. E_SYS
 */
enum err caps_limit(uint64_t keep);

/* caps_drop - no capability in any set, for good. E_SYS: not so afterwards */
enum err caps_drop(void);

/* caps_empty - the same for a process whose bounding set is empty already: two calls. E_SYS */
enum err caps_empty(void);

/* caps_have - the effective set */
uint64_t caps_have(void);

#endif
