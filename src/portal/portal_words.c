/* See portal_words.h. */
#include "portal/portal_words.h"

struct portal_words_unit {
	uint64_t seconds; /* of one */
	uint8_t one, several;
};

static const struct portal_words_unit portal_words_units[] = {
	{ 365 * 86400, PORTAL_AGO_YEAR, PORTAL_AGO_YEARS },
	{ 30 * 86400, PORTAL_AGO_MONTH, PORTAL_AGO_MONTHS },
	{ 86400, PORTAL_AGO_DAY, PORTAL_AGO_DAYS },
	{ 3600, PORTAL_AGO_HOUR, PORTAL_AGO_HOURS },
	{ 60, PORTAL_AGO_MINUTE, PORTAL_AGO_MINUTES },
};

/* NULL: less than the smallest. */
static const struct portal_words_unit *portal_words_unit(uint64_t seconds)
{
	for (size_t i = 0; i < sizeof portal_words_units / sizeof portal_words_units[0]; i++)
		if (seconds >= portal_words_units[i].seconds)
			return &portal_words_units[i];
	return NULL;
}

uint64_t portal_words_ago_n(uint64_t now_s, uint64_t at_s)
{
	uint64_t seconds = now_s > at_s ? now_s - at_s : 0;
	const struct portal_words_unit *unit = portal_words_unit(seconds);

	return unit ? seconds / unit->seconds : 0;
}

enum portal_ago portal_words_ago(uint64_t now_s, uint64_t at_s)
{
	uint64_t seconds = now_s > at_s ? now_s - at_s : 0;
	const struct portal_words_unit *unit = portal_words_unit(seconds);

	if (at_s == 0)
		return PORTAL_AGO_NEVER;
	if (!unit)
		return PORTAL_AGO_NOW;
	return (enum portal_ago)(portal_words_ago_n(now_s, at_s) == 1 ? unit->one : unit->several);
}

struct portal_words_mark {
	struct view mark, name;
};

static bool portal_words_has(struct view v, struct view part)
{
	while (v.n >= part.n) {
		if (view_starts(v, part))
			return true;
		v = view_slice(v, 1, v.n);
	}
	return false;
}

static struct view portal_words_find(struct view agent, const struct portal_words_mark *marks,
				     size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (portal_words_has(agent, marks[i].mark))
			return marks[i].name;
	return (struct view){ 0 };
}

/* Most browsers also name those that they are like: the first row counts. */
struct view portal_words_browser(struct view agent)
{
	static const struct portal_words_mark marks[] = {
		{ VIEW_INIT("Edg"), VIEW_INIT("Edge") },
		{ VIEW_INIT("OPR/"), VIEW_INIT("Opera") },
		{ VIEW_INIT("Vivaldi/"), VIEW_INIT("Vivaldi") },
		{ VIEW_INIT("SamsungBrowser/"), VIEW_INIT("Samsung Internet") },
		{ VIEW_INIT("Firefox/"), VIEW_INIT("Firefox") },
		{ VIEW_INIT("FxiOS/"), VIEW_INIT("Firefox") },
		{ VIEW_INIT("CriOS/"), VIEW_INIT("Chrome") },
		{ VIEW_INIT("Chromium/"), VIEW_INIT("Chromium") },
		{ VIEW_INIT("Chrome/"), VIEW_INIT("Chrome") },
		{ VIEW_INIT("Safari/"), VIEW_INIT("Safari") },
		{ VIEW_INIT("curl/"), VIEW_INIT("curl") },
	};

	return portal_words_find(agent, marks, sizeof marks / sizeof marks[0]);
}

struct view portal_words_system(struct view agent)
{
	static const struct portal_words_mark marks[] = {
		{ VIEW_INIT("iPhone"), VIEW_INIT("iPhone") },
		{ VIEW_INIT("iPad"), VIEW_INIT("iPad") },
		{ VIEW_INIT("Android"), VIEW_INIT("Android") },
		{ VIEW_INIT("Windows"), VIEW_INIT("Windows") },
		{ VIEW_INIT("CrOS"), VIEW_INIT("ChromeOS") },
		{ VIEW_INIT("Mac OS X"), VIEW_INIT("macOS") },
		{ VIEW_INIT("Linux"), VIEW_INIT("Linux") },
	};

	return portal_words_find(agent, marks, sizeof marks / sizeof marks[0]);
}

struct view portal_words_host(struct view origin)
{
	struct view scheme = VIEW("https://");

	return view_starts(origin, scheme) ? view_slice(origin, scheme.n, origin.n) : origin;
}
