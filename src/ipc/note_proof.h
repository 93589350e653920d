/*
 * Proofs about a log's tree as text, each with the signed checkpoint that it is about:
 *
 *   c2sp.org/tlog-proof@v1              C2SP tlog-proof: a line is in the log
 *   extra <the line in base64>
 *   index 73894
 *   <hash>                              any number, from the leaf up
 *
 *   <signed checkpoint>
 *
 *   old 20852014                        C2SP tlog-witness, the body of add-checkpoint: the log
 * still <hash>                              holds all that it held at that size
 *
 *   <signed checkpoint>
 *
 * What is read may have been made by anybody.
 */
#ifndef IPC_NOTE_PROOF_H
#define IPC_NOTE_PROOF_H

#include "ipc/note.h"

enum {
	NOTE_PROOF_HASH = 44 + 1,			 /* bytes of a line with a hash */
	NOTE_PROOF_EXTRA = (AUDIT_LINE_MAX + 2) / 3 * 4, /* of a record in base64 */
	/* of a whole proof but the record */
	NOTE_PROOF_MAX = NOTE_MAX + MERKLE_PROOF_MAX * NOTE_PROOF_HASH + 256
};

struct note_proof {
	bool is_inclusion;
	uint64_t place; /* the leaf's index, or the older size */
	struct merkle_proof path;
	struct view extra; /* in base64; empty: none */
	struct view note;  /* whole */
};

/* note_proof_put - record: of an inclusion proof the line itself, else empty */
void note_proof_put(struct wbuf *w, const struct note_proof *p, struct view record);

/* note_proof_get - which of the two it is, it says itself. ret borrows. E_PROTO · E_LIMIT too many
 * hashes */
enum err note_proof_get(struct view text, struct note_proof *ret);

#endif
