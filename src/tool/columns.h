/*
 * Text in columns that are as wide as they need to be: the same rows are given twice, first to be
 * measured, then to be printed.
 */
#ifndef TOOL_COLUMNS_H
#define TOOL_COLUMNS_H

#include "base/wbuf.h"

enum { COLUMNS_MAX = 16 };

struct columns {
	size_t width[COLUMNS_MAX];
	unsigned at; /* column of the next cell */
	bool is_printing;
};

/* columns_cell - the next cell of the row; control bytes become '?' */
void columns_cell(struct columns *c, struct view text);
void columns_text(struct columns *c, const char *text);
void columns_number(struct columns *c, uint64_t n);

/* columns_end - the row is complete */
void columns_end(struct columns *c);

#endif
