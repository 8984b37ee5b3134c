/*
 * An array, and an index by hash over its front part.  The index is made
 * when there is a second one, so most messages never touch it.
 */
#include "results.h"

#include <stdint.h>

#include "addr.h"
#include "arena.h"
#include "keyed.h"

#define SLOTS		2048	/* a power of two, twice RCPTS_MAX */
/* each address that is looked at may have to be made, some twice */
#define MEMORY_MAX	(2 * ALIAS_VISITS_MAX * (ADDRESS_MAX + 32))

_Static_assert(SLOTS >= 2 * RCPTS_MAX && RCPTS_MAX < UINT16_MAX,
    "the index is at most half full");

static struct recipient	 list[RCPTS_MAX];
static bool		 ours_of[RCPTS_MAX];
static size_t		 count;
static uint16_t		 slots[SLOTS];	/* 1 + its place; 0: free */
static size_t		 n_indexed;
static struct arena	 memory = ARENA_INIT(MEMORY_MAX);
static struct buf	 scratch = BUF_INIT(ADDR_TEXT_MAX);

static void
index_clear(void)
{
	if (n_indexed != 0)
		memset(slots, 0, sizeof(slots));
	n_indexed = 0;
}

void
results_reset(void)
{
	index_clear();
	count = 0;
	if (memory.used != 0)
		arena_reset(&memory);
}

size_t
results_count(void)
{
	return count;
}

void
results_truncate(size_t n)
{
	count = n;
	if (n < n_indexed)
		index_clear();
}

void
results_no_success(size_t n)
{
	for (; n < count; n++) {
		list[n].notify &= (uint8_t)~NOTIFY_SUCCESS;
		if (list[n].notify == 0)	/* it asked for that alone */
			list[n].notify = NOTIFY_NEVER;
	}
}

size_t
results_list(const struct recipient **results)
{
	*results = list;
	return count;
}

/* ---- who is there ------------------------------------------------------ */

/* Without case: those that differ in nothing else are compared. */
static size_t
hash(struct str address)
{
	char	 text[ADDRESS_MAX];
	size_t	 n = address.n < sizeof(text) ? address.n : sizeof(text);

	for (size_t i = 0; i < n; i++)
		text[i] = address.p[i] >= 'A' && address.p[i] <= 'Z' ?
		    (char)(address.p[i] | 0x20) : address.p[i];
	return keyed_hash(text, n) & (SLOTS - 1);
}

static bool
same(size_t i, struct str address, bool ours)
{
	return ours && ours_of[i] ?
	    str_equal_nocase(list[i].address, address) :
	    str_equal(list[i].address, address);
}

/* The slot of that address, or the free one where it would be. */
static uint16_t *
find(struct str address, bool ours)
{
	size_t	 i = hash(address);

	while (slots[i] != 0 && !same(slots[i] - 1u, address, ours))
		i = (i + 1) & (SLOTS - 1);
	return &slots[i];
}

static void
index_all(void)
{
	for (; n_indexed < count; n_indexed++)
		*find(list[n_indexed].address, ours_of[n_indexed]) =
		    (uint16_t)(n_indexed + 1);
}

/* ---- adding ------------------------------------------------------------ */

/* RFC 3461 4.1: nothing asked for is failures, and delays if we like. */
static uint8_t
merge_notify(uint8_t a, uint8_t b)
{
	if (a == b || b == NOTIFY_NEVER)
		return a;
	if (a == NOTIFY_NEVER)
		return b;
	return (a != 0 ? a : NOTIFY_FAILURE | NOTIFY_DELAY) |
	    (b != 0 ? b : NOTIFY_FAILURE | NOTIFY_DELAY);
}

/* RFC 3461 5.2.7.2: all that was asked goes along, and by whose name. */
static void
put(struct recipient *to, const struct recipient *from, struct str address)
{
	static const struct str	 rfc822 = STR("rfc822"), utf_8 = STR("utf-8");

	*to = *from;
	to->address = address;
	if (from->orcpt_type.n != 0 || str_equal(address, from->address))
		return;
	to->orcpt_type = str_is_ascii(from->address) ? rfc822 : utf_8;
	to->orcpt = from->address;
}

enum results_end
results_add(const struct recipient *from, struct str address, bool ours)
{
	uint16_t	*slot;

	if (address.p == NULL)
		return RESULTS_NO_MEMORY;
	if (count != 0) {
		index_all();
		slot = find(address, ours);
		if (*slot != 0) {
			list[*slot - 1].notify = merge_notify(
			    list[*slot - 1].notify, from->notify);
			return RESULTS_OK;
		}
	}
	if (count == RCPTS_MAX)
		return RESULTS_FULL;
	put(&list[count], from, address);
	ours_of[count++] = ours;
	return RESULTS_OK;
}

/* ---- addresses --------------------------------------------------------- */

static struct str
finish(struct str domain)
{
	buf_putc(&scratch, '@');
	buf_put_str(&scratch, domain);
	return scratch.failed ? STR_NONE :
	    arena_str(&memory, buf_str(&scratch));
}

static void
begin(void)
{
	buf_reset(&scratch);
	scratch.failed = false;
}

struct str
results_address(struct str local, struct str domain)
{
	begin();
	addr_put_local(&scratch, local);
	return finish(domain);
}

struct str
results_join(struct str quoted_local, struct str domain)
{
	begin();
	buf_put_str(&scratch, quoted_local);
	return finish(domain);
}
