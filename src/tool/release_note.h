/*
 * Who says that a manifest is of a release: manifest.note beside it, a signed note (C2SP
 * signed-note, Ed25519, RFC 8032), as the audit log's checkpoints are, over
 *
 *   sluis release manifest v1
 *   version 0.1.0
 *   sha256 <of manifest.json>
 *
 * Keys are verifier keys, which come from somewhere else: the command line, or a file that the
 * operator put there. What is read may have been made by anybody.
 */
#ifndef TOOL_RELEASE_NOTE_H
#define TOOL_RELEASE_NOTE_H

#include "tool/manifest_file.h"

#define RELEASE_NOTE_KEYS_FILE "/etc/sluis/release.pub"

/*
 * release_note_check - the note beside the manifest at path, which was read into m
 *   o    its keys are trusted; without one those of RELEASE_NOTE_KEYS_FILE, if there is such a file
 *   ret  signature, signer and signature_why are set; has_keys: somebody is trusted
 * E_PROTO, E_LIMIT a key is none, or there are too many (ret->why, ret->path) · E_DENIED, E_SYS
 * keys or note can't be read
 */
enum err release_note_check(const struct manifest_options *o, const struct manifest_file *m,
			    struct manifest_result *ret);

/* release_note_word - "good", "unsigned", ...: for programs */
const char *release_note_word(unsigned signature);

#endif
