/*
 * Is the code of each process still the code that it was ready with (promise P5)? The keeper looks
 * at what of their memory can be executed, a few processes every other second: a mapping that is
 * writable and executable, code that is of no file, and any change since READY is an alarm
 * (role.tampered), and the end of the process; an edge is frozen as evidence instead (freeze.h).
 *
 * It is what is left when everything in front of it has failed: seccomp, PR_SET_MDWE and sealed
 * mappings each forbid that, and the keeper gives the order, not the process. Cells are branches of
 * their spawner, so their code is the spawner's; that they are its cells the kernel says, not it.
 *
 * Only what the kernel lets the keeper see: a role in a user namespace that the keeper has made.
 * The signer under root is none; its list of system calls can't make code in any way.
 */
#ifndef ROLE_KEEPER_WATCH_H
#define ROLE_KEEPER_WATCH_H

#include "role/keeper/keeper.h"

/* watch_tick - looks at the next few; when again, or UINT64_MAX */
uint64_t watch_tick(struct keeper *k);

/* watch_child - looks at one process that is ready. False: its code is not what it was, and it was
 * ended for that */
bool watch_child(struct keeper_child *c);

#endif
