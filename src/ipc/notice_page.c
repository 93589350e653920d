/* The sequence lock of ipc/level_page.c, for one text. */
#include "ipc/notice_page.h"

#define NOTICE_PUT(word, x) atomic_store_explicit(&(word), (x), memory_order_relaxed)
#define NOTICE_GET(word)    atomic_load_explicit(&(word), memory_order_relaxed)

struct view notice_page_text(const struct notice *n, enum notice_language language)
{
	return view_of(n->text[language], n->n[language]);
}

void notice_page_publish(struct notice_page *p, const struct notice *n)
{
	uint64_t version = NOTICE_GET(p->version) | 1;

	NOTICE_PUT(p->version, version);
	atomic_thread_fence(memory_order_release);
	NOTICE_PUT(p->since_s, n->since_s);
	for (unsigned l = 0; l < NOTICE_LANGUAGES; l++) {
		NOTICE_PUT(p->n[l], n->n[l]);
		for (unsigned i = 0; i < NOTICE_WORDS; i++) {
			uint64_t w = 0;

			for (unsigned b = 0; b < 8 && i * 8 + b < NOTICE_MAX; b++)
				w |= (uint64_t)n->text[l][i * 8 + b] << (b * 8);
			NOTICE_PUT(p->words[l][i], w);
		}
	}
	atomic_store_explicit(&p->version, version + 1, memory_order_release);
}

static bool notice_page_try(const struct notice_page *p, struct notice *ret)
{
	ret->version = notice_page_version(p);
	if (ret->version & 1)
		return false;
	ret->since_s = NOTICE_GET(p->since_s);
	for (unsigned l = 0; l < NOTICE_LANGUAGES; l++) {
		uint64_t n = NOTICE_GET(p->n[l]);

		ret->n[l] = n > NOTICE_MAX ? UINT16_MAX : (uint16_t)n;
		for (unsigned i = 0; i < NOTICE_MAX; i++)
			ret->text[l][i] = (uint8_t)(NOTICE_GET(p->words[l][i / 8]) >> (i % 8 * 8));
	}
	atomic_thread_fence(memory_order_acquire);
	return NOTICE_GET(p->version) == ret->version;
}

static bool notice_page_is_sound(const struct notice *n)
{
	for (unsigned l = 0; l < NOTICE_LANGUAGES; l++)
		if (n->n[l] > NOTICE_MAX ||
		    (n->n[l] &&
		     incident_words_fit(view_of(n->text[l], n->n[l]), NOTICE_MAX, false)))
			return false;
	return true;
}

enum err notice_page_read(const struct notice_page *p, struct notice *ret)
{
	uint64_t version = 0;

	for (unsigned i = 0; i < NOTICE_PAGE_TRIES; i++) {
		if (!notice_page_try(p, ret))
			continue;
		if (notice_page_is_sound(ret))
			return E_OK;
		break;
	}
	version = ret->version;
	*ret = (struct notice){ .version = version };
	return E_AGAIN;
}
