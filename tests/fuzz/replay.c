/*
 * Runs a fuzz harness over every file of the directories named as arguments, in order of name, each
 * input in a block of exactly its size. Fails when there is no file, or by the harness's abort.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st = { 0 };
	uint8_t *data = NULL;
	size_t n = 0;

	if (!f || fstat(fileno(f), &st) != 0) {
		perror(path);
		exit(2);
	}
	if (!S_ISREG(st.st_mode)) {
		fclose(f);
		return 0;
	}
	data = malloc((size_t)st.st_size ? (size_t)st.st_size : 1);
	if (!data)
		exit(2);
	n = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	fprintf(stderr, "%s\n", path); /* the last one named is the one that failed */
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	return 1;
}

static unsigned replay_directory(const char *path)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, NULL, alphasort);
	unsigned files = 0;

	if (n < 0) {
		perror(path);
		exit(2);
	}
	for (int i = 0; i < n; i++) {
		char file[4096];
		int len = snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);

		if (len > 0 && (size_t)len < sizeof file && entries[i]->d_name[0] != '.')
			files += (unsigned)replay_file(file);
		free(entries[i]);
	}
	free(entries);
	return files;
}

int main(int argc, char **argv)
{
	unsigned files = 0;

	for (int i = 1; i < argc; i++)
		files += replay_directory(argv[i]);
	printf("%u inputs\n", files);
	return files == 0;
}
