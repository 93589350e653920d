/* Records for a person: every byte passes audit_line_put_printable on its way (THREATS A27). */
#include "tool/audit_print.h"

void audit_print_record(struct wbuf *w, const struct audit_line *l)
{
	const struct view fixed[] = { l->time,	 l->kind,   l->action, l->object,
				      l->result, l->origin, l->actor };
	struct audit_line_field f = { 0 };
	struct view more = l->more;

	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
		if (i)
			WBUF_LIT(w, " ");
		audit_line_put_printable(w, fixed[i]);
	}
	while (audit_line_next(&more, &f) == E_OK) {
		bool quoted = view_find(f.text, ' ') < f.text.n;

		WBUF_LIT(w, " ");
		audit_line_put_printable(w, f.key);
		wbuf_str(w, quoted ? "=\"" : "=");
		audit_line_put_printable(w, f.text);
		if (quoted)
			WBUF_LIT(w, "\"");
	}
}
