/*
 * The words and marks of the configuration's text.  See conf_parse.c for the
 * grammar that they make up.
 */
#ifndef CONF_LEX_H
#define CONF_LEX_H

#include <stdbool.h>
#include <stdint.h>

#include "bounds.h"
#include "str.h"

#define WORD_MAX	FILE_NAME_MAX	/* the longest thing a word can be */

enum token {
	TOKEN_WORD,
	TOKEN_OPEN,		/* { */
	TOKEN_CLOSE,		/* } */
	TOKEN_SEMICOLON,
	TOKEN_END,		/* of the text; again and again */
	TOKEN_BAD,		/* why says what; it has been skipped */
};

struct lexer {
	struct str	 rest;		/* borrowed: what is not yet read */
	uint32_t	 line;		/* of the last token */
	enum token	 token;		/* the last one */
	bool		 again;		/* give it once more */
	struct str	 word;		/* of TOKEN_WORD; until the next */
	const char	*why;		/* of TOKEN_BAD */
	char		 store[WORD_MAX];
};

void		 lexer_init(struct lexer *, struct str text);
enum token	 lexer_next(struct lexer *);
/* The next lexer_next gives the last token again. */
void		 lexer_again(struct lexer *);

/* Whether s must stand in quotes to be one word. */
bool		 lexer_needs_quotes(struct str s);

#endif
