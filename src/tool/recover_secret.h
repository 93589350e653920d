/* What who approves has to show: typed without echo, or a line each on standard input. */
#ifndef TOOL_RECOVER_SECRET_H
#define TOOL_RECOVER_SECRET_H

#include "base/wbuf.h"

enum { RECOVER_SECRET_LINE = 1100 };

struct recover_secret {
	uint8_t user[RECOVER_SECRET_LINE], password[RECOVER_SECRET_LINE], code[RECOVER_SECRET_LINE];
	size_t user_n, password_n, code_n;
};

/*
 * recover_secret_read - user, password, code
 *   is_stdin  three lines of standard input; else asked at the terminal
 * E_SYS there is no terminal, or it ended (told) · E_LIMIT a line is too long (told)
 */
enum err recover_secret_read(bool is_stdin, struct recover_secret *ret);

#endif
