/* Certificates: public halves, and where the signer finds the keys. */
#include "conf/compile.h"

void compile_certificate_run(struct compile *c)
{
	const struct model *m = c->check->model;

	for (uint32_t i = 0; i < m->certificates.n; i++) {
		const struct model_certificate *from =
			MODEL_AT(struct model_certificate, m->certificates, i);
		struct image_certificate *to = build_new(&c->build, IMAGE_CERTIFICATE);
		const struct chain *read = from->read;
		struct image_str *der = NULL;

		to->name = compile_text(c, from->name);
		to->key_path = compile_text(c, from->key_path);
		to->spki = compile_text(c, read->spki);
		to->chain = (struct image_range){ .first = build_n(&c->build, IMAGE_DER),
						  .n = read->n };
		der = build_many(&c->build, IMAGE_DER, read->n);
		for (uint32_t k = 0; k < read->n; k++)
			der[k] = compile_text(c, read->der[k]);
		to->not_before_s = read->not_before_s;
		to->not_after_s = read->not_after_s;
		for (size_t k = 0; k < sizeof to->fingerprint; k++)
			to->fingerprint[k] = read->fingerprint[k];
		to->key_bits = read->key_bits;
		to->key_type = read->key_type;
		to->is_client = from->is_client;
		to->is_server = from->is_server;
	}
}
