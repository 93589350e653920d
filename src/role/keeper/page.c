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

enum err page_load(struct keeper *k, unsigned index)
{
	return page_make("sluis-load", sizeof(struct page_load_page), &k->load[index]);
}

enum err page_renew(struct keeper *k, unsigned index)
{
	return page_make("sluis-load", sizeof(struct page_load_page), &k->next_load[index]);
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
