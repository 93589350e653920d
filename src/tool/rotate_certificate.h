/*
 * A certificate's turn: KEY.new (the new key) and KEY.new.csr (the request) beside the key file,
 * which a certificate authority answers with a chain, KEY.new.pem. Once it is there and fits, key
 * and chain get names of their own and a run-time change brings them into force: the old pair stays
 * as it is until then, so that a stop at any point leaves one that works.
 */
#ifndef TOOL_ROTATE_CERTIFICATE_H
#define TOOL_ROTATE_CERTIFICATE_H

#include "tool/rotate_item.h"

/* rotate_certificate_do - as far as it goes now. E_AGAIN the chain is not there yet (noted) ·
 * E_DENIED, E_SYS (told) */
enum err rotate_certificate_do(struct rotate *r, struct rotate_item *i);

#endif
