/*
 * The keeper's own structures; its parts are one file each: args, seat and child (who runs), boot
 * and post (what they are told), change (a new configuration or new programs), stop, control and
 * status (the command), listener, page, ring, event, statedir, handover.
 *
 * One process, one thread, one loop; nothing blocks but the first milliseconds of a child. All
 * memory is in struct keeper, taken once at start.
 */
#ifndef ROLE_KEEPER_KEEPER_H
#define ROLE_KEEPER_KEEPER_H

#include "base/list.h"
#include "base/peak.h"
#include "conf/image.h"
#include "ipc/frame.h"
#include "ipc/ring.h"
#include "ipc/role.h"
#include "ipc/tool_keeper.h"
#include "sys/loop.h"
#include "sys/reach.h"
#include "sys/secret.h"

#include <sys/types.h>

enum {
	KEEPER_CHILDREN = 256,
	KEEPER_RINGS = 512,
	KEEPER_CLIENTS = 8,
	KEEPER_PARCELS = 8192,
	KEEPER_PARCEL_BYTES = 32,
	KEEPER_PATH_MAX = 4000,
	KEEPER_TICKET_BYTES = 80,
	KEEPER_HASH_KEY_BYTES = 16,
	KEEPER_STORE_KEY_BYTES = 32
};

/* Deadlines and delays, milliseconds. */
enum {
	KEEPER_BOOT_MS = 10000,	    /* from the start of a role to its READY */
	KEEPER_CONFIG_MS = 60000,   /* compiling a configuration */
	KEEPER_SWAP_MS = 10000,	    /* an edge's change to a new image */
	KEEPER_DRAIN_MS = 30000,    /* edges at stop */
	KEEPER_RETIRE_MS = 3600000, /* old edges after an upgrade, old signers and dialers */
	KEEPER_END_MS = 10000,	    /* other roles at stop: audit writes its last records */
	KEEPER_GONE_MS = 1000,	    /* from a closed channel to the end of the process */
	KEEPER_BACKOFF_MS = 100,    /* doubles */
	KEEPER_BACKOFF_MAX_MS = 5000,
	KEEPER_ALIVE_MS = 10000,	     /* no death for so long: the back-off starts anew */
	KEEPER_FROZEN_MS = 24 * 3600 * 1000, /* a process that is kept as evidence */
	KEEPER_FROZEN_MAX = 2,		     /* of them at one time, edges */
	KEEPER_STORM_DEATHS = 10,	     /* of one role in KEEPER_ALIVE_MS */
	KEEPER_CLIENT_MS = 10000	     /* a command that takes no answer */
};

enum keeper_source {
	KEEPER_ON_CHANNEL,
	KEEPER_ON_PIDFD,
	KEEPER_ON_SIGNAL,
	KEEPER_ON_CONTROL,
	KEEPER_ON_CLIENT,
	KEEPER_ON_SELF_CHECK,
	KEEPER_SOURCES
};

struct keeper;
struct page_keeper_page;
struct page_cells_page;
struct board;

/* A message that did not fit into a role's queue yet. */
struct keeper_parcel {
	struct list node; /* in the child's outbox, or among the free ones */
	uint8_t type;
	uint8_t fd_n;
	bool takes; /* the descriptors are ours to close */
	int fds[2];
	struct view body; /* in bytes, or in memory that lives as long as the keeper */
	uint8_t bytes[KEEPER_PARCEL_BYTES];
};

enum keeper_child_state {
	CHILD_FREE = 0,
	CHILD_STARTING, /* booting; no READY yet */
	CHILD_RUNNING,
	CHILD_RETIRED, /* running without a seat: finishes what it has, then exits */
	CHILD_FROZEN   /* stopped, without a seat and a channel: evidence; freeze.h */
};

struct keeper_child {
	struct loop_source channel, pidfd;
	struct keeper *k;
	struct list outbox; /* struct keeper_parcel */
	pid_t pid;
	uint32_t generation; /* image it works with */
	uint32_t ring;	     /* id; 0 = none */
	uint32_t swap;	     /* generation it was told to swap to; 0 = none */
	uint16_t index;
	uint8_t role;	   /* enum role */
	uint8_t state;	   /* enum keeper_child_state */
	bool is_candidate; /* of the change that is being prepared */
	bool has_failed;   /* said FAILED, or was ended for what it said */
	bool has_epollout;
	bool is_draining;
	uint64_t code; /* what of its memory can be executed (watch.h); 0: not looked at yet */
	uint32_t left; /* an edge that drains: its connections */
	uint64_t started_ms, deadline_ms;
	uint64_t freed_turn; /* of the loop: an event of that turn may still point here */
	int64_t started_wall_s;
	struct reach fence; /* the dialer's kernel rules; cgroup_fd -1: none */
	char have[192], weaker[320];
};

/* A place that should always be taken: "edge 3". */
struct keeper_seat {
	struct keeper_child *child; /* NULL: nobody */
	uint64_t due_ms;	    /* when to start the next one; 0 = not planned */
	uint64_t revived_ms;	    /* when it last had to be filled again after a death */
	uint32_t backoff_ms, restarts;
	uint16_t index;
	uint8_t role;
	bool is_wanted;
};

