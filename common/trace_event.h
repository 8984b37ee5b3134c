/*
 * What happened to a message, for posternctl trace: a kind, a time, and
 * attributes that are numbers or texts.  The names are what people and
 * programs see; posternctl(8) explains them.  What is said of the past stays
 * readable: a new kind or key goes to the end.
 */
#ifndef TRACE_EVENT_H
#define TRACE_EVENT_H

#include <stdbool.h>

#include "fields.h"
#include "bounds.h"

/*	kind		name	*/
#define TRACE_KINDS(K)				\
	K(ARRIVED,	"arrived")		\
	K(REFUSED,	"refused")		\
	K(EXPANDED,	"expanded")		\
	K(ROUTED,	"routed")		\
	K(ATTEMPT,	"attempt")		\
	K(REPORTED,	"reported")		\
	K(HELD,		"held")			\
	K(RELEASED,	"released")		\
	K(RETRIED,	"retried")		\
	K(REMOVED,	"removed")		\
	K(ENDED,	"ended")		\
	K(OVERRIDDEN,	"overridden")

/*	key		name		a number	*/
#define TRACE_KEYS(K)						\
	K(FROM,		"from",		false)			\
	K(TO,		"to",		false)			\
	K(SIZE,		"size",		true)			\
	K(CLIENT,	"client",	false)			\
	K(HELO,		"helo",		false)			\
	K(ACCOUNT,	"account",	false)			\
	K(TLS,		"tls",		false)			\
	K(ROLE,		"role",		false)			\
	K(RULE,		"rule",		false)			\
	K(ROUTE,	"route",	false)			\
	K(STATUS,	"status",	false)			\
	K(CODE,		"code",		false)			\
	K(REPLY,	"reply",	false)			\
	K(HOST,		"host",		false)			\
	K(ADDRESS,	"address",	false)			\
	K(TOOK_MS,	"took_ms",	true)			\
	K(TRY,		"try",		true)			\
	K(NEXT_TRY,	"next_try",	true)			\
	K(REPORT,	"report",	false)			\
	K(AGE,		"age",		true)			\
	K(RECIPIENTS,	"recipients",	true)			\
	K(RESULT,	"result",	false)			\
	K(VIA,		"via",		false)			\
	K(NOT_BEFORE,	"not_before",	true)

#define TRACE_KIND_NUMBER(kind, name)		TRACE_##kind,
enum trace_kind { TRACE_KINDS(TRACE_KIND_NUMBER) TRACE_KIND_N };
#define TRACE_KEY_NUMBER(key, name, number)	KEY_##key,
enum trace_key { TRACE_KEYS(TRACE_KEY_NUMBER) TRACE_KEY_N };

#define TRACE_VALUE_MAX		REPLY_TEXT_MAX
#define TRACE_ATTRS_MAX		16	/* of one event */

#define FIELDS_trace_attr(F)						\
	F(ENUM,	key, trace_key, TRACE_KEY_N)				\
	F(STR,	value, TRACE_VALUE_MAX)	/* a number: its digits */

#define FIELDS_trace_event(F)						\
	F(U64,	time_ms)		/* of UTC */			\
	F(ENUM,	kind, trace_kind, TRACE_KIND_N)				\
	F(LIST,	attrs, trace_attr, TRACE_ATTRS_MAX)

const char	*trace_kind_name(enum trace_kind);
const char	*trace_key_name(enum trace_key);
bool		 trace_key_is_number(enum trace_key);

#endif
