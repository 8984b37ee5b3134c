/*
 * Memory that runs out at a chosen moment: the allocations of the program
 * under test are counted, by all its threads, and one of them fails.  All are
 * counted, or those of one place in the program; a first run notes which
 * places there are.  For programs that the Makefile links so; libraries
 * outside are not touched.
 */
#ifndef NO_MEMORY_H
#define NO_MEMORY_H

#include <sys/mman.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

void	*__real_malloc(size_t);
void	*__real_calloc(size_t, size_t);
void	*__real_realloc(void *, size_t);
void	*__real_reallocarray(void *, size_t, size_t);
void	*__wrap_malloc(size_t);
void	*__wrap_calloc(size_t, size_t);
void	*__wrap_realloc(void *, size_t);
void	*__wrap_reallocarray(void *, size_t, size_t);

#define NO_MEMORY_PLACES	256

/* where memory was asked for, and how often */
struct no_memory_places {
	pthread_mutex_t	 lock;
	size_t		 n;
	struct {
		const void	*at;
		unsigned	 times;
	} place[NO_MEMORY_PLACES];
};

static atomic_uint		 allocations;	/* since no_memory_from */
static unsigned			 no_memory_at;	/* that one fails; 0: none */
static const void		*no_memory_where; /* NULL: anywhere */
static struct no_memory_places	*no_memory_places; /* noted, if there */

static inline void
no_memory_note(const void *at)
{
	struct no_memory_places	*p = no_memory_places;
	size_t			 i = 0;

	pthread_mutex_lock(&p->lock);
	while (i < p->n && p->place[i].at != at)
		i++;
	if (i < NO_MEMORY_PLACES) {
		p->place[i].at = at;
		p->place[i].times++;
		if (i == p->n)
			p->n++;
	}
	pthread_mutex_unlock(&p->lock);
}

static inline bool
no_memory(const void *at)
{
	if (no_memory_places != NULL)
		no_memory_note(at);
	if (no_memory_at == 0 ||
	    (no_memory_where != NULL && no_memory_where != at) ||
	    atomic_fetch_add(&allocations, 1) + 1 != no_memory_at)
		return false;
	errno = ENOMEM;
	return true;
}

/* From now on the nth fails; 0: none. */
static inline void
no_memory_from(unsigned nth)
{
	no_memory_at = nth;
	no_memory_where = NULL;
	atomic_store(&allocations, 0);
}

/* The same, of those of a place; children know it by the same address. */
static inline void
no_memory_from_place(const void *at, unsigned nth)
{
	no_memory_from(nth);
	no_memory_where = at;
}

/* whether it was asked for */
static inline bool
no_memory_was(void)
{
	return atomic_load(&allocations) >= no_memory_at;
}

/* A list to set no_memory_places to, for the children of this process. */
static inline struct no_memory_places *
no_memory_list(void)
{
	struct no_memory_places	*p = mmap(NULL, sizeof(*p), PROT_READ |
	    PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t	 shared;

	if (p == MAP_FAILED)
		return NULL;
	pthread_mutexattr_init(&shared);
	pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&p->lock, &shared);
	return p;
}

#define CALLER	__builtin_return_address(0)

void *
__wrap_malloc(size_t n)
{
	return no_memory(CALLER) ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return no_memory(CALLER) ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return no_memory(CALLER) ? NULL : __real_realloc(p, n);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return no_memory(CALLER) ? NULL :
	    __real_reallocarray(p, n, size);
}

#endif
