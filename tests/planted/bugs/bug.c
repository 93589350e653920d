/*
 * The bugs, one function each; bug.h says how they are asked for. Blocks come from OPENSSL_malloc:
 * that is the heap of sys/heap.h where a role has one, and the C library's elsewhere.
 */
#include "bug.h"

#include <openssl/crypto.h>
#include <string.h>

enum { BUG_NAME = 64, BUG_TEXT = 48, BUG_OBJECTS = 32 };

/* As libraries have them: bytes of a stranger beside a function to call with a number. */
struct bug_object {
	uint8_t text[BUG_TEXT];
	void (*run)(uint64_t number, const uint8_t *p, uint64_t n);
	uint64_t number;
};

struct bug_kind {
	const char *name;
	void (*act)(const struct bug_dose *d, const struct bug_place *at);
};

static void bug_quiet(uint64_t number, const uint8_t *p, uint64_t n)
{
	(void)number;
	(void)p;
	(void)n;
}

static struct bug_object *bug_object_new(void)
{
	struct bug_object *o = OPENSSL_zalloc(sizeof *o);

	if (o)
		o->run = bug_quiet;
	return o;
}

static void bug_object_call(const struct bug_object *o)
{
	o->run(o->number, o->text, sizeof o->text);
}

static size_t bug_objects_new(struct bug_object *o[BUG_OBJECTS])
{
	for (size_t i = 0; i < BUG_OBJECTS; i++) {
		o[i] = bug_object_new();
		if (!o[i])
			return i;
	}
	return BUG_OBJECTS;
}

static void bug_objects_use(struct bug_object *o[BUG_OBJECTS], size_t n)
{
	for (size_t i = 0; i < n; i++)
		bug_object_call(o[i]);
	for (size_t i = 0; i < n; i++)
		OPENSSL_free(o[i]);
}

/* ---- the stack ---- */

/* An index that was never compared, into an array the compiler can see. */
static __attribute__((noinline)) void bug_index(const struct bug_dose *d,
						const struct bug_place *at)
{
	uint8_t name[BUG_NAME] = { 0 };

	(void)at;
	name[d->count] = d->bytes[0];
	bug_decode(name, name, 1, 1);
}

/* A copy of more than fits, into an array the compiler can see. */
static __attribute__((noinline)) void bug_copy(const struct bug_dose *d, const struct bug_place *at)
{
	uint8_t name[BUG_NAME] = { 0 };

	(void)at;
	memcpy(name, d->bytes, d->n);
	bug_decode(name, name, 1, 1);
}

static __attribute__((noinline)) void bug_stack(const struct bug_dose *d,
						const struct bug_place *at)
{
	uint8_t name[BUG_NAME] = { 0 };

	(void)at;
	bug_decode(name, d->bytes, d->n, d->count);
}

static __attribute__((noinline)) void bug_stack_read(const struct bug_dose *d,
						     const struct bug_place *at)
{
	uint8_t name[BUG_NAME] = { 0 };

	bug_decode(name, d->bytes, d->n, d->n < sizeof name ? d->n : sizeof name);
	if (at->say)
		at->say(at, view_of(name, d->count));
}

/* ---- the heap ---- */

static void bug_heap(const struct bug_dose *d, const struct bug_place *at)
{
	struct bug_object *o[BUG_OBJECTS] = { 0 };
	size_t n = bug_objects_new(o);

	(void)at;
	if (n == BUG_OBJECTS)
		bug_decode(o[n / 2]->text, d->bytes, d->n, d->count);
	bug_objects_use(o, n);
}

/* The length fits into 16 bits, says the one who makes the room. */
static void bug_truncate(const struct bug_dose *d, const struct bug_place *at)
{
	struct bug_object *o[BUG_OBJECTS] = { 0 };
	uint8_t *room = OPENSSL_malloc((uint16_t)d->count);
	size_t n = bug_objects_new(o);

	(void)at;
	if (room)
		bug_decode(room, d->bytes, d->n, d->count);
	bug_objects_use(o, n);
	OPENSSL_free(room);
}

