/* Shared pages. */
#include "role/keeper/page.h"

#include "ipc/keeper_role.h"
#include "role/keeper/post.h"
#include "sys/fd.h"
#include "sys/shm.h"

static enum err page_make(const char *name, size_t bytes, struct keeper_page *p)
{
	if (p->rw >= 0)
		return E_OK;
	TRY(shm_new(name, bytes, &p->rw));
	if (shm_reopen_readonly(p->rw, &p->ro) == E_OK)
		return E_OK;
	p->rw = fd_close(p->rw);
	return E_SYS;
}

enum err page_health(struct keeper *k)
{
	return page_make("sluis-health", sizeof(struct page_health_page), &k->health);
}

enum err page_own(struct keeper *k)
{
	TRY(page_make("sluis-keeper", sizeof(struct page_keeper_page), &k->own));
	TRY(page_make("sluis-exporter", sizeof(struct page_exporter_page), &k->exporter));
	TRY(page_make("sluis-shipper", sizeof(struct page_shipper_page), &k->shipper));
	TRY(page_make("sluis-load", sizeof(struct page_load_page), &k->relay));
	TRY(page_make("sluis-gate", sizeof(struct page_gate_page), &k->gate));
	TRY(page_make("sluis-load", sizeof(struct page_load_page), &k->cell_load));
	TRY(page_make("sluis-cells", sizeof(struct page_cells_page), &k->cells));
	return page_make("sluis-audit", sizeof(struct page_audit_page), &k->audit);
}

enum err page_loads(struct keeper *k, unsigned n)
{
	k->fresh_loads = 0;
	for (unsigned i = 0; i < n; i++) {
		if (k->load[i].rw >= 0)
			continue;
		TRY(page_make("sluis-load", sizeof(struct page_load_page), &k->load[i]));
		k->fresh_loads |= UINT64_C(1) << i;
	}
	return E_OK;
}

enum err page_renew(struct keeper *k, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		TRY(page_make("sluis-load", sizeof(struct page_load_page), &k->next_load[i]));
	return E_OK;
}

static void page_close(struct keeper_page *p)
{
	p->rw = fd_close(p->rw);
	p->ro = fd_close(p->ro);
}

void page_renew_commit(struct keeper *k)
{
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++) {
		if (k->next_load[i].rw < 0)
			continue;
		page_close(&k->load[i]);
		k->load[i] = k->next_load[i];
		k->next_load[i] = (struct keeper_page){ -1, -1 };
	}
}

void page_renew_discard(struct keeper *k)
{
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++)
		page_close(&k->next_load[i]);
}

static const struct keeper_page *page_of(const struct keeper_child *c, enum page_kind kind,
					 uint16_t index)
{
	if (kind == PAGE_HEALTH)
		return &c->k->health;
	if (kind == PAGE_KEEPER)
		return &c->k->own;
	if (kind == PAGE_EXPORTER)
		return &c->k->exporter;
	if (kind == PAGE_SHIPPER)
		return &c->k->shipper;
	if (kind == PAGE_AUDIT)
		return &c->k->audit;
	if (kind == PAGE_GATE)
		return &c->k->gate;
	if (kind == PAGE_CELLS)
		return &c->k->cells;
	if (index == PAGE_LOAD_CELLS)
		return &c->k->cell_load;
	if (index == PAGE_LOAD_RELAY)
		return &c->k->relay;
	return c->is_candidate ? &c->k->next_load[index] : &c->k->load[index];
}

enum err page_post(struct keeper_child *c, enum page_kind kind, uint16_t index, bool is_writable)
{
	const struct keeper_page *p = page_of(c, kind, index);
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct post post = { .type = KEEPER_PAGE, .fd_n = 1 };

	wbuf_u8(&w, (uint8_t)kind);
	wbuf_u16(&w, index);
	wbuf_u8(&w, is_writable);
	post.body = wbuf_view(&w);
	post.fds[0] = is_writable ? p->rw : p->ro;
	return post_send(c, &post);
}

enum err page_post_loads(struct keeper_child *c, bool only_fresh)
{
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++) {
		bool is_own = c->role == ROLE_EDGE && c->index == i,
		     is_fresh = c->k->fresh_loads & UINT64_C(1) << i;

		if (page_of(c, PAGE_LOAD, (uint16_t)i)->ro < 0 || (only_fresh && !is_fresh))
			continue;
		/* A running edge has its own stripe since its birth */
		if (!only_fresh || !is_own)
			TRY(page_post(c, PAGE_LOAD, (uint16_t)i, is_own));
	}
	return E_OK;
}
