/*
 * What has been promised of each message, and whether what a start finds
 * keeps it.  Messages are known by number: their envelope and content, and
 * the words of every result, follow from it, so that nothing can be taken
 * for anything else.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "files.h"
#include "op.h"
#include "spool.h"

#define MESSAGES_MAX	64
#define RCPTS_AT_MOST	2
#define RESULTS_MAX	16	/* of one recipient; and marks of a message */

/* One message as a start has found it. */
struct finding {
	unsigned	 found;		/* how often */
	bool		 whole;		/* envelope and content are right */
	struct {
		unsigned	 tries;
		bool		 done;
		bool		 true_words;	/* code, reply, time are its */
	} rcpt[RCPTS_AT_MOST];
	bool		 held, warned;
	bool		 routed;	/* another way than usual, */
	bool		 true_way;	/* and all by its own; or none */
};

struct findings {
	struct finding	 of[MESSAGES_MAX];
	unsigned	 files[FILES_N];
};

/* --- what the messages are --- */

struct msgid	 expect_id(unsigned message);
unsigned	 expect_number(const struct msgid *);	/* or MESSAGES_MAX */
/* how many recipients it has: one, and odd ones two */
unsigned	 expect_rcpts(unsigned message);
/* valid until the next call */
struct envelope	 expect_envelope(unsigned message);
struct str	 expect_header(unsigned message);
struct str	 expect_body(unsigned message, size_t n);
/* the nth result of a recipient */
struct spool_rcpt expect_result(unsigned message, unsigned rcpt, unsigned nth,
		    bool done);

/* the other way that it goes; valid until the next call */
struct str	 expect_via(unsigned message);

bool		 expect_is_envelope(const struct envelope *, unsigned message);
/* whether it is a result of that recipient, or says that there was none */
bool		 expect_is_result(const struct spool_rcpt *, unsigned message,
		    unsigned rcpt);

/* --- what has been promised --- */

void		 expect_init(void);
void		 expect_note(const struct note *);
/* how many notes there were: the same promises while it is the same */
unsigned	 expect_notes(void);
/* the number of the next result of a recipient, of the next mark */
unsigned	 expect_next_result(unsigned message, unsigned rcpt);
unsigned	 expect_next_hold(unsigned message);
unsigned	 expect_next_route(unsigned message);
size_t		 expect_size(unsigned message);	/* of its body */
bool		 expect_was_asked(unsigned message);
/* acknowledged, and its end is not even asked for */
bool		 expect_lives(unsigned message);

/* 0, or -1 with the broken promise in why. */
int		 expect_check(const struct findings *, char *why, size_t);

#endif
