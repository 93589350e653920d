/*
 * /etc/resolv.conf and /etc/hosts, the two lines of them that matter: read as a person wrote them,
 * by the keeper (which name servers the dialer may reach) and by the dialer before its sandbox.
 */
#ifndef SYS_RESOLV_H
#define SYS_RESOLV_H

#include "base/ip.h"

enum { RESOLV_SERVERS_MAX = 3, RESOLV_FILE_MAX = 65536 };

/*
 * resolv_servers - the name servers of a resolv.conf(5)
 *   text    borrows
 *   ret     at least RESOLV_SERVERS_MAX of them
 * How many; without any, 127.0.0.1 is one, as the manual says. Addresses with a scope are skipped.
 */
size_t resolv_servers(struct view text, struct ip *ret);

/* resolv_hosts - the addresses that a hosts(5) has for name (letters without case), at most cap.
 * "localhost" is known without a line (RFC 6761 §6.3) */
size_t resolv_hosts(struct view text, struct view name, struct ip *ret, size_t cap);

/* resolv_read - a whole small file, at most w's room; what is missing is empty. E_LIMIT · E_SYS */
enum err resolv_read(const char *path, struct wbuf *w);

#endif
