/* SHA-1 by the text of RFC 3174 §6.1; pure, and slow enough not to be used for anything else. */
#include "base/sha1.h"

static uint32_t sha1_rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

/* The function and the constant of step t, RFC 3174 §5. */
static uint32_t sha1_step(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5a827999u;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1u;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
	return (b ^ c ^ d) + 0xca62c1d6u;
}

static void sha1_block(struct sha1 *s)
{
	uint32_t w[80], h[5];

	for (unsigned t = 0; t < 16; t++)
		w[t] = (uint32_t)s->block[4 * t] << 24 | (uint32_t)s->block[4 * t + 1] << 16 |
		       (uint32_t)s->block[4 * t + 2] << 8 | s->block[4 * t + 3];
	for (unsigned t = 16; t < 80; t++)
		w[t] = sha1_rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (unsigned i = 0; i < 5; i++)
		h[i] = s->h[i];
	for (unsigned t = 0; t < 80; t++) {
		uint32_t x = sha1_rotate(h[0], 5) + sha1_step(t, h[1], h[2], h[3]) + h[4] + w[t];

		h[4] = h[3];
		h[3] = h[2];
		h[2] = sha1_rotate(h[1], 30);
		h[1] = h[0];
		h[0] = x;
	}
	for (unsigned i = 0; i < 5; i++)
		s->h[i] += h[i];
}

struct sha1 sha1_begin(void)
{
	return (struct sha1){ .h = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 } };
}

static void sha1_byte(struct sha1 *s, uint8_t b)
{
	s->block[s->bytes++ % SHA1_BLOCK] = b;
	if (s->bytes % SHA1_BLOCK == 0)
		sha1_block(s);
}

void sha1_add(struct sha1 *s, struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		sha1_byte(s, v.p[i]);
}

void sha1_end(struct sha1 *s, uint8_t ret[SHA1_BYTES])
{
	uint64_t bits = s->bytes * 8;

	sha1_byte(s, 0x80);
	while (s->bytes % SHA1_BLOCK != SHA1_BLOCK - 8)
		sha1_byte(s, 0);
	for (unsigned i = 0; i < 8; i++)
		sha1_byte(s, (uint8_t)(bits >> (56 - 8 * i)));
	for (unsigned i = 0; i < SHA1_BYTES; i++)
		ret[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}
