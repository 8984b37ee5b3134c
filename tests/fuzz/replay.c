/*
 * Runs a fuzz target over its corpus, and over every truncation and some
 * flipped bits of each seed: what "make check" does with the targets.
 *
 * usage: replay_NAME DIRECTORY
 */
#include <dirent.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED_MAX	65536
#define FLIPS		64	/* of each seed, spread over it */

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static unsigned	 seeds;

static void
try(const uint8_t *data, size_t n)
{
	/* memory of exactly that size, so that a sanitizer sees one more */
	uint8_t	*copy = malloc(n != 0 ? n : 1);

	if (copy == NULL)
		err(1, "malloc");
	memcpy(copy, data, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void
try_seed(uint8_t *data, size_t n)
{
	size_t	 step = n / FLIPS + 1;

	try(data, n);
	for (size_t i = 0; i < n; i += step) {
		try(data, i);
		for (unsigned bit = 0; bit < 8; bit += 3) {
			data[i] ^= (uint8_t)(1 << bit);
			try(data, n);
			data[i] ^= (uint8_t)(1 << bit);
		}
	}
	seeds++;
}

int
main(int argc, char **argv)
{
	static uint8_t	 data[SEED_MAX];
	char		 path[4096];
	struct dirent	*e;
	DIR		*dir;
	FILE		*f;

	if (argc != 2)
		errx(64, "usage: %s DIRECTORY", argv[0]);
	try(data, 0);
	if ((dir = opendir(argv[1])) == NULL)
		err(1, "%s", argv[1]);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
		if ((f = fopen(path, "rb")) == NULL)
			err(1, "%s", path);
		try_seed(data, fread(data, 1, sizeof(data), f));
		fclose(f);
	}
	closedir(dir);
	printf("%u passed, 0 failed\n", seeds);
	return seeds == 0;
}
