/* The one thing that all sides of a drill share. */
#include "drill/board.h"

#include "base/wbuf.h"
#include "sys/shm.h"

enum err board_open(int fd, struct board **ret)
{
	struct board *b = NULL;
	void *p = NULL;
	size_t n = 0;

	if (!shm_size_is_sealed(fd))
		return E_PROTO;
	TRY(shm_map(fd, true, &p, &n));
	b = p;
	if (n < sizeof *b || b->magic != BOARD_MAGIC || b->version != BOARD_VERSION) {
		shm_unmap(p, n);
		return E_PROTO;
	}
	*ret = b;
	return E_OK;
}

enum err board_new(uint32_t role, int *ret_fd, struct board **ret)
{
	struct board *b = NULL;
	void *p = NULL;

	TRY(shm_new("sluis-drill", sizeof *b, ret_fd));
	TRY(shm_map(*ret_fd, true, &p, NULL));
	b = p;
	b->magic = BOARD_MAGIC;
	b->version = BOARD_VERSION;
	b->role = role;
	*ret = b;
	return E_OK;
}

void board_settle(struct board *b, uint32_t at, enum board_outcome outcome, int error,
		  const char *text)
{
	struct board_row *r = at < BOARD_ACTS ? &b->row[at] : NULL;
	struct wbuf w = { 0 };

	if (!r)
		return;
	w = wbuf_of(r->text, sizeof r->text - 1);
	wbuf_view_put(&w, view_slice(view_str(text), 0, sizeof r->text - 1));
	r->text[w.n] = '\0';
	atomic_store(&r->error, error);
	atomic_store(&r->outcome, (uint8_t)outcome);
}

void board_end(struct board *b, int signal, int status)
{
	uint32_t at = atomic_load(&b->next);
	struct board_row *r = at < BOARD_ACTS ? &b->row[at] : NULL;

	if (!r || atomic_load(&r->outcome) != BOARD_BEGUN)
		return;
	atomic_store(&r->signal, (uint8_t)signal);
	atomic_store(&r->status, status);
	atomic_store(&r->outcome, (uint8_t)BOARD_DIED);
	atomic_store(&b->next, at + 1);
}
