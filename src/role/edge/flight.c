/* Counters of requests under way. */
#include "role/edge/flight.h"

enum { FLIGHT_BITS = 16 };
_Static_assert(PAGE_FLIGHTS == 1 << FLIGHT_BITS && PAGE_FLIGHT_ROWS == 2,
	       "both places fit in one word");

static uint32_t flight_place(uint32_t flight, unsigned row)
{
	return flight >> (row * FLIGHT_BITS) & (PAGE_FLIGHTS - 1);
}

static void flight_add(struct page_load_page *own, uint32_t flight, uint32_t by)
{
	if (!PAGE_GET(own->has_flights))
		PAGE_SET(own->has_flights, 1);
	for (unsigned row = 0; row < PAGE_FLIGHT_ROWS; row++) {
		_Atomic uint32_t *n = &own->flight[row][flight_place(flight, row)];

		atomic_store(n, atomic_load_explicit(n, memory_order_relaxed) + by);
	}
}

/* Of all edges; one that lies can say at most what fits. */
static uint64_t flight_count(const struct edge *e, uint32_t flight)
{
	uint64_t least = UINT64_MAX;

	for (unsigned row = 0; row < PAGE_FLIGHT_ROWS; row++) {
		uint64_t sum = 0;

		for (unsigned i = 0; i < e->load_n; i++)
			if (e->loads[i])
				sum += atomic_load(
					&e->loads[i]->flight[row][flight_place(flight, row)]);
		if (sum < least)
			least = sum;
	}
	return least;
}

enum err flight_enter(struct edge *e, struct exchange *x, uint64_t hash, uint32_t most)
{
	uint32_t flight = (uint32_t)(hash ^ hash >> 32);

	if (x->flight_n == FLIGHTS_MAX)
		return E_LIMIT; /* the config role names no more */
	flight_add(e->load, flight, 1);
	if (flight_count(e, flight) > most) {
		flight_add(e->load, flight, UINT32_MAX);
		return E_LIMIT;
	}
	x->flights[x->flight_n++] = flight;
	return E_OK;
}

void flight_leave(struct edge *e, struct exchange *x)
{
	while (x->flight_n)
		flight_add(e->load, x->flights[--x->flight_n], UINT32_MAX);
}

void flight_reset(struct page_load_page *own)
{
	if (!PAGE_GET(own->has_flights))
		return; /* reading it would take memory for it */
	for (unsigned row = 0; row < PAGE_FLIGHT_ROWS; row++)
		for (unsigned i = 0; i < PAGE_FLIGHTS; i++)
			if (PAGE_GET(own->flight[row][i]))
				PAGE_SET(own->flight[row][i], 0);
}
