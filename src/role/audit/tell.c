/* Audit's page: how far the log is, for the metrics. */
#include "role/audit/audit.h"

#include "sys/clock.h"
#include "sys/shm.h"

enum err tell_map(struct audit *a, int fd)
{
	void *p = NULL;
	size_t n = 0;

	if (a->page || !shm_size_is_sealed(fd))
		return E_DENIED;
	TRY(shm_map(fd, true, &p, &n));
	if (n < sizeof *a->page) {
		shm_unmap(p, n);
		return E_PROTO;
	}
	a->page = p;
	return E_OK;
}

void tell_written(struct audit *a, uint64_t bytes)
{
	if (!a->page || bytes == 0)
		return;
	PAGE_ADD(a->page->bytes, bytes);
	PAGE_ADD(a->page->lines, a->chain.seq - a->told_seq);
	a->told_seq = a->chain.seq;
	PAGE_SET(a->page->written_wall_s, (uint64_t)(clock_wall_us() / 1000000));
}

void tell_signed(struct audit *a)
{
	if (a->page)
		PAGE_SET(a->page->signed_wall_s, (uint64_t)(clock_wall_us() / 1000000));
}

void tell_turn(struct audit *a)
{
	uint64_t waiting = 0;

	if (!a->page)
		return;
	for (unsigned i = 0; i < a->rings.n; i++)
		if (a->rings.slot[i].state == RINGS_OPEN || a->rings.slot[i].state == RINGS_ENDING)
			waiting += ring_waiting(&a->rings.slot[i].reader);
	PAGE_SET(a->page->waiting, waiting);
	if (a->rings.lost)
		PAGE_ADD(a->page->lost, a->rings.lost);
	a->rings.lost = 0;
	PAGE_SET(a->page->trouble_ms,
		 a->trouble.since_ms ? a->loop.now_ms - a->trouble.since_ms + 1 : 0);
}
