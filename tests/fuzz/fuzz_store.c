/*
 * A store that somebody else has written in (THREATS A20, P6): any value in any column of any
 * table, rows twice or gone. The next authority says why it does not begin, or begins; then each
 * row that a command gets is one of its form, and nobody is logged in who was not.
 *
 * Input: changes: TABLE COLUMN ROW HOW: 0 a number, 1 an odd one, 2 LEN a text, 3 LEN bytes, 4
 * NULL, 5 the row is gone, 6 another row's value.
 */
#include "role/authority/tool.h"
#include "sys/fd.h"
#include "tests/fuzz/fuzz.h"
#include "tests/ipc/authority_kit.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

enum { TABLES = 40, COLUMNS = 32, CHANGES = 16, NAME = 40, FILE_MAX = 1 << 20 };

struct table {
	char name[NAME], column[COLUMNS][NAME];
	unsigned n;
};

struct rig {
	struct authority_kit k;
	struct hash32 token;
	uint8_t *file; /* the store as it was, whole */
	size_t file_n;
	struct table tables[TABLES];
	unsigned n;
};

static int on_column(void *arg, int n, char **values, char **names)
{
	struct table *t = arg;

	(void)names;
	if (n > 1 && values[1] && t->n < COLUMNS)
		(void)snprintf(t->column[t->n++], NAME, "%s", values[1]);
	return 0;
}

static int on_table(void *arg, int n, char **values, char **names)
{
	struct rig *g = arg;

	(void)names;
	if (n > 0 && values[0] && g->n < TABLES)
		(void)snprintf(g->tables[g->n++].name, NAME, "%s", values[0]);
	return 0;
}

/* By the role's own hooks, which know one folder. */
static sqlite3 *open_file(void)
{
	sqlite3 *db = NULL;

	INVARIANT(sqlite3_open("/sluis.db", &db) == SQLITE_OK);
	return db;
}

static void learn_tables(struct rig *g, sqlite3 *db)
{
	char sql[128];

	INVARIANT(sqlite3_exec(db,
			       "SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name",
			       on_table, g, NULL) == SQLITE_OK);
	for (unsigned i = 0; i < g->n; i++) {
		(void)snprintf(sql, sizeof sql, "PRAGMA table_info(\"%s\")", g->tables[i].name);
		INVARIANT(sqlite3_exec(db, sql, on_column, &g->tables[i], NULL) == SQLITE_OK);
	}
}

/* ---- a store with something in everything ---- */

static void act(struct rig *g, enum tool_act_kind kind, const char *name, const char *list)
{
	const struct tool_act a = { .kind = (uint8_t)kind,
				    .name = view_str(name),
				    .title = VIEW("Because"),
				    .list = view_str(list),
				    .number = kind == ACT_INVITE_ADD ? 3600 : 0,
				    .flags = kind == ACT_LEVEL_SET
						     ? TOOL_LEVEL_FLAGS(1u << LEVEL_READ_ONLY,
									LEVEL_OF_APP, 0)
						     : 0,
				    .secret = authority_kit_hash(9, 9) };
	unsigned rows[16] = { 0 };

	(void)authority_kit_act(&g->k, &a, rows);
}

static void fill(struct rig *g)
{
	uint8_t key[20];
	int cell = authority_kit_cell(&g->k, 1, "192.0.2.1", 1);

	authority_kit_user(&g->k, "anna", "");
	act(g, ACT_GROUP_ADD, "staff", "");
	act(g, ACT_GROUP_JOIN, "staff", "anna");
	g->token = authority_kit_hash(1, 1);
	authority_kit_enrol(&g->k, cell, "anna", &g->token, key);
	act(g, ACT_LEVEL_SET, "cases", "");
	act(g, ACT_INCIDENT_OPEN, "", "A leak");
	act(g, ACT_INCIDENT_NOTE, "", "It was seen");
	act(g, ACT_NOTICE_SET, "", "Storing\nDown");
	act(g, ACT_RECOVER_START, "", "");
	act(g, ACT_INVITE_ADD, "anna", "");
	(void)fd_close(cell);
}

static struct rig rig;

/* The store's folder goes with the program. */
static void leave(void)
{
	static const char *const files[] = { "sluis.db", "sluis.db-wal", "sluis.db-shm", "made" };

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		(void)unlinkat(rig.k.dir_fd, files[i], 0);
	(void)rmdir(rig.k.dir);
}

static void begin(struct rig *g)
{
	sqlite3 *db = NULL;
	AUTO_FD fd = -1;

	authority_kit_open(&g->k, authority_kit_yaml);
	INVARIANT(atexit(leave) == 0);
	fill(g);
	authority_kit_stop(&g->k);
	db = open_file();
	INVARIANT(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == 0);
	learn_tables(g, db);
	INVARIANT(sqlite3_close(db) == SQLITE_OK && g->n);
	fd = openat(g->k.dir_fd, "sluis.db", O_RDONLY | O_CLOEXEC);
	g->file = malloc(FILE_MAX);
	INVARIANT(fd >= 0 && g->file);
	g->file_n = (size_t)read(fd, g->file, FILE_MAX);
	INVARIANT(g->file_n > 0 && g->file_n < FILE_MAX);
}

