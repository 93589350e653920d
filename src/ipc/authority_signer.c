/* The forms of what authority and signer say to each other. */
#include "ipc/authority_signer.h"

WIRE_FORM(authority_token, AUTHORITY_TOKEN_FIELDS)
WIRE_FORM(signer_token, SIGNER_TOKEN_FIELDS)
WIRE_FORM(signer_token_keys, SIGNER_TOKEN_KEYS_FIELDS)
