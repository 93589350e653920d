/* Memory files; the keeper makes them, every role maps them. */
#include "sys/shm.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum err shm_new(const char *name, size_t bytes, int *ret_fd)
{
	AUTO_FD fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		return log_errno("memfd_create");
	*ret_fd = fd_steal(&fd);
	return E_OK;
}

enum err shm_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) < 0 ? log_errno("F_SEAL_WRITE")
								      : E_OK;
}

bool shm_is_sealed(int fd)
{
	int want = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
	    have = fcntl(fd, F_GET_SEALS);

	return have >= 0 && (have & want) == want;
}

bool shm_size_is_sealed(int fd)
{
	int have = fcntl(fd, F_GET_SEALS);

	return have >= 0 && (have & F_SEAL_SHRINK);
}

enum err shm_map(int fd, bool is_writable, void **ret, size_t *ret_bytes)
{
	struct stat st = { 0 };
	void *p = NULL;

	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return log_errno("fstat of a shared page");
	p = mmap(NULL, (size_t)st.st_size, is_writable ? PROT_READ | PROT_WRITE : PROT_READ,
		 MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return log_errno("mmap of a shared page");
	*ret = p;
	if (ret_bytes)
		*ret_bytes = (size_t)st.st_size;
	return E_OK;
}

void shm_unmap(void *p, size_t bytes)
{
	if (p)
		(void)munmap(p, bytes);
}
