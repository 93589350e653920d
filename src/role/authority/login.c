/* A keyed hash leads to few; the list by age to those that make room. */
#include "role/authority/login.h"

#include "base/hash.h"
#include "role/authority/factor.h"
#include "sys/secret.h"

static uint32_t *login_bucket_of(struct authority *a, const struct hash32 *hash)
{
	uint64_t h = hash_keyed(a->hash_key, view_of(hash->b, sizeof hash->b));

	return &a->login_bucket[h % AUTHORITY_LOGIN_BUCKETS];
}

void login_open(struct authority *a)
{
	list_init(&a->login_age);
	list_init(&a->login_free);
	for (unsigned i = 0; i < AUTHORITY_LOGINS; i++) {
		list_init(&a->logins[i].age);
		list_append(&a->login_free, &a->logins[i].age);
	}
}

struct login *login_find(struct authority *a, const struct hash32 *hash)
{
	uint32_t at = *login_bucket_of(a, hash);

	for (; at; at = a->logins[at - 1].next) {
		struct login *l = &a->logins[at - 1];

		if (hash32_eq(&l->hash, hash))
			return l->born_ms + AUTHORITY_LOGIN_MS > a->now_ms ? l : NULL;
	}
	return NULL;
}

void login_end(struct authority *a, struct login *l)
{
	uint32_t *at = login_bucket_of(a, &l->hash), self = (uint32_t)(l - a->logins) + 1,
		 generation = l->generation;

	while (*at && *at != self)
		at = &a->logins[*at - 1].next;
	if (*at)
		*at = l->next;
	list_remove(&l->age);
	secret_wipe(l, sizeof *l);
	l->generation = generation + 1;
	list_init(&l->age);
	list_append(&a->login_free, &l->age);
}

/* Those that are past the password, right or wrong alike (who floods would see which), or of who is
 * logged in: others can be begun again without anybody's knowing. */
static bool login_has_begun(const struct login *l)
{
	return l->state == LOGIN_CODE || l->is_busy || l->session;
}

/* The oldest of a network, or of all with NULL, and how many there are; such as have not begun go
 * before those that have. */
static struct login *login_oldest(struct authority *a, const struct ip *network, unsigned *ret_n)
{
	struct login *oldest = NULL;

	*ret_n = 0;
	for (struct list *i = a->login_age.next; i != &a->login_age; i = i->next) {
		struct login *l = LIST_OWNER(i, struct login, age);

		if (network && !ip_eq(&l->network, network))
			continue;
		if (!oldest || (login_has_begun(oldest) && !login_has_begun(l)))
			oldest = l;
		++*ret_n;
	}
	return oldest;
}

/* One network has its share, however many cells it opens; its own go first. */
static void login_make_room(struct authority *a, const struct ip *network)
{
	unsigned n = 0;
	struct login *oldest = login_oldest(a, network, &n);

	if (n < AUTHORITY_LOGINS_PER_SOURCE)
		oldest = list_is_empty(&a->login_free) ? login_oldest(a, NULL, &n) : NULL;
	if (oldest)
		login_end(a, oldest);
}

struct login *login_begin(struct authority *a, const struct authority_cell *c,
			  const struct hash32 *hash)
{
	uint32_t *bucket = login_bucket_of(a, hash);
	struct login *l = login_find(a, hash);

	if (l)
		login_end(a, l);
	login_make_room(a, &c->network);
	l = LIST_OWNER(a->login_free.next, struct login, age);
	list_remove(&l->age);
	*l = (struct login){
		.hash = *hash,
		.born_ms = a->now_ms,
		.network = c->network,
		.generation = l->generation + 1,
		.next = *bucket,
		.state = LOGIN_FIRST,
	};
	list_init(&l->age);
	list_append(&a->login_age, &l->age);
	*bucket = (uint32_t)(l - a->logins) + 1;
	return l;
}

void login_reset(struct login *l)
{
	if (!l->session)
		l->user = 0;
	l->shown = 0;
	l->is_wrong = false;
	l->challenge_ms = 0;
	l->state = LOGIN_FIRST;
}

static uint8_t login_offers(const struct authority *a, const struct login *l)
{
	if (l->state == LOGIN_CODE)
		return GATE_TOTP | GATE_RECOVERY;
	if (l->state != LOGIN_FIRST && l->state != LOGIN_FAILED)
		return 0;
	return l->wants ? l->wants & (uint8_t)~l->shown : factor_offers(a, l->shown);
}

void login_answer(struct authority *a, const struct question *q, const struct login *l,
		  enum gate_reason why)
{
	struct authority_login r = { .state = LOGIN_GONE, .reason = (uint8_t)why };
	uint8_t body[32];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (l) {
		r.state = l->state;
		r.offers = login_offers(a, l);
		r.app = l->app;
		if (why == GATE_WHY_WAIT || why == GATE_WHY_WRONG)
			r.wait_s = delay_wait_s(&a->delay, &l->delay, a->now_ms);
	}
	if (authority_login_put(&w, &r) != E_OK)
		w.bad = true;
	cell_answer(a, q, AUTHORITY_LOGIN, &w);
}
