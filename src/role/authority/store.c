/*
 * A store that is damaged is not opened: who could log in would then be anybody's guess. What a
 * crash leaves behind is no damage; the log that is written ahead (WAL) has it whole or not at all.
 */
#include "role/authority/store.h"

#include "role/authority/store_place.h"
#include "sys/log.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static const char store_pragmas[] = "PRAGMA locking_mode=EXCLUSIVE;"
				    "PRAGMA journal_mode=WAL;"
				    "PRAGMA synchronous=FULL;"
				    "PRAGMA foreign_keys=ON;"
				    "PRAGMA temp_store=MEMORY;"
				    "PRAGMA trusted_schema=OFF;"
				    "PRAGMA cell_size_check=ON;"
				    "PRAGMA secure_delete=ON;"
				    "PRAGMA cache_size=-32768;"
				    "PRAGMA mmap_size=0;"
				    "PRAGMA journal_size_limit=8388608;";

static const char store_damaged[] =
	"the store is damaged: nobody can log in. Put a copy of DIR/authority back (see "
	"docs/gateway.md, The store)";

static const char store_gone[] =
	"the store is gone: nobody can log in, and nobody knows what is closed. Put a copy of "
	"DIR/authority back; to begin without users, take that directory away (see "
	"docs/gateway.md, The store)";

static enum err store_failed(struct store *s, const char *what)
{
	log_line(LOG_ERROR, "store: %s: %s", what, sqlite3_errmsg(s->db));
	return E_SYS;
}

static enum err store_exec(struct store *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? E_OK
								       : store_failed(s, sql);
}

/* The first column of the first row of a statement that is needed once: as number and text. */
static enum err store_once(struct store *s, const char *sql, int64_t *ret, bool *ret_is_ok)
{
	sqlite3_stmt *st = NULL;
	enum err e = E_SYS;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);

		*ret = sqlite3_column_int64(st, 0);
		*ret_is_ok = text && strcmp(text, "ok") == 0;
		e = E_OK;
	}
	(void)sqlite3_finalize(st);
	return e;
}

/* In the caller's transaction, from a version that this one knows. */
static enum err store_migrate_from(struct store *s, unsigned version)
{
	char pragma[48];

	for (unsigned i = version; i < STORE_VERSION; i++)
		TRY(store_exec(s, store_query_migrations[i]));
	(void)snprintf(pragma, sizeof pragma, "PRAGMA user_version=%d", STORE_VERSION);
	return store_exec(s, pragma);
}

static enum err store_migrate(struct store *s, const char **ret_why)
{
	int64_t version = 0;
	bool unused = false;

	if (store_once(s, "PRAGMA user_version", &version, &unused) != E_OK) {
		*ret_why = store_damaged;
		return E_DENIED;
	}
	if (version > STORE_VERSION) {
		*ret_why = "the store was written by a newer version of Sluis: run that one, or "
			   "put a copy of DIR/authority from before the upgrade back";
		return E_DENIED;
	}
	if (version == STORE_VERSION)
		return E_OK;
	if (version < 0) {
		*ret_why = store_damaged;
		return E_DENIED;
	}
	*ret_why = "the store can't be written: look at the disk of DIR/authority";
	TRY(store_exec(s, "BEGIN IMMEDIATE"));
	if (store_migrate_from(s, (unsigned)version) != E_OK) {
		(void)store_exec(s, "ROLLBACK");
		return E_SYS;
	}
	return store_exec(s, "COMMIT");
}

static enum err store_check(struct store *s, const char **ret_why)
{
	int64_t unused = 0;
	bool is_ok = false;

	*ret_why = store_damaged;
	if (store_once(s, "PRAGMA integrity_check(1)", &unused, &is_ok) != E_OK || !is_ok)
		return E_DENIED;
	if (store_once(s, "SELECT count(*) FROM pragma_foreign_key_check", &unused, &is_ok) !=
		    E_OK ||
	    unused != 0)
		return E_DENIED;
	return E_OK;
}

static enum err store_prepare(struct store *s, const char **ret_why)
{
	*ret_why = "the store does not have the tables it should: it is not one of Sluis";
	for (unsigned i = 0; i < QUERIES; i++)
		if (sqlite3_prepare_v3(s->db, store_query_text[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &s->query[i], NULL) != SQLITE_OK) {
			(void)store_failed(s, store_query_text[i]);
			return E_DENIED;
		}
	return E_OK;
}

static enum err store_start(struct store *s, int dir_fd, const char **ret_why)
{
	*ret_why = store_gone;
	TRY(store_place_look(dir_fd));
	*ret_why = "SQLite can't be set up";
	TRY(store_place_init(dir_fd, STORE_HEAP_BYTES));
	*ret_why = "the store can't be opened: look at the rights of DIR/authority";
	if (sqlite3_open_v2(dir_fd < 0 ? ":memory:" : "/sluis.db", &s->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW,
			    "unix") != SQLITE_OK)
		return store_failed(s, "open");
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	*ret_why = store_damaged;
	if (store_exec(s, store_pragmas) != E_OK)
		return E_DENIED;
	TRY(store_check(s, ret_why));
	TRY(store_migrate(s, ret_why));
	TRY(store_prepare(s, ret_why));
	store_place_mark(dir_fd);
	return E_OK;
}

enum err store_open(struct store *s, int dir_fd, const char **ret_why)
{
	enum err e = store_start(s, dir_fd, ret_why);

