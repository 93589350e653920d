/*
 * What /proc and netlink say of processes that are called what their owners like: every reader
 * ends, reads nothing outside, and what it takes for known is in the text (A27). Input: any bytes,
 * given to each reader.
 */
#include "tests/fuzz/fuzz.h"

#include "tool/blast_files.h"
#include "tool/blast_map.h"
#include "tool/blast_memory.h"
#include "tool/blast_net.h"
#include "tool/blast_peer.h"
#include "tool/blast_reach.h"
#include "tool/blast_space.h"
#include "tool/blast_status.h"

static void read_maps(struct view in)
{
	struct blast_maps *m = calloc(1, sizeof *m);

	INVARIANT(m);
	if (blast_map_parse(in, m) == E_OK) {
		INVARIANT(m->is_known && m->shared_n <= BLAST_MAP_SHOWN &&
			  m->code_n <= BLAST_MAP_SHOWN);
		INVARIANT(m->shared_writable <= m->shared_total && m->shared_n <= m->shared_total);
		for (size_t i = 0; i < m->shared_n; i++)
			INVARIANT(view_str(m->shared[i].name).n < BLAST_MAP_NAME);
	}
	free(m);
}

static void read_mount(struct view in)
{
	char path[64];

	if (blast_net_mount(in, path, sizeof path) == E_OK)
		INVARIANT(view_str(path).n < sizeof path);
}

static void read_peers(struct view in)
{
	struct blast_peers l = { 0 };
	enum err e = blast_peer_parse(&l, in);

	INVARIANT(e == E_OK || e == E_AGAIN || e == E_PROTO || e == E_SYS);
	INVARIANT(l.n <= in.n / 16);
	blast_peer_done(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(view_of(data, size));
	struct view in = view_of(copy, size), group = blast_net_group(in);
	struct blast_status s = { 0 };
	struct blast_memory m = { 0 };
	char rule[BLAST_NET_RULE];
	uint64_t id = 0;

	if (blast_status_parse(in, &s) == E_OK)
		INVARIANT(s.group_n <= BLAST_STATUS_GROUPS);
	INVARIANT(group.n <= size && (group.n == 0 || group.p[0] == '/'));
	INVARIANT(blast_net_interfaces(in) <= size && blast_net_routes(in) <= size &&
		  blast_net_routes_v6(in) <= size);
	read_maps(in);
	read_mount(in);
	read_peers(in);
	blast_memory_forms(in, size, &m);
	INVARIANT(m.hashes <= size / 3);
	(void)blast_files_is_key(in);
	(void)blast_space_parse(in, VIEW("net"), &id);
	if (blast_reach_put_rule(in, rule))
		INVARIANT(size == 24 && view_str(rule).n < sizeof rule);
	free(copy);
	return 0;
}
