/*
 * What all connections of the process share: OpenSSL without a configuration file, its standard
 * algorithms, our provider for the keys that are not here, and the way to the signer.
 */
#include "tls/tls_internal.h"
#include "tls/tls_provider.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509_vfy.h>

/*
 * The standard provider comes first: a look-up by name alone ("EC" for an ephemeral key) must find
 * its algorithms, ours are found through the key objects made by them.
 */
static enum err tls_library_open(struct tls_library *lib)
{
	struct tls_provider *provider = NULL;

	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
		return E_NOMEM;
	lib->libctx = OSSL_LIB_CTX_new();
	if (!lib->libctx || OSSL_PROVIDER_add_builtin(lib->libctx, "sluis", tls_provider_init) != 1)
		return E_NOMEM;
	lib->standard = OSSL_PROVIDER_load(lib->libctx, "default");
	lib->sluis = lib->standard ? OSSL_PROVIDER_load(lib->libctx, "sluis") : NULL;
	lib->bio = tls_conn_bio_method();
	if (!lib->sluis || !lib->bio)
		return E_NOMEM;
	TRY(tls_signer_client_new(lib->hooks, &lib->signer));
	provider = OSSL_PROVIDER_get0_provider_ctx(lib->sluis);
	provider->signer = lib->signer;
	lib->provider = provider;
	return E_OK;
}

enum err tls_library_new(const struct tls_hooks *hooks, struct tls_library **ret)
{
	struct tls_library *lib = OPENSSL_zalloc(sizeof *lib);
	enum err e = E_NOMEM;

	if (lib) {
		lib->hooks = hooks;
		lib->error = "";
		e = tls_library_open(lib);
	}
	if (e == E_OK)
		*ret = lib;
	else
		lib = tls_library_free(lib);
	return e;
}

struct tls_library *tls_library_free(struct tls_library *lib)
{
	if (!lib)
		return NULL;
	lib->signer = tls_signer_client_free(lib->signer);
	BIO_meth_free(lib->bio);
	if (lib->sluis)
		(void)OSSL_PROVIDER_unload(lib->sluis);
	if (lib->standard)
		(void)OSSL_PROVIDER_unload(lib->standard);
	OSSL_LIB_CTX_free(lib->libctx);
	OPENSSL_free(lib);
	return NULL;
}

void tls_library_keep_class(struct tls_library *lib)
{
	lib->keeps_class = true;
}

struct tls_signer_client *tls_library_signer(struct tls_library *lib)
{
	return lib->signer;
}

const char *tls_library_error(const struct tls_library *lib)
{
	return lib->error;
}

enum err tls_library_fail(struct tls_library *lib, const char *what, enum err e)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	lib->error = reason ? reason : what;
	ERR_clear_error();
	return e;
}
