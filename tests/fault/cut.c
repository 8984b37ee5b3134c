/*
 * See cut.h.
 */
#include "cut.h"

#define RANDOM_N	8	/* random cuts where any operation is pending */
#define KILLS_N		8	/* kills; the cuts after them differ */

uint64_t
mix(uint64_t a, uint64_t b)
{
	uint64_t	 x = a * 0x9e3779b97f4a7c15 + b + 0x632be59bd9b4e019;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static enum fate
random_fate(const struct cut *cut, size_t i, const struct op *op)
{
	uint64_t	 n = mix(mix(cut->seed, cut->one), i) % 5;

	if (n < 2)
		return FATE_LOST;
	return n < 4 || op->kind != OP_WRITE ? FATE_KEPT : FATE_PARTLY;
}

enum fate
cut_fate(const struct cut *cut, size_t i, const struct op *op)
{
	bool	 is_it = i == cut->one;

	switch (cut->kind) {
	case CUT_NOTHING:
		return FATE_LOST;
	case CUT_ALL_BUT:
		return is_it ? FATE_LOST : FATE_KEPT;
	case CUT_ALONE:
		return is_it ? FATE_KEPT : FATE_LOST;
	case CUT_TORN:
		return is_it && op->kind == OP_WRITE ? FATE_PARTLY :
		    FATE_KEPT;
	case CUT_RANDOM:
		return random_fate(cut, i, op);
	default:
		return FATE_KEPT;
	}
}

/* how many cuts of the kind there are */
static size_t
tries(enum cut_kind kind, size_t n)
{
	if (kind == CUT_NOTHING)
		return 1;
	if (n == 0)
		return 0;
	if (kind == CUT_ALL)
		return 1;
	if (kind == CUT_KILL)
		return KILLS_N;
	return kind == CUT_RANDOM ? RANDOM_N : n;
}

bool
cut_next(struct cut *cut, size_t n)
{
	if (++cut->one < tries(cut->kind, n))
		return true;
	cut->one = 0;
	do
		cut->kind++;
	while (cut->kind < CUT_KIND_N && tries(cut->kind, n) == 0);
	return cut->kind < CUT_KIND_N;
}

const char *
cut_name(enum cut_kind kind)
{
	static const char	*const names[CUT_KIND_N] = {
		"nothing pending kept", "all kept", "all kept but",
		"kept alone", "torn", "random", "killed",
	};

	return names[kind];
}
