/* For tests: the image of a configuration given as text. Certificates by cases/certs/NAME.crt. */
#ifndef TESTS_UNIT_CONF_MAKE_IMAGE_H
#define TESTS_UNIT_CONF_MAKE_IMAGE_H

#include "conf/conf.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* An image and the mapping it lies in. */
struct made_image {
	struct image im;
	void *p;
	size_t n;
};

static inline void make_image_print(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	if (level == DIAG_ERROR)
		(void)fprintf(stderr, "%s\n", text);
}

/* make_image - compiles yaml; aborts when it has errors */
static inline struct made_image make_image(const char *yaml, const struct image *previous,
					   uint32_t generation)
{
	char path[64];
	AUTO_FD text = memfd_create("yaml", 0), fd = -1;
	struct conf_input in = { .path = path,
				 .previous = previous,
				 .generation = generation,
				 .sink = make_image_print };
	struct conf_result result = { 0 };
	struct made_image made = { 0 };
	const char *why = "";

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", text);
	if (text < 0 || fd_write_all(text, view_str(yaml)) != E_OK ||
	    conf_check_file(&in, &result, &fd) != E_OK || !shm_is_sealed(fd) ||
	    shm_map(fd, false, &made.p, &made.n) != E_OK ||
	    image_check(view_of(made.p, made.n), &made.im, &why) != E_OK)
		abort();
	return made;
}

static inline void make_image_count(void *arg, enum diag_level level, const char *text)
{
	(void)text;
	*(unsigned *)arg += level == DIAG_ERROR;
}

/* make_image_errors - how many errors yaml has */
static inline unsigned make_image_errors(const char *yaml)
{
	char path[64];
	unsigned errors = 0;
	AUTO_FD text = memfd_create("yaml", 0);
	struct conf_input in = { .path = path, .sink = make_image_count, .arg = &errors };
	struct conf_result result = { 0 };

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", text);
	if (text < 0 || fd_write_all(text, view_str(yaml)) != E_OK ||
	    (conf_check_file(&in, &result, NULL) == E_OK) != (errors == 0))
		abort();
	return errors;
}

static inline void unmake_image(struct made_image *made)
{
	shm_unmap(made->p, made->n);
}

#endif
