/*
 * The libraries, once. libfido2 is linked with libudev, which it uses to look for keys that are
 * plugged in: nothing of that is called, and imports.allow names no such function. The sandbox has
 * no call that could reach a device.
 */
#include "role/verifier/library.h"

#include "role/verifier/client_data.h"

#include <fido.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

enum err library_open(void)
{
	uint8_t hash[EVP_MAX_MD_SIZE];

	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1 ||
	    EVP_Digest("", 0, hash, NULL, EVP_sha256(), NULL) != 1)
		return E_SYS;
	fido_init(FIDO_DISABLE_U2F_FALLBACK);
	client_data_open();
	return E_OK;
}