enum { KEEPER_SEATS = ROLE_N + ROLE_EDGES_MAX };

struct keeper_storm {
	uint64_t since_ms;
	uint32_t deaths;
};

struct keeper_image {
	int fd; /* -1: none */
	void *map;
	size_t bytes;
	struct image image;
	uint32_t generation;
};

struct keeper_ring {
	uint32_t id; /* 0 = free */
	uint16_t index;
	uint8_t role;
	bool has_ended; /* its writer is gone; audit has not finished with it */
	int data_ro, cursor_rw;
};

struct keeper_page {
	int rw, ro; /* -1: not made yet */
};

/* What the roles use, as it was last looked at. */
struct keeper_usage {
	struct page_keeper_page *page; /* NULL: none */
	uint64_t at_ms;
};

struct keeper_listener {
	int fd;	     /* -1: closed */
	int next_fd; /* bound for the change that is being prepared; -1: none */
	struct ip ip, next_ip;
	uint16_t port, next_port;
	bool is_datagram, next_is_datagram;
	bool is_cell, next_is_cell; /* isolation: cell: the spawner's */
	bool is_in_image; /* of the newest image; otherwise it is closed when all have swapped */
	bool is_in_next;  /* of the image that is being prepared */
	bool is_new;	  /* since the last swap: edges that run must be given it */
};

/* Slots of the metrics address and of the status page, next to the listeners' own. */
enum { KEEPER_METRICS_SLOT = IMAGE_LISTENER_SLOTS, KEEPER_STATUS_SLOT, KEEPER_LISTENERS };

/* Who asks for a change, and what it is. */
struct keeper_asker {
	uid_t uid;
	bool is_command; /* else: a signal, a start */
	bool is_rekey;	 /* the same configuration with fresh keys (renew.h) */
	uint8_t keys;	 /* which: enum tool_rotate_key */
	char reason[TOOL_REASON_MAX + 1];
};

enum keeper_change_state {
	CHANGE_IDLE = 0,
	CHANGE_CONFIG,	/* the configuration is being compiled */
	CHANGE_PREPARE, /* new listeners are bound; new signer and dialer (upgrade: edges) start */
	CHANGE_SWAP	/* decided: the edges change over */
};

struct keeper_change {
	uint8_t state; /* enum keeper_change_state */
	bool is_first, is_renewal;
	bool is_rekey; /* a renewal with the texts in force, which ends no session */
	bool want_again, want_renewal; /* asked for while this one was under way */
	struct keeper_asker next;      /* ... by whom */
	uint64_t deadline_ms;
	struct keeper_image image;
	struct keeper_child *config, *signer, *dialer, *edge[ROLE_EDGES_MAX];
	bool keeps_signer, keeps_dialer; /* the running one serves the new image as well */
	/* who asked for it and why; for the history and the log */
	uint8_t kind; /* enum history_kind */
	bool is_by_command, is_pinned;
	uid_t uid;
	uint32_t from;	 /* the entry that a rollback goes back to */
	uint32_t number; /* its entry in the history; 0: not written yet, or nothing new */
	char reason[TOOL_REASON_MAX + 1];
	int text_fd; /* what was asked for: run-time changes or a document; -1: the files */
	bool is_edit;
	int document_fd, diff_fd; /* what the config role made; -1: nothing yet */
	char why[1024];		  /* the last thing that a role said failed */
};

enum keeper_stop_stage {
	STOP_NOT = 0,
	STOP_EDGES,
	STOP_HELPERS, /* dialer, console, config */
	STOP_AUDIT,
	STOP_SIGNER,
	STOP_DONE
};

struct keeper_stop {
	uint8_t stage; /* enum keeper_stop_stage */
	bool is_hasty;
	int exit_status;
	uint64_t deadline_ms;
};

enum keeper_client_wait {
	CLIENT_IDLE,
	CLIENT_STATUS,
	CLIENT_EDIT, /* its change waits for its turn */
	CLIENT_CHANGE,
	CLIENT_NEXT_CHANGE,
	CLIENT_PURGE, /* edges empty their caches */
	CLIENT_DONE
};

/* What a command that purges waits for, and has heard. */
struct keeper_purge {
	uint32_t number; /* of the question; answers repeat it */
	uint32_t edges, silent;
	uint64_t entries, bytes;
	uint64_t awaits[KEEPER_CHILDREN / 64]; /* bits: children whose answer is out */
	char object[404];		       /* for the log */
};

struct keeper_client {
	struct loop_source source; /* fd -1: free */
	struct keeper *k;
	uid_t uid;
	uint8_t wait; /* enum keeper_client_wait */
	bool is_refused, has_epollout;
	uint32_t step, lost_lines;
	uint64_t deadline_ms, freed_turn;
	/* CLIENT_EDIT */
	struct keeper_asker asker;
	int text_fd;	/* -1: none */
	uint8_t change; /* enum tool_change */
	uint32_t from;
	uint64_t turn; /* of waiting clients the lowest is next */
	struct keeper_purge purge;
};

