/* One datagram per message; an address that starts with '@' is abstract. */
#include "role/keeper/notify.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

const char *notify_find(char *const *envp)
{
	struct view name = VIEW("NOTIFY_SOCKET=");

	for (; *envp; envp++)
		if (view_starts(view_str(*envp), name))
			return *envp + name.n;
	return NULL;
}

void notify_send(const struct keeper *k, struct view text)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct wbuf w = wbuf_of(at.sun_path, sizeof at.sun_path - 1);
	AUTO_FD fd = -1;

	if (!k->notify)
		return;
	wbuf_str(&w, k->notify);
	if (w.bad || w.n == 0)
		return;
	if (at.sun_path[0] == '@')
		at.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || sendto(fd, text.p, text.n, MSG_NOSIGNAL, (const struct sockaddr *)&at,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + w.n)) < 0)
		(void)log_errno("NOTIFY_SOCKET");
}
