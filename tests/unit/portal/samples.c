/* See samples.h. The names and places are made up. */
#include "tests/unit/portal/samples.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define HASH		"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"

static const uint64_t now_s = 1795000000;

static const uint32_t combinations[] = { GATE_PASSKEY, GATE_PASSWORD | GATE_TOTP };

static struct portal_model model_base(enum portal_language language)
{
	return (struct portal_model){
		.language = language,
		.organisation = VIEW("Waterschap De Sluis"),
		.csrf = VIEW("w3Xq6z0Zb0m4m1w6YV7hJ2q0yqf3oI1V3b8Qe0g2s9A"),
		.here = VIEW("/login?app=zaken&nonce=abc"),
		.now_s = now_s,
	};
}

static struct portal_model model_user(enum portal_language language)
{
	struct portal_model m = model_base(language);

	m.user = VIEW("Annemiek van den Berg-de Vries");
	m.here = VIEW("/factors");
	return m;
}

static struct portal_model model_login(enum portal_language language)
{
	struct portal_model m = model_base(language);

	m.offers = GATE_PASSWORD | GATE_PASSKEY;
	m.app = VIEW("zaken");
	m.nonce = VIEW("q1w2e3r4t5y6");
	m.app_title = language == PORTAL_NL ? VIEW("Zaaksysteem") : VIEW("Case management");
	m.challenge = (struct portal_challenge){
		.challenge = VIEW(HASH HASH),
		.rp_id = VIEW("localhost"),
		.known = VIEW("\0\x04"
			      "abcd"
			      "\0\x03"
			      "xyz"),
	};
	return m;
}

static struct portal_model model_apps(enum portal_language language, struct sample_room *room)
{
	static const struct portal_app apps[] = {
		{ VIEW_INIT("Zaaksysteem"), VIEW_INIT("https://zaken.example.nl") },
		{ VIEW_INIT("Kaarten en luchtfoto's"), VIEW_INIT("https://kaarten.example.nl") },
		{ VIEW_INIT("Peilbeheer"), VIEW_INIT("https://peil.example.nl:8443") },
		{ VIEW_INIT("Documenten & archief"),
		  VIEW_INIT("https://documenten.intern.waterschap-de-sluis.example.nl") },
		{ VIEW_INIT("Personeel"), VIEW_INIT("https://hr.example.nl") },
	};
	struct portal_model m = model_user(language);

	for (size_t i = 0; i < COUNT_OF(apps); i++)
		room->apps[i] = apps[i];
	m.apps = room->apps;
	m.apps_n = COUNT_OF(apps);
	m.here = VIEW("/");
	m.next = 5;
	return m;
}

static struct portal_model model_factors(enum portal_language language, struct sample_room *room)
{
	static const struct portal_factor factors[] = {
		{ 1, GATE_PASSKEY, true, 0, now_s - 86400 * 400, now_s - 200,
		  VIEW_INIT("YubiKey aan sleutelbos") },
		{ 2, GATE_PASSKEY, false, 0, now_s - 86400 * 65, 0, VIEW_INIT("Werktelefoon") },
		{ 3, GATE_PASSWORD, false, 0, now_s - 86400, now_s - 3700, VIEW_INIT("") },
		{ 4, GATE_TOTP, false, 0, now_s - 86400, now_s - 3700, VIEW_INIT("Authenticator") },
		{ 5, GATE_RECOVERY, false, 9, now_s - 30, 0, VIEW_INIT("") },
	};
	struct portal_model m = model_user(language);

	for (size_t i = 0; i < COUNT_OF(factors); i++)
		room->factors[i] = factors[i];
	m.factors = room->factors;
	m.factors_n = COUNT_OF(factors);
	m.has_password = true;
	m.combinations = combinations;
	m.combinations_n = COUNT_OF(combinations);
	return m;
}

