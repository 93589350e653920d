/*
 * The pages of the log-in portal: a model goes in, HTML comes out. Computes only; nothing is
 * allocated, and what the model borrows has to live until the call returns.
 *
 * Every page is a template (web/portal, docs/portal-templates.md), compiled into C at build time;
 * what stands where in the HTML decides how a value is escaped, so that no value of a model,
 * however hostile, can be more than text (THREATS A10, A19). Pages work without JavaScript; a
 * script adds passkeys.
 *
 * Forms post application/x-www-form-urlencoded to these paths, each with `t` (model.csrf):
 *
 * - /login: user, password, app, nonce, step
 * - /login/code: code or recovery (which field is there says what it is), app, nonce, step
 * - /login/passkey: credential, client_data, auth_data, signature, user_handle (all base64url),
 * app, nonce, step
 * - /logout: everywhere (1, or not there)
 * - /factors/totp: nothing; shows PORTAL_TOTP
 * - /factors/totp/confirm: name, code
 * - /factors/passkey: nothing; shows PORTAL_PASSKEY
 * - /factors/passkey/confirm: name, client_data, attestation (both base64url)
 * - /factors/recovery: nothing; shows PORTAL_RECOVERY
 * - /factors/remove: number
 * - /factors/password: old (when there is one), fresh, again
 * - /sessions/end: number
 * - /invite: invite
 * - /language: language (nl, en), back (model.here)
 *
 * A log-in that is a step-up has no field user: the session says who it is. app, nonce and step are
 * there when the model has them. Links lead to /, /login, /factors, /factors/password, /sessions
 * (with ?from=N for the next part of a list) and portal_asset paths.
 *
 * form-action 'self' holds for the redirects that answer a form too (seen in Chromium):
 * a POST may be answered with a redirect within the portal only. The way from a log-in to an
 * application is PORTAL_ONWARD, a page that goes on by itself.
 */
#ifndef PORTAL_PORTAL_H
#define PORTAL_PORTAL_H

#include "base/ip.h"
#include "base/wbuf.h"
#include "ipc/gate_words.h"

enum portal_language { PORTAL_NL, PORTAL_EN, PORTAL_LANGUAGES };

/* portal_language - what to speak: choice ("nl", "en") when it is one of ours, otherwise the best
 * of an Accept-Language field (RFC 9110 §12.5.4), otherwise English. Either may be empty */
enum portal_language portal_language(struct view accept_language, struct view choice);

/* portal_language_name - "nl", "en": for cookies, forms and image_title */
struct view portal_language_name(enum portal_language language);

enum portal_page_kind {
	PORTAL_LOGIN = 1,  /* passkey, user and password: what offers says */
	PORTAL_CODE,	   /* one-time or recovery code, after the password */
	PORTAL_ONWARD,	   /* goes on to model.onward by itself, and has a link */
	PORTAL_APPS,	   /* my applications */
	PORTAL_FACTORS,	   /* my devices and factors; while enrolling: what is still missing */
	PORTAL_PASSWORD,   /* a new password */
	PORTAL_TOTP,	   /* enrols an authenticator app: base32, otpauth_uri */
	PORTAL_PASSKEY,	   /* enrols a passkey: challenge */
	PORTAL_RECOVERY,   /* codes, shown once */
	PORTAL_SESSIONS,   /* my sessions */
	PORTAL_INVITE,	   /* an invitation: a button that opens it */
	PORTAL_DENIED,	   /* this application is not for you: app_title, reason */
	PORTAL_LOGGED_OUT, /* said good-bye */
	PORTAL_ERROR,	   /* status, in plain words */
	PORTAL_WAITING, /* before a returning application: position, waiting; comes back by itself
			 */
	PORTAL_PAGES
};

/* What went well, or what the portal itself says of a form. */
enum portal_notice {
	PORTAL_NOTE_NOTHING = 0,
	PORTAL_NOTE_ADDED,	/* a factor */
	PORTAL_NOTE_REMOVED,	/* a factor */
	PORTAL_NOTE_PASSWORD,	/* it was changed */
	PORTAL_NOTE_ENDED,	/* a session, or several */
	PORTAL_NOTE_READY,	/* enough factors: the account can be used */
	PORTAL_NOTE_DIFFERENT,	/* an error: password and repetition differ */
	PORTAL_NOTE_INCOMPLETE, /* an error: a field that must be there is empty */
	PORTAL_NOTES
};

