/* Planted bugs of a dialer: in a server's answer to a health check. */
#include "bug.h"

#include "role/dialer/probe_http.h"

__typeof__(probe_http_feed) __real_probe_http_feed, __wrap_probe_http_feed;

enum page_check __wrap_probe_http_feed(struct probe_http *p, struct view *in, bool is_end)
{
	const struct bug_place at = { 0 };

	bug_run(*in, &at);
	return __real_probe_http_feed(p, in, is_end);
}
