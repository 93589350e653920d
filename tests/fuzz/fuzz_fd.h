/*
 * Descriptors that are what they say, or something else, as a neighbour that was taken over may
 * send them; and an end to all that an input has opened and mapped.
 */
#ifndef TESTS_FUZZ_FUZZ_FD_H
#define TESTS_FUZZ_FUZZ_FD_H

#include "tests/fuzz/fuzz.h"

enum fuzz_fd_kind {
	FUZZ_FD_NULL,	  /* /dev/null */
	FUZZ_FD_SOCKET,	  /* one end of a channel whose other end is closed */
	FUZZ_FD_STREAM,	  /* likewise, of a stream */
	FUZZ_FD_LISTENER, /* listening on loopback */
	FUZZ_FD_IMAGE,	  /* an image as the compiler makes it, sealed */
	FUZZ_FD_SPOILT,	  /* the same with bytes of the input in it */
	FUZZ_FD_BYTES,	  /* bytes of the input, sealed */
	FUZZ_FD_OPEN,	  /* the same, not sealed: it may be cut under its reader */
	FUZZ_FD_SMALL,	  /* a page that is too small */
	FUZZ_FD_PAGE,	  /* one that is large enough for any kind */
	FUZZ_FD_RING,	  /* the data of a ring */
	FUZZ_FD_CURSOR,
	FUZZ_FD_FOLDER,
	FUZZ_FD_KINDS
};

/* fuzz_fd_use_image - FUZZ_FD_IMAGE is this configuration, compiled; CERTS in it stands for the
 * folder of the tests' certificates */
void fuzz_fd_use_image(const char *yaml);

/* fuzz_fd_make - gives a new descriptor */
int fuzz_fd_make(enum fuzz_fd_kind kind, struct view bytes);

/* fuzz_fd_mark, fuzz_fd_sweep - closes all descriptors that were opened in between; it also unmaps
 * every memory file */
void fuzz_fd_mark(void);
void fuzz_fd_sweep(void);

/* fuzz_fd_keep_role_channel - descriptor 3 is a channel that nobody hears, and nobody else's */
void fuzz_fd_keep_role_channel(void);

#endif
