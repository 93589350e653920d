/* Certificate files: read, judged; keys: there, and not looked at. */
#include "conf/check.h"
#include "conf/region.h"

#include <errno.h>
#include <sys/stat.h>

/*
 * Is the key file there? That is all this role can and may find out (promise P2): in a directory
 * that it may not search the answer is left to the signer.
 */
static void check_certificate_key(struct check *c, struct model_certificate *cert)
{
	struct place at = node_place(cert->at, "key");
	struct stat st = { 0 };

	if (view_starts(cert->key, VIEW("pkcs11:"))) {
		diag_error(c->diag, at, "keys by pkcs11: are not available in this version");
		return;
	}
	cert->key_path = source_path(c->source, at, cert->key);
	if (view_eq(cert->key_path, source_path(c->source, at, cert->chain)))
		diag_error(c->diag, at, "the key must be in a file of its own, not in the chain's");
	else if (stat((const char *)cert->key_path.p, &st) == 0 && !S_ISREG(st.st_mode))
		diag_error(c->diag, at, "key file %.*s is not a regular file",
			   DIAG_VIEW(cert->key));
	else if (errno == ENOENT || errno == ENOTDIR)
		diag_error(c->diag, at, "key file %.*s does not exist", DIAG_VIEW(cert->key));
}

void check_certificate_run(struct check *c)
{
	struct model_list list = c->model->certificates;

	for (uint32_t i = 0; i < list.n; i++) {
		struct model_certificate *cert = MODEL_AT(struct model_certificate, list, i);
		struct place at = node_place(cert->at, "chain");
		struct view pem = { 0 };

		if (cert->chain.n && check_read(c, at, cert->chain, CHAIN_FILE_MAX, &pem))
			cert->read = chain_read(&c->reader, at, pem);
		errno = 0;
		if (cert->key.n)
			check_certificate_key(c, cert);
		if (cert->at && !cert->is_server && !cert->is_client)
			diag_warning(c->diag, cert->at->at,
				     "certificate \"%.*s\" is used by no listener and no backend",
				     DIAG_VIEW(cert->name));
	}
}
