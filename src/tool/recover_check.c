/* One row per check: what says that it was looked at, and what that it is good. */
#include "tool/recover_check.h"

#include "ipc/recover_words.h"
#include "sys/fd.h"
#include "tool/audit_place.h"
#include "tool/audit_verify.h"
#include "tool/manifest.h"

#include <stdbool.h>
#include <stdio.h>

static enum err recover_check_key(const struct audit_place *place, struct audit_verify_options *o)
{
	AUTO_FD fd = -1;
	uint8_t buf[AUDIT_KEY_PEM_MAX];
	struct wbuf w = wbuf_of(buf, sizeof buf);

	/* the signer's own copy: that beside the log proves nothing to who could write there */
	TRY(audit_place_file(place, "keys/audit.pub", &fd));
	TRY(fd_read_all(fd, &w));
	TRY(audit_key_get_pem(wbuf_view(&w), &o->key[0]));
	o->key_n = 1;
	return E_OK;
}

static void recover_check_found(void *arg, const struct audit_verify_finding *f)
{
	(void)arg;
	(void)f; /* they are counted; `sluis audit verify` shows them */
}

static void recover_check_step(void *arg, uint64_t records)
{
	(void)arg;
	(void)records;
}

static bool recover_check_audit(const char *state)
{
	const struct audit_place place = { .state = state };
	struct audit_verify_options o = { .on_finding = recover_check_found,
					  .on_step = recover_check_step };
	struct audit_verify_result r = { 0 };
	AUTO_FD dir = -1;

	if (audit_place_open(&place, &dir) != E_OK || recover_check_key(&place, &o) != E_OK)
		return false;
	o.dir_fd = dir;
	o.is_live = audit_place_is_live(&place);
	return audit_verify_run(&o, &r) == E_OK && r.findings == 0;
}

/* Processes of others that this user can't look into are no finding: the gate says who looked. */
static bool recover_check_programs(const char *state)
{
	const struct manifest_options o = { .state = state };
	struct manifest_result r = { 0 };

	return manifest_check(&o, &r) == E_OK && r.findings == 0;
}

static const struct recover_check {
	bool (*is_good)(const char *state);
	uint32_t looked, good; /* enum recover_told */
} recover_checks[] = {
	{ recover_check_audit, RECOVER_TOLD_AUDIT, RECOVER_TOLD_AUDIT_OK },
	{ recover_check_programs, RECOVER_TOLD_PROGRAMS, RECOVER_TOLD_PROGRAMS_OK },
};

uint32_t recover_check_run(const char *state)
{
	uint32_t told = 0;

	for (size_t i = 0; i < sizeof recover_checks / sizeof *recover_checks; i++) {
		told |= recover_checks[i].looked;
		if (recover_checks[i].is_good(state))
			told |= recover_checks[i].good;
	}
	return told;
}
