/* From the key files an image names to keys; at boot only, the sandbox has no files afterwards. */
#ifndef ROLE_SIGNER_KEY_FILES_H
#define ROLE_SIGNER_KEY_FILES_H

#include "base/arena.h"
#include "role/signer/keys.h"

/*
 * key_files_load - the keys of all certificates of the image, into k
 *   arena    what is kept comes from here
 *   ret_why  on failure: what failed and what to do, naming certificate and file
 * E_DENIED a key that is refused or is not the certificate's · E_SYS a file that can't be read ·
 * E_NOMEM
 */
enum err key_files_load(struct keys *k, const struct image *im, struct arena *arena,
			struct wbuf *ret_why);

#endif
