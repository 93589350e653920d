/*
 * Who may open an application: the one decision that the authority makes and `sluis explain` tells.
 *
 * Pure: an application's access rules and what is known about the person, the connection and the
 * time, to an answer. Denied unless the tree `allow` is true and the tree `deny` is false.
 *
 * What is not known is neither true nor false (S. C. Kleene, "Introduction to Metamathematics",
 * §64): all, any and none carry it on, and at the top it never allows: allow has to be true, deny
 * has to be false. Of empty lists all and none are true, any is false (the configuration has none).
 */
#ifndef ACCESS_ACCESS_H
#define ACCESS_ACCESS_H

#include "conf/image.h"
#include "ipc/gate_words.h"

#define ACCESS_FOR_EVER UINT32_MAX

/* Local time, as the machine's time zone has it. */
struct access_clock {
	uint16_t minute; /* of the day: below IMAGE_DAY_MINUTES */
	uint8_t weekday; /* 1 Monday .. 7 Sunday; any other: the time is not known */
	uint8_t left_s;	 /* until the minute is over: 1..60 */
	/* seconds for which the clock runs on without a jump (the change to summer time); 0: not
	 * known, no answer then holds beyond this minute for which the time matters */
	uint32_t steady_s;
};

/* What is known. */
struct access_facts {
	struct view user;   /* empty: nobody, who may nothing */
	struct view groups; /* names, one per line */
	struct ip source;
	bool has_source;      /* source is known */
	bool has_certificate; /* the client has shown one that its listener accepts */
	uint8_t factors;      /* shown in this session: bits of enum gate_factor */
	uint8_t enrolled;     /* that this user has: a step-up asks for these when they do */
	struct access_clock clock;
};

enum access_truth { ACCESS_FALSE, ACCESS_UNKNOWN, ACCESS_TRUE };

struct access_answer {
	uint8_t verdict;    /* enum gate_verdict: GATE_OK, GATE_DENIED, GATE_STEP_UP */
	uint8_t factors;    /* GATE_STEP_UP: what has to be shown besides; else 0 */
	uint32_t condition; /* that decided, as things are: IMAGE_CONDITION; IMAGE_NONE: the
			       application has no `allow` */
	uint32_t holds_s;   /* the same facts get the same answer for so long, as time goes on;
			       ACCESS_FOR_EVER: time does not matter */
};

/*
 * access_decide - may this user open the application now?
 * GATE_STEP_UP: not with the factors that were shown, but with some others, all else being the
 * same: answer.factors are the fewest, of those that the user has when these do, else of all.
 * O(conditions), no allocation, no recursion.
 */
struct access_answer access_decide(const struct image *im, const struct image_app *app,
				   const struct access_facts *facts);

/* access_rules_hold - seconds until the first time of any rule begins or ends; ACCESS_FOR_EVER: no
 * rule asks for the time */
uint32_t access_rules_hold(const struct image *im, const struct access_clock *clock);

/* access_factors_suffice - is one of the combinations of factors.require shown? A recovery code
 * counts as totp */
bool access_factors_suffice(const struct image *im, uint8_t factors);

/* One condition, as it was found. */
struct access_step {
	const struct image_condition *condition;
	uint32_t index; /* in IMAGE_CONDITION */
	uint8_t depth;	/* in its tree; 0: the whole rule */
	uint8_t truth;	/* enum access_truth */
	bool is_deny;	/* of the tree `deny` */
	bool decides;	/* answer.condition */
};

typedef void access_visitor(void *arg, const struct access_step *step);

/* access_visit - every condition of deny, then of allow, in their order; the same answer as
 * access_decide gives */
struct access_answer access_visit(const struct image *im, const struct image_app *app,
				  const struct access_facts *facts, access_visitor *visit,
				  void *arg);

#endif
