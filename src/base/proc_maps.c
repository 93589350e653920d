/* "55d0-55d8 r-xp 00008000 fe:00 1124    /usr/lib/x.so (deleted)" */
#include "base/proc_maps.h"

static enum err proc_maps_digit(uint8_t c, uint64_t *ret)
{
	if (c >= '0' && c <= '9')
		*ret = (uint64_t)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*ret = (uint64_t)(c - 'a') + 10;
	else
		return E_PROTO;
	return E_OK;
}

/* Hexadecimal digits up to end, which goes with them. */
static enum err proc_maps_hex(struct view *in, uint8_t end, uint64_t *ret)
{
	size_t n = view_find(*in, end);
	struct view digits = { 0 };
	uint64_t x = 0, d = 0;

	if (n == 0 || n > 16 || n == in->n)
		return E_PROTO;
	TRY(view_take(in, n, &digits));
	for (size_t i = 0; i < n; i++) {
		TRY(proc_maps_digit(digits.p[i], &d));
		x = x << 4 | d;
	}
	*ret = x;
	return view_take(in, 1, &digits);
}

static enum err proc_maps_flags(struct view *in, unsigned *ret)
{
	static const uint8_t letters[] = { 'r', 'w', 'x', 's' };
	struct view v = { 0 };
	unsigned flags = 0;

	TRY(view_take(in, 5, &v));
	for (unsigned i = 0; i < 4; i++)
		if (v.p[i] == letters[i])
			flags |= 1U << i;
		else if (v.p[i] != (i == 3 ? 'p' : '-'))
			return E_PROTO;
	*ret = flags;
	return v.p[4] == ' ' ? E_OK : E_PROTO;
}

static enum err proc_maps_inode(struct view *in, uint64_t *ret)
{
	size_t n = view_find(*in, ' ');
	struct view digits = { 0 };

	TRY(view_take(in, n, &digits));
	return view_dec(digits, ret) == E_OK ? E_OK : E_PROTO;
}

static enum err proc_maps_line(struct view in, struct proc_map *m)
{
	uint64_t minor = 0;

	TRY(proc_maps_hex(&in, '-', &m->from));
	TRY(proc_maps_hex(&in, ' ', &m->to));
	TRY(proc_maps_flags(&in, &m->flags));
	TRY(proc_maps_hex(&in, ' ', &m->offset));
	TRY(proc_maps_hex(&in, ':', &m->device));
	TRY(proc_maps_hex(&in, ' ', &minor));
	m->device = m->device << 32 | minor;
	TRY(proc_maps_inode(&in, &m->inode));
	if (m->to <= m->from)
		return E_PROTO;
	while (in.n && in.p[0] == ' ')
		in = view_slice(in, 1, in.n);
	m->is_deleted = view_ends(in, VIEW(" (deleted)"));
	m->path = m->is_deleted ? view_slice(in, 0, in.n - 10) : in;
	return E_OK;
}

enum err proc_maps_next(struct view *text, struct proc_map *ret)
{
	struct proc_map m = { 0 };

	if (text->n == 0)
		return E_AGAIN;
	m.line = view_slice(*text, 0, view_find(*text, '\n'));
	if (proc_maps_line(m.line, &m) != E_OK)
		return E_PROTO;
	*text = view_slice(*text, m.line.n + 1, text->n);
	*ret = m;
	return E_OK;
}
