/*
 * Where a bundle goes: a file, through CMS AuthEnvelopedData with AES-256-GCM (RFC 5083, RFC 5084)
 * when it has recipients, streamed: nothing of it is anywhere else in the clear.
 */
#ifndef TOOL_EVIDENCE_OUT_H
#define TOOL_EVIDENCE_OUT_H

#include "base/view.h"
#include "tool/evidence_recipient.h"

#include <openssl/cms.h>

struct evidence_out {
	CMS_ContentInfo *cms; /* NULL: in the clear */
	BIO *top;	      /* owned: what is written to; below it digest, buffer, file */
	BIO *file;	      /* owned, the last below top */
	int reason;	      /* errno of what failed; 0: nothing has */
};

/* evidence_out_open - to: without recipients in the clear. E_NOMEM, E_SYS: also with reason */
enum err evidence_out_open(struct evidence_out *o, int fd, const struct evidence_recipients *to);

/* evidence_out_write - E_SYS: disk full, for instance (reason) */
enum err evidence_out_write(struct evidence_out *o, struct view v);

/* evidence_out_end - all of it is in the file, and that on disk; its SHA-256. E_SYS */
enum err evidence_out_end(struct evidence_out *o, int fd, uint8_t ret_sha256[32]);
void evidence_out_done(struct evidence_out *o);

#endif
