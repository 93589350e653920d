/* `sluis audit check-proof`: a proof against a key, and nothing else of the log. */
#ifndef TOOL_AUDIT_CHECK_PROOF_H
#define TOOL_AUDIT_CHECK_PROOF_H

/* audit_check_proof_main - options from argv[1] on; the exit status */
int audit_check_proof_main(int argc, char **argv, const char *usage);

#endif