/* Keys that are renewed by command: tickets, persistence, hashing. */
enum { KEEPER_RENEWED = 3 };

struct keeper_renew {
	struct secret was[KEEPER_RENEWED]; /* the old ones, until it is decided */
	uint8_t keys;			   /* set of enum tool_rotate_key */
	bool is_open;
};

struct keeper_upgrade {
	bool is_wanted, is_checked; /* the new program said that it can take over */
	struct loop_source check;   /* pidfd of the new program's check of itself */
	uint64_t deadline_ms;
};

/* Whose failures are counted; peaks.h. */
enum keeper_peak { KEEPER_PEAK_LOGINS, KEEPER_PEAK_HANDSHAKES, KEEPER_PEAK_ANSWERS, KEEPER_PEAKS };

struct keeper_peaks {
	struct peak peak[KEEPER_PEAKS];
	uint64_t n[KEEPER_PEAKS], of[KEEPER_PEAKS]; /* as they were at the last look */
	uint64_t due_ms;
	bool is_begun;
};

/* Whose memory is looked at next. */
struct keeper_watch {
	uint64_t due_ms;
	uint32_t child, cell;
};

struct keeper_options {
	char config[KEEPER_PATH_MAX + 1], state[KEEPER_PATH_MAX + 1];
	char programs[KEEPER_PATH_MAX + 1]; /* directory of the roles' programs */
	uint32_t weaker, uid_base, drain_ms;
	uint32_t drill;	 /* enum role whose place an intruder takes (drill.h); 0: none */
	int handover_fd; /* -1: a start, not an upgrade */
	bool is_self_check;
};

/* Of a twin; drill.h. */
struct keeper_drill {
	struct board *board; /* NULL: no drill */
	bool has_begun;	     /* the role itself was told to make room */
};

struct keeper_statedir {
	int dir, lock, audit, keys, config, authority, ship;
};

/* The configuration in force: its texts (conf/document.h), and its place in the history. */
struct keeper_document {
	int fd; /* -1: none is known */
	uint32_t number, last;
	bool is_pinned; /* a rollback: goes before the files until they are applied again */
};

struct keeper_role_user {
	uid_t uid;
	gid_t gid;
};

struct keeper {
	struct loop loop;
	struct keeper_options options;
	struct keeper_role_user users[ROLE_N];
	struct keeper_statedir dirs;
	struct loop_source signals, control;
	const char *notify; /* borrowed from the environment: where systemd listens; may be NULL */
	char *const *envp;
	struct keeper_upgrade upgrade;
	struct keeper_drill drill;
	bool is_root, is_ready, has_told_fence;
	bool has_no_namespaces; /* none can be made here, and --allow-weaker says: go on */
	uint32_t last_fence;
	uint32_t boot_id, last_ring_id, own_ring, reloads, failed_reloads;
	int64_t started_wall_s;
	struct secret ticket_keys, persist_keys, hash_key, store_key;
	struct secret store_key_next; /* p NULL: there is none, the store stays as it is */
	struct keeper_renew renew;
	struct keeper_image image, old_image;
	struct keeper_document document;
	uint64_t client_turns;
	uint32_t purges;
	struct keeper_page health, load[ROLE_EDGES_MAX];
	struct keeper_page own, audit, exporter, shipper,
		relay;				/* written by the keeper, by these roles */
	struct keeper_page cell_load;		/* what cells have counted: by spawners */
	const struct page_gate_page *gate_rows; /* k->gate, mapped; NULL in tests */
	struct page_cells_page *cell_rows;	/* k->cells, mapped; NULL in tests */
	bool has_had_spawner;
	uint64_t spawners_ms;		/* of the last look at what spawners have left */
	struct keeper_page gate, cells; /* by the authority, by spawners */
	bool ends_sessions; /* an upgrade, which the next authority has not heard of yet */
	struct keeper_usage usage;
	struct keeper_peaks peaks;
	struct keeper_watch watch;
	struct keeper_page next_load[ROLE_EDGES_MAX]; /* of edges that an upgrade prepares */
	uint64_t fresh_loads; /* bits: stripes made by the present change, not yet given to all */
	struct keeper_listener listeners[KEEPER_LISTENERS];
	struct keeper_ring rings[KEEPER_RINGS];
	struct ring_writer events;
	uint32_t events_lost;
	struct keeper_seat seats[KEEPER_SEATS];
	struct keeper_storm storms[ROLE_N];
	struct keeper_child children[KEEPER_CHILDREN];
	struct keeper_change change;
	struct keeper_stop stop;
	struct keeper_client clients[KEEPER_CLIENTS];
	struct list free_parcels;
	struct keeper_parcel parcels[KEEPER_PARCELS];
	uint8_t path_body[KEEPER_PATH_MAX + 8];
	size_t path_body_n;
};

#endif
