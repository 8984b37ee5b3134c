/*
 * The file of a credential: what is taken, and where it is wrong.
 */
#include "cred_file.h"

#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define NAME		"/etc/smart"

static struct credential	*c;
static char			 why[TEXT_MAX];

static int
parse(struct str text)
{
	why[0] = '\0';
	return cred_file_parse(text, str_of(NAME), c, why, sizeof(why));
}

static void
taken(void **state)
{
	static const struct {
		const char	*text, *user, *password;
	} cases[] = {
		{ "user u\npassword p\n", "u", "p" },
		{ "password p\nuser u", "u", "p" },
		{ "# ours\n\nuser me@example.org\r\npassword a b \r\n",
		    "me@example.org", "a b " },
		{ "user\tu\npassword  two blanks\n", "u", " two blanks" },
		{ "user u:v\npassword #p:q\"\\\377\n", "u:v",
		    "#p:q\"\\\377" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (parse(str_of(cases[i].text)) == -1)
			fail_msg("%s: %s", cases[i].text, why);
		assert_true(str_equal(str_bytes(c->user, c->n_user),
		    str_of(cases[i].user)));
		assert_true(str_equal(str_bytes(c->password, c->n_password),
		    str_of(cases[i].password)));
	}
}

static void
refused(void **state)
{
	static const struct {
		struct str	 text;
		const char	*why;
	} cases[] = {
		{ STR(""), NAME ":1: no user" },
		{ STR("user u\n"), NAME ":1: no password" },
		{ STR("# x\npassword p\n"), NAME ":2: no user" },
		{ STR("user u\nuser v\n"), NAME ":2: a second user" },
		{ STR("user u\npassword p\npassword p\n"),
		    NAME ":3: a second password" },
		{ STR("user u\npassword \n"), NAME ":2: a password of none "
		    "or more than 1024 octets" },
		{ STR("user u\npassword\n"), NAME ":2: neither \"user NAME\" "
		    "nor \"password TEXT\"" },
		{ STR("u:secret\n"), NAME ":1: neither \"user NAME\" nor "
		    "\"password TEXT\"" },
		{ STR(" user u\n"), NAME ":1: neither \"user NAME\" nor "
		    "\"password TEXT\"" },
		{ STR("user u\npassword p\0q\n"), NAME ":2: a password with "
		    "a NUL or CR in it" },
		{ STR("user u\rRCPT\npassword p\n"), NAME ":1: a user with a "
		    "NUL or CR in it" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(parse(cases[i].text), -1);
		assert_string_equal(why, cases[i].why);
		assert_null(strstr(why, "secret"));
	}
}

static void
lengths(void **state)
{
	static char	 text[CRED_FILE_MAX];
	size_t		 n;

	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		memcpy(text, "password p\nuser ", n = 16);
		memset(text + n, 'u', ACCOUNT_MAX + extra);
		n += ACCOUNT_MAX + extra;
		assert_int_equal(parse(str_bytes(text, n)),
		    extra == 0 ? 0 : -1);
		memcpy(text, "user u\npassword ", n = 16);
		memset(text + n, 'p', PASSWORD_MAX + extra);
		n += PASSWORD_MAX + extra;
		assert_int_equal(parse(str_bytes(text, n)),
		    extra == 0 ? 0 : -1);
	}
}

static void
files(void **state)
{
	static char	 long_text[CRED_FILE_MAX + 1];
	int		 fd = memfd_create("credential", 0);

	(void)state;
	assert_int_equal(dprintf(fd, "user u\npassword p\n"), 18);
	assert_int_equal(cred_file_read(fd, str_of(NAME), c, why,
	    sizeof(why)), 0);
	assert_int_equal(c->n_user, 1);
	memset(long_text, '#', sizeof(long_text));
	assert_int_equal(pwrite(fd, long_text, sizeof(long_text), 0),
	    sizeof(long_text));
	assert_int_equal(cred_file_read(fd, str_of(NAME), c, why,
	    sizeof(why)), -1);
	assert_string_equal(why, NAME ":1: longer than 4096 octets");
	close(fd);
	assert_int_equal(cred_file_read(fd, str_of(NAME), c, why,
	    sizeof(why)), -1);
	assert_string_equal(why, NAME ":1: Bad file descriptor");
}

/* A place that is too short for the reason is not written beyond. */
static void
short_why(void **state)
{
	char	 place[24];

	(void)state;
	for (size_t size = 1; size < 20; size++) {
		memset(place, 'x', sizeof(place));
		assert_int_equal(cred_file_parse(str_of("?"), str_of(NAME), c,
		    place, size), -1);
		assert_int_equal(place[size], 'x');
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(taken),
		cmocka_unit_test(refused),
		cmocka_unit_test(lengths),
		cmocka_unit_test(files),
		cmocka_unit_test(short_why),
	};

	if (sodium_init() == -1 || (c = sodium_malloc(sizeof(*c))) == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