/* portal_notice - by its name in the query of the page that a form's answer leads to
 * ("?done=added"): added, removed, password, ended, ready; unknown names are PORTAL_NOTE_NOTHING */
enum portal_notice portal_notice(struct view name);

struct portal_app {
	struct view title;  /* in the page's language */
	struct view origin; /* "https://host[:port]" */
};

struct portal_factor {
	uint32_t number;
	uint8_t kind; /* one of enum gate_factor */
	bool is_device_bound;
	uint16_t left;		    /* recovery codes */
	uint64_t created_s, used_s; /* wall clock; used_s 0: never */
	struct view name;
};

struct portal_session {
	uint32_t number;
	bool is_own;
	uint8_t factors; /* bits of enum gate_factor */
	struct ip source;
	uint64_t began_s, seen_s;
	struct view agent; /* User-Agent */
};

/* What WebAuthn needs; challenge empty: no passkey may be used on this page. */
struct portal_challenge {
	struct view challenge;	 /* raw */
	struct view rp_id;	 /* the portal's host */
	struct view user_handle; /* raw; enrolment only, like user and title */
	struct view user, title;
	struct view known; /* credential ids, u16 length each: as in authority_challenge */
};

/* Zero is valid: what is empty is left out. Views are of UTF-8; what isn't UTF-8 is shown as
 * U+FFFD. */
struct portal_model {
	/* of every page */
	enum portal_language language;
	struct view organisation; /* image_gateway.title */
	struct view user;	  /* name for people of who is logged in; empty: nobody, no menu */
	struct view csrf;	  /* of forms; empty: no language switch */
	struct view here;	  /* path and query, where the language switch comes back to */
	struct view reference;	  /* request id */
	uint8_t reason;		  /* enum gate_reason */
	uint8_t notice;		  /* enum portal_notice */
	uint32_t wait_s;	  /* of GATE_WHY_WAIT */
	uint64_t now_s;		  /* wall clock */
	/* PORTAL_LOGIN, PORTAL_CODE, PORTAL_ONWARD, PORTAL_DENIED */
	struct view app_title;	/* of the application that it is for */
	struct view app, nonce; /* fields carried along */
	struct view onward;	/* path on the portal, or https URL */
	uint8_t offers;		/* bits of enum gate_factor */
	bool is_step_up;
	/* PORTAL_LOGIN, PORTAL_PASSKEY */
	struct portal_challenge challenge;
	/* lists; next: number for ?from=, 0: that was all */
	const struct portal_app *apps;
	size_t apps_n;
	const struct portal_factor *factors;
	size_t factors_n;
	const struct portal_session *sessions;
	size_t sessions_n;
	uint32_t next;
	/* PORTAL_FACTORS, PORTAL_PASSWORD */
	const uint32_t *combinations; /* image_factors: bits of enum gate_factor each */
	size_t combinations_n;
	bool is_enrolling;
	bool has_password;
	/* PORTAL_TOTP */
	struct view base32, otpauth_uri;
	/* PORTAL_RECOVERY: one per line */
	struct view codes;
	/* PORTAL_INVITE: the token, as it was in the path */
	struct view invite;
	/* PORTAL_WAITING */
	uint32_t position, waiting;
	/* PORTAL_ERROR */
	uint16_t status;
};

enum {
	PORTAL_PAGE_MAX = 128 * 1024, /* bytes: a page with 200 applications, or 100 sessions */
	PORTAL_QR_MAX = 512	      /* bytes of otpauth_uri */
};

/*
 * portal_page - appends a whole HTML document
 * E_LIMIT it does not fit
 */
enum err portal_page(struct wbuf *w, enum portal_page_kind kind, const struct portal_model *m);

/* portal_put_headers - appends the header lines of a page: type, language, security (DEFAULTS 5b),
 * no-store. Without Content-Length, Date, X-Content-Type-Options, Strict-Transport-Security,
 * X-Request-Id */
void portal_put_headers(struct wbuf *w, enum portal_language language);

/* A file of the sealed bundle. */
struct portal_asset {
	struct view path; /* "/assets/portal.0123abcd.css" */
	struct view type; /* media type */
	struct view etag; /* with its quotes: SHA-256 */
	struct view body;
};

/* portal_asset - what lies at a path. portal_asset_put_headers - likewise its header lines: cached
 * for a year, since a changed file has another name */
bool portal_asset(struct view path, struct portal_asset *ret);
void portal_asset_put_headers(struct wbuf *w, const struct portal_asset *asset);

#endif
