/* The fixed part of authenticator data; its CBOR is looked at elsewhere. */
#include "role/verifier/authdata.h"

#include "base/ct.h"
#include "ipc/authority_verifier.h"

#include <openssl/evp.h>

static enum err authdata_parse_credential(struct view *rest, struct authdata *a)
{
	TRY(view_take(rest, AUTHDATA_AAGUID, &a->aaguid));
	TRY(view_str16(rest, &a->id));
	return a->id.n == 0 || a->id.n > GATE_CREDENTIAL_MAX ? E_LIMIT : E_OK;
}

enum err authdata_parse(struct view raw, struct authdata *ret)
{
	struct authdata a = { 0 };
	struct view rest = raw;

	TRY(view_take(&rest, AUTHDATA_HASH, &a.host_hash));
	TRY(view_u8(&rest, &a.flags));
	TRY(view_u32(&rest, &a.count));
	if (a.flags & AUTHDATA_CREDENTIAL)
		TRY(authdata_parse_credential(&rest, &a));
	if (!(a.flags & (AUTHDATA_CREDENTIAL | AUTHDATA_EXTENSIONS)))
		TRY(view_end(&rest));
	a.rest = rest;
	*ret = a;
	return E_OK;
}

const char *authdata_check(const struct authdata *a, struct view host)
{
	uint8_t hash[AUTHDATA_HASH] = { 0 };

	if (EVP_Digest(host.p, host.n, hash, NULL, EVP_sha256(), NULL) != 1 ||
	    !ct_equal(a->host_hash, view_of(hash, sizeof hash)))
		return "the key was used for another host";
	if (!(a->flags & AUTHDATA_PRESENT))
		return "nobody touched the key";
	if (!(a->flags & AUTHDATA_VERIFIED))
		return "the key did not verify its user";
	/* WebAuthn §6.1.3: what can't be backed up isn't */
	if ((a->flags & AUTHDATA_BACKED_UP) && !(a->flags & AUTHDATA_BACKUP_ELIGIBLE))
		return "the key contradicts itself about backups";
	return NULL;
}

uint8_t authdata_verified_flags(const struct authdata *a)
{
	return (uint8_t)((a->flags & AUTHDATA_BACKUP_ELIGIBLE ? VERIFIED_BACKUP_ELIGIBLE : 0) |
			 (a->flags & AUTHDATA_BACKED_UP ? VERIFIED_BACKED_UP : 0));
}