static struct portal_model model_sessions(enum portal_language language, struct sample_room *room)
{
	static const struct view agents[] = {
		VIEW_INIT("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
		VIEW_INIT("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) "
			  "AppleWebKit/605.1.15 "
			  "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"),
		VIEW_INIT(
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
			"Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"),
		VIEW_INIT(""),
	};
	static const struct view sources[] = { VIEW_INIT("192.0.2.17"), VIEW_INIT("198.51.100.4"),
					       VIEW_INIT("2001:db8:12:3400::5"),
					       VIEW_INIT("203.0.113.99") };
	struct portal_model m = model_user(language);

	for (size_t i = 0; i < COUNT_OF(agents); i++) {
		room->sessions[i] = (struct portal_session){
			.number = (uint32_t)i + 1,
			.is_own = i == 0,
			.factors = GATE_PASSKEY,
			.began_s = now_s - 4000 * (i + 1),
			.seen_s = now_s - 70 * i,
			.agent = agents[i],
		};
		INVARIANT(ip_parse(sources[i], &room->sessions[i].source) == E_OK);
	}
	m.sessions = room->sessions;
	m.sessions_n = COUNT_OF(agents);
	m.here = VIEW("/sessions");
	m.next = 100;
	return m;
}

static struct portal_model model_totp(enum portal_language language)
{
	struct portal_model m = model_user(language);

	m.base32 = VIEW("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
	m.otpauth_uri = VIEW("otpauth://totp/Waterschap%20De%20Sluis:annemiek?secret="
			     "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Waterschap%20De%20Sluis");
	return m;
}

static struct portal_model model_passkey(enum portal_language language)
{
	struct portal_model m = model_user(language);

	m.challenge = (struct portal_challenge){
		.challenge = VIEW(HASH HASH),
		.rp_id = VIEW("localhost"),
		.user_handle = VIEW(HASH),
		.user = VIEW("annemiek"),
		.title = VIEW("Annemiek van den Berg-de Vries"),
	};
	return m;
}

static struct portal_model with(struct portal_model m, uint8_t reason, uint8_t notice)
{
	m.reason = reason;
	m.wait_s = 16;
	m.notice = notice;
	m.reference = VIEW("7c9e6679f00d4b7a");
	return m;
}

static struct portal_model model_step(enum portal_language language)
{
	struct portal_model m = model_login(language);

	m.user = VIEW("Annemiek van den Berg-de Vries");
	m.is_step_up = true;
	return m;
}

static struct portal_model model_enrolling(enum portal_language language)
{
	struct portal_model m = model_user(language);

	m.is_enrolling = true;
	m.combinations = combinations;
	m.combinations_n = COUNT_OF(combinations);
	return m;
}

static struct portal_model model_password_only(enum portal_language language)
{
	struct portal_model m = model_base(language);

	m.offers = GATE_PASSWORD;
	return m;
}

static struct portal_model model_code(enum portal_language language)
{
	struct portal_model m = model_login(language);

	m.offers = GATE_TOTP | GATE_RECOVERY;
	return m;
}

static struct portal_model model_onward(enum portal_language language)
{
	struct portal_model m = model_login(language);

	m.onward = VIEW("/enter?app=zaken&nonce=q1w2e3r4t5y6");
	return m;
}

static struct portal_model model_codes(enum portal_language language)
{
	struct portal_model m = model_user(language);

	m.codes = VIEW("fjord-47kq-mdwx\nbraam-92tz-qpls\nveld8-1xye-ghbn\nkiek5-00ab-cdef\n"
		       "storm-81uv-wxyz\nappel-33rt-zuio\nmolen-64gh-jklp\nbrug7-52qw-erty\n"
		       "dijk9-19as-dfgh\nplas2-77yx-cvbn\n");
	return m;
}

static struct portal_model model_invite(enum portal_language language)
{
	struct portal_model m = model_base(language);

	m.invite = VIEW("mF_9.B5f-4.1JqM");
	m.here = VIEW("/invite/mF_9.B5f-4.1JqM");
	return m;
}

static struct portal_model model_denied(enum portal_language language)
{
	struct portal_model m = with(model_user(language), 0, 0);

	m.app_title = VIEW("Peilbeheer");
	return m;
}

static struct portal_model model_waiting(enum portal_language language)
{
	struct portal_model m = model_user(language);

