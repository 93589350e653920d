/* `sluis audit`: reading the audit log and checking that nobody changed it (promise P9). */
#ifndef TOOL_AUDIT_H
#define TOOL_AUDIT_H

/*
 * tool_audit - the sub-commands `audit tail`, `search`, `reached` and `verify`
 *   argv  argv[0] is "audit"
 * Gives the exit status: 0 done and nothing found · 1 found or failed · 2 usage
 */
int tool_audit(int argc, char **argv);

#endif