	if (e != E_OK)
		store_done(s);
	return e;
}

void store_done(struct store *s)
{
	for (unsigned i = 0; i < QUERIES; i++)
		(void)sqlite3_finalize(s->query[i]);
	(void)sqlite3_close(s->db);
	*s = (struct store){ 0 };
}

static enum err store_simple(struct store *s, enum store_query query)
{
	struct store_ask q = store_ask(s, query);

	return store_run(&q);
}

enum err store_begin(struct store *s)
{
	return store_simple(s, Q_BEGIN);
}

enum err store_commit(struct store *s)
{
	enum err e = store_simple(s, Q_COMMIT);

	if (e != E_OK)
		store_abort(s);
	return e;
}

void store_abort(struct store *s)
{
	if (!sqlite3_get_autocommit(s->db) && store_simple(s, Q_ROLLBACK) != E_OK)
		log_line(LOG_ERROR, "store: a change could not be taken back");
}

struct store_ask store_ask(struct store *s, enum store_query query)
{
	struct store_ask q = { .st = s->query[query] };

	/* What the last use failed with has been told. */
	(void)sqlite3_reset(q.st);
	(void)sqlite3_clear_bindings(q.st);
	return q;
}

void store_put_int(struct store_ask *q, uint64_t x)
{
	q->failed |= sqlite3_bind_int64(q->st, ++q->put, (sqlite3_int64)x);
}

void store_put_text(struct store_ask *q, struct view v)
{
	q->failed |= sqlite3_bind_text(q->st, ++q->put, v.n ? (const char *)v.p : "", (int)v.n,
				       SQLITE_TRANSIENT);
}

void store_put_blob(struct store_ask *q, struct view v)
{
	q->put++;
	if (v.n) /* else NULL */
		q->failed |= sqlite3_bind_blob(q->st, q->put, v.p, (int)v.n, SQLITE_TRANSIENT);
}

void store_put_hash(struct store_ask *q, const struct hash32 *h)
{
	store_put_blob(q, view_of(h->b, sizeof h->b));
}

void store_put_ip(struct store_ask *q, const struct ip *ip)
{
	store_put_blob(q, view_of(ip->b, sizeof ip->b));
}

enum err store_next(struct store_ask *q)
{
	int rc = q->failed ? SQLITE_MISUSE : sqlite3_step(q->st);

	if (rc == SQLITE_ROW)
		return E_OK;
	if (rc != SQLITE_DONE && rc != SQLITE_CONSTRAINT)
		log_line(LOG_ERROR, "store: %s: %s", sqlite3_sql(q->st),
			 sqlite3_errmsg(sqlite3_db_handle(q->st)));
	(void)sqlite3_reset(q->st);
	(void)sqlite3_clear_bindings(q->st);
	if (rc == SQLITE_CONSTRAINT)
		return E_DENIED; /* a cell may ask for what is there already as often as it likes */
	return rc == SQLITE_DONE ? E_CLOSED : E_SYS;
}

void store_end(struct store_ask *q)
{
	(void)sqlite3_reset(q->st);
	(void)sqlite3_clear_bindings(q->st);
}

enum err store_run(struct store_ask *q)
{
	enum err e = store_next(q);

	while (e == E_OK)
		e = store_next(q);
	return e == E_CLOSED ? E_OK : e;
}

enum err store_number(struct store_ask *q, uint64_t *ret)
{
	enum err e = store_next(q);

	if (e != E_OK)
		return e;
	*ret = store_int(q, 0);
	store_end(q);
	return E_OK;
}

enum err store_run_for(struct store *s, enum store_query query, uint64_t x)
{
	struct store_ask q = store_ask(s, query);

	store_put_int(&q, x);
	return store_run(&q);
}

uint64_t store_int(const struct store_ask *q, int column)
{
	return (uint64_t)sqlite3_column_int64(q->st, column);
}

struct view store_bytes(const struct store_ask *q, int column)
{
	const void *p = sqlite3_column_blob(q->st, column);

	return view_of(p, p ? (size_t)sqlite3_column_bytes(q->st, column) : 0);
}

static void store_fixed(const struct store_ask *q, int column, uint8_t *p, size_t n)
{
	struct view v = store_bytes(q, column);
	struct wbuf w = wbuf_of(p, n);

	wbuf_view_put(&w, view_slice(v, 0, n));
}

void store_hash(const struct store_ask *q, int column, struct hash32 *ret)
{
	*ret = (struct hash32){ 0 };
	store_fixed(q, column, ret->b, sizeof ret->b);
}

void store_ip(const struct store_ask *q, int column, struct ip *ret)
{
	*ret = (struct ip){ 0 };
	store_fixed(q, column, ret->b, sizeof ret->b);
}

uint32_t store_last_id(struct store *s)
{
	return (uint32_t)sqlite3_last_insert_rowid(s->db);
}

uint32_t store_changes(struct store *s)
{
	return (uint32_t)sqlite3_changes(s->db);
}
