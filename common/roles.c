/*
 * The names of the roles.
 */
#include "roles.h"

#include <string.h>

static const struct {
	const char	*name, *program;
} roles[ROLE_N] = {
#define ROLE_ROW(role, name, program)	[ROLE_##role] = { name, program },
	ROLES(ROLE_ROW)
};

const char *
role_name(enum role role)
{
	return role < ROLE_N ? roles[role].name : "?";
}

const char *
role_program(enum role role)
{
	return role < ROLE_N ? roles[role].program : "?";
}

enum role
role_find(const char *program, const char *name)
{
	for (enum role r = 0; r < ROLE_N; r++)
		if (strcmp(roles[r].program, program) == 0 &&
		    strcmp(roles[r].name, name) == 0)
			return r;
	return ROLE_N;
}
