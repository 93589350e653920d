/*
 * The Merkle tree of a log that is being read (promise P9): grows line by line, and still knows its
 * root at any size that a checkpoint may speak of. And checkpoints of it as signed notes.
 */
#ifndef TOOL_AUDIT_TREE_H
#define TOOL_AUDIT_TREE_H

#include "ipc/note.h"

enum { AUDIT_TREE_WINDOW = 1 << 22 /* lines behind which a checkpoint may come */ };

struct audit_tree {
	struct audit_hash *digest;     /* borrowed */
	struct audit_line_hash *leaf;  /* AUDIT_TREE_WINDOW of them, by their place */
	struct merkle_frontier front;  /* of all lines so far */
	struct merkle_frontier behind; /* as far as roots were asked for */
	uint64_t base;		       /* sequence number of the line at place 0 */
	bool is_on;		       /* the log has a tree */
};

/* audit_tree_open - E_NOMEM. audit_tree_close also takes what was never opened */
enum err audit_tree_open(struct audit_tree *t, struct audit_hash *digest);
void audit_tree_close(struct audit_tree *t);

/* audit_tree_segment - a segment's first line: NULL when its tree is that of the lines so far, or
 * the log's tree begins here (is_first: of the log as it is); else what is wrong */
const char *audit_tree_segment(struct audit_tree *t, const struct audit_line *l, bool is_first);

/* audit_tree_add - one more line, without its newline. E_LIMIT, E_SYS */
enum err audit_tree_add(struct audit_tree *t, struct view line);

/* audit_tree_root - of the first size lines, which never gets less. E_LIMIT that many lines were
 * not read, or are too far back · E_SYS */
enum err audit_tree_root(struct audit_tree *t, uint64_t size, struct audit_line_hash *ret);

/* audit_tree_note - a signed checkpoint of the log of one of these keys. NULL: ret is set; else
 * what is wrong with it */
const char *audit_tree_note(struct audit_hash *digest, const struct audit_key *keys, size_t key_n,
			    struct view text, struct merkle_head *ret);

/* audit_tree_signature - a checkpoint's signature alone, as the log's lines have it. E_DENIED,
 * E_SYS */
enum err audit_tree_signature(const struct audit_key *key, const struct merkle_head *head,
			      const struct audit_key_signature *signature);

#endif
