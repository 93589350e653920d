/* sys/process.c: what a parent sees of an end, and the words for it (P11). */
#include "sys/process.h"

#include "tests/unit/check.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct process_end end_of(int signal, int status)
{
	struct process_end end = { 0 };
	pid_t pid = fork();
	struct pollfd ended = { .events = POLLIN };
	const struct rlimit none = { 0 };

	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &none);
		if (signal && signal != SIGKILL)
			assert_true(sigaction(signal, &(struct sigaction){ 0 }, NULL) ==
				    0); /* not cmocka's */
		if (signal)
			(void)kill(getpid(), signal);
		_exit(status);
	}
	assert_true(pid > 0);
	ended.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_true(ended.fd >= 0);
	assert_int_equal(poll(&ended, 1, -1), 1);
	assert_int_equal(process_reap(ended.fd, &end), E_OK);
	(void)close(ended.fd);
	return end;
}

static void says(int signal, int status, const char *want)
{
	char text[PROCESS_END_MAX + 1] = "";
	struct wbuf w = wbuf_of(text, PROCESS_END_MAX);
	struct process_end end = end_of(signal, status);

	assert_int_equal(end.is_signal, signal != 0);
	assert_int_equal(end.value, signal ? signal : status);
	process_end_put(&w, 7, &end);
	assert_false(w.bad);
	assert_true(strncmp(text, want, strlen(want)) == 0);
}

static void test_every_end_has_words(void **state)
{
	(void)state;
	says(SIGSEGV, 0, "pid 7: SIGSEGV, a fault in memory");
	says(SIGABRT, 0, "pid 7: SIGABRT, it found");
	says(SIGILL, 0, "pid 7: SIGILL, a check");
	says(SIGSYS, 0, "pid 7: SIGSYS, its sandbox ended it");
	says(SIGKILL, 0, "pid 7: killed by signal 9");
	says(0, 3, "pid 7: exited with status 3");
}

static void test_the_longest_words_fit(void **state)
{
	(void)state;
	for (int signal = 1; signal < 65; signal++) {
		char text[PROCESS_END_MAX];
		struct wbuf w = wbuf_of(text, sizeof text);
		const struct process_end end = { .is_signal = true, .value = signal };

		process_end_put(&w, 4194304, &end);
		assert_false(w.bad);
	}
}

static void test_a_fault_is_its_own_doing(void **state)
{
	(void)state;
	assert_true(process_is_fault(SIGSEGV));
	assert_true(process_is_fault(SIGSYS));
	assert_false(process_is_fault(SIGKILL));
	assert_false(process_is_fault(SIGTERM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_end_has_words),
		cmocka_unit_test(test_the_longest_words_fit),
		cmocka_unit_test(test_a_fault_is_its_own_doing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
