/*
 * Signed notes and checkpoints as the C2SP specifications signed-note, tlog-checkpoint and
 * tlog-cosignature have them, so that other people's tools and witnesses can check the audit log's
 * tree (promise P9):
 *
 *   sluis/audit/0123456789abcdef                            origin
 *   20852163                                                leaves
 *   CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=            root of the tree
 *
 *   — sluis/audit/0123456789abcdef <base64 of 4 bytes key ID and the signature>
 *
 * What is read may have been made by anybody.
 */
#ifndef IPC_NOTE_H
#define IPC_NOTE_H

#include "ipc/audit_key.h"
#include "ipc/merkle.h"

enum {
	NOTE_MAX = 16 * 1024, /* bytes of a whole note */
	NOTE_TEXT_MAX = 4096, /* of its text */
	NOTE_NAME_MAX = 128,  /* of a key's name, which is the origin for the log's own */
	NOTE_BODY_MAX = NOTE_NAME_MAX + 1 + 20 + 1 + 44 + 1,
	NOTE_ID = 4,
	NOTE_LINES = 64,		   /* signatures of a note that are looked at */
	NOTE_COSIGNATURE_BYTES = 8 + 64,   /* the time, and the signature */
	NOTE_VKEY_MAX = NOTE_NAME_MAX + 64 /* of a verifier key's text */
};

enum note_type {
	NOTE_ED25519 = 0x01,	/* signature over the text */
	NOTE_COSIGNATURE = 0x04 /* cosignature/v1 of a witness */
};

/* A key that signs notes: what a verifier has of it. */
struct note_key {
	uint8_t name[NOTE_NAME_MAX];
	size_t name_n;
	uint8_t id[NOTE_ID];
	uint8_t type; /* enum note_type */
	struct audit_key key;
};

struct note_checkpoint {
	struct view origin;
	struct merkle_head head;
};

struct note_signature {
	struct view name; /* of the key */
	uint8_t id[NOTE_ID];
	uint8_t bytes[NOTE_COSIGNATURE_BYTES]; /* what follows the ID; more is cut: n says so */
	size_t n;
};

/* A note in its two parts. */
struct note {
	struct view text;	/* with its last newline, without the empty line */
	struct view signatures; /* whole lines, for note_next */
};

/* note_put_origin - the origin of the log that this key signs, which is also the key's name */
void note_put_origin(struct wbuf *w, const struct audit_key *key);

/* note_put_checkpoint - the text that is signed: three lines */
void note_put_checkpoint(struct wbuf *w, const struct note_checkpoint *c);

/* note_put_signature - one signature line; bytes: what follows the key's ID */
void note_put_signature(struct wbuf *w, const struct note_key *key, struct view bytes);

/* note_put_ask, note_get_ask - the body of AUDIT_TREE. E_SHORT, E_PROTO: malformed, or no tree's
 * size */
void note_put_ask(struct wbuf *w, const struct merkle_head *head);
enum err note_get_ask(struct view body, struct merkle_head *ret);

/* note_get - takes a note apart. E_PROTO: not UTF-8, a control character, no empty line before the
 * signatures, a line there that is none · E_LIMIT too long, or too many signatures */
enum err note_get(struct view text, struct note *ret);

/* note_next - consumes one signature line. E_AGAIN there is none left · E_PROTO */
enum err note_next(struct view *signatures, struct note_signature *ret);

/* note_get_checkpoint - the text of a note as a checkpoint; lines behind the third are allowed and
 * not looked at. E_PROTO */
enum err note_get_checkpoint(struct view text, struct note_checkpoint *ret);

/* note_key_make - a key from its parts, its ID computed. E_PROTO: the name · E_SYS the hash library
 * failed */
enum err note_key_make(struct audit_hash *h, struct view name, enum note_type type,
		       const struct audit_key *key, struct note_key *ret);

/* note_key_put, note_key_get - a verifier key: <name>+<ID in hexadecimal>+<base64 of type and key>,
 * without newline. E_PROTO, also when the ID is not this key's · E_SYS */
void note_key_put(struct wbuf *w, const struct note_key *key);
enum err note_key_get(struct audit_hash *h, struct view text, struct note_key *ret);

/*
 * note_check - a signature over a note's text under this key
 *   ret_time_s  of a cosignature: when the witness says that it was made; else 0
 * E_DENIED it is not · E_SYS
 */
enum err note_check(const struct note_key *key, struct view text, const struct note_signature *s,
		    uint64_t *ret_time_s);

/* note_find - the first good signature of that key on a note. E_CLOSED the key has none on it ·
 * E_DENIED one of the key's is false · E_SYS */
enum err note_find(const struct note_key *key, const struct note *n, struct note_signature *ret,
		   uint64_t *ret_time_s);

/* What the texts around notes are made of, each in its one spelling: */

/* note_take_line - consumes a line, gives it without its newline. E_AGAIN nothing is left · E_PROTO
 * no newline */
enum err note_take_line(struct view *rest, struct view *ret);

/* note_get_number - decimal without leading zeros. E_PROTO */
enum err note_get_number(struct view text, uint64_t *ret);

/* note_get_base64 - RFC 4648 §4, padding and all, bits left over zero (§3.5). What is more than w
 * holds is read and counted. ret_n: bytes. E_PROTO, also of nothing */
enum err note_get_base64(struct view text, struct wbuf *w, size_t *ret_n);

/* note_get_hash - exactly 32 bytes in base64. E_PROTO */
enum err note_get_hash(struct view text, struct audit_line_hash *ret);

/* note_put_cosigned - the text that a cosignature/v1 signs */
void note_put_cosigned(struct wbuf *w, uint64_t time_s, struct view text);

#endif
