/*
 * Bodies of frames as structs: one list of fields makes the struct, the writer and the reader, so
 * that both sides of a channel mean the same. What is read is checked whole (every length, nothing
 * behind the last field) before anybody looks at it (THREATS A20).
 *
 *   #define PING_FIELDS(F) F(U32, number, 0) F(TEXT, name, 64)
 *   WIRE_MESSAGE(ping, PING_FIELDS)      in the header: struct ping, ping_put, ping_get
 *   WIRE_FORM(ping, PING_FIELDS)         in the file
 *
 * Numbers are big-endian; HASH is 32 bytes; TEXT is a u16 length and at most `max` bytes.
 */
#ifndef IPC_WIRE_H
#define IPC_WIRE_H

#include "base/ip.h"
#include "base/wbuf.h"

#include <stddef.h>

struct hash32 {
	uint8_t b[32];
};

enum wire_kind { WIRE_U8 = 1, WIRE_U16, WIRE_U32, WIRE_U64, WIRE_HASH, WIRE_IP, WIRE_TEXT };

struct wire_field {
	uint8_t kind;	  /* enum wire_kind */
	uint16_t at, max; /* offset in the struct; longest text, bytes */
};

struct wire_form {
	const struct wire_field *fields;
	size_t n;
};

/* wire_put - all fields of the struct at from. E_LIMIT a text is too long, or w is full */
enum err wire_put(const struct wire_form *f, const void *from, struct wbuf *w);

/*
 * wire_get - fills the struct at ret; its texts are borrowed from body
 * E_SHORT, E_LIMIT (a text is longer than its max), E_PROTO (something behind the last field): ret
 * is half filled and must not be used
 */
enum err wire_get(const struct wire_form *f, struct view body, void *ret);

/* hash32_eq - in constant time; hash32_is_zero - the hash of nothing: none is meant */
bool hash32_eq(const struct hash32 *a, const struct hash32 *b);
bool hash32_is_zero(const struct hash32 *h);

#define WIRE_TYPE_U8   uint8_t
#define WIRE_TYPE_U16  uint16_t
#define WIRE_TYPE_U32  uint32_t
#define WIRE_TYPE_U64  uint64_t
#define WIRE_TYPE_HASH struct hash32
#define WIRE_TYPE_IP   struct ip
#define WIRE_TYPE_TEXT struct view

#define WIRE_MEMBER(kind, name, max) WIRE_TYPE_##kind name;

#define WIRE_MESSAGE(T, FIELDS)                                                                    \
	struct T {                                                                                 \
		FIELDS(WIRE_MEMBER)                                                                \
	};                                                                                         \
	enum err T##_put(struct wbuf *w, const struct T *from);                                    \
	enum err T##_get(struct view body, struct T *ret);

#define WIRE_ROW(kind, name, max) { WIRE_##kind, offsetof(struct wire_self, name), max },

#define WIRE_FORM(T, FIELDS)                                                                       \
	static const struct wire_form *T##_form(void)                                              \
	{                                                                                          \
		struct wire_self {                                                                 \
			FIELDS(WIRE_MEMBER)                                                        \
		};                                                                                 \
		static const struct wire_field fields[] = { FIELDS(WIRE_ROW) };                    \
		static const struct wire_form form = { fields, sizeof fields / sizeof fields[0] }; \
                                                                                                   \
		return &form;                                                                      \
	}                                                                                          \
	enum err T##_put(struct wbuf *w, const struct T *from)                                     \
	{                                                                                          \
		return wire_put(T##_form(), from, w);                                              \
	}                                                                                          \
	enum err T##_get(struct view body, struct T *ret)                                          \
	{                                                                                          \
		*ret = (struct T){ 0 };                                                            \
		return wire_get(T##_form(), body, ret);                                            \
	}

#endif
