/*
 * The kinds of argument that directives have.
 */
#ifndef CONF_KINDS_H
#define CONF_KINDS_H

#include "conf_table.h"

/* one value: conf_value.c */
extern const struct kind	 kind_number;	/* with the row's units */
extern const struct kind	 kind_word;	/* one of the row's words */
extern const struct kind	 kind_host;	/* a domain name */
extern const struct kind	 kind_mailbox;	/* local@domain */
extern const struct kind	 kind_path;	/* absolute, no ".." */
extern const struct kind	 kind_text;	/* printable ASCII */

/* a block of directives about the same structure: conf_build.c */
extern const struct kind	 kind_block;
extern const struct kind	 kind_retry;	/* and notes where */
extern const struct kind	 kind_include;	/* gone when it is parsed */

/* objects and lists: conf_object.c, _listen.c, _tls.c, _auth.c, _domain.c,
 * _deliver.c, _route.c */
extern const struct kind	 kind_group;	/* name or number */
extern const struct kind	 kind_server;	/* ADDRESS [port N] [trusted] */
extern const struct kind	 kind_users;	/* names or numbers */
extern const struct kind	 kind_table;	/* NAME file PATH */
extern const struct kind	 kind_listen;	/* SERVICE [NAME] { } */
extern const struct kind	 kind_bind;	/* ADDRESS [port N] */
extern const struct kind	 kind_netblocks; /* NETBLOCK ... */
extern const struct kind	 kind_certificate; /* NAME { }, self-signed */
extern const struct kind	 kind_tls;	/* CERTIFICATE ... or none */
extern const struct kind	 kind_auth;	/* TABLE or none */
extern const struct kind	 kind_credentials; /* NAME { } */
extern const struct kind	 kind_credential; /* NAME of such */
extern const struct kind	 kind_domain;	/* NAME { }, table NAME { } */
extern const struct kind	 kind_recipients; /* where they are known */
extern const struct kind	 kind_deliver;	/* maildir ..., lmtp ... */
extern const struct kind	 kind_relay;	/* nothing more */
extern const struct kind	 kind_aliases;	/* TABLE */
extern const struct kind	 kind_delimiter; /* characters */
extern const struct kind	 kind_route;	/* PATTERN { } */
extern const struct kind	 kind_via;	/* [smtp[s]://]HOST[:PORT] */
extern const struct kind	 kind_rate;	/* MESSAGES/TIME */

#endif
