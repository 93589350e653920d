/*
 * The files of a configuration: the main file, and what its "include" names; read and merged to
 * one tree. Lists of the files are joined in their order; anything else may be set in one file
 * only.
 */
#ifndef CONF_SOURCE_H
#define CONF_SOURCE_H

#include "conf/yaml_reader.h"

enum {
	SOURCE_FILE_MAX = 8 << 20,   /* bytes of one configuration file */
	SOURCE_TOTAL_MAX = 64 << 20, /* of all together */
	SOURCE_FILES_MAX = 4096
};

struct source {
	struct arena *region;
	struct diag *diag;
	struct view *dirs; /* per file of diag: absolute directory, ends with '/' */
	struct yaml_reader yaml;
	size_t bytes;	/* read so far */
	bool is_broken; /* a file gave no tree: what it would have said is not known */
};

/*
 * source_load - the merged tree of the configuration at path
 *   path   NUL-terminated; relative to the working directory or absolute
 * NULL: there is no tree; diag says why. Problems in an included file leave the others' tree, with
 * is_broken set: references into what is missing would only be told wrong.
 */
struct node *source_load(struct source *s, const char *path);

/* source_path - the absolute path of name, seen from the file that at lies in; NUL behind */
struct view source_path(const struct source *s, struct place at, struct view name);

/*
 * source_read - the bytes of a regular file
 *   path      NUL behind it
 *   ret_why   on any error: why not, for people; in the region
 */
enum err source_read(struct arena *region, struct view path, size_t max, struct view *ret,
		     const char **ret_why);

#endif
