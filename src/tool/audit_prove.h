/* `sluis audit prove` and `sluis audit check-proof`: what was logged, shown to another machine. */
#ifndef TOOL_AUDIT_PROVE_H
#define TOOL_AUDIT_PROVE_H

/* audit_prove_main - options from argv[1] on; the exit status */
int audit_prove_main(int argc, char **argv, const char *usage);

#endif
