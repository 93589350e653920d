/* Making the kernel rules of the roles that connect, before they are born. */
#include "role/keeper/fence.h"

#include "ipc/reach_rules.h"
#include "sys/log.h"
#include "sys/resolv.h"

#include <sys/mman.h>

static size_t fence_resolvers(struct ip ret[RESOLV_SERVERS_MAX])
{
	char text[RESOLV_FILE_MAX / 8];
	struct wbuf w = wbuf_of(text, sizeof text);

	if (resolv_read("/etc/resolv.conf", &w) != E_OK)
		return 0;
	return resolv_servers(wbuf_view(&w), ret);
}

static enum err fence_fill(struct keeper_child *c, const struct image *im, const char **ret_why)
{
	struct ip resolvers[RESOLV_SERVERS_MAX];
	size_t resolver_n = fence_resolvers(resolvers), n = reach_rules_count(im, resolver_n);
	size_t bytes = (n + 1) * sizeof(struct reach_rule);
	struct reach_rule *rules =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum err e = E_SYS;

	if (rules == MAP_FAILED)
		return log_errno("memory for the dialer's rules");
	n = reach_rules_fill(im, resolvers, resolver_n, rules);
	e = reach_new(rules, n, ++c->k->last_fence, &c->fence, ret_why);
	(void)munmap(rules, bytes);
	return e;
}

/* The exporter speaks to its collector and to nobody else. */
static enum err fence_exporter(struct keeper_child *c, const struct image *im, const char **ret_why)
{
	const struct image_address *a = &im->header->tracing;
	struct reach_rule rule = { { a->ip, 128 }, a->port, REACH_TCP };

	return reach_new(&rule, a->kind == IMAGE_ADDRESS_IP, ++c->k->last_fence, &c->fence,
			 ret_why);
}

void fence_open(struct keeper_child *c, const struct keeper_image *image)
{
	struct keeper *k = c->k;
	const char *why = "";
	enum err e = E_OK;

	if (!k->is_root || (c->role != ROLE_DIALER && c->role != ROLE_EXPORTER))
		return;
	if (c->role == ROLE_EXPORTER)
		e = fence_exporter(c, &image->image, &why);
	else
		e = fence_fill(c, &image->image, &why);
	if (e == E_OK)
		return;
	c->fence = (struct reach){ .cgroup_fd = -1, .parent_fd = -1 };
	if (!k->has_told_fence)
		log_line(LOG_WARNING,
			 "%s is held to ports alone, not to addresses: no cgroup rules (%s)",
			 role_name((enum role)c->role), e == E_DENIED ? why : "see above");
	k->has_told_fence = true;
}

void fence_close(struct keeper_child *c)
{
	reach_done(&c->fence);
	c->fence = (struct reach){ .cgroup_fd = -1, .parent_fd = -1 };
}
