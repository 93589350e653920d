/*
 * The store under another key (`sluis rotate store.key`): at its birth the authority has the key
 * that the store is under and the one that it shall be under. Everything sealed is sealed anew in
 * one transaction, together with the name of its key, so that whoever comes after a stop half way
 * knows which of the two it is.
 */
#ifndef ROLE_AUTHORITY_RESEAL_H
#define ROLE_AUTHORITY_RESEAL_H

#include "role/authority/authority.h"

/*
 * reseal_store - a->vault is opened: under the second of a->secret when there is one and the store
 * is under it now, else under the first. The keeper is told when the first is no longer needed.
 *   ret_why  on failure: a fixed text
 * What can't be sealed anew (a full disk, a secret that the first key does not open) leaves the
 * store and its key as they are, which is logged. E_NOMEM, E_SYS
 */
enum err reseal_store(struct authority *a, const char **ret_why);

#endif
