/*
 * The escapes: one per place in the HTML where a value may stand. The template compiler chooses
 * among them; nothing else puts a value into a page.
 */
#ifndef PORTAL_PORTAL_PUT_H
#define PORTAL_PORTAL_PUT_H

#include "base/base64url.h"
#include "base/ip.h"
#include "base/wbuf.h"

/*
 * portal_put_text - a value in text, or in an attribute in double quotes. What isn't UTF-8, control
 * characters, and those that turn the direction of text around (U+202A..U+202E, U+2066..U+2069: a
 * name that reads as another) become U+FFFD
 */
void portal_put_text(struct wbuf *w, struct view v);

/* portal_put_url - the whole of an address: a path on this host, https, or otpauth (a key for an
 * authenticator app). Anything else becomes "#": no javascript:, no data:, no "//host" */
void portal_put_url(struct wbuf *w, struct view v);

/* portal_put_query - a part of an address: %XX of everything that isn't unreserved (RFC 3986 §2.3)
 */
void portal_put_query(struct wbuf *w, struct view v);

/* portal_put_credentials - credential ids (u16 length each) as base64url with spaces between; what
 * is cut off is left out */
void portal_put_credentials(struct wbuf *w, struct view v);

/* portal_put_groups - as portal_put_text, with a space after every four bytes: for keys that people
 * type */
void portal_put_groups(struct wbuf *w, struct view v);

/* portal_put_qr - a QR code of the text as an svg element; nothing when it can't be made */
void portal_put_qr(struct wbuf *w, struct view v);

/* portal_put_next_line - moves the first line of *rest that isn't empty to *ret. False at the end
 */
bool portal_put_next_line(struct view *rest, struct view *ret);

#endif
