/* The resolver's files; linked by the keeper and the dialer. */
#include "sys/resolv.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>

/* The next line of text without its newline; false at the end. */
static bool resolv_line(struct view *text, struct view *ret)
{
	size_t n = view_find(*text, '\n');

	if (text->n == 0)
		return false;
	*ret = view_slice(*text, 0, n);
	*text = view_slice(*text, n + 1, text->n);
	return true;
}

/* The next word of line, '#' ends it; the empty view at the end. */
static struct view resolv_word(struct view *line)
{
	size_t from = 0, to = 0;
	struct view word = { 0 };

	while (from < line->n && (line->p[from] == ' ' || line->p[from] == '\t'))
		from++;
	to = from;
	while (to < line->n && line->p[to] > ' ' && line->p[to] != '#' && line->p[to] != ';')
		to++;
	word = view_slice(*line, from, to - from);
	*line = view_slice(*line, to, line->n);
	return word;
}

size_t resolv_servers(struct view text, struct ip *ret)
{
	struct view line = { 0 };
	size_t n = 0;

	while (n < RESOLV_SERVERS_MAX && resolv_line(&text, &line))
		if (view_eq(resolv_word(&line), VIEW("nameserver")) &&
		    ip_parse(resolv_word(&line), &ret[n]) == E_OK)
			n++;
	if (n == 0 && ip_parse(VIEW("127.0.0.1"), &ret[0]) == E_OK)
		n = 1;
	return n;
}

static bool resolv_hosts_has(struct view line, struct view name)
{
	struct view word = resolv_word(&line);

	for (; word.n; word = resolv_word(&line))
		if (view_ieq(word, name))
			return true;
	return false;
}

size_t resolv_hosts(struct view text, struct view name, struct ip *ret, size_t cap)
{
	struct view line = { 0 };
	size_t n = 0;

	while (n < cap && resolv_line(&text, &line)) {
		struct view first = resolv_word(&line);

		if (resolv_hosts_has(line, name) && ip_parse(first, &ret[n]) == E_OK)
			n++;
	}
	if (n == 0 && cap >= 2 && view_ieq(name, VIEW("localhost")) &&
	    ip_parse(VIEW("127.0.0.1"), &ret[0]) == E_OK && ip_parse(VIEW("::1"), &ret[1]) == E_OK)
		n = 2;
	return n;
}

enum err resolv_read(const char *path, struct wbuf *w)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? E_OK : log_errno(path);
	return fd_read_all(fd, w);
}
