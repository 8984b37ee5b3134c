/*
 * The rows of messages.h as rules, and the codecs of their payloads.  The
 * only place that knows every structure's encoding.
 */
#include "messages.h"

ELEMENTS(FIELDS_DEFINE)
PAYLOADS(FIELDS_DEFINE)

/* from the column "kind" of the table */
#define KIND_OF_TELL			KIND_TELL
#define KIND_OF_ANSWER			KIND_ANSWER
#define KIND_OF_ASKS(answer)		KIND_ASK
#define ANSWER_OF_TELL			MSG_N
#define ANSWER_OF_ANSWER		MSG_N
#define ANSWER_OF_ASKS(answer)		MSG_##answer

#define CODEC(type)							\
	static int							\
	decode_##type(struct wire *w, struct arena *a, union payload *u) \
	{								\
		if (type##_get(w, a, &u->type) == -1)			\
			return -1;					\
		return wire_done(w);					\
	}								\
									\
	static void							\
	encode_##type(struct buf *b, const void *x)			\
	{								\
		type##_put(b, x);					\
	}

PAYLOADS(CODEC)

#define RULE(name, senders, receivers, fd, phases, kind, credit, type)	\
	[MSG_##name] = { #name, senders, receivers, fd, phases,		\
	    KIND_OF_##kind, ANSWER_OF_##kind, credit, type##_MAXLEN,	\
	    decode_##type, encode_##type },

static const struct rule rules[MSG_N] = { MESSAGES(RULE) };

/* the table and the fields as text, for messages_hash */
#define ROW_TEXT(name, senders, receivers, fd, phases, kind, credit, type) \
	#name " " #senders " " #receivers " " #fd " " #phases " " #kind	\
	" " #credit " " #type "\n"
#define FIELD_TEXT(...)		#__VA_ARGS__ ";"
#define PAYLOAD_TEXT(type)	#type " " FIELDS_##type(FIELD_TEXT) "\n",

static const char *const texts[] = {
	MESSAGES(ROW_TEXT),
	FIELDS_recipient(FIELD_TEXT) FIELDS_envelope(FIELD_TEXT),
	ELEMENTS(PAYLOAD_TEXT)
	PAYLOADS(PAYLOAD_TEXT)
};

const char *
message_name(unsigned type)
{
	return type < MSG_N ? rules[type].name : "?";
}

const struct rule *
message_rule(unsigned type)
{
	return type < MSG_N ? &rules[type] : NULL;
}

/* FNV-1a: a stamp against accidents, not against anybody */
uint64_t
messages_hash(void)
{
	static uint64_t	 hash;

	if (hash != 0)
		return hash;
	hash = 0xcbf29ce484222325ULL;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (const char *p = texts[i]; *p != '\0'; p++)
			hash = (hash ^ (unsigned char)*p) * 0x100000001b3ULL;
	return hash;
}

bool
messages_connect(enum role a, enum role b)
{
	for (unsigned t = MSG_LEAVING + 1; t < MSG_N; t++) {
		const struct rule	*r = &rules[t];

		if ((r->senders & 1u << a && r->receivers & 1u << b) ||
		    (r->senders & 1u << b && r->receivers & 1u << a))
			return true;
	}
	return false;
}
