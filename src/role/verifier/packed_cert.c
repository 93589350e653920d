/* Certificates of authenticators' makers, by libcrypto. */
#include "role/verifier/packed_cert.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static bool packed_cert_has(const X509 *x, int nid, const char *want)
{
	const X509_NAME *name = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	const ASN1_STRING *s =
		at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	struct view text = { 0 };

	if (!s)
		return false;
	text = view_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
	return want ? view_eq(text, view_str(want)) : text.n > 0;
}

/* id-fido-gen-ce-aaguid: an octet string in the octet string. */
static bool packed_cert_is_of(const X509 *x, struct view aaguid)
{
	ASN1_OBJECT *id = OBJ_txt2obj("1.3.6.1.4.1.45724.1.1.4", 1);
	int at = id ? X509_get_ext_by_OBJ(x, id, -1) : -1;
	X509_EXTENSION *e = at < 0 ? NULL : X509_get_ext(x, at);
	const ASN1_OCTET_STRING *s = e ? X509_EXTENSION_get_data(e) : NULL;
	struct view value = { 0 };
	bool is_found = id && e;

	ASN1_OBJECT_free(id);
	if (!is_found)
		return id != NULL; /* it says no model */
	value = view_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
	return !X509_EXTENSION_get_critical(e) && view_starts(value, VIEW("\x04\x10")) &&
	       view_eq(view_slice(value, 2, value.n), aaguid);
}

static const char *packed_cert_look(X509 *x, struct view aaguid)
{
	if (X509_get_version(x) != X509_VERSION_3)
		return "the attestation's certificate is not of version 3";
	if (!packed_cert_has(x, NID_countryName, NULL) ||
	    !packed_cert_has(x, NID_organizationName, NULL) ||
	    !packed_cert_has(x, NID_commonName, NULL) ||
	    !packed_cert_has(x, NID_organizationalUnitName, "Authenticator Attestation"))
		return "the attestation's certificate is not an authenticator's";
	if (X509_check_ca(x) != 0)
		return "the attestation's certificate is a CA's";
	if (!packed_cert_is_of(x, aaguid))
		return "the attestation's certificate is of another model";
	return NULL;
}

const char *packed_cert_check(struct view der, struct view aaguid)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);
	const char *why = "the attestation's certificate can't be read";

	if (x && p == der.p + der.n)
		why = packed_cert_look(x, aaguid);
	X509_free(x);
	ERR_clear_error();
	return why;
}
