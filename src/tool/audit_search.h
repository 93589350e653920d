/* `sluis audit search`: the records of the whole log that somebody asks for. */
#ifndef TOOL_AUDIT_SEARCH_H
#define TOOL_AUDIT_SEARCH_H

/* audit_search_main - argv[0] is "search"; usage is printed for --help and mistakes. Gives the exit
 * status */
int audit_search_main(int argc, char **argv, const char *usage);

#endif
