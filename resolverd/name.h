/*
 * Plain records, as a finished answer to NAME_ASK.  An address asked for
 * with NAME_PTR stands for its reverse name.
 */
#ifndef NAME_H
#define NAME_H

#include "messages.h"

#include "lookup.h"

/* In its owner's memory, from name_start to name_clear. */
struct name_job {
	void			(*done)(struct name_job *,
				    const struct name *);
	enum name_type		 type;
	struct lookup_wait	 wait;
	struct answer		*answer;
};

/*
 * done is called once, perhaps before name_start returns; the answer is
 * borrowed until name_clear, which done has to call.
 */
void	 name_start(struct name_job *, const struct name_ask *,
	    void (*done)(struct name_job *, const struct name *));
/* Frees what the job holds; if it is not done, it ends without a word. */
void	 name_clear(struct name_job *);

#endif
