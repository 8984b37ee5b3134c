/*
 * Encoding of envelopes.
 */
#include "envelope.h"

FIELDS_DEFINE(recipient)
FIELDS_DEFINE(envelope)
