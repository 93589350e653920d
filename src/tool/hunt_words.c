/* The words, in a table. */
#include "tool/hunt_words.h"

static const char *const words_kinds[HUNT_FIELDS][HUNT_HOWS] = {
	[HUNT_IP] = { "address", "address", "address", "address" },
	[HUNT_HOST] = { "host", "start of host", "end of host", "part of host" },
	[HUNT_PATH] = { "path", "start of path", "end of path", "part of path" },
	[HUNT_URL] = { "URL", "start of URL", "end of URL", "part of URL" },
	[HUNT_AGENT] = { "user agent", "start of user agent", "end of user agent",
			 "part of user agent" },
	[HUNT_USER] = { "user", "start of user", "end of user", "part of user" },
	[HUNT_TLS] = { "TLS fingerprint", "TLS fingerprint", "TLS fingerprint", "TLS fingerprint" },
};

const char *hunt_words_kind(const struct hunt_value *v)
{
	if (v->field == HUNT_IP && v->net.bits < 128)
		return "network";
	return words_kinds[v->field][v->how];
}
