/* Civil date from days by Howard Hinnant's algorithm ("chrono-Compatible Low-Level Date
 * Algorithms", 2013). */
#include "base/date.h"

struct date {
	int64_t year;
	unsigned month, day, weekday; /* month 1..12, day 1..31, weekday 0 = Thursday */
	unsigned hour, minute, second;
};

static struct date date_from(int64_t wall_s)
{
	int64_t days = wall_s / 86400, rest = wall_s % 86400, era = 0, z = 0;
	unsigned doe = 0, yoe = 0, doy = 0, mp = 0;
	struct date d = { 0 };

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	d.weekday = (unsigned)((days % 7 + 7) % 7);
	z = days + 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = (unsigned)(z - era * 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	d.day = doy - (153 * mp + 2) / 5 + 1;
	d.month = mp < 10 ? mp + 3 : mp - 9;
	d.year = (int64_t)yoe + era * 400 + (d.month <= 2);
	d.hour = (unsigned)(rest / 3600);
	d.minute = (unsigned)(rest / 60 % 60);
	d.second = (unsigned)(rest % 60);
	return d;
}

static void date_put_clock(struct wbuf *w, const struct date *d)
{
	wbuf_dec_pad(w, d->hour, 2);
	WBUF_LIT(w, ":");
	wbuf_dec_pad(w, d->minute, 2);
	WBUF_LIT(w, ":");
	wbuf_dec_pad(w, d->second, 2);
}

void date_put_http(struct wbuf *w, int64_t wall_s)
{
	static const char days[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct date d = date_from(wall_s);

	wbuf_str(w, days[d.weekday]);
	WBUF_LIT(w, ", ");
	wbuf_dec_pad(w, d.day, 2);
	WBUF_LIT(w, " ");
	wbuf_str(w, months[d.month - 1]);
	WBUF_LIT(w, " ");
	wbuf_dec_pad(w, (uint64_t)d.year, 4);
	WBUF_LIT(w, " ");
	date_put_clock(w, &d);
	WBUF_LIT(w, " GMT");
}

void date_put_utc(struct wbuf *w, int64_t wall_us)
{
	int64_t s = wall_us / 1000000, us = wall_us % 1000000;
	struct date d = { 0 };

	if (us < 0) {
		us += 1000000;
		s--;
	}
	d = date_from(s);
	wbuf_dec_pad(w, (uint64_t)d.year, 4);
	WBUF_LIT(w, "-");
	wbuf_dec_pad(w, d.month, 2);
	WBUF_LIT(w, "-");
	wbuf_dec_pad(w, d.day, 2);
	WBUF_LIT(w, "T");
	date_put_clock(w, &d);
	WBUF_LIT(w, ".");
	wbuf_dec_pad(w, (uint64_t)us, 6);
	WBUF_LIT(w, "Z");
}
