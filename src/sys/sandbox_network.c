/*
 * Is the network namespace really empty (promise P4)? A new one has a loopback interface that is
 * down, and with some kernels a few tunnels that are down; nobody inside can bring them up.
 */
#include "sys/sandbox_part.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The interface named in one line of /proc/self/net/dev, "   lo: 0 0 ..."; empty: a heading. */
static struct view sandbox_network_name(struct view line)
{
	size_t colon = view_find(line, ':');

	if (colon == line.n || view_find(line, '|') != line.n)
		return (struct view){ 0 };
	return view_trim(view_slice(line, 0, colon));
}

static bool sandbox_network_is_down(int fd, struct view name)
{
	struct ifreq r = { 0 };
	struct wbuf w = wbuf_of(r.ifr_name, sizeof r.ifr_name - 1);

	wbuf_view_put(&w, name);
	return wbuf_check(&w) == E_OK && ioctl(fd, SIOCGIFFLAGS, &r) == 0 &&
	       !(r.ifr_flags & IFF_UP);
}

static bool sandbox_network_all_down(int fd, struct view text)
{
	while (text.n) {
		size_t end = view_find(text, '\n');
		struct view name = sandbox_network_name(view_slice(text, 0, end));

		if (name.n && !sandbox_network_is_down(fd, name))
			return false;
		text = view_slice(text, end + 1, text.n);
	}
	return true;
}

enum err sandbox_network_check(struct sandbox_state *s)
{
	uint8_t text[4096];
	struct wbuf w = wbuf_of(text, sizeof text);
	int dev = sandbox_raw_open("/proc/self/net/dev", O_RDONLY),
	    fd = (int)syscall(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_empty = dev >= 0 && fd >= 0 && fd_read_all(dev, &w) == E_OK &&
			sandbox_network_all_down(fd, wbuf_view(&w));

	if (dev >= 0)
		sandbox_raw_close(dev);
	if (fd >= 0)
		sandbox_raw_close(fd);
	if (!is_empty)
		return sandbox_miss(s, 4, "its network namespace is not empty");
	sandbox_note(s, "netns");
	return E_OK;
}