static void restore(struct rig *g)
{
	AUTO_FD fd = -1;

	(void)unlinkat(g->k.dir_fd, "sluis.db-wal", 0);
	(void)unlinkat(g->k.dir_fd, "sluis.db-shm", 0);
	fd = openat(g->k.dir_fd, "sluis.db", O_WRONLY | O_TRUNC | O_CLOEXEC);
	INVARIANT(fd >= 0 && fd_write_all(fd, view_of(g->file, g->file_n)) == E_OK);
}

/* ---- what somebody else writes ---- */

static void bind_value(sqlite3_stmt *st, struct view *in, uint8_t how)
{
	static const sqlite3_int64 odd[] = { 0,		-1,	    INT64_MAX,	INT64_MIN,
					     INT32_MAX, 4294967296, 1800000000, 65536,
					     255,	8192,	    UINT32_MAX, 1 };
	struct view v = { 0 };

	if (how == 0)
		(void)sqlite3_bind_int64(st, 1, fuzz_u8(in));
	else if (how == 1)
		(void)sqlite3_bind_int64(st, 1, odd[fuzz_u8(in) % (sizeof odd / sizeof odd[0])]);
	else if (how == 4)
		(void)sqlite3_bind_null(st, 1);
	else
		v = fuzz_some(in, 3000);
	if (how == 2)
		(void)sqlite3_bind_text(st, 1, (const char *)v.p, (int)v.n, SQLITE_TRANSIENT);
	else if (how == 3)
		(void)sqlite3_bind_blob(st, 1, v.p, (int)v.n, SQLITE_TRANSIENT);
}

static void change(struct rig *g, sqlite3 *db, struct view *in)
{
	const struct table *t = &g->tables[fuzz_u8(in) % g->n];
	const char *column = t->column[fuzz_u8(in) % t->n];
	unsigned row = fuzz_u8(in) % 8;
	uint8_t how = fuzz_u8(in) % 7;
	sqlite3_stmt *st = NULL;
	char sql[400];

	if (how == 5)
		(void)snprintf(sql, sizeof sql,
			       "DELETE FROM \"%s\" WHERE rowid IN (SELECT rowid FROM \"%s\" LIMIT 1"
			       " OFFSET %u)",
			       t->name, t->name, row);
	else if (how == 6)
		(void)snprintf(
			sql, sizeof sql,
			"UPDATE OR IGNORE \"%s\" SET \"%s\" = (SELECT \"%s\" FROM \"%s\" LIMIT 1"
			" OFFSET %u)",
			t->name, column, t->column[row % t->n], t->name, row);
	else
		(void)snprintf(
			sql, sizeof sql,
			"UPDATE OR IGNORE \"%s\" SET \"%s\" = ?1 WHERE rowid IN (SELECT rowid"
			" FROM \"%s\" LIMIT 1 OFFSET %u)",
			t->name, column, t->name, row);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		return; /* of a table without row numbers */
	if (how < 5)
		bind_value(st, in, how);
	(void)sqlite3_step(st);
	(void)sqlite3_finalize(st);
}

static void change_all(struct rig *g, struct view *in)
{
	sqlite3 *db = open_file();

	(void)sqlite3_exec(db, "PRAGMA ignore_check_constraints=1", NULL, NULL, NULL);
	for (unsigned i = 0; i < CHANGES && in->n; i++)
		change(g, db, in);
	INVARIANT(sqlite3_close(db) == SQLITE_OK);
}

/* ---- the next authority ---- */

/* authority_kit_act aborts when a row is none of its form's type, and waits for the end. */
static void look(struct rig *g)
{
	static const uint8_t kinds[] = { ACT_USER_LIST,	   ACT_GROUP_LIST,    ACT_SESSION_LIST,
					 ACT_INVITE_LIST,  ACT_LEVEL_LIST,    ACT_ALARM_LIST,
					 ACT_RECOVER_LIST, ACT_INCIDENT_LIST, ACT_INCIDENT_NOTES,
					 ACT_USER_SHOW };
	int cell = authority_kit_cell(&g->k, 1, "192.0.2.1", 1);
	struct hash32 other = authority_kit_hash(7, 7);

	for (size_t i = 0; i < sizeof kinds; i++)
		act(g, kinds[i], kinds[i] == ACT_USER_SHOW ? "anna" : "", "");
	(void)authority_kit_session(&g->k, cell, &g->token, NULL);
	INVARIANT(authority_kit_session(&g->k, cell, &other, NULL) != GATE_OK);
	authority_kit_wait(&g->k, 60);
	(void)fd_close(cell);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	const char *why = "";

	if (!rig.file)
		begin(&rig);
	restore(&rig);
	*rig.k.gate = (struct page_gate_page){ 0 };
	change_all(&rig, &in);
	if (authority_kit_try(&rig.k, &why))
		look(&rig);
	else
		INVARIANT(*why);
	authority_kit_stop(&rig.k);
	return 0;
}
