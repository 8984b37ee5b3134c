/*
 * Frames where something says no: the sender that breaks the rules of a
 * message in parts or of descriptors, the kernel, and memory.  The channel
 * says so or goes on, and leaks no descriptor.
 */
#include <sys/socket.h>

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "frame.h"
#include "no_memory.h"
#include "wire.h"

#define TEST_MAX	(8u << 20)

/* ---- the kernel -------------------------------------------------------- */

ssize_t	 __real_recvmsg(int, struct msghdr *, int);
ssize_t	 __real_send(int, const void *, size_t, int);
ssize_t	 __real_sendmsg(int, const struct msghdr *, int);
ssize_t	 __wrap_sendmsg(int, const struct msghdr *, int);
ssize_t	 __wrap_recvmsg(int, struct msghdr *, int);
ssize_t	 __wrap_send(int, const void *, size_t, int);

static int	 refusal;	/* errno of the next call; 0: none */
static int	 other_level;	/* of what is passed besides octets */
static unsigned	 room_for;	/* so many descriptors more; 0: for all */

ssize_t
__wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t	 n;

	if (refusal != 0) {
		errno = refusal;
		return -1;
	}
	n = __real_recvmsg(fd, msg, flags);
	if (n > 0 && other_level != 0 && CMSG_FIRSTHDR(msg) != NULL)
		CMSG_FIRSTHDR(msg)->cmsg_level = other_level;
	return n;
}

ssize_t
__wrap_send(int fd, const void *p, size_t n, int flags)
{
	if (refusal == 0)
		return __real_send(fd, p, n, flags);
	errno = refusal;
	return -1;
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (room_for != 0 && --room_for == 0) {
		errno = EAGAIN;
		return -1;
	}
	return __real_sendmsg(fd, msg, flags);
}

/* ---- both ends --------------------------------------------------------- */

static struct frame_channel	 a, b;
static char			*octets;	/* TEST_MAX */
static unsigned			 fds_before;

static size_t
maxlen(unsigned type)
{
	(void)type;
	return TEST_MAX;
}

static void
put_text(struct buf *out, const void *x)
{
	buf_put_str(out, *(const struct str *)x);
}

static int
put(size_t n, int fd)
{
	struct str	 s = str_bytes(octets, n);

	return frame_put(&a, 5, 77, fd, put_text, &s);
}

static unsigned
fds_open(void)
{
	DIR		*d = opendir("/proc/self/fd");
	unsigned	 n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static int
set_up(void **state)
{
	int	 s[2];

	(void)state;
	fds_before = fds_open();
	octets = calloc(1, TEST_MAX);
	refusal = other_level = 0;
	room_for = 0;
	no_memory_from(0);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == -1)
		return -1;
	frame_init(&a, s[0], maxlen);
	frame_init(&b, s[1], maxlen);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	refusal = 0;
	no_memory_from(0);
	frame_clear(&a);
	frame_clear(&b);
	free(octets);
	return fds_open() == fds_before ? 0 : -1;
}

/* The message of id 77 with so many octets, and whether a descriptor. */
static void
arrives(size_t n, bool fd)
{
	enum frame_result	 r;
	struct frame		*f;

	while ((r = frame_next(&b, &f)) == FRAME_AGAIN) {
		frame_flush(&a);
		assert_int_equal(frame_read(&b), FRAME_OK);
	}
	assert_int_equal(r, FRAME_OK);
	assert_int_equal(f->id, 77);
	assert_int_equal(f->payload.n, n);
	assert_int_equal(f->fd != -1, fd);
}

/* ---- a sender that breaks the rules ------------------------------------ */

static void
write_header(size_t len, uint16_t type, uint8_t flags, uint32_t id)
{
	char	 h[FRAME_HEADER] = { 0 };

	wire_set32(h, (uint32_t)len);
	wire_set32(h + 4, type);
	h[6] = (char)flags;
	wire_set32(h + 8, id);
	assert_int_equal(write(a.fd, h, sizeof(h)), sizeof(h));
}

/* A message begins and goes on as another. */
static void
goes_on_as(uint16_t type, uint8_t flags, uint32_t id, enum frame_result want)
{
	struct frame	*f;

	write_header(FRAME_HEADER, 5, FRAME_MORE, 77);
	write_header(FRAME_HEADER, type, flags, id);
	assert_int_equal(frame_read(&b), FRAME_OK);
	assert_int_equal(frame_next(&b, &f), want);
}

static void
parts_agree(void **state)
{
	(void)state;
	goes_on_as(5, 0, 77, FRAME_OK);
}

static void
parts_of_two_types(void **state)
{
	(void)state;
	goes_on_as(6, 0, 77, FRAME_MALFORMED);
}

static void
parts_of_two_ids(void **state)
{
	(void)state;
	goes_on_as(5, 0, 78, FRAME_MALFORMED);
}

static void
descriptor_with_a_later_part(void **state)
{
	(void)state;
	goes_on_as(5, FRAME_FD, 77, FRAME_MALFORMED);
}

