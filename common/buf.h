/*
 * A growing run of octets with a hard maximum.  Its first failure (the
 * maximum reached, or no memory) is kept: later calls do nothing, so that a
 * caller may put many things and check once.
 */
#ifndef BUF_H
#define BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

struct buf {
	char	*base;		/* the allocation */
	size_t	 off;		/* octets consumed from its front */
	size_t	 len;		/* octets used behind them */
	size_t	 size;		/* of the allocation */
	size_t	 max;		/* of len, for ever */
	bool	 failed;
	bool	 secret;	/* its octets are wiped; set it at once */
};

#define BUF_INIT(max)	{ NULL, 0, 0, 0, (max), false, false }

void		 buf_init(struct buf *, size_t max);
void		 buf_clear(struct buf *);	/* frees; may be used again */
void		 buf_reset(struct buf *);	/* empties, keeps memory */

/* All return 0, or -1 when the buffer has failed; it then is as it was. */
int		 buf_put(struct buf *, const void *, size_t);
int		 buf_puts(struct buf *, const char *);
int		 buf_put_str(struct buf *, struct str);
int		 buf_putc(struct buf *, int);
int		 buf_printf(struct buf *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));
int		 buf_vprintf(struct buf *, const char *, va_list)
		    __attribute__((format(printf, 2, 0)));

/*
 * Room for n octets behind those used, to be filled by the caller, who says
 * with buf_added how many it was.  NULL when the buffer has failed.
 */
char		*buf_room(struct buf *, size_t n);
void		 buf_added(struct buf *, size_t n);

void		 buf_consume(struct buf *, size_t n);	/* n <= len */
void		 buf_truncate(struct buf *, size_t len);

static inline char *
buf_data(const struct buf *b)
{
	return b->base != NULL ? b->base + b->off : NULL;
}

/* Borrowed: valid until the buffer next changes. */
static inline struct str
buf_str(const struct buf *b)
{
	return (struct str){ buf_data(b), b->len };
}

#endif
