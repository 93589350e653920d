/* `sluis audit tail`: records for a person, or as JSON lines for a program. */
#ifndef TOOL_AUDIT_TAIL_H
#define TOOL_AUDIT_TAIL_H

/* audit_tail_main - argv[0] is "tail"; usage is printed for --help and mistakes. Gives the exit
 * status */
int audit_tail_main(int argc, char **argv, const char *usage);

#endif
