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

const char *const store_query_migrations[STORE_VERSION] = {
	store_query_people,
	store_query_levels,
};

#define USER_COLUMNS "id, name, title, locale, is_disabled, created_s, seen_s, handle"
#define FACTOR_COLUMNS                                                                             \
	"id, user, kind, name, created_s, used_s, secret, step, credential, algorithm, count, "    \
	"flags"
#define SESSION_COLUMNS                                                                            \
	"s.id, s.user, s.slot, s.generation, s.factors, s.began_s, s.seen_s, s.factor_s,"          \
	" s.until_s, s.ended_s, s.fingerprint, s.network, s.source, s.agent,"                      \
	" coalesce(s.invite, 0), s.is_enrolling, u.name, u.title, u.locale, u.is_disabled"
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
};
