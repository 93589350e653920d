/*
 * Edge and signer: one question, one answer (promises P2, P3).
 *
 * The edge sends the whole message to be signed; the signer takes it apart (proto/tls_signed) and
 * signs only what it recognises, under a certificate's key that this image lets that use.
 */
#ifndef IPC_EDGE_SIGNER_H
#define IPC_EDGE_SIGNER_H

#include "ipc/frame.h"

enum edge_signer_message {
	EDGE_SIGN = 1, /* u32 certificate index, u16 TLS signature scheme (RFC 8446 §4.2.3), str16
			  message; seq names the pending slot */
};

enum signer_edge_message {
	SIGNER_SIGNED = 1, /* str16 signature; seq as asked */
	SIGNER_REFUSED /* nothing; seq as asked: unknown key, scheme that doesn't fit it, or message
			  not recognised */
};

enum { EDGE_SIGN_MESSAGE_MAX = 512, SIGNER_SIGNATURE_MAX = 1024 };

#endif
