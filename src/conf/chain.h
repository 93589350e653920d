/*
 * Certificates as the config role reads them: public halves only. libcrypto takes X.509 apart;
 * nothing here ever sees a private key (promise P2), and a chain file that holds one is refused.
 */
#ifndef CONF_CHAIN_H
#define CONF_CHAIN_H

#include "conf/diag.h"

#include <stdbool.h>

enum { CHAIN_FILE_MAX = 4 << 20, CHAIN_LENGTH_MAX = 16, CHAIN_NAMES_MAX = 1000 };

/* A certificate and its issuers. */
struct chain {
	struct view *der; /* leaf first */
	uint32_t n;
	struct view spki;
	int64_t not_before_s, not_after_s;
	uint8_t fingerprint[32];
	uint16_t key_bits;
	uint8_t key_type;   /* enum image_key_type */
	struct view *names; /* DNS names in lower case ("*.x" as they are), addresses as text */
	uint32_t name_n;
};

/* Trust anchors, each once. */
struct chain_set {
	struct view *der;
	uint32_t n;
};

struct chain_reader {
	struct arena *region;
	struct diag *diag;
	int64_t now_s; /* wall clock */
};

/*
 * chain_read - takes the certificates of a chain file apart
 *   at    where the configuration names the file: problems are told there
 *   pem   its bytes
 * NULL: it can't be used (told).
 */
const struct chain *chain_read(const struct chain_reader *r, struct place at, struct view pem);

/* chain_read_anchors - every certificate of a file of issuers; NULL: none, or unreadable (told) */
const struct chain_set *chain_read_anchors(const struct chain_reader *r, struct place at,
					   struct view pem);

#endif
