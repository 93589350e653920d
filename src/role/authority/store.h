/*
 * The store: what must outlive the process, in SQLite (WAL, synchronous=FULL, one connection that
 * nobody else can open beside it). Every statement is in one table, prepared at boot; values are
 * bound, never put into text.
 *
 *   struct store_ask q = store_ask(s, Q_USER_BY_NAME);
 *   store_put_text(&q, name);
 *   e = store_next(&q);             E_OK: a row; E_CLOSED: there is none (any more);
 *                                   E_DENIED: it is there already, or not allowed; E_SYS
 *   id = store_int(&q, 0);          columns, until the next store_next or store_end
 *   store_end(&q);
 */
#ifndef ROLE_AUTHORITY_STORE_H
#define ROLE_AUTHORITY_STORE_H

#include "ipc/wire.h"
#include "role/authority/store_query.h"

struct sqlite3;
struct sqlite3_stmt;

enum { STORE_HEAP_BYTES = 128 << 20 };

struct store {
	struct sqlite3 *db;
	struct sqlite3_stmt *query[QUERIES];
};

struct store_ask {
	struct sqlite3_stmt *st; /* borrowed from the store */
	int put, failed;
};

/*
 * store_open - the store in the directory, made when there is none, brought to this version
 *   dir_fd   borrowed as long as the store is open; -1: in memory (fuzzing)
 *   ret_why  on failure: what is wrong and what to do; a fixed text
 * E_DENIED damaged, or of a newer version: it is not touched · E_SYS
 */
enum err store_open(struct store *s, int dir_fd, const char **ret_why);
void store_done(struct store *s);

/* store_begin, store_commit - all that is written in between, or nothing: on disk when store_commit
 * has said E_OK. E_SYS (logged): nothing was done */
enum err store_begin(struct store *s);
enum err store_commit(struct store *s);

/* store_abort - nothing since store_begin; fine when there was none */
void store_abort(struct store *s);

struct store_ask store_ask(struct store *s, enum store_query query);
void store_put_int(struct store_ask *q, uint64_t x);
void store_put_text(struct store_ask *q, struct view v);
void store_put_blob(struct store_ask *q, struct view v);
void store_put_hash(struct store_ask *q, const struct hash32 *h);
void store_put_ip(struct store_ask *q, const struct ip *ip);

enum err store_next(struct store_ask *q);
void store_end(struct store_ask *q);

/* store_run - what has no rows; ends q. E_SYS */
enum err store_run(struct store_ask *q);

/* store_number - the first column of the first row, and ends q; E_CLOSED no row */
enum err store_number(struct store_ask *q, uint64_t *ret);

/* store_run_for - a statement with one number and no rows */
enum err store_run_for(struct store *s, enum store_query query, uint64_t x);

uint64_t store_int(const struct store_ask *q, int column);
struct view store_bytes(const struct store_ask *q, int column);
void store_hash(const struct store_ask *q, int column, struct hash32 *ret);
void store_ip(const struct store_ask *q, int column, struct ip *ret);

/* store_last_id - of the row that was added last; store_changes - rows the last statement changed
 */
uint32_t store_last_id(struct store *s);
uint32_t store_changes(struct store *s);

#endif
