/*
 * Values for people and for programs: what the show_ files share.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "str.h"

#define SPAN_SIZE	24

/* "5s", "3m", "7h", "2d" */
const char	*text_span(uint64_t seconds, char[SPAN_SIZE]);
/* "2048", "12k", "3m" */
const char	*text_size(uint64_t octets, char[SPAN_SIZE]);
/* Seconds since that time; 0 if it is to come. */
uint64_t	 text_age(uint64_t since);
/* "2026-11-21 16:30:05", local */
#define TIME_SIZE	32
const char	*text_time(uint64_t seconds, char[TIME_SIZE]);

/*
 * JSON strings are UTF-8; octets that are not are shown as \xHH, as in a
 * log.
 */
json_t		*text_json(struct str);
/* The object (taken) as a line. */
void		 text_put(FILE *, json_t *);

#endif
