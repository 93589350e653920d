/* Audit rings: the keeper makes them and remembers what audit needs to read them. */
#include "role/keeper/ring_table.h"

#include "ipc/keeper_role.h"
#include "role/keeper/post.h"
#include "role/keeper/roles.h"
#include "sys/fd.h"
#include "sys/shm.h"

static struct keeper_ring *ring_table_find(struct keeper *k, uint32_t id)
{
	for (size_t i = 0; i < KEEPER_RINGS; i++)
		if (k->rings[i].id == id)
			return &k->rings[i];
	return NULL;
}

/* Audit, when there is one that takes messages; a new one gets all rings at its birth. */
static struct keeper_child *ring_table_audit(struct keeper *k)
{
	return k->seats[ROLE_AUDIT].child;
}

static enum err ring_table_post(struct keeper_child *audit, const struct keeper_ring *r)
{
	uint8_t body[8];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct post p = { .type = KEEPER_RING, .fd_n = 2, .fds = { r->data_ro, r->cursor_rw } };

	wbuf_u32(&w, r->id);
	wbuf_u8(&w, r->role);
	wbuf_u16(&w, r->index);
	p.body = wbuf_view(&w);
	return post_send(audit, &p);
}

static enum err ring_table_post_end(struct keeper_child *audit, const struct keeper_ring *r)
{
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, r->id);
	return post_simple(audit, KEEPER_RING_END, wbuf_view(&w));
}

static enum err ring_table_make(uint32_t bytes, int ret_writer[2], int ret_reader[2])
{
	AUTO_FD data = -1;
	AUTO_FD cursor = -1;
	AUTO_FD data_ro = -1;
	AUTO_FD cursor_ro = -1;
	void *p = NULL;
	size_t n = 0;

	TRY(shm_new("sluis-ring", ring_data_bytes(bytes), &data));
	TRY(shm_new("sluis-cursor", sizeof(struct ring_cursor), &cursor));
	TRY(shm_reopen_readonly(data, &data_ro));
	TRY(shm_reopen_readonly(cursor, &cursor_ro));
	TRY(shm_map(data, true, &p, &n));
	ring_init(p, bytes);
	shm_unmap(p, n);
	ret_writer[0] = fd_steal(&data);
	ret_writer[1] = fd_steal(&cursor_ro);
	ret_reader[0] = fd_steal(&data_ro);
	ret_reader[1] = fd_steal(&cursor);
	return E_OK;
}

enum err ring_table_new(struct keeper *k, enum role role, uint16_t index, uint32_t *ret_id,
			int ret_fds[2])
{
	struct keeper_ring *r = ring_table_find(k, 0);
	struct keeper_child *audit = ring_table_audit(k);
	int reader[2] = { -1, -1 };

	if (!r)
		return E_NOMEM;
	TRY(ring_table_make(role == ROLE_KEEPER ? (uint32_t)RING_BYTES_SMALL
						: roles_row(role)->ring_bytes,
			    ret_fds, reader));
	*r = (struct keeper_ring){ .id = ++k->last_ring_id,
				   .index = index,
				   .role = (uint8_t)role,
				   .data_ro = reader[0],
				   .cursor_rw = reader[1] };
	*ret_id = r->id;
	/* An audit that can't be told is ended by its deadline, and the next one gets it at birth
	 */
	if (audit && ring_table_post(audit, r) == E_NOMEM)
		audit->deadline_ms = k->loop.now_ms;
	return E_OK;
}

void ring_table_end(struct keeper *k, uint32_t id)
{
	struct keeper_ring *r = id ? ring_table_find(k, id) : NULL;
	struct keeper_child *audit = ring_table_audit(k);

	if (!r)
		return;
	r->has_ended = true;
	if (audit && ring_table_post_end(audit, r) == E_NOMEM)
		audit->deadline_ms = k->loop.now_ms;
}

enum err ring_table_done(struct keeper *k, uint32_t id)
{
	struct keeper_ring *r = id ? ring_table_find(k, id) : NULL;

	if (!r || !r->has_ended)
		return E_PROTO;
	fd_close(r->data_ro);
	fd_close(r->cursor_rw);
	*r = (struct keeper_ring){ .data_ro = -1, .cursor_rw = -1 };
	return E_OK;
}

enum err ring_table_post_all(struct keeper_child *audit)
{
	struct keeper *k = audit->k;

	for (size_t i = 0; i < KEEPER_RINGS; i++) {
		if (k->rings[i].id)
			TRY(ring_table_post(audit, &k->rings[i]));
	}
	return E_OK;
}

enum err ring_table_post_ends(struct keeper_child *audit)
{
	struct keeper *k = audit->k;

	for (size_t i = 0; i < KEEPER_RINGS; i++) {
		if (k->rings[i].id && k->rings[i].has_ended)
			TRY(ring_table_post_end(audit, &k->rings[i]));
	}
	return E_OK;
}
