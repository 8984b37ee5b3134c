/*
 * Frames: whatever way they are cut and however long they are, messages and
 * descriptors come out as they went in; headers that cannot be are refused.
 */
#include <sys/socket.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "frame.h"
#include "wire.h"

#define TEST_MAX	300000

static size_t
maxlen(unsigned type)
{
	return type == 9 ? 0 : TEST_MAX;
}

static void
put_text(struct buf *b, const void *x)
{
	buf_put_str(b, *(const struct str *)x);
}

static void
pair(struct frame_channel *a, struct frame_channel *b)
{
	int	 s[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    s), 0);
	frame_init(a, s[0], maxlen);
	frame_init(b, s[1], maxlen);
}

static enum frame_result
receive(struct frame_channel *from, struct frame_channel *to,
    struct frame **f)
{
	enum frame_result	 r;

	while ((r = frame_next(to, f)) == FRAME_AGAIN) {
		frame_flush(from);
		if ((r = frame_read(to)) != FRAME_OK)
			return r;
	}
	return r;
}

static void
every_length_passes(void **state)
{
	static const size_t	 lengths[] = { 0, 1, FRAME_MAX - FRAME_HEADER,
	    FRAME_MAX - FRAME_HEADER + 1, FRAME_MAX, 3 * FRAME_MAX, TEST_MAX };
	static char		 text[TEST_MAX + 1];
	struct frame_channel	 a, b;
	struct frame		*f;
	struct str		 s;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7 + i / 256);
	pair(&a, &b);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		s = str_bytes(text, lengths[i]);
		assert_int_equal(frame_put(&a, 5, 77, -1, put_text, &s), 0);
		assert_int_equal(receive(&a, &b, &f), FRAME_OK);
		assert_int_equal(f->type, 5);
		assert_int_equal(f->id, 77);
		assert_int_equal(f->fd, -1);
		assert_int_equal(f->payload.n, s.n);
		assert_true(s.n == 0 ||
		    memcmp(f->payload.p, s.p, s.n) == 0);
	}
	s = str_bytes(text, TEST_MAX + 1);
	assert_int_equal(frame_put(&a, 5, 0, -1, put_text, &s), 0);
	assert_int_equal(receive(&a, &b, &f), FRAME_MALFORMED);
	frame_clear(&a);
	frame_clear(&b);
}

static void
descriptors_stay_with_their_frames(void **state)
{
	struct frame_channel	 a, b;
	struct frame		*f;
	struct str		 s = STR("x");
	off_t			 sizes[40];
	char			 name[] = "/tmp/test_frame.XXXXXX";

	(void)state;
	pair(&a, &b);
	for (int i = 0; i < 40; i++) {
		int	 fd = -1;

		sizes[i] = i % 3 == 0 ? i : -1;
		if (sizes[i] != -1) {
			memcpy(name + sizeof(name) - 7, "XXXXXX", 6);
			fd = mkstemp(name);
			unlink(name);
			assert_int_equal(ftruncate(fd, sizes[i]), 0);
		}
		assert_int_equal(frame_put(&a, 1, (uint32_t)i, fd, put_text,
		    &s), 0);
	}
	for (int i = 0; i < 40; i++) {
		assert_int_equal(receive(&a, &b, &f), FRAME_OK);
		assert_int_equal(f->id, i);
		assert_int_equal(f->fd != -1, sizes[i] != -1);
		if (f->fd != -1)
			assert_int_equal(lseek(f->fd, 0, SEEK_END), sizes[i]);
	}
	frame_clear(&a);
	frame_clear(&b);
}

/* One octet a read gives the same messages. */
static void
every_split_passes(void **state)
{
	struct frame_channel	 a, b;
	struct frame		*f;
	struct str		 s = STR("hello, world");
	unsigned		 seen = 0;

	(void)state;
	pair(&a, &b);
	for (uint32_t i = 0; i < 5; i++)
		frame_put(&a, 2, i, -1, put_text, &s);
	while (a.out.len != 0) {
		assert_int_equal(write(a.fd, buf_data(&a.out), 1), 1);
		buf_consume(&a.out, 1);
		assert_int_equal(frame_read(&b), FRAME_OK);
		while (frame_next(&b, &f) == FRAME_OK) {
			assert_int_equal(f->id, seen++);
			assert_true(str_equal(f->payload, s));
		}
	}
	assert_int_equal(seen, 5);
	frame_clear(&a);
	frame_clear(&b);
}

static void
bad_headers_are_refused(void **state)
{
	static const struct {
		uint32_t	 len;
		uint16_t	 type;
		uint8_t		 flags, zero;
	} bad[] = {
		{ 0, 1, 0, 0 }, { FRAME_HEADER - 1, 1, 0, 0 },
		{ FRAME_MAX + 1, 1, 0, 0 }, { 0xffffffff, 1, 0, 0 },
		{ FRAME_HEADER, 1, 0x80, 0 }, { FRAME_HEADER, 1, 0, 1 },
		{ FRAME_HEADER, 1, FRAME_FD, 0 },
		{ FRAME_HEADER + 1, 9, FRAME_MORE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct frame_channel	 a, b;
		struct frame		*f;
		char			 h[FRAME_HEADER + 1] = { 0 };

		pair(&a, &b);
		wire_set32(h, bad[i].len);
		wire_set32(h + 4, bad[i].type);
		h[6] = (char)bad[i].flags;
		h[7] = (char)bad[i].zero;
		assert_int_equal(write(a.fd, h, sizeof(h)), sizeof(h));
		assert_int_equal(frame_read(&b), FRAME_OK);
		assert_int_equal(frame_next(&b, &f), FRAME_MALFORMED);
		frame_clear(&a);
		frame_clear(&b);
	}
}

static void
fail_to_encode(struct buf *b, const void *x)
{
	(void)x;
	buf_puts(b, "half");
	b->failed = true;
}

static void
a_failed_message_leaves_no_trace(void **state)
{
	struct frame_channel	 a, b;
	struct frame		*f;
	struct str		 s = STR("whole");

	(void)state;
	pair(&a, &b);
	assert_int_equal(frame_put(&a, 1, 1, dup(1), fail_to_encode, NULL),
	    -1);
	assert_int_equal(frame_put(&a, 1, 2, -1, put_text, &s), 0);
	assert_int_equal(receive(&a, &b, &f), FRAME_OK);
	assert_int_equal(f->id, 2);
	frame_clear(&a);
	assert_int_equal(frame_read(&b), FRAME_CLOSED);
	frame_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(every_length_passes),
		cmocka_unit_test(descriptors_stay_with_their_frames),
		cmocka_unit_test(every_split_passes),
		cmocka_unit_test(bad_headers_are_refused),
		cmocka_unit_test(a_failed_message_leaves_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
