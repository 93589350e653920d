/*
 * A record as a syslog message: RFC 5424 §6 around the line as it is, so that what arrives can be
 * checked against the log's chain and tree. Nothing of the line is interpreted but three fields in
 * their fixed places.
 */
#include "role/shipper/shipper.h"

enum { LINE_FACILITY = 13 /* log audit: RFC 5424 §6.2.1 */ };

/* RFC 5424 §6.2.1: 1 alert, 4 warning, 5 notice, 6 informational */
static unsigned line_severity(struct view kind)
{
	static const struct {
		struct view kind;
		unsigned severity;
	} rows[] = {
		{ VIEW_INIT("access"), 6 },
		{ VIEW_INIT("alarm"), 1 },
		{ VIEW_INIT("gap"), 4 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (view_eq(kind, rows[i].kind))
			return rows[i].severity;
	return 5;
}

/* RFC 5424 §6: 1 to max printable characters without blanks, or a hyphen. */
static struct view line_field(struct view v, size_t max)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= ' ' || v.p[i] >= 0x7f)
			return VIEW("-");
	return v.n && v.n <= max ? v : VIEW("-");
}

void line_put(struct shipper *x, struct wbuf *w, struct view line)
{
	struct wbuf m = wbuf_of(x->message, sizeof x->message);
	struct audit_line l = { 0 };
	const char *why = NULL;
	bool is_record = audit_line_begin(line, &l, &why) == E_OK;
	struct view kind = is_record ? line_field(l.kind, 32) : VIEW("-");

	WBUF_LIT(&m, "<");
	wbuf_dec(&m, LINE_FACILITY * 8 + line_severity(kind));
	WBUF_LIT(&m, ">1 ");
	/* as the log writes it: UTC, microseconds, which is RFC 5424 §6.2.3's form too */
	wbuf_view_put(&m, is_record ? line_field(l.time, 27) : VIEW("-"));
	WBUF_LIT(&m, " ");
	wbuf_str(&m, x->host);
	WBUF_LIT(&m, " sluis - ");
	wbuf_view_put(&m, kind);
	WBUF_LIT(&m, " - ");
	wbuf_view_put(&m, line);
	INVARIANT(!m.bad);
	wbuf_dec(w, m.n); /* RFC 5425 §4.3.1: octet counting */
	WBUF_LIT(w, " ");
	wbuf_view_put(w, wbuf_view(&m));
}
