/*
 * Shared memory between roles: memfd, sizes sealed, read-only descriptors for all but the writer.
 *
 * A page outlives its writer (a restarted role writes on), so the writer's descriptor is not sealed
 * against writing; every other role gets a descriptor opened O_RDONLY, for which the kernel refuses
 * a writable shared mapping, and no role can reopen one (no /proc, no openat).
 */
#ifndef SYS_SHM_H
#define SYS_SHM_H

#include "base/view.h"

/* shm_new - a zeroed memory file of bytes, size sealed; *ret is read-write. E_SYS (logged) */
enum err shm_new(const char *name, size_t bytes, int *ret_fd);

/* shm_reopen_readonly - a read-only descriptor of the same memory; needs /proc. E_SYS (logged) */
enum err shm_reopen_readonly(int fd, int *ret_fd);

/* shm_seal - nobody may write to it any more (F_SEAL_WRITE); no writable mapping may exist. E_SYS
 * (logged) */
enum err shm_seal(int fd);

/* shm_is_sealed - size and contents can't change: F_SEAL_WRITE, _GROW, _SHRINK and _SEAL are set */
bool shm_is_sealed(int fd);

/* shm_size_is_sealed - it can't be cut under a reader (SIGBUS): F_SEAL_SHRINK is set */
bool shm_size_is_sealed(int fd);

/* shm_map - maps all of fd; *ret_bytes may be NULL. The mapping stays when fd is closed. E_SYS
 * (logged) */
enum err shm_map(int fd, bool is_writable, void **ret, size_t *ret_bytes);
void shm_unmap(void *p, size_t bytes);

#endif
