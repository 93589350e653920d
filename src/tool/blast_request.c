/* Every wait is bounded by the sockets' own timeouts. */
#include "tool/blast_request.h"

#include "base/view.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { REQUEST_SERVER_S = 30, REQUEST_BACKLOG = 16, REQUEST_BYTES = 4096 };

union request_address {
	struct sockaddr any;
	struct sockaddr_in v4;
};

static union request_address request_at(uint16_t port)
{
	union request_address a = { .v4 = { .sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr = { htonl(INADDR_LOOPBACK) } } };

	return a;
}

static int request_socket(void)
{
	struct timeval wait = { .tv_sec = BLAST_REQUEST_STEP_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
			setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) < 0))
		fd = fd_close(fd);
	return fd;
}

static bool request_exchange(SSL *ssl)
{
	static const char ask[] =
		"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: a-client=its-secret\r\n"
		"Connection: close\r\n\r\n";
	char answer[64];
	int n = 0;

	if (SSL_connect(ssl) != 1 || SSL_write(ssl, ask, sizeof ask - 1) != (int)sizeof ask - 1)
		return false;
	n = SSL_read(ssl, answer, sizeof answer);
	return n > 12 && view_starts(view_of(answer, (size_t)n), VIEW("HTTP/1.1 200"));
}

bool blast_request(uint16_t port)
{
	union request_address a = request_at(port);
	AUTO_FD fd = request_socket();
	SSL_CTX *ctx = NULL;
	SSL *ssl = NULL;
	bool is_answered = false;

	if (fd < 0 || connect(fd, &a.any, sizeof a.v4) < 0)
		return false;
	ctx = SSL_CTX_new(TLS_client_method());
	ssl = ctx ? SSL_new(ctx) : NULL;
	is_answered = ssl && SSL_set_fd(ssl, fd) == 1 && request_exchange(ssl);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	return is_answered;
}

/* A socket on a free port. */
static int request_bind(uint16_t *ret_port)
{
	union request_address a = request_at(0);
	socklen_t n = sizeof a;
	int fd = request_socket();

	if (fd < 0 || bind(fd, &a.any, sizeof a.v4) < 0 || getsockname(fd, &a.any, &n) < 0)
		return fd_close(fd);
	*ret_port = ntohs(a.v4.sin_port);
	return fd;
}

bool blast_request_port(uint16_t *ret)
{
	AUTO_FD fd = request_bind(ret);

	return fd >= 0;
}

static void request_answer(int fd)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n"
				     "\r\nok";
	char ask[REQUEST_BYTES];

	if (recv(fd, ask, sizeof ask, 0) > 0)
		(void)send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
}

static void request_server(int fd)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(1);
	(void)alarm(REQUEST_SERVER_S);
	for (;;) {
		AUTO_FD one = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (one >= 0)
			request_answer(one);
	}
}

bool blast_request_serve(uint16_t *ret_port, int *ret_pid)
{
	AUTO_FD fd = request_bind(ret_port);
	int pid = -1;

	if (fd < 0 || listen(fd, REQUEST_BACKLOG) < 0)
		return false;
	pid = fork();
	if (pid == 0)
		request_server(fd);
	*ret_pid = pid;
	return pid > 0;
}
