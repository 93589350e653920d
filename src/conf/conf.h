/*
 * A configuration from its files to its image, or to everything that is wrong with it: what the
 * config role does, and what `sluis check` does in the caller's own process.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "conf/diag.h"
#include "conf/image.h"

#include <stdbool.h>

/*
 * Which configuration is meant:
 *   target given            that document, as it was applied once (sluis rollback)
 *   edit given              running's files, with a change more
 *   neither                 the files at path, with running's changes on top
 */
struct conf_input {
	const char *path;	      /* of the main file, NUL-terminated */
	struct view running;	      /* document in force (document.h), or empty: none is known */
	struct view edit;	      /* run-time changes (overlay.h), or empty */
	struct view target;	      /* document, or empty */
	const struct image *previous; /* the image in force: its servers and listeners keep their
					 slots; NULL: none */
	uint32_t generation; /* the image gets a higher one than this and than previous has */
	void (*sink)(void *arg, enum diag_level level, const char *text);
	void *arg;	     /* given to sink */
	bool wants_document; /* the document, and what differs from running */
};

struct conf_result {
	uint32_t errors, warnings;
	uint32_t generation; /* of the image */
	uint64_t bytes;
	/* With wants_document, on E_OK: sealed memory files, the caller's to close; -1: none.
	 * diff_fd is -1 when nothing differs */
	int document_fd, diff_fd;
	uint32_t differences;
};

/*
 * conf_check_file - reads, checks and compiles; tells every problem to in->sink, in the order of
 * the text
 *   ret_image_fd   NULL: only check. Else, on E_OK, a sealed memory file with the image (the
 *                  caller's to close)
 * E_PROTO the configuration has errors (told) · E_SYS no memory (logged)
 */
enum err conf_check_file(const struct conf_input *in, struct conf_result *ret, int *ret_image_fd);

/* conf_print_text - what a document says: its effective configuration, files and run-time changes
 * joined, into w as YAML; or, changes_only, the changes alone. E_PROTO it is no document, or does
 * not fit together (told) · E_LIMIT */
enum err conf_print_text(const struct conf_input *in, bool changes_only, struct wbuf *w);

#endif
