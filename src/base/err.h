/*
 * Errors, as every module returns them.
 *
 * One flat enum; the attribute sits on the type, so every function that returns it is must-check.
 * errno never crosses a module boundary: src/sys turns it into E_SYS.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#if defined(__CHECKER__) || defined(__FRAMAC__)
#define MUST_USE
#else
#define MUST_USE [[nodiscard]]
#endif

enum MUST_USE err {
	E_OK = 0,
	E_AGAIN,  /* parsers: more bytes are needed; non-blocking I/O: nothing now */
	E_SHORT,  /* a bounded element runs past its end */
	E_PROTO,  /* the peer broke the protocol */
	E_LIMIT,  /* a configured or fixed limit is reached */
	E_NOMEM,  /* a fixed pool is empty */
	E_DENIED, /* the peer asked for what it may not have */
	E_CLOSED, /* the peer is gone */
	E_SYS,	  /* the kernel refused; src/sys has logged why */
};

/* The only macro with control flow in the tree. */
#define TRY(expr)                                                                                  \
	do {                                                                                       \
		enum err try_e_ = (expr);                                                          \
		if (try_e_ != E_OK)                                                                \
			return try_e_;                                                             \
	} while (0)

/* A condition that only a bug can break: prints the place and aborts; the keeper restarts the role.
 */
#define INVARIANT(cond)                                                                            \
	do {                                                                                       \
		if (__builtin_expect(!(cond), 0))                                                  \
			err_invariant(#cond, __FILE__, __LINE__);                                  \
	} while (0)

/* err_name - the lower-case word for e, for logs and tests; never NULL */
const char *err_name(enum err e);

/* err_invariant - says which invariant broke on standard error and aborts */
void err_invariant(const char *cond, const char *file, int line) __attribute__((noreturn));

#endif
