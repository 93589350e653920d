/*
 * The schema and every statement. Times are seconds of the wall clock; ids are never used again
 * (AUTOINCREMENT), so that a number in the audit log means one thing. session.slot is a place in
 * the gate page; ended sessions have none, and stay a day so that their cookies are answered with
 * "ended" and not with "unknown".
 */
#include "role/authority/store_query.h"

static const char store_query_people[] =
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE user(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
	" title TEXT NOT NULL, locale TEXT NOT NULL, is_disabled INTEGER NOT NULL DEFAULT 0,"
	" created_s INTEGER NOT NULL, seen_s INTEGER NOT NULL DEFAULT 0,"
	" handle BLOB NOT NULL UNIQUE) STRICT;"
	"CREATE TABLE team(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
	" title TEXT NOT NULL, created_s INTEGER NOT NULL) STRICT;"
	"CREATE TABLE member(user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,"
	" team INTEGER NOT NULL REFERENCES team ON DELETE CASCADE,"
	" PRIMARY KEY(user, team)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX member_team ON member(team);"
	"CREATE TABLE factor(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE, kind INTEGER NOT NULL,"
	" name TEXT NOT NULL, created_s INTEGER NOT NULL, used_s INTEGER NOT NULL DEFAULT 0,"
	" secret BLOB, step INTEGER NOT NULL DEFAULT 0, credential BLOB UNIQUE,"
	" algorithm INTEGER NOT NULL DEFAULT 0, count INTEGER NOT NULL DEFAULT 0,"
	" flags INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE INDEX factor_user ON factor(user, kind);"
	"CREATE TABLE recovery(user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,"
	" hash BLOB NOT NULL, used_s INTEGER NOT NULL DEFAULT 0,"
	" PRIMARY KEY(user, hash)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE invite(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE, hash BLOB NOT NULL UNIQUE,"
	" created_s INTEGER NOT NULL, until_s INTEGER NOT NULL,"
	" used_s INTEGER NOT NULL DEFAULT 0, maker TEXT NOT NULL) STRICT;"
	"CREATE TABLE session(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE, slot INTEGER UNIQUE,"
	" generation INTEGER NOT NULL, factors INTEGER NOT NULL, began_s INTEGER NOT NULL,"
	" seen_s INTEGER NOT NULL, factor_s INTEGER NOT NULL, until_s INTEGER NOT NULL,"
	" ended_s INTEGER NOT NULL DEFAULT 0, fingerprint BLOB NOT NULL, network BLOB NOT NULL,"
	" source BLOB NOT NULL, agent TEXT NOT NULL,"
	" invite INTEGER REFERENCES invite ON DELETE SET NULL,"
	" is_enrolling INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE INDEX session_user ON session(user, ended_s);"
	"CREATE INDEX session_ended ON session(ended_s);"
	"CREATE INDEX session_invite ON session(invite);"
	"CREATE TABLE token(hash BLOB PRIMARY KEY,"
	" session INTEGER NOT NULL REFERENCES session ON DELETE CASCADE, app INTEGER NOT NULL,"
	" state INTEGER NOT NULL, made_s INTEGER NOT NULL,"
	" until_s INTEGER NOT NULL DEFAULT 0,"
	" denied INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
	"CREATE INDEX token_session ON token(session, app, state);"
	"CREATE TABLE network(user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,"
	" network BLOB NOT NULL, seen_s INTEGER NOT NULL,"
	" PRIMARY KEY(user, network)) STRICT, WITHOUT ROWID;";

/* Levels of isolation: role/authority/isolate.c */
static const char store_query_levels[] =
	"CREATE TABLE level(scope INTEGER NOT NULL, name TEXT NOT NULL,"
	" is_exercise INTEGER NOT NULL, mask INTEGER NOT NULL, since_s INTEGER NOT NULL,"
	" until_s INTEGER NOT NULL, reason TEXT NOT NULL, maker TEXT NOT NULL,"
	" PRIMARY KEY(scope, name, is_exercise)) STRICT, WITHOUT ROWID;";

/* Alarms and hashes of canaries: role/authority/alarm.c, canaries.c */
static const char store_query_alarms[] =
	"CREATE TABLE alarm(id INTEGER PRIMARY KEY AUTOINCREMENT, action TEXT NOT NULL,"
	" object TEXT NOT NULL, writer TEXT NOT NULL, origin TEXT NOT NULL,"
	" result TEXT NOT NULL, detail TEXT NOT NULL, first_s INTEGER NOT NULL,"
	" last_s INTEGER NOT NULL, count INTEGER NOT NULL, first_seq INTEGER NOT NULL,"
	" last_seq INTEGER NOT NULL, closed_s INTEGER NOT NULL DEFAULT 0,"
	" closed_by TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '') STRICT;"
	"CREATE UNIQUE INDEX alarm_open ON alarm(action, object) WHERE closed_s = 0;"
	"CREATE INDEX alarm_closed ON alarm(closed_s);"
	"CREATE TABLE canary(id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE,"
	" kind INTEGER NOT NULL, writer TEXT NOT NULL, made_s INTEGER NOT NULL) STRICT;"
	"CREATE TABLE decoy(user INTEGER PRIMARY KEY REFERENCES user ON DELETE CASCADE) STRICT;";
/* The staged return: role/authority/recover.c; what waits for approvals: recover_wish.c; since when
 * keys are known: recover_key.c */
static const char store_query_return[] =
	"CREATE TABLE return_head(id INTEGER PRIMARY KEY CHECK(id = 1),"
	" began_s INTEGER NOT NULL, incident_s INTEGER NOT NULL, reason TEXT NOT NULL,"
	" maker TEXT NOT NULL) STRICT;"
	"CREATE TABLE return_app(name TEXT PRIMARY KEY, step INTEGER NOT NULL,"
	" since_s INTEGER NOT NULL, fell_s INTEGER NOT NULL, fell_by TEXT NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE wish(id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
	" scope INTEGER NOT NULL, name TEXT NOT NULL, mask INTEGER NOT NULL,"
	" step INTEGER NOT NULL, until_s INTEGER NOT NULL, asked_s INTEGER NOT NULL,"
	" told INTEGER NOT NULL, told_s INTEGER NOT NULL, uid INTEGER NOT NULL,"
	" reason TEXT NOT NULL, maker TEXT NOT NULL, ended_s INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE INDEX wish_ended ON wish(ended_s);"
	"CREATE TABLE approval(wish INTEGER NOT NULL REFERENCES wish ON DELETE CASCADE,"
	" user INTEGER NOT NULL, at_s INTEGER NOT NULL, seal BLOB NOT NULL,"
	" PRIMARY KEY(wish, user)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE key_seen(hash BLOB PRIMARY KEY, first_s INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;";
/* Incidents, what people noted, and the status page's notice: role/authority/incident.c */
static const char store_query_incidents[] =
	"CREATE TABLE incident(id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL,"
	" detected_s INTEGER NOT NULL, opened_s INTEGER NOT NULL, opener TEXT NOT NULL,"
	" closed_s INTEGER NOT NULL DEFAULT 0, closer TEXT NOT NULL DEFAULT '',"
	" summary TEXT NOT NULL DEFAULT '') STRICT;"
	"CREATE TABLE incident_note(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" incident INTEGER NOT NULL REFERENCES incident, at_s INTEGER NOT NULL,"
	" maker TEXT NOT NULL, text TEXT NOT NULL) STRICT;"
	"CREATE INDEX incident_note_of ON incident_note(incident, id);"
	"CREATE TABLE notice(id INTEGER PRIMARY KEY CHECK (id = 1), since_s INTEGER NOT NULL,"
	" nl TEXT NOT NULL, en TEXT NOT NULL) STRICT;";

const char *const store_query_migrations[STORE_VERSION] = {
	store_query_people, store_query_levels,	   store_query_alarms,
	store_query_return, store_query_incidents,
};

#define ALARM_COLUMNS                                                                              \
	"id, action, object, writer, origin, result, detail, first_s, last_s, count, first_seq,"   \
	" last_seq, closed_s, closed_by, reason"
#define USER_COLUMNS "id, name, title, locale, is_disabled, created_s, seen_s, handle"
#define FACTOR_COLUMNS                                                                             \
	"id, user, kind, name, created_s, used_s, secret, step, credential, algorithm, count, "    \
	"flags"
#define SESSION_COLUMNS                                                                            \
	"s.id, s.user, s.slot, s.generation, s.factors, s.began_s, s.seen_s, s.factor_s,"          \
	" s.until_s, s.ended_s, s.fingerprint, s.network, s.source, s.agent,"                      \
	" coalesce(s.invite, 0), s.is_enrolling, u.name, u.title, u.locale, u.is_disabled"
#define WISH_COLUMNS                                                                               \
	"id, kind, scope, name, mask, step, until_s, asked_s, told, told_s, uid, reason, maker"
#define SESSION_FROM " FROM session s JOIN user u ON u.id = s.user "

const char *const store_query_text[QUERIES] = {
	[Q_BEGIN] = "BEGIN IMMEDIATE",
	[Q_COMMIT] = "COMMIT",
	[Q_ROLLBACK] = "ROLLBACK",
	[Q_META_GET] = "SELECT value FROM meta WHERE key = ?",
	[Q_META_SET] = "INSERT INTO meta(key, value) VALUES(?, ?)"
		       " ON CONFLICT(key) DO UPDATE SET value = excluded.value",

	[Q_USER_BY_NAME] = "SELECT " USER_COLUMNS " FROM user WHERE name = ?",
	[Q_USER_BY_ID] = "SELECT " USER_COLUMNS " FROM user WHERE id = ?",
	[Q_USER_AFTER] = "SELECT " USER_COLUMNS " FROM user WHERE name > ? ORDER BY name LIMIT 1",
	[Q_USER_ADD] = "INSERT INTO user(name, title, locale, created_s, handle)"
		       " VALUES(?, ?, ?, ?, ?)",
	[Q_USER_CHANGE] = "UPDATE user SET title = ?, locale = ? WHERE id = ?",
	[Q_USER_LOCALE] = "UPDATE user SET locale = ? WHERE id = ?",
	[Q_USER_ENABLE] = "UPDATE user SET is_disabled = ? WHERE id = ?",
	[Q_USER_REMOVE] = "DELETE FROM user WHERE id = ?",
	[Q_USER_SEEN] = "UPDATE user SET seen_s = max(seen_s, ?) WHERE id = ?",
	[Q_USER_SESSIONS] = "SELECT count(*) FROM session WHERE user = ? AND ended_s = 0",

	[Q_GROUP_BY_NAME] = "SELECT id, name, title FROM team WHERE name = ?",
	[Q_GROUP_AFTER] = "SELECT id, name, title FROM team WHERE name > ? ORDER BY name LIMIT 1",
	[Q_GROUP_ADD] = "INSERT INTO team(name, title, created_s) VALUES(?, ?, ?)",
	[Q_GROUP_REMOVE] = "DELETE FROM team WHERE id = ?",
	[Q_GROUP_USERS] = "SELECT count(*) FROM member WHERE team = ?",
	[Q_MEMBER_ADD] = "INSERT INTO member(user, team) VALUES(?, ?) ON CONFLICT DO NOTHING",
	[Q_MEMBER_REMOVE] = "DELETE FROM member WHERE user = ? AND team = ?",
	[Q_MEMBER_CLEAR] = "DELETE FROM member WHERE user = ?",
	[Q_MEMBER_GROUPS] = "SELECT t.name FROM member m JOIN team t ON t.id = m.team"
			    " WHERE m.user = ? ORDER BY t.name",
	[Q_MEMBER_AFTER] = "SELECT u.id, u.name FROM member m JOIN user u ON u.id = m.user"
			   " WHERE m.team = ? AND u.name > ? ORDER BY u.name LIMIT 1",
	[Q_MEMBER_IDS] = "SELECT user FROM member WHERE team = ? AND user > ? ORDER BY user"
			 " LIMIT 1",

	[Q_FACTOR_KINDS] = "SELECT DISTINCT kind FROM factor WHERE user = ?",
	[Q_FACTOR_AFTER] = "SELECT " FACTOR_COLUMNS " FROM factor WHERE user = ? AND id > ?"
			   " ORDER BY id LIMIT 1",
	[Q_FACTOR_GET] = "SELECT " FACTOR_COLUMNS " FROM factor WHERE user = ? AND id = ?",
	[Q_FACTOR_OF_KIND] = "SELECT " FACTOR_COLUMNS " FROM factor WHERE user = ? AND kind = ?"
			     " ORDER BY id",
	[Q_FACTOR_BY_CREDENTIAL] = "SELECT " FACTOR_COLUMNS " FROM factor WHERE credential = ?",
	[Q_FACTOR_CREDENTIALS] = "SELECT credential FROM factor WHERE user = ?"
				 " AND credential IS NOT NULL ORDER BY id",
	[Q_FACTOR_COUNT] = "SELECT count(*) FROM factor WHERE user = ? AND kind = ?",
	[Q_FACTOR_ADD] = "INSERT INTO factor(user, kind, name, created_s, secret, credential,"
			 " algorithm, count, flags, step) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[Q_FACTOR_SECRET] = "UPDATE factor SET secret = ? WHERE id = ?",
	[Q_FACTOR_SEALED] = "SELECT id, user, secret FROM factor WHERE kind = ? AND id > ?"
			    " ORDER BY id LIMIT 1",
	[Q_FACTOR_STEP] = "UPDATE factor SET step = ?, used_s = ? WHERE id = ?",
	[Q_FACTOR_USED] = "UPDATE factor SET count = ?, used_s = ?, flags = ? WHERE id = ?",
	[Q_FACTOR_REMOVE] = "DELETE FROM factor WHERE id = ?",
	[Q_FACTOR_REMOVE_KIND] = "DELETE FROM factor WHERE user = ? AND kind = ?",
	[Q_FACTOR_RESET] = "DELETE FROM factor WHERE user = ?",
	[Q_RECOVERY_ADD] = "INSERT INTO recovery(user, hash) VALUES(?, ?)",
	[Q_RECOVERY_USE] = "UPDATE recovery SET used_s = ?"
			   " WHERE user = ? AND hash = ? AND used_s = 0",
	[Q_RECOVERY_LEFT] = "SELECT count(*) FROM recovery WHERE user = ? AND used_s = 0",
	[Q_RECOVERY_CLEAR] = "DELETE FROM recovery WHERE user = ?",

	[Q_SESSION_ADD] = "INSERT INTO session(user, slot, generation, factors, began_s, seen_s,"
			  " factor_s, until_s, fingerprint, network, source, agent, invite,"
			  " is_enrolling) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
			  " nullif(?, 0), ?)",
	[Q_SESSION_BY_TOKEN] = "SELECT " SESSION_COLUMNS
			       ", t.app, t.state, t.made_s, t.until_s, t.denied FROM token t"
			       " JOIN session s ON s.id = t.session JOIN user u ON u.id = s.user"
			       " WHERE t.hash = ? AND t.app = ?",
	[Q_SESSION_GET] = "SELECT " SESSION_COLUMNS SESSION_FROM "WHERE s.id = ?",
	[Q_SESSION_LIVE] = "SELECT " SESSION_COLUMNS SESSION_FROM
			   "WHERE s.ended_s = 0 AND s.id > ? ORDER BY s.id LIMIT 1",
	[Q_SESSION_OF_USER] = "SELECT " SESSION_COLUMNS SESSION_FROM
			      "WHERE s.ended_s = 0 AND s.user = ? AND s.id > ?"
			      " ORDER BY s.id LIMIT 1",
	[Q_SESSION_OLDEST] = "SELECT id FROM session WHERE user = ? AND ended_s = 0"
			     " ORDER BY seen_s, id LIMIT 1",
	[Q_SESSION_OF_INVITE] = "SELECT id FROM session WHERE invite = ? AND ended_s = 0"
				" AND is_enrolling = 1 LIMIT 1",
	[Q_SESSION_END] = "UPDATE session SET ended_s = ?, slot = NULL"
			  " WHERE id = ? AND ended_s = 0",
	[Q_SESSION_SEEN] = "UPDATE session SET seen_s = max(seen_s, ?) WHERE id = ?",
	[Q_SESSION_GENERATION] = "UPDATE session SET generation = ? WHERE id = ?",
	[Q_SESSION_RAISE] = "UPDATE session SET factors = ?, factor_s = ?, fingerprint = ?,"
			    " network = ?, source = ? WHERE id = ?",
	[Q_SESSION_FULL] = "UPDATE session SET is_enrolling = 0, until_s = ? WHERE id = ?",
	[Q_SESSION_FACTORS] = "UPDATE session SET factors = ?, factor_s = ? WHERE id = ?",
	[Q_SESSION_STALE] = "SELECT id FROM session WHERE ended_s = 0"
			    " AND (until_s <= ? OR seen_s <= ?) LIMIT 1",
	[Q_SESSION_PURGE] = "DELETE FROM session WHERE id IN (SELECT id FROM session"
			    " WHERE ended_s > 0 AND ended_s < ? LIMIT 100)",
	[Q_SESSION_APPS] = "SELECT DISTINCT app FROM token WHERE session = ? AND app <> 0",

	[Q_TOKEN_ADD] = "INSERT INTO token(hash, session, app, state, made_s)"
			" VALUES(?, ?, ?, ?, ?)",
	[Q_TOKEN_STATE] = "UPDATE token SET state = ?, until_s = ? WHERE hash = ?",
	[Q_TOKEN_RETIRE] = "UPDATE token SET state = ?, until_s = ?"
			   " WHERE session = ? AND app = ? AND state = 1 AND hash <> ?",
	[Q_TOKEN_FRESH_N] = "SELECT count(*) FROM token WHERE session = ? AND app = ?"
			    " AND state = 2",
	[Q_TOKEN_FRESH_CLEAR] = "DELETE FROM token WHERE session = ? AND app = ? AND state = 2",
	[Q_TOKEN_APPS] = "SELECT DISTINCT app FROM token WHERE session = ? AND app <> 0"
			 " AND denied = 0",
	[Q_TOKEN_DENIED] = "UPDATE token SET denied = ? WHERE session = ? AND app = ?",
	[Q_TOKEN_DROP_ENDED] = "DELETE FROM token WHERE session = ? AND state > 2",

	[Q_INVITE_ADD] = "INSERT INTO invite(user, hash, created_s, until_s, maker)"
			 " VALUES(?, ?, ?, ?, ?)",
	[Q_INVITE_BY_HASH] = "SELECT i.id, i.user, i.until_s, i.used_s, u.is_disabled"
			     " FROM invite i JOIN user u ON u.id = i.user WHERE i.hash = ?",
	[Q_INVITE_GET] = "SELECT i.id, u.name FROM invite i JOIN user u ON u.id = i.user"
			 " WHERE i.id = ?",
	[Q_INVITE_AFTER] = "SELECT i.id, i.used_s, i.created_s, i.until_s, u.name, i.maker"
			   " FROM invite i JOIN user u ON u.id = i.user WHERE i.id > ?"
			   " ORDER BY i.id LIMIT 1",
	[Q_INVITE_USED] = "UPDATE invite SET used_s = ? WHERE id = ? AND used_s = 0",
	[Q_INVITE_REMOVE] = "DELETE FROM invite WHERE id = ?",
	[Q_INVITE_PURGE] = "DELETE FROM invite WHERE until_s < ?",

	[Q_NETWORK_SEEN] = "INSERT INTO network(user, network, seen_s) VALUES(?, ?, ?)"
			   " ON CONFLICT(user, network) DO UPDATE SET seen_s = excluded.seen_s",
	[Q_NETWORK_KNOWN] = "SELECT 1 FROM network WHERE user = ? AND network = ?"
			    " AND seen_s >= ?",
	[Q_NETWORK_PURGE] = "DELETE FROM network WHERE seen_s < ?",

	[Q_LEVEL_ALL] = "SELECT scope, name, is_exercise, mask, since_s, until_s, reason, maker"
			" FROM level ORDER BY scope, name, is_exercise",
	[Q_LEVEL_ADD] = "INSERT INTO level(scope, name, is_exercise, mask, since_s, until_s,"
			" reason, maker) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
	[Q_LEVEL_CLEAR] = "DELETE FROM level",

	[Q_ALARM_OPEN] = "SELECT id FROM alarm WHERE action = ? AND object = ? AND closed_s = 0",
	[Q_ALARM_ADD] = "INSERT INTO alarm(action, object, writer, origin, result, detail,"
			" first_s, last_s, count, first_seq, last_seq)"
			" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[Q_ALARM_MORE] = "UPDATE alarm SET writer = ?, origin = ?, result = ?, detail = ?,"
			 " last_s = ?, count = count + ?, last_seq = ? WHERE id = ?",
	[Q_ALARM_COUNT_OPEN] = "SELECT count(*) FROM alarm WHERE closed_s = 0",
	[Q_ALARM_COUNT] = "SELECT count(*) FROM alarm",
	[Q_ALARM_DROP] = "DELETE FROM alarm WHERE id = (SELECT id FROM alarm WHERE closed_s > 0"
			 " ORDER BY closed_s, id LIMIT 1)",
	[Q_ALARM_AFTER] = "SELECT " ALARM_COLUMNS " FROM alarm WHERE id > ?"
			  " AND (closed_s = 0 OR ?) ORDER BY id LIMIT 1",
	[Q_ALARM_GET] = "SELECT " ALARM_COLUMNS " FROM alarm WHERE id = ?",
	[Q_ALARM_CLOSE] = "UPDATE alarm SET closed_s = ?, closed_by = ?, reason = ?"
			  " WHERE id = ? AND closed_s = 0",
	[Q_CANARY_ADD] = "INSERT INTO canary(hash, kind, writer, made_s) VALUES(?, ?, ?, ?)"
			 " ON CONFLICT(hash) DO NOTHING",
	[Q_CANARY_GET] = "SELECT kind, writer, made_s FROM canary WHERE hash = ?",
	[Q_DECOY_ADD] = "INSERT INTO decoy(user) VALUES(?)",
	[Q_DECOY_IS] = "SELECT 1 FROM decoy WHERE user = ?",
	[Q_CANARY_PURGE] = "DELETE FROM canary WHERE id <= (SELECT max(id) FROM canary) - ?",
	[Q_RETURN_HEAD] = "SELECT began_s, incident_s, reason, maker FROM return_head",
	[Q_RETURN_HEAD_SET] = "INSERT INTO return_head(id, began_s, incident_s, reason, maker)"
			      " VALUES(1, ?, ?, ?, ?)",
	[Q_RETURN_HEAD_CLEAR] = "DELETE FROM return_head",
	[Q_RETURN_ALL] =
		"SELECT name, step, since_s, fell_s, fell_by FROM return_app ORDER BY name",
	[Q_RETURN_ADD] = "INSERT INTO return_app(name, step, since_s, fell_s, fell_by)"
			 " VALUES(?, ?, ?, ?, ?)",
	[Q_RETURN_CLEAR] = "DELETE FROM return_app",
	[Q_RETURN_OLD_SESSIONS] = "SELECT count(*) FROM session WHERE ended_s = 0 AND began_s <= ?",
	[Q_WISH_ADD] = "INSERT INTO wish(kind, scope, name, mask, step, until_s, asked_s, told,"
		       " told_s, uid, reason, maker) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[Q_WISH_GET] = "SELECT " WISH_COLUMNS " FROM wish WHERE id = ? AND ended_s = 0",
	[Q_WISH_AFTER] = "SELECT " WISH_COLUMNS " FROM wish WHERE id > ? AND ended_s = 0"
			 " ORDER BY id LIMIT 1",
	[Q_WISH_SAME] = "SELECT id FROM wish WHERE ended_s = 0 AND kind = ? AND scope = ?"
			" AND name = ? AND mask = ? AND step = ? AND until_s = ? AND asked_s > ?"
			" ORDER BY id DESC LIMIT 1",
	[Q_WISH_COUNT] = "SELECT count(*) FROM wish WHERE ended_s = 0",
	[Q_WISH_TOLD] = "UPDATE wish SET told = ?, told_s = ? WHERE id = ?",
	[Q_WISH_END] = "UPDATE wish SET ended_s = ? WHERE id = ? AND ended_s = 0",
	[Q_WISH_END_ALL] = "UPDATE wish SET ended_s = ?1 WHERE kind = ?2"
			   " AND (?3 = '' OR name = ?3) AND ended_s = 0",
	[Q_WISH_PURGE] = "DELETE FROM wish WHERE asked_s < ?",
	[Q_APPROVAL_ADD] = "INSERT INTO approval(wish, user, at_s, seal) VALUES(?, ?, ?, ?)",
	[Q_APPROVAL_AFTER] = "SELECT user, at_s, seal FROM approval WHERE wish = ? AND user > ?"
			     " ORDER BY user LIMIT 1",
	[Q_KEY_SEEN] = "SELECT first_s FROM key_seen WHERE hash = ?",
	[Q_KEY_NEW] = "INSERT INTO key_seen(hash, first_s) VALUES(?, ?) ON CONFLICT DO NOTHING",
	[Q_KEY_COUNT] = "SELECT count(*) FROM key_seen",
	[Q_TOKEN_IN] = "SELECT count(*) FROM session s JOIN token t ON t.session = s.id"
		       " WHERE s.user = ? AND s.ended_s = 0 AND t.app = ? AND t.state < 3",
	[Q_TOKEN_USERS] = "SELECT count(DISTINCT s.user) FROM token t"
			  " JOIN session s ON s.id = t.session"
			  " WHERE t.app = ? AND t.state < 3 AND s.ended_s = 0",
	[Q_INCIDENT_ADD] = "INSERT INTO incident(title, detected_s, opened_s, opener)"
			   " VALUES(?, ?, ?, ?)",
	[Q_INCIDENT_AFTER] = "SELECT id, title, detected_s, opened_s, opener, closed_s, closer,"
			     " summary, (SELECT count(*) FROM incident_note n"
			     " WHERE n.incident = i.id) FROM incident i WHERE id > ?"
			     " ORDER BY id LIMIT 1",
	[Q_INCIDENT_COUNT] = "SELECT count(*) FROM incident",
	[Q_INCIDENT_OPEN] = "SELECT count(*), coalesce(max(id), 0) FROM incident"
			    " WHERE closed_s = 0",
	[Q_INCIDENT_CLOSE] = "UPDATE incident SET closed_s = ?, closer = ?, summary = ?"
			     " WHERE id = ?",
	[Q_INCIDENT_NOTE_ADD] = "INSERT INTO incident_note(incident, at_s, maker, text)"
				" VALUES(?, ?, ?, ?)",
	[Q_INCIDENT_NOTE_AFTER] = "SELECT id, at_s, maker, text FROM incident_note"
				  " WHERE incident = ? AND id > ? ORDER BY id LIMIT 1",
	[Q_NOTICE_GET] = "SELECT since_s, nl, en FROM notice WHERE id = 1",
	[Q_NOTICE_SET] = "INSERT INTO notice(id, since_s, nl, en) VALUES(1, ?, ?, ?)"
			 " ON CONFLICT(id) DO UPDATE SET since_s = excluded.since_s,"
			 " nl = excluded.nl, en = excluded.en",
};
