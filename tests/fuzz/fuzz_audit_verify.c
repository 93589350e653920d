/*
 * A log of unknown origin: audit verify reads anything, and never calls whole what no key signed.
 * Input: the bytes of one segment; a head file is cut from its last line.
 */
#include "tests/fuzz/fuzz.h"

#include "sys/fd.h"
#include "tool/audit_verify.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The key in the tests' own logs; its private half signs nothing else. */
static const struct audit_key fuzz_key = { { 0x22 } };

static void on_finding(void *arg, const struct audit_verify_finding *f)
{
	uint64_t *n = arg;

	INVARIANT(f->what.n && f->file.n);
	++*n;
}

static void put(int dir, const char *name, struct view v)
{
	AUTO_FD fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	INVARIANT(fd >= 0 && fd_write_all(fd, v) == E_OK);
}

static struct view last_line(struct view v)
{
	size_t from = 0;

	if (v.n && v.p[v.n - 1] == '\n')
		v.n--;
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == '\n')
			from = i + 1;
	return view_slice(v, from, v.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char name[] = "audit-00000000000000000001.jsonl";
	char dir_name[] = "/tmp/sluis-fuzz-XXXXXX";
	struct audit_verify_result r = { 0 };
	uint64_t told = 0;
	struct audit_verify_options o = { .key = { fuzz_key },
					  .key_n = 1,
					  .is_live = size & 1,
					  .on_finding = on_finding,
					  .arg = &told };
	struct view in = view_of(data, size);

	INVARIANT(mkdtemp(dir_name));
	o.dir_fd = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	INVARIANT(o.dir_fd >= 0);
	put(o.dir_fd, name, in);
	put(o.dir_fd, "head", last_line(in));
	INVARIANT(audit_verify_run(&o, &r) == E_OK);
	/* Nobody has that key: no checkpoint counts, and the head alone is a finding. */
	INVARIANT(r.checkpoints == 0 && r.covered == 0 && r.findings > 0);
	INVARIANT(told == (r.findings < AUDIT_VERIFY_SHOWN ? r.findings : AUDIT_VERIFY_SHOWN));
	INVARIANT(unlinkat(o.dir_fd, name, 0) == 0 && unlinkat(o.dir_fd, "head", 0) == 0);
	fd_close(o.dir_fd);
	INVARIANT(rmdir(dir_name) == 0);
	return 0;
}
