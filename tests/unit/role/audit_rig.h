/*
 * The audit role without its process: a log in a temporary directory, rings that the test fills,
 * and a signer that the test plays. For tests of the log and of what verifies it.
 */
#ifndef TESTS_UNIT_ROLE_AUDIT_RIG_H
#define TESTS_UNIT_ROLE_AUDIT_RIG_H

#include "role/audit/audit.h"

struct audit_rig {
	char dir[64];
	int dir_fd;
	struct audit *a; /* NULL: not running */
	void *memory;
	int signer_fd, keeper_fd; /* the test's ends */
	void *signing_key;	  /* EVP_PKEY */
	struct audit_key key;
	bool is_mute;	   /* the signer does not answer */
	bool lies;	   /* the signer answers with rubbish */
	bool lies_of_tree; /* the same, to the question about the tree alone */
};

struct audit_rig_ring {
	int data_fd, cursor_fd;
	uint32_t id;
	struct ring_writer w;
};

void audit_rig_open(struct audit_rig *r);
void audit_rig_close(struct audit_rig *r);

/* audit_rig_boot, audit_rig_start - a new audit process; rings are attached in between */
void audit_rig_boot(struct audit_rig *r, uint32_t boot_id);
enum err audit_rig_start(struct audit_rig *r);

/* audit_rig_turn - one turn of everything, signer included, a checkpoint being due now if wanted */
void audit_rig_turn(struct audit_rig *r, bool wants_checkpoint);

/* audit_rig_sign - answers what waits at the signer's end of the channel */
void audit_rig_sign(struct audit_rig *r);

/* audit_rig_stop - drains and ends in order; audit_rig_kill ends it where it stands */
void audit_rig_stop(struct audit_rig *r);
void audit_rig_kill(struct audit_rig *r);

struct audit_rig_ring audit_rig_ring_new(uint32_t id, uint32_t capacity);
void audit_rig_ring_done(struct audit_rig_ring *g);
void audit_rig_attach(struct audit_rig *r, const struct audit_rig_ring *g, const char *name);

/* audit_rig_put - an access record; false: the ring is full */
bool audit_rig_put(struct audit_rig_ring *g, uint64_t wall_us, const char *object);

/* audit_rig_read - all bytes of all segments, in order; gives a malloc'ed text, NUL-terminated */
char *audit_rig_read(const struct audit_rig *r, size_t *ret_n);

/* audit_rig_count - how often text occurs in the log */
size_t audit_rig_count(const struct audit_rig *r, const char *text);

#endif