	m.app_title = VIEW("Peilbeheer");
	m.position = 17;
	m.waiting = 230;
	m.here = VIEW("/apps/cases?nonce=mF_9.B5f-4.1JqM");
	return m;
}

static struct portal_model model_error(enum portal_language language, uint16_t status)
{
	struct portal_model m = with(model_base(language), 0, 0);

	m.csrf = (struct view){ 0 };
	m.status = status;
	return m;
}

struct sample samples_get(size_t i, enum portal_language l, struct sample_room *room)
{
	const struct sample samples[] = {
		{ "login", PORTAL_LOGIN, model_login(l) },
		{ "login-wrong", PORTAL_LOGIN, with(model_login(l), GATE_WHY_WRONG, 0) },
		{ "login-wait", PORTAL_LOGIN, with(model_password_only(l), GATE_WHY_WAIT, 0) },
		{ "login-step", PORTAL_LOGIN, model_step(l) },
		{ "code", PORTAL_CODE, model_code(l) },
		{ "code-wrong", PORTAL_CODE, with(model_code(l), GATE_WHY_WRONG, 0) },
		{ "onward", PORTAL_ONWARD, model_onward(l) },
		{ "apps", PORTAL_APPS, model_apps(l, room) },
		{ "apps-none", PORTAL_APPS, model_user(l) },
		{ "factors", PORTAL_FACTORS, with(model_factors(l, room), 0, PORTAL_NOTE_ADDED) },
		{ "factors-last", PORTAL_FACTORS, with(model_factors(l, room), GATE_WHY_LAST, 0) },
		{ "factors-enrolling", PORTAL_FACTORS, model_enrolling(l) },
		{ "password", PORTAL_PASSWORD, model_factors(l, room) },
		{ "password-different", PORTAL_PASSWORD,
		  with(model_user(l), 0, PORTAL_NOTE_DIFFERENT) },
		{ "totp", PORTAL_TOTP, model_totp(l) },
		{ "passkey", PORTAL_PASSKEY, model_passkey(l) },
		{ "recovery", PORTAL_RECOVERY, model_codes(l) },
		{ "sessions", PORTAL_SESSIONS, model_sessions(l, room) },
		{ "invite", PORTAL_INVITE, model_invite(l) },
		{ "denied", PORTAL_DENIED, model_denied(l) },
		{ "waiting", PORTAL_WAITING, model_waiting(l) },
		{ "logged-out", PORTAL_LOGGED_OUT, model_base(l) },
		{ "error-404", PORTAL_ERROR, model_error(l, 404) },
		{ "error-503", PORTAL_ERROR, model_error(l, 503) },
	};

	return i < COUNT_OF(samples) ? samples[i] : (struct sample){ 0 };
}

struct portal_model samples_hostile(struct view v, struct sample_room *room)
{
	*room = (struct sample_room){ 0 };
	for (size_t i = 0; i < SAMPLE_ROWS; i++) {
		room->apps[i] = (struct portal_app){ v, v };
		room->factors[i] = (struct portal_factor){ .kind = (uint8_t)(1u << i), .name = v };
		room->sessions[i] = (struct portal_session){ .agent = v };
	}
	return (struct portal_model){
		.organisation = v,
		.user = v,
		.csrf = v,
		.here = v,
		.reference = v,
		.reason = GATE_WHY_WAIT,
		.notice = PORTAL_NOTE_DIFFERENT,
		.app_title = v,
		.app = v,
		.nonce = v,
		.onward = v,
		.offers = 0xff,
		.challenge = { v, v, v, v, v, v },
		.apps = room->apps,
		.apps_n = SAMPLE_ROWS,
		.factors = room->factors,
		.factors_n = SAMPLE_ROWS,
		.sessions = room->sessions,
		.sessions_n = SAMPLE_ROWS,
		.next = 1,
		.has_password = true,
		.base32 = v,
		.otpauth_uri = v,
		.codes = view_slice(v, 0, view_find(v, '\n')), /* one line, as many rows */
		.invite = v,
		.status = 999,
	};
}
