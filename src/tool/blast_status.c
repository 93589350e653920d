/* Lines are found by name: later kernels put new ones in between. */
#include "tool/blast_status.h"

enum { STATUS_CAPS = 41 };

static const char *const status_caps[STATUS_CAPS] = {
	"chown",
	"dac_override",
	"dac_read_search",
	"fowner",
	"fsetid",
	"kill",
	"setgid",
	"setuid",
	"setpcap",
	"linux_immutable",
	"net_bind_service",
	"net_broadcast",
	"net_admin",
	"net_raw",
	"ipc_lock",
	"ipc_owner",
	"sys_module",
	"sys_rawio",
	"sys_chroot",
	"sys_ptrace",
	"sys_pacct",
	"sys_admin",
	"sys_boot",
	"sys_nice",
	"sys_resource",
	"sys_time",
	"sys_tty_config",
	"mknod",
	"lease",
	"audit_write",
	"audit_control",
	"setfcap",
	"mac_override",
	"mac_admin",
	"syslog",
	"wake_alarm",
	"block_suspend",
	"audit_read",
	"perfmon",
	"bpf",
	"checkpoint_restore",
};

const char *blast_status_cap(unsigned cap)
{
	return cap < STATUS_CAPS ? status_caps[cap] : NULL;
}

/* "Name:\tvalue": the value of the first line that begins so. E_PROTO */
static enum err status_find(struct view text, struct view name, struct view *ret)
{
	while (text.n) {
		struct view line = view_slice(text, 0, view_find(text, '\n'));

		if (view_starts(line, name) && line.n > name.n && line.p[name.n] == ':') {
			*ret = view_trim(view_slice(line, name.n + 1, line.n));
			return E_OK;
		}
		text = view_slice(text, line.n + 1, text.n);
	}
	return E_PROTO;
}

static bool status_word(struct view *in, struct view *ret)
{
	size_t n = 0;

	*in = view_trim(*in);
	while (n < in->n && in->p[n] != ' ' && in->p[n] != '\t')
		n++;
	*ret = view_slice(*in, 0, n);
	*in = view_slice(*in, n, in->n);
	return n != 0;
}

static enum err status_u32(struct view text, uint32_t *ret)
{
	uint64_t x = 0;

	TRY(view_dec(text, &x));
	if (x > UINT32_MAX)
		return E_PROTO;
	*ret = (uint32_t)x;
	return E_OK;
}

static enum err status_four(struct view text, struct view name, uint32_t ret[4])
{
	struct view in = { 0 }, word = { 0 };

	TRY(status_find(text, name, &in));
	for (unsigned i = 0; i < 4; i++) {
		if (!status_word(&in, &word))
			return E_PROTO;
		TRY(status_u32(word, &ret[i]));
	}
	return E_OK;
}

static enum err status_groups(struct view text, struct blast_status *s)
{
	struct view in = { 0 }, word = { 0 };

	TRY(status_find(text, VIEW("Groups"), &in));
	while (status_word(&in, &word)) {
		if (s->group_n == BLAST_STATUS_GROUPS) {
			s->has_more_groups = true;
			return E_OK;
		}
		TRY(status_u32(word, &s->group[s->group_n++]));
	}
	return E_OK;
}

static enum err status_hex(struct view text, struct view name, uint64_t *ret)
{
	struct view in = { 0 };
	uint64_t x = 0;

	TRY(status_find(text, name, &in));
	if (in.n == 0 || in.n > 16)
		return E_PROTO;
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (c >= '0' && c <= '9')
			x = x << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			x = x << 4 | (uint64_t)(c - 'a' + 10);
		else
			return E_PROTO;
	}
	*ret = x;
	return E_OK;
}

static enum err status_number(struct view text, struct view name, uint32_t *ret)
{
	struct view in = { 0 };

	TRY(status_find(text, name, &in));
	return status_u32(in, ret);
}

enum err blast_status_parse(struct view text, struct blast_status *ret)
{
	struct blast_status s = { 0 };

	TRY(status_four(text, VIEW("Uid"), s.uid));
	TRY(status_four(text, VIEW("Gid"), s.gid));
	TRY(status_groups(text, &s));
	TRY(status_hex(text, VIEW("CapInh"), &s.inheritable));
	TRY(status_hex(text, VIEW("CapPrm"), &s.permitted));
	TRY(status_hex(text, VIEW("CapEff"), &s.effective));
	TRY(status_hex(text, VIEW("CapBnd"), &s.bounding));
	TRY(status_hex(text, VIEW("CapAmb"), &s.ambient));
	TRY(status_number(text, VIEW("NoNewPrivs"), &s.no_new_privs));
	TRY(status_number(text, VIEW("Seccomp"), &s.seccomp));
	TRY(status_number(text, VIEW("Seccomp_filters"), &s.filters));
	TRY(status_number(text, VIEW("Threads"), &s.threads));
	*ret = s;
	return E_OK;
}
