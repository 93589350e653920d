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

static enum err date_number(struct view v, int64_t *ret)
{
	uint64_t n = 0;

	if (v.n && v.p[0] == ' ')
		v = view_slice(v, 1, v.n);
	if (v.n > 4 || view_dec(v, &n) != E_OK)
		return E_PROTO;
	*ret = (int64_t)n;
	return E_OK;
}

static enum err date_month(struct view v, int64_t *ret)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (size_t i = 0; i < 12; i++)
		if (view_eq(v, view_of(names + 3 * i, 3))) {
			*ret = (int64_t)i + 1;
			return E_OK;
		}
	return E_PROTO;
}

/* Where the parts of a form stand. */
struct date_form {
	size_t n, day, month, year, year_n, time;
	struct view tail;
};

/* Days since 1970 of a Gregorian date, by Howard Hinnant's days_from_civil. */
static int64_t date_days(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t date_month_days(int64_t year, int64_t month)
{
	int64_t next = month == 12 ? date_days(year + 1, 1, 1) : date_days(year, month + 1, 1);

	return next - date_days(year, month, 1);
}

static enum err date_parse_form(struct view v, const struct date_form *f, int64_t *ret_wall_s)
{
	int64_t day = 0, month = 0, year = 0, hour = 0, minute = 0, second = 0;

	if (v.n != f->n || !view_ends(v, f->tail) || v.p[f->time + 2] != ':' ||
	    v.p[f->time + 5] != ':')
		return E_PROTO;
	TRY(date_number(view_slice(v, f->day, 2), &day));
	TRY(date_month(view_slice(v, f->month, 3), &month));
	TRY(date_number(view_slice(v, f->year, f->year_n), &year));
	TRY(date_number(view_slice(v, f->time, 2), &hour));
	TRY(date_number(view_slice(v, f->time + 3, 2), &minute));
	TRY(date_number(view_slice(v, f->time + 6, 2), &second));
	if (f->year_n == 2)
		year += year < 70 ? 2000 : 1900;
	if (year < 1 || day < 1 || day > date_month_days(year, month) || hour > 23 || minute > 59 ||
	    second > 60)
		return E_PROTO;
	*ret_wall_s = ((date_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
	return E_OK;
}

enum err date_parse_http(struct view v, int64_t *ret_wall_s)
{
	/* "Sun, 06 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" */
	static const struct date_form fixdate = { 29, 5, 8, 12, 4, 17, VIEW_INIT(" GMT") };
	static const struct date_form asctime = { 24, 8, 4, 20, 4, 11, { 0 } };
	/* "Sunday, 06-Nov-94 08:49:37 GMT", without the day's name */
	static const struct date_form rfc850 = { 24, 2, 5, 9, 2, 12, VIEW_INIT(" GMT") };

	if (v.n == fixdate.n && date_parse_form(v, &fixdate, ret_wall_s) == E_OK)
		return E_OK;
	if (v.n == asctime.n && date_parse_form(v, &asctime, ret_wall_s) == E_OK)
		return E_OK;
	return date_parse_form(view_slice(v, view_find(v, ','), v.n), &rfc850, ret_wall_s);
}

static enum err date_digits(struct view v, int64_t *ret)
{
	int64_t n = 0;

	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return E_PROTO;
		n = n * 10 + (v.p[i] - '0');
	}
	*ret = n;
	return v.n ? E_OK : E_PROTO;
}

/* What stands behind the seconds: "Z" or ".123Z". */
static enum err date_parts(struct view v, int64_t *ret_us)
{
	int64_t us = 0;

	if (v.n == 0 || v.p[v.n - 1] != 'Z' || v.n == 2 || v.n > 8)
		return E_PROTO;
	if (v.n > 2) {
		if (v.p[0] != '.')
			return E_PROTO;
		TRY(date_digits(view_slice(v, 1, v.n - 2), &us));
		for (size_t i = v.n; i < 8; i++)
			us *= 10;
	}
	*ret_us = us;
	return E_OK;
}

enum err date_parse_utc(struct view v, int64_t *ret_wall_us)
{
	static const struct {
		uint8_t at, n;
		uint8_t after; /* the byte that has to stand behind it; 0: date_parts looks */
	} parts[6] = { { 0, 4, '-' },  { 5, 2, '-' },  { 8, 2, 'T' },
		       { 11, 2, ':' }, { 14, 2, ':' }, { 17, 2, 0 } };
	int64_t x[6] = { 0 }, us = 0;

	if (v.n < 20)
		return E_PROTO;
	for (size_t i = 0; i < 6; i++) {
		TRY(date_digits(view_slice(v, parts[i].at, parts[i].n), &x[i]));
		if (parts[i].after && v.p[parts[i].at + parts[i].n] != parts[i].after)
			return E_PROTO;
	}
	TRY(date_parts(view_slice(v, 19, v.n), &us));
	if (x[0] < 1 || x[1] < 1 || x[1] > 12 || x[2] < 1 || x[2] > date_month_days(x[0], x[1]) ||
	    x[3] > 23 || x[4] > 59 || x[5] > 60)
		return E_PROTO;
	*ret_wall_us =
		(((date_days(x[0], x[1], x[2]) * 24 + x[3]) * 60 + x[4]) * 60 + x[5]) * 1000000 +
		us;
	return E_OK;
}
