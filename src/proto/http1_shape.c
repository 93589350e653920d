/* The coarse shape of a head as a table: states by classes of bytes; pure. */
#include "proto/http1_shape.h"

#include "proto/scan.h"

enum shape_class {
	CL_TOKEN,
	CL_COLON,
	CL_VISIBLE,
	CL_SP,
	CL_TAB,
	CL_OBS,
	CL_CR,
	CL_LF,
	CL_CTL,
	CL_N
};

enum shape_state {
	ST_METHOD_FIRST,
	ST_METHOD,
	ST_TARGET_FIRST,
	ST_TARGET,
	ST_VERSION,
	ST_STATUS_LINE,
	ST_LINE_LF,
	ST_LINE_FIRST,
	ST_NAME,
	ST_VALUE,
	ST_LAST_LF,
	ST_END,
	ST_BAD,
	ST_N
};

#define SHAPE_STATE_UNIT ((size_t)1 << 32) /* of http1_shape_advance's progress */

#define BAD    ST_BAD
#define FIRST_ ST_METHOD
#define TARG_  ST_TARGET
#define VALUE_ ST_VALUE
#define STLN_  ST_STATUS_LINE

/* clang-format off */
static const uint8_t shape_next[ST_N][CL_N] = {
	/*                    token     colon     visible   SP               tab     obs     CR          LF             ctl */
	[ST_METHOD_FIRST] = { FIRST_,   BAD,      BAD,      BAD,             BAD,    BAD,    BAD,        BAD,           BAD },
	[ST_METHOD]       = { FIRST_,   BAD,      BAD,      ST_TARGET_FIRST, BAD,    BAD,    BAD,        BAD,           BAD },
	[ST_TARGET_FIRST] = { TARG_,    TARG_,    TARG_,    BAD,             BAD,    BAD,    BAD,        BAD,           BAD },
	[ST_TARGET]       = { TARG_,    TARG_,    TARG_,    ST_VERSION,      BAD,    BAD,    BAD,        BAD,           BAD },
	[ST_VERSION]      = { ST_VERSION, BAD,    ST_VERSION, BAD,           BAD,    BAD,    ST_LINE_LF, BAD,           BAD },
	[ST_STATUS_LINE]  = { STLN_,    STLN_,    STLN_,    STLN_,           STLN_,  STLN_,  ST_LINE_LF, BAD,           BAD },
	[ST_LINE_LF]      = { BAD,      BAD,      BAD,      BAD,             BAD,    BAD,    BAD,        ST_LINE_FIRST, BAD },
	[ST_LINE_FIRST]   = { ST_NAME,  BAD,      BAD,      BAD,             BAD,    BAD,    ST_LAST_LF, BAD,           BAD },
	[ST_NAME]         = { ST_NAME,  VALUE_,   BAD,      BAD,             BAD,    BAD,    BAD,        BAD,           BAD },
	[ST_VALUE]        = { VALUE_,   VALUE_,   VALUE_,   VALUE_,          VALUE_, VALUE_, ST_LINE_LF, BAD,           BAD },
	[ST_LAST_LF]      = { BAD,      BAD,      BAD,      BAD,             BAD,    BAD,    BAD,        ST_END,        BAD },
	[ST_END]          = { ST_END,   ST_END,   ST_END,   ST_END,          ST_END, ST_END, ST_END,     ST_END,        ST_END },
	[ST_BAD]          = { BAD,      BAD,      BAD,      BAD,             BAD,    BAD,    BAD,        BAD,           BAD },
};
/* clang-format on */

/*@ assigns \nothing;
  @ ensures 0 <= \result < CL_N;
  @*/
static enum shape_class shape_class_of(uint8_t c)
{
	struct view one = view_of(&c, 1);

	switch (c) {
	case ':':
		return CL_COLON;
	case ' ':
		return CL_SP;
	case '\t':
		return CL_TAB;
	case '\r':
		return CL_CR;
	case '\n':
		return CL_LF;
	default:
		break;
	}
	if (scan_token(one))
		return CL_TOKEN;
	if (scan_vchar(one))
		return CL_VISIBLE;
	return scan_value(one) ? CL_OBS : CL_CTL;
}

enum err http1_shape_advance(struct view in, bool is_request, size_t *progress)
{
	/* Both fit into one number: the position in the lower half, the state above it. */
	size_t at = *progress % SHAPE_STATE_UNIT;
	uint8_t state = (uint8_t)(*progress / SHAPE_STATE_UNIT);

	_Static_assert(sizeof *progress == 8, "position and state share a size_t");
	if (*progress == 0 && !is_request)
		state = ST_STATUS_LINE;
	/*@ loop invariant at < SHAPE_STATE_UNIT && state < ST_N;
	  @ loop assigns at, state;
	  @ loop variant in.n - at;
	  @*/
	for (; at < in.n && state != ST_END && state != ST_BAD; at++) {
		enum shape_class class = shape_class_of(in.p[at]);

		//@ admit tables: state < ST_N && 0 <= class < CL_N ==> shape_next[state][class] <
		// ST_N;
		state = shape_next[state][class];
	}
	*progress = at == 0 ? 0 : at + state * SHAPE_STATE_UNIT;
	if (state == ST_END)
		return E_OK;
	return state == ST_BAD ? E_PROTO : E_AGAIN;
}