static void bug_heap_read(const struct bug_dose *d, const struct bug_place *at)
{
	struct bug_object *o[BUG_OBJECTS] = { 0 };
	size_t n = bug_objects_new(o);

	if (at->say && n)
		at->say(at, view_of(o[0]->text, d->count));
	bug_objects_use(o, n);
}

static void bug_use_after_free(const struct bug_dose *d, const struct bug_place *at)
{
	struct bug_object *volatile gone = bug_object_new();
	struct bug_object *next = NULL;

	(void)at;
	OPENSSL_free(gone);
	next = bug_object_new();
	if (next)
		bug_decode(next->text, d->bytes, d->n, sizeof *next);
	bug_object_call(gone);
	OPENSSL_free(next);
}

static void bug_double_free(const struct bug_dose *d, const struct bug_place *at)
{
	struct bug_object *volatile gone = bug_object_new();
	struct bug_object *one = NULL, *two = NULL;

	(void)at;
	OPENSSL_free(gone);
	OPENSSL_free(gone);
	one = bug_object_new();
	two = bug_object_new();
	if (!one || !two)
		return;
	bug_decode(two->text, d->bytes, d->n, sizeof *two);
	bug_object_call(one);
	OPENSSL_free(one);
	OPENSSL_free(two);
}

/* ---- others ---- */

/* Bytes of a stranger are taken for an object of another type. */
static void bug_confuse(const struct bug_dose *d, const struct bug_place *at)
{
	uint64_t value[sizeof(struct bug_object) / sizeof(uint64_t)] = { 0 };

	(void)at;
	bug_decode((uint8_t *)value, d->bytes, d->n, sizeof value);
	bug_object_call((const struct bug_object *)(const void *)value);
}

/* The role's own buffer, from where the request for it stands. */
static void bug_buffer_read(const struct bug_dose *d, const struct bug_place *at)
{
	if (at->say)
		at->say(at, view_of(d->text.p, d->count));
}

static const struct bug_kind bug_kinds[] = {
	{ "index", bug_index },
	{ "copy", bug_copy },
	{ "stack", bug_stack },
	{ "stack-read", bug_stack_read },
	{ "heap", bug_heap },
	{ "truncate", bug_truncate },
	{ "heap-read", bug_heap_read },
	{ "use-after-free", bug_use_after_free },
	{ "double-free", bug_double_free },
	{ "confuse", bug_confuse },
	{ "buffer-read", bug_buffer_read },
};

/* ---- what is asked for ---- */

static int bug_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct view bug_word(struct view *in)
{
	struct view word = view_slice(*in, 0, view_find(*in, ' '));

	*in = view_slice(*in, word.n + 1, in->n);
	return word;
}

/* Behind "planted: ", up to the end of the line; n 0: it is not there. */
static struct view bug_line(struct view text)
{
	struct view mark = VIEW("planted: ");

	for (size_t i = 0; i + mark.n <= text.n; i++) {
		struct view line = view_slice(text, i + mark.n, text.n);

		if (!view_ieq(view_slice(text, i, mark.n), mark))
			continue;
		line = view_slice(line, 0, view_find(line, '\n'));
		return view_slice(line, 0, view_find(line, '\r'));
	}
	return (struct view){ 0 };
}

static bool bug_read(struct view line, struct bug_dose *ret)
{
	uint64_t count = 0;

	if (view_dec(bug_word(&line), &count) != E_OK || count > BUG_COUNT_MAX)
		return false;
	ret->count = (size_t)count;
	for (size_t i = 0; i + 1 < line.n && ret->n < BUG_BYTES; i += 2) {
		int high = bug_digit(line.p[i]), low = bug_digit(line.p[i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret->bytes[ret->n++] = (uint8_t)(high * 16 + low);
	}
	return ret->n > 0;
}

void bug_run(struct view text, const struct bug_place *at)
{
	struct bug_dose d = { 0 };
	struct view line = bug_line(text), kind = bug_word(&line);

	if (!kind.n || !bug_read(line, &d))
		return;
	d.text = view_of(kind.p, line.n);
	for (size_t i = 0; i < sizeof bug_kinds / sizeof *bug_kinds; i++)
		if (view_eq(view_str(bug_kinds[i].name), kind))
			bug_kinds[i].act(&d, at);
}
