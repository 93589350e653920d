/* The table of addresses; entries are removed by shifting back, so that a search never passes a
 * hole. */
#include "role/edge/address.h"

#include "base/hash.h"
#include "role/edge/survey.h"
#include "sys/log.h"

#include <sys/mman.h>

enum err address_init(struct edge *e, uint32_t cap)
{
	uint32_t n = 1024;

	while (n < 2 * cap)
		n *= 2;
	e->addresses = mmap(NULL, n * sizeof *e->addresses, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (e->addresses == MAP_FAILED)
		return log_errno("reserving the address table");
	e->address_mask = n - 1;
	e->address_key[0] = hash_fnv1a(view_of(e->tickets.b, 40)) | 1;
	e->address_key[1] = hash_fnv1a(view_of(e->tickets.b + 40, 40)) | 1;
	return E_OK;
}

static uint64_t address_word(const struct ip *ip, size_t at)
{
	uint64_t x = 0;

	for (size_t i = 0; i < 8; i++)
		x = x << 8 | ip->b[at + i];
	return x;
}

static uint64_t address_mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 x = (unsigned __int128)a * b;

	return (uint64_t)x ^ (uint64_t)(x >> 64);
}

uint32_t address_hash(const struct edge *e, uint16_t slot, const struct ip *ip)
{
	uint64_t h = address_mix(address_word(ip, 0) ^ e->address_key[0],
				 address_word(ip, 8) ^ e->address_key[1]);

	return (uint32_t)address_mix(h ^ slot, e->address_key[0]);
}

uint64_t address_hash_pool(const struct edge *e, const struct ip *ip, uint64_t pool_id)
{
	struct ip who = ip_source(ip);
	uint64_t h = address_mix(address_word(&who, 0) ^ e->address_key[0],
				 address_word(&who, 8) ^ e->address_key[1]);

	return address_mix(h ^ pool_id, e->address_key[0]);
}

static uint32_t address_home(const struct edge *e, uint16_t slot, const struct ip *ip)
{
	return address_hash(e, slot, ip) & e->address_mask;
}

/* What the other edges have of it, or a little more: addresses share counters there. One that lies
 * can say too much, but not so much that the sum begins at nothing again. */
static uint64_t address_elsewhere(const struct edge *e, uint32_t shared)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < e->load_n; i++)
		if (i != e->self.index && e->loads[i])
			n += PAGE_GET(e->loads[i]->address[shared]);
	return n;
}

/* The entry of this address, or the empty one where it would stand. */
static uint32_t address_find(const struct edge *e, uint16_t slot, const struct ip *ip)
{
	uint32_t i = address_home(e, slot, ip);

	while (e->addresses[i].n &&
	       (e->addresses[i].slot != slot || !ip_eq(&e->addresses[i].ip, ip)))
		i = (i + 1) & e->address_mask;
	return i;
}

enum err address_add(struct edge *e, uint16_t slot, const struct ip *ip, uint32_t limit)
{
	struct ip who = ip_source(ip);
	struct address *a = &e->addresses[address_find(e, slot, &who)];
	uint32_t shared = address_hash(e, slot, &who) % PAGE_ADDRESSES;

	if (limit && a->n + survey_believe(address_elsewhere(e, shared), limit) >= limit)
		return E_LIMIT;
	if (a->n == 0)
		*a = (struct address){ .ip = who, .slot = slot };
	a->n++;
	if (!PAGE_GET(e->load->has_addresses))
		PAGE_SET(e->load->has_addresses, 1);
	PAGE_ADD(e->load->address[shared], 1u);
	return E_OK;
}

uint64_t address_count(const struct edge *e, uint16_t slot, const struct ip *ip)
{
	struct ip who = ip_source(ip);

	return e->addresses[address_find(e, slot, &who)].n +
	       address_elsewhere(e, address_hash(e, slot, &who) % PAGE_ADDRESSES);
}

void address_remove(struct edge *e, uint16_t slot, const struct ip *ip)
{
	struct ip who = ip_source(ip);
	uint32_t hole = address_find(e, slot, &who), i = hole;

	INVARIANT(e->addresses[hole].n > 0);
	PAGE_ADD(e->load->address[address_hash(e, slot, &who) % PAGE_ADDRESSES], (uint32_t)-1);
	if (--e->addresses[hole].n)
		return;
	for (;;) {
		uint32_t home = 0;

		i = (i + 1) & e->address_mask;
		if (e->addresses[i].n == 0)
			return;
		home = address_home(e, e->addresses[i].slot, &e->addresses[i].ip);
		if (((i - home) & e->address_mask) < ((i - hole) & e->address_mask))
			continue; /* it does not search past the hole */
		e->addresses[hole] = e->addresses[i];
		e->addresses[i].n = 0;
		hole = i;
	}
}

void address_reset(struct page_load_page *own)
{
	if (!PAGE_GET(own->has_addresses))
		return; /* reading them would take memory for them */
	for (unsigned i = 0; i < PAGE_ADDRESSES; i++)
		if (PAGE_GET(own->address[i]))
			PAGE_SET(own->address[i], 0);
}
