/*
 * The program gets a process group of its own, so that its workers end with it; when this command
 * is killed the kernel sends it SIGTERM, which both programs take for their end.
 */
#include "tool/blast_start.h"

#include "sys/clock.h"
#include "sys/fd.h"
#include "tool/blast_request.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_PATH = 256, START_CONFIG = 4096, START_END_MS = 5000 };

struct start {
	const struct start_program *program;
	char folder[START_PATH];
	char config[START_PATH], pem[START_PATH], pid[START_PATH];
	uint16_t port, server_port;
	int server_pid, child;
};

struct start_program {
	const char *name, *path, *user;
	bool (*configure)(const struct start *s, char *ret);
	const char *arguments[6]; /* "@" stands for the configuration's path */
};

static bool start_nginx(const struct start *s, char *ret)
{
	char user[64] = "";

	if (geteuid() == 0)
		(void)snprintf(user, sizeof user, "user %s;\n", s->program->user);
	return snprintf(ret, START_CONFIG,
			"%sdaemon off;\nworker_processes 1;\npid %s;\nerror_log stderr crit;\n"
			"events { worker_connections 768; }\n"
			"http {\n"
			" access_log off;\n client_body_temp_path %s/b; proxy_temp_path %s/p;\n"
			" fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s;\n"
			" server {\n  listen 127.0.0.1:%u ssl;\n  ssl_certificate %s;\n"
			"  ssl_certificate_key %s;\n"
			"  location / { proxy_pass http://127.0.0.1:%u; }\n }\n}\n",
			user, s->pid, s->folder, s->folder, s->folder, s->folder, s->folder,
			s->port, s->pem, s->pem, s->server_port) < START_CONFIG;
}

/* As Debian's haproxy.cfg has it: chroot, user, group. */
static bool start_haproxy(const struct start *s, char *ret)
{
	const char *users = geteuid() == 0 && access("/var/lib/haproxy", F_OK) == 0
				    ? " chroot /var/lib/haproxy\n user haproxy\n group haproxy\n"
				    : "";

	return snprintf(ret, START_CONFIG,
			"global\n%s maxconn 1000\n"
			"defaults\n mode http\n timeout connect 5s\n timeout client 50s\n"
			" timeout server 50s\n"
			"frontend f\n bind 127.0.0.1:%u ssl crt %s\n default_backend b\n"
			"backend b\n server a 127.0.0.1:%u\n",
			users, s->port, s->pem, s->server_port) < START_CONFIG;
}

static const struct start_program start_programs[] = {
	{ "nginx", "/usr/sbin/nginx", "www-data", start_nginx, { "-e", "stderr", "-c", "@" } },
	{ "haproxy", "/usr/sbin/haproxy", "haproxy", start_haproxy, { "-W", "-q", "-f", "@" } },
};

static enum err start_fail(const struct start *s, const char *what)
{
	(void)fprintf(stderr, "sluis: --beside %s: %s\n", s->program->name, what);
	return E_SYS;
}

/* ---- its files ---- */

static X509 *start_certificate(EVP_PKEY *key)
{
	static const long a_day_s = 86400;
	X509 *x = X509_new();
	X509_NAME *name = x ? X509_get_subject_name(x) : NULL;

	if (x && X509_set_version(x, X509_VERSION_3) &&
	    ASN1_INTEGER_set(X509_get_serialNumber(x), 1) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -a_day_s) &&
	    X509_gmtime_adj(X509_getm_notAfter(x), a_day_s) && X509_set_pubkey(x, key) &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost",
				       -1, -1, 0) &&
	    X509_set_issuer_name(x, name) && X509_sign(x, key, EVP_sha256()))
		return x;
	X509_free(x);
	return NULL;
}

static bool start_put_pem(const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = key ? start_certificate(key) : NULL;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
	bool is_put = x && to && PEM_write_X509(to, x) &&
		      PEM_write_PrivateKey(to, key, NULL, NULL, 0, NULL, NULL);

	if (to)
		is_put = fclose(to) == 0 && is_put;
	X509_free(x);
	EVP_PKEY_free(key);
	return is_put;
}

