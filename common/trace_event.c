/*
 * The names of kinds and keys.
 */
#include "trace_event.h"

#define KIND_NAME(kind, text)			[TRACE_##kind] = text,
#define KEY_NAME(key, text, number)		[KEY_##key] = text,
#define KEY_IS_NUMBER(key, text, number)	[KEY_##key] = number,

const char *
trace_kind_name(enum trace_kind kind)
{
	static const char *const	 names[TRACE_KIND_N] = {
		TRACE_KINDS(KIND_NAME)
	};

	return names[kind];
}

const char *
trace_key_name(enum trace_key key)
{
	static const char *const	 names[TRACE_KEY_N] = {
		TRACE_KEYS(KEY_NAME)
	};

	return names[key];
}

bool
trace_key_is_number(enum trace_key key)
{
	static const bool	 numbers[TRACE_KEY_N] = {
		TRACE_KEYS(KEY_IS_NUMBER)
	};

	return numbers[key];
}
