/*
 * See chance.h.
 */
#include "chance.h"

#include <stddef.h>

#include <sodium.h>

#include "cut.h"

static uint64_t	 seed, drawn;

static const char *
name(void)
{
	return "repeatable";
}

static uint32_t
draw(void)
{
	return (uint32_t)mix(seed, ++drawn);
}

static void
draw_buf(void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = (uint8_t)draw();
}

void
chance_begin(uint64_t s)
{
	static randombytes_implementation	 repeatable = {
		.implementation_name = name,
		.random = draw,
		.buf = draw_buf,
	};

	seed = s;
	drawn = 0;
	randombytes_set_implementation(&repeatable);
}
