/* See the header. */
#include "tests/fuzz/fuzz_fd.h"

#include "conf/conf.h"
#include "ipc/pages.h"
#include "ipc/ring.h"
#include "ipc/role.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "tests/fuzz/fuzz_folder.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { YAML_MAX = 8192, ENGINES_FD = 180 /* AFL++ has its own from 198 on */ };

static struct fuzz_fd_image {
	const char *yaml;
	uint8_t *bytes;
	size_t n;
} image;

static void tell(void *arg, enum diag_level level, const char *text)
{
	(void)arg;
	if (level == DIAG_ERROR)
		(void)fprintf(stderr, "%s\n", text);
}

void fuzz_fd_use_image(const char *yaml)
{
	image.yaml = yaml;
}

static void image_compile(void)
{
	static char text[YAML_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);
	char path[64];
	AUTO_FD file = memfd_create("yaml", MFD_CLOEXEC);
	AUTO_FD made = -1;
	struct conf_input in = { .path = path, .generation = 1, .sink = tell };
	struct conf_result result = { 0 };
	const char *rest = image.yaml;
	void *p = NULL;

	for (const char *at = strstr(rest, "CERTS"); at; at = strstr(rest, "CERTS")) {
		wbuf_put(&w, rest, (size_t)(at - rest));
		wbuf_str(&w, TEST_CERTS);
		rest = at + 5;
	}
	wbuf_str(&w, rest);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	INVARIANT(!w.bad && fd_write_all(file, wbuf_view(&w)) == E_OK);
	INVARIANT(conf_check_file(&in, &result, &made) == E_OK);
	INVARIANT(shm_map(made, false, &p, &image.n) == E_OK);
	image.bytes = fuzz_copy(view_of(p, image.n));
	shm_unmap(p, image.n);
}

/* A memory file with these bytes. */
static int memory(struct view bytes, bool is_sealed)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	INVARIANT(fd >= 0 && fd_write_all(fd, bytes) == E_OK);
	if (is_sealed)
		INVARIANT(fcntl(fd, F_ADD_SEALS,
				F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0);
	return fd;
}

static int spoilt(struct view bytes)
{
	uint8_t *copy = NULL;
	int fd = -1;

	copy = fuzz_copy(view_of(image.bytes, image.n));
	while (bytes.n >= 4) {
		uint32_t at = fuzz_u32(&bytes);

		copy[at % image.n] = (uint8_t)(at >> 24);
	}
	fd = memory(view_of(copy, image.n), true);
	free(copy);
	return fd;
}

static int page(size_t bytes)
{
	int fd = -1;

	INVARIANT(shm_new("fuzz", bytes, &fd) == E_OK);
	return fd;
}

static int ring(void)
{
	int fd = page(ring_data_bytes(RING_BYTES_SMALL));
	void *p = NULL;

	INVARIANT(shm_map(fd, true, &p, NULL) == E_OK);
	ring_init(p, RING_BYTES_SMALL);
	shm_unmap(p, ring_data_bytes(RING_BYTES_SMALL));
	return fd;
}

void fuzz_fd_keep_role_channel(void)
{
	AUTO_FD deaf = fuzz_fd_make(FUZZ_FD_SOCKET, (struct view){ 0 });

	if (deaf == ROLE_CHANNEL_FD)
		(void)fd_steal(&deaf);
	else
		INVARIANT(dup3(deaf, ROLE_CHANNEL_FD, O_CLOEXEC) == ROLE_CHANNEL_FD);
}

static int half_pair(int type)
{
	int ends[2] = { -1, -1 };

	INVARIANT(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0);
	(void)fd_close(ends[1]);
	return ends[0];
}

static int listener(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	INVARIANT(bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0);
	return fd;
}

int fuzz_fd_make(enum fuzz_fd_kind kind, struct view bytes)
{
	if (!image.bytes && image.yaml)
		image_compile();
	switch (kind) {
	case FUZZ_FD_SOCKET:
		return half_pair(SOCK_SEQPACKET);
	case FUZZ_FD_STREAM:
		return half_pair(SOCK_STREAM);
	case FUZZ_FD_LISTENER:
		return listener();
	case FUZZ_FD_IMAGE:
		return memory(view_of(image.bytes, image.n), true);
	case FUZZ_FD_SPOILT:
		return image.n ? spoilt(bytes) : memory(bytes, true);
	case FUZZ_FD_BYTES:
		return memory(bytes, true);
	case FUZZ_FD_OPEN:
		return memory(bytes, false);
	case FUZZ_FD_SMALL:
		return page(64);
	case FUZZ_FD_PAGE:
		return page(sizeof(struct page_load_page) + sizeof(struct page_gate_page));
	case FUZZ_FD_RING:
		return ring();
	case FUZZ_FD_CURSOR:
		return page(sizeof(struct ring_cursor));
	case FUZZ_FD_FOLDER:
		return fcntl(fuzz_folder(), F_DUPFD_CLOEXEC, 0);
	case FUZZ_FD_NULL:
	case FUZZ_FD_KINDS:
	default:
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
}

static bool of_others[ENGINES_FD]; /* the engine opens some between two inputs */

void fuzz_fd_mark(void)
{
	(void)fuzz_folder(); /* stays open */
	for (int fd = 0; fd < ENGINES_FD; fd++)
		of_others[fd] = fcntl(fd, F_GETFD) >= 0;
}

/* What was mapped from memory files: nothing else tells which of them are left. */
static void unmap_all(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	unsigned long from = 0, to = 0;

	while (maps && fgets(line, sizeof line, maps))
		if (strstr(line, "/memfd:") && sscanf(line, "%lx-%lx", &from, &to) == 2)
			(void)munmap((void *)(uintptr_t)from, to - from);
	if (maps)
		(void)fclose(maps);
}

void fuzz_fd_sweep(void)
{
	for (int fd = 0; fd < ENGINES_FD; fd++)
		if (!of_others[fd])
			(void)close(fd);
	unmap_all();
}
