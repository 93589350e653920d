/* `sluis blast`. */
#ifndef TOOL_BLAST_H
#define TOOL_BLAST_H

int blast_main(int argc, char **argv);

#endif