/* Octets with so many descriptors, none of which a frame asks for. */
static void
pass(size_t n_fds)
{
	union {
		struct cmsghdr	 align;
		char		 space[CMSG_SPACE(8 * sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec	 iov = { octets, 1 };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = CMSG_SPACE(n_fds * sizeof(int)) };
	struct cmsghdr	*h = CMSG_FIRSTHDR(&msg);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memset(CMSG_DATA(h), 0, n_fds * sizeof(int));	/* of descriptor 0 */
	assert_int_equal(sendmsg(a.fd, &msg, 0), 1);
}

static void
too_many_descriptors_at_once(void **state)
{
	(void)state;
	pass(4);
	assert_int_equal(frame_read(&b), FRAME_OK);
	pass(5);
	assert_int_equal(frame_read(&b), FRAME_MALFORMED);
}

static void
too_many_descriptors_waiting(void **state)
{
	(void)state;
	for (unsigned n = 0; n < FRAME_FDS_IN_MAX; n += 4) {
		pass(4);
		assert_int_equal(frame_read(&b), FRAME_OK);
	}
	pass(1);
	assert_int_equal(frame_read(&b), FRAME_MALFORMED);
}

/* What is passed besides and is no descriptor is not taken for one. */
static void
credentials_are_no_descriptors(void **state)
{
	int	 on = 1;

	(void)state;
	assert_int_equal(setsockopt(b.fd, SOL_SOCKET, SO_PASSCRED, &on,
	    sizeof(on)), 0);
	put(3, -1);
	assert_int_equal(frame_flush(&a), FRAME_OK);
	assert_int_equal(frame_read(&b), FRAME_OK);
	assert_int_equal(b.n_in_fds, 0);
	put(3, -1);
	assert_int_equal(frame_flush(&a), FRAME_OK);
	other_level = SOL_SOCKET + 1;
	assert_int_equal(frame_read(&b), FRAME_OK);
	assert_int_equal(b.n_in_fds, 0);
}

/* Who reads on and takes nothing comes to an end of its room. */
static void
nothing_is_taken(void **state)
{
	enum frame_result	 r = FRAME_OK;
	unsigned		 n = 0;

	(void)state;
	for (; n < 10 && r == FRAME_OK; n++) {
		assert_int_equal(send(a.fd, octets, FRAME_MAX, 0), FRAME_MAX);
		r = frame_read(&b);
	}
	assert_int_equal(r, FRAME_CLOSED);
	assert_true(n > 1);
}

/* ---- more than a channel holds ----------------------------------------- */

static void
descriptors_waiting(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(put(1, dup(0)), 0);
	a.n_out_fds += FRAME_FDS_OUT_MAX - 3;	/* as if there were so many */
	assert_int_equal(put(1, dup(0)), -1);
	a.n_out_fds = 3;
	for (unsigned i = 0; i < 3; i++)
		arrives(1, true);
}

/* The marks of those that are sent make room for those that come. */
static void
marks_are_used_again(void **state)
{
	size_t	 size;

	(void)state;
	assert_int_equal(put(1, dup(0)), 0);
	size = a.size_out_fds;
	for (size_t i = 1; i < size; i++)
		assert_int_equal(put(i, dup(0)), 0);
	room_for = (unsigned)size - 4;
	assert_int_equal(frame_flush(&a), FRAME_AGAIN);
	room_for = 0;
	assert_int_equal(put(size, dup(0)), 0);
	assert_int_equal(a.size_out_fds, size);
	for (size_t i = 0; i <= size; i++)
		arrives(i != 0 ? i : 1, true);
}

static void
no_room_to_divide(void **state)
{
	(void)state;
	a.out.max = 2 * FRAME_MAX;
	/* it fits as one, and not with the header that the next part needs */
	assert_int_equal(put(2 * FRAME_MAX - FRAME_HEADER, dup(0)), -1);
	assert_int_equal(put(2 * FRAME_MAX, -1), -1);
	assert_int_equal(put(3, -1), 0);
	arrives(3, false);
}

/* ---- the kernel says no ------------------------------------------------ */

static void
errors_of_the_socket(void **state)
{
	static const struct {
		int			 error;
		enum frame_result	 sent, got;
	} all[] = {
		{ EAGAIN, FRAME_AGAIN, FRAME_AGAIN },
		{ EINTR, FRAME_AGAIN, FRAME_AGAIN },
		{ ENOBUFS, FRAME_SHORT, FRAME_CLOSED },
		{ ENOMEM, FRAME_SHORT, FRAME_CLOSED },
		{ ETOOMANYREFS, FRAME_SHORT, FRAME_CLOSED },
		{ EPIPE, FRAME_CLOSED, FRAME_CLOSED },
	};

	(void)state;
	assert_int_equal(put(10, -1), 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		refusal = all[i].error;
		assert_int_equal(frame_flush(&a), all[i].sent);
		assert_int_equal(frame_read(&b), all[i].got);
	}
	/* nothing of it is lost for that */
	refusal = 0;
	arrives(10, false);
}

/* ---- memory says no ---------------------------------------------------- */

/* Without each of its allocations it is refused whole; else it arrives. */
static void
each_allocation(size_t n, bool fd)
{
	unsigned	 nth = 0;
	int		 r;

	do {
		frame_discard(&a);
		no_memory_from(++nth);
		r = put(n, fd ? dup(0) : -1);
		assert_int_equal(r, no_memory_was() ? -1 : 0);
	} while (r == -1);
	no_memory_from(0);
	assert_true(nth > 1);
	arrives(n, fd);
}

static void
no_memory_to_send(void **state)
{
	(void)state;
	each_allocation(10, true);
	each_allocation(10, false);
	each_allocation(3 * FRAME_MAX, true);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(parts_agree), TEST(parts_of_two_types),
		TEST(parts_of_two_ids), TEST(descriptor_with_a_later_part),
		TEST(too_many_descriptors_at_once),
		TEST(too_many_descriptors_waiting),
		TEST(credentials_are_no_descriptors), TEST(nothing_is_taken),
		TEST(descriptors_waiting), TEST(marks_are_used_again),
		TEST(no_room_to_divide), TEST(errors_of_the_socket),
		TEST(no_memory_to_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
