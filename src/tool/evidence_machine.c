/* Facts that explain times, versions and room; nothing of other programs' contents. */
#include "tool/evidence_machine.h"

#include "sys/clock.h"
#include "sys/fd.h"
#include "tool/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>

enum { MACHINE_MAX = 1 << 20, MACHINE_PACKAGES = 64 << 20 };

static const struct {
	const char *path, *name;
	size_t max;
} machine_files[] = {
	{ "/proc/version", "machine/version", MACHINE_MAX },
	{ "/proc/cmdline", "machine/cmdline", MACHINE_MAX },
	{ "/proc/uptime", "machine/uptime", MACHINE_MAX },
	{ "/proc/loadavg", "machine/loadavg", MACHINE_MAX },
	{ "/proc/meminfo", "machine/meminfo", MACHINE_MAX },
	{ "/proc/mounts", "machine/mounts", MACHINE_MAX },
	{ "/proc/modules", "machine/modules", MACHINE_MAX },
	{ "/proc/sys/kernel/tainted", "machine/tainted", MACHINE_MAX },
	{ "/proc/sys/kernel/random/boot_id", "machine/boot_id", MACHINE_MAX },
	{ "/sys/devices/system/clocksource/clocksource0/current_clocksource", "machine/clocksource",
	  MACHINE_MAX },
	{ "/etc/os-release", "machine/os-release", MACHINE_MAX },
	{ "/etc/resolv.conf", "machine/resolv.conf", MACHINE_MAX },
	{ "/etc/hosts", "machine/hosts", MACHINE_MAX },
	{ "/var/lib/dpkg/status", "machine/packages", MACHINE_PACKAGES },
	{ "/var/log/dpkg.log", "machine/packages.log", MACHINE_PACKAGES },
};

static enum err machine_copy(struct evidence_bundle *b, const char *path, const char *name,
			     size_t max)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct proc_file f = { 0 };
	enum err e = fd < 0 ? proc_file_error(errno) : proc_file_read_fd(fd, max, &f);

	if (e != E_OK) {
		evidence_bundle_miss(b, name,
				     e == E_CLOSED   ? "there is no such file"
				     : e == E_DENIED ? "permission denied"
						     : "it can't be read");
		return E_OK;
	}
	if (f.is_cut)
		evidence_bundle_miss(b, name, "longer than is taken: the end is cut off");
	e = evidence_bundle_put(b, name, path, view_of(f.p, f.n));
	proc_file_done(&f);
	return e;
}

static json_t *machine_clock(void)
{
	struct timex t = { 0 };
	int state = adjtimex(&t);
	struct timespec up = { 0 };
	double unit = t.status & STA_NANO ? 1e-9 : 1e-6;

	(void)clock_gettime(CLOCK_BOOTTIME, &up);
	return json_pack("{s:I, s:I, s:b, s:f, s:f, s:f, s:i}", "wall_us",
			 (json_int_t)clock_wall_us(), "since_boot_ms",
			 (json_int_t)(up.tv_sec * 1000 + up.tv_nsec / 1000000), "is_synchronised",
			 (int)(state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC)),
			 "offset_s", (double)t.offset * unit, "estimated_error_s",
			 (double)t.esterror * 1e-6, "maximum_error_s", (double)t.maxerror * 1e-6,
			 "status", (int)t.status);
}

static json_t *machine_disk(const char *state_dir)
{
	struct statvfs v = { 0 };

	if (statvfs(state_dir, &v) < 0)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I}", "bytes", (json_int_t)(v.f_blocks * v.f_frsize),
			 "free_bytes", (json_int_t)(v.f_bavail * v.f_frsize), "inodes",
			 (json_int_t)v.f_files, "free_inodes", (json_int_t)v.f_favail);
}

static json_t *machine_word(const char *text)
{
	json_t *v = json_string(text);

	return v ? v : json_string("?");
}

json_t *evidence_machine_describe(void)
{
	struct utsname u = { 0 };
	struct proc_file boot = { 0 };
	json_t *doc = json_object();

	if (!doc || uname(&u) < 0)
		return doc;
	(void)json_object_set_new(doc, "host", machine_word(u.nodename));
	(void)json_object_set_new(doc, "kernel", machine_word(u.release));
	(void)json_object_set_new(doc, "kernel_version", machine_word(u.version));
	(void)json_object_set_new(doc, "machine", machine_word(u.machine));
	if (proc_file_read(0, "sys/kernel/random/boot_id", 64, &boot) == E_OK) {
		struct view v = view_slice(view_of(boot.p, boot.n), 0, 36);

		(void)json_object_set_new(doc, "boot_id", json_stringn((const char *)v.p, v.n));
	}
	proc_file_done(&boot);
	return doc;
}

enum err evidence_machine_put(struct evidence_bundle *b, const char *state_dir)
{
	TRY(evidence_bundle_put_json(b, "machine/clock.json", "adjtimex", machine_clock()));
	TRY(evidence_bundle_put_json(b, "machine/disk.json", "statvfs of the state directory",
				     machine_disk(state_dir)));
	for (size_t i = 0; i < sizeof machine_files / sizeof *machine_files; i++)
		TRY(machine_copy(b, machine_files[i].path, machine_files[i].name,
				 machine_files[i].max));
	return E_OK;
}
