/*
 * NAME
 *   sluis-authority - users, factors, sessions; decides who may open what
 *
 * DESCRIPTION
 *   Keeps the levels of isolation, with and without a gateway. Cells ask it who a token belongs to,
 * bring what people log in with, and are told which applications somebody may open; what it decides
 * is on disk before it is answered, and counts for every process at once through the gate page. One
 *   process, one thread, memory that is reserved at its start.
 *
 * SECURITY
 *   Promises P2, P6, P7. It has no network and parses no client's byte: questions are forms of
 *   fixed fields. Tokens never come here, only their SHA-256; passwords pass through to the
 *   verifier and are wiped. Secrets of authenticator apps are sealed in the store under a key that
 *   lies outside of it. Every peer is treated as hostile: a cell gets what its own client's session
 *   may have; a spawner is believed in who a channel's client is; a verifier in whether a password
 *   was right; a signer in the text of an assertion. A store that is damaged is not opened, and
 * then nobody logs in.
 *
 * FILES
 *   DIR/authority/sluis.db, sluis.db-wal   the store (SQLite)
 *   DIR/authority/made                     empty: there was a store once
 *   DIR/store.key                          opens what it keeps sealed; read by the keeper
 *
 * SIGNALS
 *   None are handled. The keeper's DRAIN message ends it in order.
 *
 * IPC
 *   keeper: IMAGE, PATH, SECRET, PAGE (gate, health), RING, CHANNEL, COMMAND, DRAIN. spawner: CELL.
 * cell: ipc/cell_authority.h. signer: ipc/authority_signer.h. verifier: ipc/authority_verifier.h.
 *   dialer: ipc/authority_dialer.h. audit: ipc/audit_authority.h. The command:
 * ipc/tool_authority.h.
 */
#include "role/authority/setup.h"
#include "sys/log.h"
#include "tls/tls_heap.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { MAIN_CRYPTO_BYTES = 4 << 20 };

/* Everything up to the first event; what fails has told the keeper why. */
static enum err main_start(struct authority *a)
{
	struct sandbox_path dir = { .want_write = true };
	struct sandbox_run run = { .paths = &dir, .path_n = 1 };
	struct sandbox_report report = { 0 };
	const char *why = "";

	tzset(); /* the zone's file is out of reach later */
	TRY(tls_heap_init(MAIN_CRYPTO_BYTES, HEAP_LOCKED));
	TRY(setup_prepare(a));
	TRY(keeper_role_boot(&setup_table, a, &a->self));
	dir.fd = a->dir_fd;
	run.weaker = a->self.weaker;
	if (a->dir_fd < 0 || sandbox_enter(&authority_sandbox, &run, &report) != E_OK) {
		keeper_role_failed("authority: %s", report.weaker);
		return E_DENIED;
	}
	if (setup_begin(a, &why) != E_OK) {
		keeper_role_failed("authority: %s", why);
		return E_PROTO;
	}
	TRY(setup_watch_keeper(a));
	return keeper_role_ready(report.have, report.weaker);
}

int main(void)
{
	struct authority *a = setup_new();
	enum err e = E_OK;

	log_open("authority", 0);
	(void)umask(077);
	if (!a || main_start(a) != E_OK)
		return EXIT_FAILURE;
	while (e == E_OK)
		e = setup_turn(a, AUTHORITY_TICK_MS);
	store_done(&a->store); /* writes its log back */
	return e == E_CLOSED ? EXIT_SUCCESS : EXIT_FAILURE;
}
