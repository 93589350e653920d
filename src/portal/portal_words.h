/* Numbers and names of machines, in the words of people: what the templates' `words` switch over.
 */
#ifndef PORTAL_PORTAL_WORDS_H
#define PORTAL_PORTAL_WORDS_H

#include "base/view.h"

/* How long ago; words of one and of several differ. */
enum portal_ago {
	PORTAL_AGO_NEVER = 0,
	PORTAL_AGO_NOW, /* less than a minute */
	PORTAL_AGO_MINUTE,
	PORTAL_AGO_MINUTES,
	PORTAL_AGO_HOUR,
	PORTAL_AGO_HOURS,
	PORTAL_AGO_DAY,
	PORTAL_AGO_DAYS,
	PORTAL_AGO_MONTH,
	PORTAL_AGO_MONTHS,
	PORTAL_AGO_YEAR,
	PORTAL_AGO_YEARS
};

/* portal_words_ago - at_s as seen from now_s, wall clock; 0: never; the future is now.
 * portal_words_ago_n - how many of it */
enum portal_ago portal_words_ago(uint64_t now_s, uint64_t at_s);
uint64_t portal_words_ago_n(uint64_t now_s, uint64_t at_s);

/* portal_words_browser, portal_words_system - what a User-Agent says it is: "Firefox", "Windows";
 * empty when it says nothing known. For people to recognise their own devices, never to decide by
 */
struct view portal_words_browser(struct view agent);
struct view portal_words_system(struct view agent);

/* portal_words_host - an origin without "https://" */
struct view portal_words_host(struct view origin);

#endif
