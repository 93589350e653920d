/*
 * What the keeper shows of a running instance: rows, the image, and the shared pages mapped
 * read-only. Sums over the edges are made here; words are made by status_table and status_json.
 */
#ifndef TOOL_SNAPSHOT_H
#define TOOL_SNAPSHOT_H

#include "conf/image.h"
#include "ipc/frame.h"
#include "ipc/pages.h"
#include "ipc/role.h"

enum { SNAPSHOT_ROLES = 512, SNAPSHOT_MAPS = PAGE_LOADS + 16 };

struct snapshot_map {
	void *p;
	size_t n;
};

struct snapshot_role {
	uint8_t role, state; /* enum role, enum keeper_role_state */
	uint16_t index;
	uint32_t pid, uid, restarts, generation;
	int64_t started_s;
	char sandbox[200], weaker[328];
};

struct snapshot {
	struct image image; /* header NULL: none yet */
	uint32_t generation, reloads, failed_reloads;
	int64_t started_s, now_s;
	const struct page_health_page *health; /* NULL: none */
	const struct page_keeper_page *keeper; /* likewise */
	const struct page_audit_page *audit;
	const struct page_load_page *load[PAGE_LOADS];
	bool listener_open[IMAGE_LISTENER_SLOTS], metrics_open;
	struct snapshot_role roles[SNAPSHOT_ROLES];
	size_t role_n;
	struct snapshot_map maps[SNAPSHOT_MAPS]; /* what image and pages lie in */
	size_t map_n;
};

/* All edges together. */
struct snapshot_server {
	uint64_t in_flight, connections, requests, failures, retries, bytes_in, bytes_out,
		latency_us, connects, reuses, kept, status[6];
};

struct snapshot_listener {
	uint64_t connections, accepted, refused, requests, bad_requests, handshakes,
		handshakes_resumed, handshakes_failed, bytes_in, bytes_out, status[6];
};

/* snapshot_row - for ask_keeper: one frame of the keeper's answer; arg is a struct snapshot.
 * E_PROTO it is not understood · E_SYS (told) */
enum err snapshot_row(void *arg, struct frame *f);

/* snapshot_release - unmaps what it holds; empty again, for the next answer */
void snapshot_release(struct snapshot *s);

/* snapshot_server, snapshot_listener - sums; zero for what no edge knows yet */
struct snapshot_server snapshot_server(const struct snapshot *s, const struct image_server *server);
struct snapshot_listener snapshot_listener(const struct snapshot *s, uint16_t slot);

/* snapshot_health - the dialer's entry for a server, or NULL when it has none yet */
const struct page_health_entry *snapshot_health(const struct snapshot *s,
						const struct image_server *server);

/* snapshot_state_name, snapshot_health_name, snapshot_check_name, snapshot_reach_name,
 * snapshot_role_state - words; never NULL */
const char *snapshot_state_name(const struct snapshot *s, const struct image_server *server);
const char *snapshot_health_name(const struct snapshot *s, const struct image_server *server);
const char *snapshot_check_name(unsigned check);
const char *snapshot_reach_name(const struct snapshot *s);

/* snapshot_protocol_name - of a listener: enum image_protocol, as the configuration writes it */
const char *snapshot_protocol_name(unsigned protocol);

/* snapshot_pool_protocol, snapshot_balance_name - how a pool's servers are spoken to and chosen, as
 * the configuration writes it */
const char *snapshot_pool_protocol(const struct image_pool *pool);
const char *snapshot_balance_name(const struct image_pool *pool);
const char *snapshot_role_state(unsigned state);
const char *snapshot_key_name(unsigned key_type);

/* snapshot_address - "127.0.0.1:80", "host:80" or "unix:/path" */
void snapshot_address(const struct snapshot *s, const struct image_address *a, struct wbuf *w);

#endif
