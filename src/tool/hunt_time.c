/* Moments from text; the calendar is computed, no time zone is asked for. */
#include "tool/hunt_time.h"

#define SECOND INT64_C(1000000)

struct time_unit {
	uint8_t letter;
	int64_t us;
};

static const struct time_unit time_units[] = {
	{ 's', SECOND },	 { 'm', 60 * SECOND },	      { 'h', 3600 * SECOND },
	{ 'd', 86400 * SECOND }, { 'w', 7 * 86400 * SECOND },
};

static const uint8_t time_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

/* n digits, not above max. */
static enum err time_digits(struct view *v, size_t n, uint64_t max, int64_t *ret)
{
	struct view digits = { 0 };
	uint64_t x = 0;

	if (view_take(v, n, &digits) != E_OK || view_dec(digits, &x) != E_OK || x > max)
		return E_PROTO;
	*ret = (int64_t)x;
	return E_OK;
}

static bool time_take(struct view *v, uint8_t c)
{
	if (v->n == 0 || v->p[0] != c)
		return false;
	*v = view_slice(*v, 1, v->n);
	return true;
}

/* Days since 1970 of a day of the Gregorian calendar. */
static int64_t time_day(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static enum err time_date(struct view *v, int64_t *ret_day)
{
	int64_t year = 0, month = 0, day = 0;
	bool is_leap = false;

	TRY(time_digits(v, 4, 9999, &year));
	if (!time_take(v, '-'))
		return E_PROTO;
	TRY(time_digits(v, 2, 12, &month));
	if (!time_take(v, '-'))
		return E_PROTO;
	TRY(time_digits(v, 2, 31, &day));
	is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (year < 1 || month == 0 || day == 0 ||
	    day > time_days[month - 1] + (is_leap && month == 2))
		return E_PROTO;
	*ret_day = time_day(year, month, day);
	return E_OK;
}

static enum err time_fraction(struct view *v, int64_t *ret_us)
{
	int64_t unit = SECOND;
	size_t n = 0;

	for (; v->n && v->p[0] >= '0' && v->p[0] <= '9'; n++) {
		unit /= 10;
		*ret_us += (v->p[0] - '0') * unit;
		*v = view_slice(*v, 1, v->n);
	}
	return n ? E_OK : E_PROTO;
}

static enum err time_clock(struct view *v, int64_t *ret_us)
{
	int64_t hour = 0, minute = 0, second = 0;

	*ret_us = 0;
	TRY(time_digits(v, 2, 23, &hour));
	if (!time_take(v, ':'))
		return E_PROTO;
	TRY(time_digits(v, 2, 59, &minute));
	if (time_take(v, ':'))
		TRY(time_digits(v, 2, 60, &second));
	if (time_take(v, '.'))
		TRY(time_fraction(v, ret_us));
	*ret_us += ((hour * 60 + minute) * 60 + second) * SECOND;
	return E_OK;
}

/* Z, +hh:mm or -hh:mm; nothing is Z. */
static enum err time_zone(struct view *v, int64_t *ret_us)
{
	bool is_east = time_take(v, '+');
	int64_t hour = 0, minute = 0;

	*ret_us = 0;
	if (!is_east && !time_take(v, '-')) {
		if (!time_take(v, 'Z'))
			(void)time_take(v, 'z');
		return view_end(v);
	}
	TRY(time_digits(v, 2, 23, &hour));
	if (!time_take(v, ':'))
		return E_PROTO;
	TRY(time_digits(v, 2, 59, &minute));
	*ret_us = (hour * 60 + minute) * 60 * SECOND * (is_east ? 1 : -1);
	return view_end(v);
}

enum err hunt_time_parse(struct view text, int64_t *ret_us)
{
	int64_t day = 0, clock = 0, zone = 0;

	TRY(time_date(&text, &day));
	if (text.n) {
		if (!time_take(&text, 'T') && !time_take(&text, 't') && !time_take(&text, ' '))
			return E_PROTO;
		TRY(time_clock(&text, &clock));
		TRY(time_zone(&text, &zone));
	}
	*ret_us = day * 86400 * SECOND + clock - zone;
	return E_OK;
}

enum err hunt_time_option(struct view text, int64_t now_us, int64_t *ret_us)
{
	uint64_t n = 0;

	for (size_t i = 0; text.n && i < sizeof time_units / sizeof *time_units; i++) {
		if (text.p[text.n - 1] != time_units[i].letter)
			continue;
		if (view_dec(view_slice(text, 0, text.n - 1), &n) != E_OK || n > 100000000)
			return E_PROTO;
		*ret_us = now_us - (int64_t)n * time_units[i].us;
		return E_OK;
	}
	return hunt_time_parse(text, ret_us);
}
