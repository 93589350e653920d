/* Bounds of what people write. */
#include "ipc/incident_words.h"

#include "base/utf8.h"

/* Control characters, and those that make text look like another one (Unicode TR 36, 2.10). */
static bool words_is_odd(uint32_t c, bool is_long)
{
	if (c == '\n')
		return !is_long;
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

const char *incident_words_fit(struct view text, size_t max, bool is_long)
{
	uint32_t c = 0;

	if (text.n == 0)
		return "it is empty";
	if (text.n > max)
		return "it is too long";
	while (text.n) {
		if (utf8_next(&text, &c) != E_OK)
			return "it is not UTF-8";
		if (words_is_odd(c, is_long))
			return is_long ? "it has a character that can't be printed"
				       : "it has a character that can't be printed, or a second "
					 "line";
	}
	return NULL;
}
