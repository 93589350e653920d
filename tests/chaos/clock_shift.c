/*
 * A wall clock that tests can move: preloaded, it adds what the file "shift" beside it says
 * (microseconds, a 64-bit number in the machine's order) to CLOCK_REALTIME. Other clocks are left
 * alone. Time namespaces have no offset for this clock, and setting it would set the machine's.
 * Used by tests/chaos alone; never installed.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { SHIFT_PAGE = 4096, SHIFT_SECOND_US = 1000000 };

/* Others are to find it: the tree's own functions are hidden otherwise */
#define SHIFT_VISIBLE __attribute__((visibility("default")))

typedef int shift_clock(clockid_t id, struct timespec *ret);

static const int64_t *shift_us;
static shift_clock *shift_real;

__attribute__((constructor)) static void shift_open(void)
{
	Dl_info self = { 0 };
	char path[4096];
	const char *slash = NULL;
	int fd = -1;
	void *page = MAP_FAILED;

	*(void **)&shift_real = dlsym(RTLD_NEXT, "clock_gettime");
	if (!dladdr(&shift_us, &self) || !self.dli_fname)
		return;
	slash = strrchr(self.dli_fname, '/');
	if (!slash || (size_t)(slash - self.dli_fname) + sizeof "/shift" > sizeof path)
		return;
	memcpy(path, self.dli_fname, (size_t)(slash - self.dli_fname));
	memcpy(path + (slash - self.dli_fname), "/shift", sizeof "/shift");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	page = mmap(NULL, SHIFT_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (page != MAP_FAILED)
		shift_us = page;
}

SHIFT_VISIBLE int clock_gettime(clockid_t id, struct timespec *ret)
{
	int failed = shift_real ? shift_real(id, ret) : (int)syscall(SYS_clock_gettime, id, ret);
	int64_t us = 0;

	if (failed || !shift_us || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
		return failed;
	us = (int64_t)ret->tv_nsec / 1000 + __atomic_load_n(shift_us, __ATOMIC_RELAXED);
	ret->tv_nsec %= 1000;
	ret->tv_sec += us / SHIFT_SECOND_US;
	us %= SHIFT_SECOND_US;
	if (us < 0) {
		us += SHIFT_SECOND_US;
		ret->tv_sec--;
	}
	ret->tv_nsec += us * 1000;
	return 0;
}

SHIFT_VISIBLE time_t time(time_t *ret)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

SHIFT_VISIBLE int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now = { 0 };

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	ret->tv_sec = now.tv_sec;
	ret->tv_usec = now.tv_nsec / 1000;
	return 0;
}
