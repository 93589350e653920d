/*
 * Certificates by the thousand: DIR/NNNNN.pem and DIR/NNNNN.key, self-signed, P-256, each for
 * sNNNNN.example.nl. For bench/scale alone: openssl(1) would take minutes.
 *
 *     scale-certs DIR COUNT
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void must(int is_good, const char *what)
{
	if (is_good)
		return;
	(void)fprintf(stderr, "scale-certs: %s\n", what);
	exit(1);
}

static void add(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	must(e && X509_add_ext(x, e, -1), "extension");
	X509_EXTENSION_free(e);
}

static X509 *certificate(EVP_PKEY *key, unsigned long i)
{
	X509 *x = X509_new();
	char name[64], alternative[80];

	(void)snprintf(name, sizeof name, "s%05lu.example.nl", i);
	(void)snprintf(alternative, sizeof alternative, "DNS:%s", name);
	must(x && X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), (long)i + 1),
	     "certificate");
	must(X509_gmtime_adj(X509_getm_notBefore(x), -3600) &&
		     X509_gmtime_adj(X509_getm_notAfter(x), 90L * 86400),
	     "dates");
	must(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
					(const unsigned char *)name, -1, -1, 0) &&
		     X509_set_issuer_name(x, X509_get_subject_name(x)) && X509_set_pubkey(x, key),
	     "names");
	add(x, NID_subject_alt_name, alternative);
	add(x, NID_key_usage, "critical,digitalSignature");
	must(X509_sign(x, key, EVP_sha256()) > 0, "signature");
	return x;
}

static void write_pair(const char *dir, unsigned long i)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = certificate(key, i);
	char path[4096];
	FILE *f = NULL;

	(void)snprintf(path, sizeof path, "%s/%05lu.pem", dir, i);
	f = fopen(path, "w");
	must(f && PEM_write_X509(f, x) && fclose(f) == 0, path);
	(void)snprintf(path, sizeof path, "%s/%05lu.key", dir, i);
	f = fopen(path, "w");
	must(f && fchmod(fileno(f), 0600) == 0 &&
		     PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) && fclose(f) == 0,
	     path);
	X509_free(x);
	EVP_PKEY_free(key);
}

int main(int argc, char **argv)
{
	unsigned long n = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	must(n > 0 && n < 100000, "usage: scale-certs DIR COUNT");
	for (unsigned long i = 0; i < n; i++)
		write_pair(argv[1], i);
	return 0;
}
