/*
 * The frame around encrypted content, taken apart by hand so that a bundle larger than memory can
 * be read: AuthEnvelopedData (RFC 5083 §2.1) in the one form in which OpenSSL streams it, BER with
 * indefinite lengths (X.690 §8.1.3.6) where the content is in pieces. The rest stays with OpenSSL.
 */
#ifndef TOOL_EVIDENCE_BER_H
#define TOOL_EVIDENCE_BER_H

#include "base/err.h"
#include "base/view.h"

enum {
	EVIDENCE_BER_FRONT = 1 << 16,  /* recipients come before the content: most bytes */
	EVIDENCE_BER_HEAD = 6,	       /* of a piece: most bytes before its content */
	EVIDENCE_BER_PIECE = 16 << 20, /* a piece's most bytes */
	EVIDENCE_BER_TAIL = 64	       /* behind the content: most bytes */
};

/* evidence_ber_front - where the content's own tag begins; its two bytes are followed by pieces.
 * E_SHORT it ends before · E_PROTO another form */
enum err evidence_ber_front(struct view bytes, size_t *ret_at);

/* evidence_ber_piece - a piece's tag and length. E_CLOSED the content ends (two bytes) · E_SHORT ·
 * E_PROTO */
enum err evidence_ber_piece(struct view bytes, size_t *ret_head, size_t *ret_n);

/* evidence_ber_tail - all that is behind the content: ends, a tag of 16 bytes, ends. E_PROTO */
enum err evidence_ber_tail(struct view bytes);

#endif
