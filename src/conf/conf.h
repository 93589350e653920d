/*
 * A configuration from its files to its image, or to everything that is wrong with it: what the
 * config role does, and what `sluis check` does in the caller's own process.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "conf/diag.h"
#include "conf/image.h"

struct conf_input {
	const char *path;	      /* of the main file, NUL-terminated */
	const struct image *previous; /* the image in force: its servers and listeners keep their
					 slots; NULL: none */
	uint32_t generation; /* the image gets a higher one than this and than previous has */
	void (*sink)(void *arg, enum diag_level level, const char *text);
	void *arg; /* given to sink */
};

struct conf_result {
	uint32_t errors, warnings;
	uint32_t generation; /* of the image */
	uint64_t bytes;
};

/*
 * conf_check_file - reads, checks and compiles; tells every problem to in->sink, in the order of
 * the text
 *   ret_image_fd   NULL: only check. Else, on E_OK, a sealed memory file with the image (the
 *                  caller's to close)
 * E_PROTO the configuration has errors (told) · E_SYS no memory (logged)
 */
enum err conf_check_file(const struct conf_input *in, struct conf_result *ret, int *ret_image_fd);

#endif
