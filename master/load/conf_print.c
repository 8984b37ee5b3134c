/*
 * Prints by the table.  How a value is written is known by its kind; quotes
 * and indentation are ours.
 */
#include "conf_print.h"

#include "conf_lex.h"

static void
indent(struct printer *p)
{
	for (unsigned i = 0; i < p->depth; i++)
		buf_putc(p->out, '\t');
}

void
print_name(struct printer *p, const char *name)
{
	indent(p);
	buf_puts(p->out, name);
}

void
print_word(struct printer *p, struct str s)
{
	buf_putc(p->out, ' ');
	if (!lexer_needs_quotes(s)) {
		buf_put_str(p->out, s);
		return;
	}
	buf_putc(p->out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_putc(p->out, '\\');
		buf_putc(p->out, s.p[i]);
	}
	buf_putc(p->out, '"');
}

void
print_string(struct printer *p, const char *s)
{
	print_word(p, str_of(s));
}

void
print_end(struct printer *p)
{
	buf_puts(p->out, ";\n");
}

static void
print_context(struct printer *p, enum context context, const void *base)
{
	for (const struct directive *d = conf_directives; d->name; d++)
		if (d->context == context && d->kind->print != NULL)
			d->kind->print(p, d, base);
}

void
print_block(struct printer *p, enum context context, const void *base)
{
	buf_puts(p->out, " {\n");
	p->depth++;
	print_context(p, context, base);
	p->depth--;
	indent(p);
	buf_puts(p->out, "}\n");
}

void
conf_print_block(struct printer *p, const struct directive *d,
    const void *base)
{
	print_name(p, d->name);
	print_block(p, d->block, (const char *)base + d->offset);
}

int
conf_print(const struct build *b, struct buf *out)
{
	struct printer	 p = { b, out, 0 };

	print_context(&p, IN_TOP, b);
	return out->failed ? -1 : 0;
}