static bool start_put_config(const struct start *s)
{
	char text[START_CONFIG];
	int fd = -1;
	bool is_put = s->program->configure(s, text);

	if (is_put)
		fd = open(s->config, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	is_put = fd >= 0 && fd_write_all(fd, view_str(text)) == E_OK;
	(void)fd_close(fd);
	return is_put;
}

static void start_remove_one(const char *folder, const char *name)
{
	char path[START_PATH + 8];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	if (unlink(path) < 0 && (errno == EISDIR || errno == EPERM))
		(void)rmdir(path);
}

static void start_remove(const struct start *s)
{
	static const char *const names[] = { "c", "k.pem", "pid", "b", "p", "f", "u", "s" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		start_remove_one(s->folder, names[i]);
	(void)rmdir(s->folder);
}

static bool start_folder(struct start *s)
{
	(void)snprintf(s->folder, sizeof s->folder, "/tmp/sluis-blast-XXXXXX");
	if (!mkdtemp(s->folder))
		return false;
	(void)snprintf(s->config, sizeof s->config, "%.200s/c", s->folder);
	(void)snprintf(s->pem, sizeof s->pem, "%.200s/k.pem", s->folder);
	(void)snprintf(s->pid, sizeof s->pid, "%.200s/pid", s->folder);
	return true;
}

/* ---- itself ---- */

static void start_exec(const struct start *s)
{
	const char *argv[9] = { s->program->path };
	char *given[9] = { NULL }, *environment[] = { NULL };
	size_t n = 1;
	int quiet = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < 6 && s->program->arguments[i]; i++)
		argv[n++] = view_eq(view_str(s->program->arguments[i]), VIEW("@"))
				    ? s->config
				    : s->program->arguments[i];
	for (size_t i = 0; i < n; i++)
		given[i] = (char *)(uintptr_t)argv[i];
	if (quiet < 0 || dup2(quiet, 0) < 0 || dup2(quiet, 1) < 0 || dup2(quiet, 2) < 0 ||
	    setpgid(0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		_exit(1);
	(void)execve(s->program->path, given, environment);
	_exit(1);
}

static bool start_runs(int pid)
{
	int status = 0;

	return waitpid(pid, &status, WNOHANG) == 0;
}

/* Until it answers, or has ended, or ten seconds are over. */
static enum err start_wait(const struct start *s)
{
	const struct timespec a_moment = { .tv_nsec = 20000000 };
	uint64_t until_ms = clock_mono_ms() + BLAST_REQUEST_MS;

	while (start_runs(s->child)) {
		if (blast_request(s->port))
			return E_OK;
		if (clock_mono_ms() > until_ms)
			return start_fail(s, "it does not answer");
		(void)nanosleep(&a_moment, NULL);
	}
	return start_fail(s, "it ends at once");
}

void blast_start_end(int pid)
{
	const struct timespec a_moment = { .tv_nsec = 10000000 };
	uint64_t until_ms = clock_mono_ms() + START_END_MS;

	(void)kill(pid, SIGTERM);
	while (start_runs(pid) && clock_mono_ms() < until_ms)
		(void)nanosleep(&a_moment, NULL);
	/* Its group has nobody but those that it started */
	(void)kill(-pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static enum err start_run(struct start *s, struct blast_keys *keys)
{
	enum err e = E_OK;

	if (!start_put_pem(s->pem) || !start_put_config(s))
		return start_fail(s, "its files can't be written");
	blast_key_add(keys, s->pem);
	s->child = fork();
	if (s->child == 0)
		start_exec(s);
	if (s->child < 0)
		return start_fail(s, "no process can be made");
	(void)setpgid(s->child, s->child);
	e = start_wait(s);
	if (e != E_OK)
		blast_start_end(s->child);
	return e;
}

enum err blast_start(const char *name, struct blast_keys *keys, int *ret_pid)
{
	struct start s = { .program = &start_programs[0] };
	enum err e = E_OK;

	if (!view_eq(view_str(name), view_str(s.program->name)))
		s.program = &start_programs[1];
	if (access(s.program->path, X_OK) < 0) {
		(void)start_fail(&s, "it does not run, and is not installed");
		return E_CLOSED;
	}
	if (!blast_request_port(&s.port) || !blast_request_serve(&s.server_port, &s.server_pid))
		return start_fail(&s, "no port is free");
	e = start_folder(&s) ? start_run(&s, keys) : start_fail(&s, "no folder can be made");
	start_remove(&s);
	(void)kill(s.server_pid, SIGKILL);
	(void)waitpid(s.server_pid, NULL, 0);
	if (e == E_OK)
		*ret_pid = s.child;
	return e;
}
