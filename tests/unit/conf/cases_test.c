/*
 * Whole configurations and what is said about them: each cases/NAME.yaml against
 * cases/NAME.yaml.expect, byte for byte. "conf_cases DIR" compares, "conf_cases --update DIR"
 * writes what is said now, "conf_cases --print FILE" says it about one file.
 */
#include "conf/conf.h"
#include "sys/shm.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CASES_TEXT = 1 << 20 };

struct cases_text {
	char *p;
	size_t n;
};

static void cases_on_problem(void *arg, enum diag_level level, const char *text)
{
	struct cases_text *t = arg;
	int n = snprintf(t->p + t->n, CASES_TEXT - t->n, "%s\n", text);

	(void)level;
	if (n > 0 && (size_t)n < CASES_TEXT - t->n)
		t->n += (size_t)n;
}

static void cases_run(const char *path, struct cases_text *t)
{
	struct conf_input in = { .path = path, .sink = cases_on_problem, .arg = t };
	struct conf_result result = { 0 };
	int fd = -1;
	enum err e = E_OK;

	t->n = 0;
	e = conf_check_file(&in, &result, &fd);
	t->n += (size_t)snprintf(t->p + t->n, CASES_TEXT - t->n, "%s: %u errors, %u warnings\n",
				 e == E_OK ? "accepted" : "refused", result.errors,
				 result.warnings);
	if (fd >= 0)
		(void)close(fd);
}

static size_t cases_read(const char *path, char *into)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(into, 1, CASES_TEXT, f) : 0;

	if (f)
		(void)fclose(f);
	return n;
}

static bool cases_one(const char *name, struct cases_text *t, char *expected, bool wants_update)
{
	char expect[300];
	size_t n = 0;

	(void)snprintf(expect, sizeof expect, "%.250s.expect", name);
	cases_run(name, t);
	if (wants_update) {
		FILE *f = fopen(expect, "we");

		return f && fwrite(t->p, 1, t->n, f) == t->n && fclose(f) == 0;
	}
	n = cases_read(expect, expected);
	if (n == t->n && memcmp(expected, t->p, n) == 0)
		return true;
	printf("not ok %s\n--- expected\n%.*s--- said\n%.*s", name, (int)n, expected, (int)t->n,
	       t->p);
	return false;
}

static int cases_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int cases_all(bool wants_update)
{
	static char *names[1000], said[CASES_TEXT], expected[CASES_TEXT];
	struct cases_text t = { .p = said };
	DIR *dir = opendir(".");
	struct dirent *e = NULL;
	int n = 0, failed = 0;

	while (dir && n < 1000 && (e = readdir(dir)) != NULL) {
		size_t length = strlen(e->d_name);

		if (length > 5 && strcmp(e->d_name + length - 5, ".yaml") == 0)
			names[n++] = strdup(e->d_name);
	}
	if (dir)
		(void)closedir(dir);
	qsort(names, (size_t)n, sizeof names[0], cases_compare);
	for (int i = 0; i < n; i++) {
		failed += !cases_one(names[i], &t, expected, wants_update);
		free(names[i]);
	}
	printf("%d cases, %d failed\n", n, failed);
	return n == 0 || failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int cases_image(const char *path)
{
	static char said[CASES_TEXT];
	struct cases_text t = { .p = said };
	struct conf_input in = { .path = path, .sink = cases_on_problem, .arg = &t };
	struct conf_result result = { 0 };
	void *image = NULL;
	size_t n = 0;
	int fd = -1;

	return conf_check_file(&in, &result, &fd) == E_OK &&
			       shm_map(fd, false, &image, &n) == E_OK &&
			       fwrite(image, 1, n, stdout) == n
		       ? EXIT_SUCCESS
		       : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	bool wants_update = argc == 3 && strcmp(argv[1], "--update") == 0;

	if (argc == 3 && strcmp(argv[1], "--print") == 0) {
		static char said[CASES_TEXT];
		struct cases_text t = { .p = said };
		clock_t from = clock();

		cases_run(argv[2], &t);
		printf("%.*s%.3f s\n", (int)t.n, t.p, (double)(clock() - from) / CLOCKS_PER_SEC);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "--image") == 0)
		return cases_image(argv[2]);
	if (argc < 2 || chdir(argv[argc - 1]) != 0)
		return EXIT_FAILURE;
	return cases_all(wants_update);
}
