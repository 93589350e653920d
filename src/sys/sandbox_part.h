/*
 * The steps of sandbox_enter, one file each; sys/sandbox's own, nobody else includes it.
 *
 * They make raw system calls: the functions a role's program imports (tools/check-imports) then
 * say what the role itself does, and what only the way into its sandbox needs does not blur that.
 */
#ifndef SYS_SANDBOX_PART_H
#define SYS_SANDBOX_PART_H

#include "sys/sandbox.h"

/* What goes into the report, and how a promise that can't be kept is judged. */
struct sandbox_state {
	const struct sandbox_spec *spec;
	const struct sandbox_run *run;
	struct wbuf have, weaker;
	bool has_userns; /* a user namespace of its own: looked at while there is a /proc */
};

/* sandbox_note - adds a word or two to what the sandbox has */
void sandbox_note(struct sandbox_state *s, const char *text);
void sandbox_note_number(struct sandbox_state *s, const char *text, unsigned long n);

/* sandbox_miss - a promise is not kept: E_OK when run->weaker excuses it, else E_DENIED */
enum err sandbox_miss(struct sandbox_state *s, unsigned promise, const char *text);

/* sandbox_raw_open, sandbox_raw_close - openat(2) from the root and close(2); -1 and errno */
int sandbox_raw_open(const char *path, int flags);
void sandbox_raw_close(int fd);

/* sandbox_network_check - only with an empty network namespace: no interface but a dead lo */
enum err sandbox_network_check(struct sandbox_state *s);

/* sandbox_root_empty - the root becomes an empty read-only directory */
enum err sandbox_root_empty(struct sandbox_state *s);

/* sandbox_landlock_enter - files, TCP, signals and abstract sockets as far as the ABI goes */
enum err sandbox_landlock_enter(struct sandbox_state *s);

/* sandbox_seccomp_enter - the allow-list; the last step */
enum err sandbox_seccomp_enter(struct sandbox_state *s);

/* sandbox_seccomp_fill - ctx, which is empty, becomes the list of spec, the base rows included.
 * E_SYS (logged) */
enum err sandbox_seccomp_fill(void *ctx, const struct sandbox_spec *spec);

/* What a build with sanitizers needs besides; empty in every other build. */
extern const struct sandbox_call sandbox_extra_calls[];
extern const size_t sandbox_extra_call_n;

#endif
