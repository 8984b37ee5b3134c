/*
 * Which hosts are asked about: those of the MX records, in the order in
 * which mail tries them, or the domain itself.
 */
#include "hosts.h"

#include <stdlib.h>

#include <sodium.h>

#include "domain.h"

struct choice {
	struct str	 name;
	uint16_t	 preference;
	uint32_t	 chance;	/* among equal preferences */
};

static int
compare_choices(const void *va, const void *vb)
{
	const struct choice	*a = va, *b = vb;

	if (a->preference != b->preference)
		return a->preference < b->preference ? -1 : 1;
	return a->chance < b->chance ? -1 : a->chance > b->chance;
}

static bool
has_target(const struct hosts_job *j, struct str name)
{
	for (size_t i = 0; i < j->n_targets; i++)
		if (str_equal(j->targets[i].name, name))
			return true;
	return false;
}

static void
add_target(struct hosts_job *j, struct str name, uint16_t preference)
{
	struct hosts_target	*t = &j->targets[j->n_targets++];

	*t = (struct hosts_target){ .name = name, .preference = preference };
}

/* From now on targets stay where they are. */
static void
link_targets(struct hosts_job *j)
{
	struct hosts_target	*t;

	for (size_t i = 0; i < j->n_targets; i++) {
		t = &j->targets[i];
		t->job = j;
		for (int part = 0; part < PART_N; part++) {
			t->lookups[part].target = t;
			t->lookups[part].part = (enum hosts_part)part;
		}
	}
}

int
hosts_pick_itself(struct hosts_job *j)
{
	if ((j->targets = calloc(1, sizeof(*j->targets))) == NULL)
		return -1;
	add_target(j, j->name, 0);
	link_targets(j);
	return 0;
}

/* An address in an MX record is a common mistake and no host's name. */
static bool
is_host_name(struct str name)
{
	struct netaddr	 a;

	return domain_is_valid(name) && netaddr_parse(&a, name) == -1;
}

/* The records in order, equal preferences shuffled; what is no name falls
 * out, and of a name that comes twice the better preference stays. */
int
hosts_pick_mx(struct hosts_job *j)
{
	const struct answer	*a = j->mx_answer;
	struct choice		 order[PREPARSE_RECORDS_MAX];
	size_t			 n = 0;

	if (a->n_records == 0)
		return 0;
	j->targets = calloc(a->n_records < HOSTS_MAX ? a->n_records :
	    HOSTS_MAX, sizeof(*j->targets));
	if (j->targets == NULL)
		return -1;
	for (size_t i = 0; i < a->n_records; i++)
		if (is_host_name(a->records[i].data))
			order[n++] = (struct choice){
				a->records[i].data, a->records[i].preference,
				a->n_records > 1 ? randombytes_random() : 0,
			};
	if (n > 1)
		qsort(order, n, sizeof(order[0]), compare_choices);
	for (size_t i = 0; i < n && j->n_targets < HOSTS_MAX; i++)
		if (!has_target(j, order[i].name))
			add_target(j, order[i].name, order[i].preference);
	link_targets(j);
	return 0;
}
