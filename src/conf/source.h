/*
 * The files of a configuration: the main file, and what its "include" names; read and merged to
 * one tree. Lists of the files are joined in their order; anything else may be set in one file
 * only.
 */
#ifndef CONF_SOURCE_H
#define CONF_SOURCE_H

#include "conf/document.h"
#include "conf/yaml_reader.h"

enum {
	SOURCE_FILE_MAX = 8 << 20,   /* bytes of one configuration file */
	SOURCE_TOTAL_MAX = 64 << 20, /* of all together */
	SOURCE_FILES_MAX = DOCUMENT_FILES_MAX,
	SOURCE_TEXTS_MAX = 4 /* texts that are in no file */
};

struct source {
	struct arena *region;
	struct diag *diag;
	struct view *dirs;	     /* per file of diag: absolute directory, ends with '/' */
	struct document_file *files; /* per file of diag: what was read */
	const struct document *from; /* borrowed: files come from here; NULL: from the disk */
	struct yaml_reader yaml;
	size_t bytes;	/* read so far */
	bool is_broken; /* a file gave no tree: what it would have said is not known */
};

/*
 * source_load - the merged tree of the configuration at path
 *   path   NUL-terminated; relative to the working directory or absolute; not used with s->from
 * NULL: there is no tree; diag says why. Problems in an included file leave the others' tree, with
 * is_broken set: references into what is missing would only be told wrong.
 */
struct node *source_load(struct source *s, const char *path);

/*
 * source_text - the tree of a text that is in no file, with paths relative to the main file's
 *   shown   for messages: "run-time change"
 * NULL: diag says why
 */
struct node *source_text(struct source *s, struct view shown, struct view text);

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
