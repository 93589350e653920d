/*
 * Levels of isolation, applied (promise P8): which of them a request, a stream or a log-in is
 * under, and whether they let it through. All that apply hold; the strictest that refuses is the
 * one that is told. Pure: pages are read and clocks looked at elsewhere.
 */
#ifndef ACCESS_LEVEL_H
#define ACCESS_LEVEL_H

#include "conf/image.h"
#include "ipc/level_page.h"

enum { LEVEL_ZONES = 256 /* further ones count as closed while any zone has a level */ };

/* What one image makes of one book. */
struct level_map {
	uint64_t version; /* of the book; 0: none was taken yet */
	uint64_t
		made; /* how often: what runs has to be looked at again when it is another number */
	uint32_t image; /* number of the configuration that it was made for */
	bool has_any;	/* an entry that concerns this image, exercises included */
	bool has_zones;
	struct level_set {
		uint16_t on, exercise;
	} all, outside /* clients in no zone: the zone "internet" */,
		listener[IMAGE_LISTENER_SLOTS], zone[LEVEL_ZONES], app[IMAGE_APPS_MAX];
	struct level_book book;
};

/* What levels are asked about. */
enum level_of {
	LEVEL_FOR_PUBLIC = 1, /* a request that needs no log-in */
	LEVEL_FOR_APP,	      /* a request to an application */
	LEVEL_FOR_PORTAL,     /* a request to the log-in portal */
	LEVEL_FOR_STREAM,     /* a connection that is passed on as it is, or datagrams */
	LEVEL_FOR_SESSION,    /* a new log-in, or the first step into an application */
	LEVEL_KINDS
};

struct level_facts {
	uint8_t what;		    /* enum level_of */
	bool is_office, is_partner; /* by address */
	bool is_safe;		    /* it changes nothing: the method, or declared so */
	bool is_running;	    /* it had begun before */
	bool is_fresh; /* a factor was shown since the level holds; who can't know says true */
	bool is_pilot; /* of the group; who can't know says true */
};

/* level_map_make - m->book applies to im from now on. Names that im does not have concern nothing
 */
void level_map_make(struct level_map *m, const struct image *im);

/*
 * level_map_refresh - m is of what is published now, and of im
 *   image   im's number: another configuration has other names
 * True: it was not before. One load and two comparisons when it was
 */
bool level_map_refresh(struct level_map *m, const struct level_page *page, const struct image *im,
		       uint32_t image);

/*
 * level_set_of - the levels that hold for a client at ip
 *   slot   of the listener
 *   app    index of IMAGE_APP; IMAGE_NONE: none
 */
struct level_set level_set_of(const struct level_map *m, const struct image *im, uint32_t slot,
			      uint32_t app, const struct ip *ip);

/* level_since - since when level holds for the same, the newest word; 0: it does not */
uint64_t level_since(const struct level_map *m, const struct image *im, uint32_t slot, uint32_t app,
		     const struct ip *ip, enum level level);

/* level_judge - the strictest of mask that refuses; LEVEL_OPEN: it may pass */
enum level level_judge(uint16_t mask, const struct level_facts *facts);

/* level_place - whether ip lies in a zone of isolation.office, of isolation.partners */
void level_place(const struct image *im, const struct ip *ip, struct level_facts *facts);

/*
 * level_is_safe - does a request change nothing, as far as its application declares it?
 *   app   NULL: safe methods alone (RFC 9110 §9.2.1)
 *   path  canonical
 */
bool level_is_safe(const struct image *im, const struct image_app *app, unsigned method,
		   struct view path, bool is_websocket);

#endif
