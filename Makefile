# postern.  "make run" and "make check" do all the set-up they need on a fresh
# Debian 12; "make help" lists the rest.

B = build
ifneq ($(filter-out help clean distclean,$(or $(MAKECMDGOALS),all)),)
-include $(B)/config.mk
endif

# what "make run" uses
RUN_DIR = run
export PORT_MX PORT_SUBMISSION PORT_SUBMISSIONS RELAY

# ---- programs: their directories, what they link -------------------------

PROGRAMS = postern smtpd queued resolverd deliverd postern-local keyd \
	posternctl sendmail

DIRS_postern = master master/load
LIBS_postern = $(CDB_LIBS)
DIRS_smtpd = smtpd
LIBS_smtpd = $(TLS_LIBS) $(IDN_LIBS)
DIRS_queued = queued
LIBS_queued = $(CDB_LIBS) -pthread
DIRS_resolverd = resolverd
LIBS_resolverd = $(LDNS_LIBS)
DIRS_deliverd = deliverd
LIBS_deliverd = $(TLS_LIBS)
DIRS_postern-local = deliverd/local
DIRS_keyd = keyd
LIBS_keyd = $(TLS_LIBS) $(CDB_LIBS) $(CRYPT_LIBS) -pthread
DIRS_posternctl = ctl
LIBS_posternctl = $(JANSSON_LIBS)
DIRS_sendmail = ctl/sendmail

LIBS_common = $(EVENT_LIBS) $(SODIUM_LIBS) $(SECCOMP_LIBS)

# where they are installed: what people call, and what postern starts
SBIN = postern posternctl sendmail
LIBEXEC = $(filter-out $(SBIN),$(PROGRAMS))
PAGES = $(wildcard man/*.[1578])
UNITDIR = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
COMPLETIONDIR = $(PREFIX)/share/bash-completion/completions

all: $(PROGRAMS:%=$(B)/%)

help:
	@sed -n 's/^#@ //p' Makefile

# ---- set-up --------------------------------------------------------------

$(B)/config.mk: configure .ci/packages
	@.ci/packages build
	@./configure --build=$(B) $(CONFIGURE_FLAGS)

$(B)/config.h: $(B)/config.mk

# ---- compiling -----------------------------------------------------------

SOURCES_common = $(wildcard common/*.c)
OBJECTS_common = $(SOURCES_common:%.c=$(B)/o/%.o)

$(B)/libcommon.a: $(OBJECTS_common)
	@rm -f $@
	ar rcs $@ $^

$(B)/o/common/%.o: common/%.c $(B)/config.mk
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WERROR) -MMD -MP -iquote $(B) -iquote common -c -o $@ $<

# program NAME: its objects see common and its own directories, no others
define program
SOURCES_$(1) = $$(foreach d,$$(DIRS_$(1)),$$(wildcard $$(d)/*.c))
OBJECTS_$(1) = $$(SOURCES_$(1):%.c=$$(B)/o/%.o)
INCLUDES_$(1) = -iquote $$(B) -iquote common $$(DIRS_$(1):%=-iquote %)

$$(OBJECTS_$(1)): $$(B)/o/%.o: %.c $$(B)/config.mk
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(WERROR) -MMD -MP $$(INCLUDES_$(1)) -c -o $$@ $$<

$$(B)/lib$(1).a: $$(filter-out %/main.o,$$(OBJECTS_$(1)))
	@rm -f $$@
	ar rcs $$@ $$^

$$(B)/$(1): $$(OBJECTS_$(1)) $$(B)/libcommon.a
	$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1)) $$(LIBS_common)

-include $$(OBJECTS_$(1):.o=.d)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))
-include $(OBJECTS_common:.o=.d)

# ---- unit tests: which program's modules each one links ------------------

UNIT_common = $(filter-out $(foreach p,$(PROGRAMS),$(UNIT_$(p))), \
	$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c)))
UNIT_postern = $(call tests,test_child test_conf test_conf_% test_listen test_master)
UNIT_smtpd = $(call tests,test_session test_smtpd_%)
UNIT_queued = $(call tests,test_router test_schedule test_retry test_bounce \
	test_spool test_record test_segment test_queued_% test_dispatch \
	test_alias_%)
UNIT_resolverd = $(call tests,test_dns_% test_resolverd_%)
UNIT_deliverd = $(call tests,test_client test_client_% test_deliverd_%)
UNIT_postern-local = $(call tests,test_maildir test_local_%)
UNIT_keyd = $(call tests,test_keyd_%)
UNIT_posternctl = $(call tests,test_ctl_%)
UNIT_sendmail = $(call tests,test_sendmail_%)
tests = $(filter $(1),$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c)))

UNIT_TESTS = $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))

# unit NAME: the tests of a program's modules, without its main
define unit
$$(UNIT_$(1):%=$$(B)/unit/%): $$(B)/unit/%: tests/unit/%.c $$(B)/lib$(1).a $$(B)/libcommon.a
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(WERROR) -MMD -MP -iquote $$(B) -iquote common -iquote tests/unit $$(DIRS_$(1):%=-iquote %) \
	    $$(LDFLAGS) -o $$@ $$(filter %.c %.a,$$^) $$(LIBS_$(1)) $$(LIBS_common) -lcmocka
endef
$(foreach p,$(PROGRAMS),$(eval $(call unit,$(p))))
$(UNIT_common:%=$(B)/unit/%): $(B)/unit/%: tests/unit/%.c $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WERROR) -MMD -MP -iquote $(B) -iquote common -iquote tests/unit $(LDFLAGS) -o $@ \
	    $(filter %.c %.a,$^) $(TLS_LIBS) $(LIBS_common) -lcmocka
# those in which memory or the system says no when they want it to
wrap = $(1:%=-Wl,--wrap=%)
NO_MEMORY = malloc calloc realloc reallocarray
$(B)/unit/test_frame_refused: LDFLAGS += $(call wrap,$(NO_MEMORY) recvmsg sendmsg send)
$(B)/unit/test_peer_life: LDFLAGS += $(call wrap,$(NO_MEMORY) send)
$(B)/unit/test_queued_memory: LDFLAGS += $(call wrap,$(NO_MEMORY))
-include $(wildcard $(B)/unit/*.d)

# ---- helpers of the process and system tests -----------------------------

TOOLS = $(patsubst tests/system/%.c,$(B)/tests/%,$(wildcard tests/system/*.c)) \
	$(patsubst tests/process/%.c,$(B)/tests/%,$(wildcard tests/process/*.c)) \
	$(B)/tests/conf_driver $(B)/tests/cutfs $(B)/tests/cutfs_mount \
	$(B)/tests/recover

$(B)/tests/conf_driver: tests/config/conf_driver.c $(B)/libpostern.a $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WERROR) -MMD -MP $(INCLUDES_postern) $(LDFLAGS) -o $@ $(filter %.c %.a,$^) \
	    $(LIBS_postern) $(LIBS_common)

$(B)/tests/%: tests/system/%.c $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WERROR) -MMD -MP -iquote $(B) -iquote common -iquote tests/unit $(LDFLAGS) -o $@ \
	    $(filter %.c %.a,$^) $(LIBS_common)

$(B)/tests/%: tests/process/%.c $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WERROR) -MMD -MP -iquote $(B) -iquote common -iquote tests/unit $(LDFLAGS) -o $@ \
	    $(filter %.c %.a,$^) $(CDB_LIBS) $(LIBS_common)

# handshakes with the key here and in keyd; not part of make check
$(B)/tests/tls_handshake: tests/bench/tls_handshake.c $(B)/libkeyd.a $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WERROR) -MMD -MP $(INCLUDES_keyd) $(LDFLAGS) -o $@ $(filter %.c %.a,$^) \
	    $(LIBS_keyd) $(LIBS_common)

-include $(wildcard $(B)/tests/*.d)

# ---- power cuts: the spool on a disk that forgets ------------------------

$(B)/tests/cutfs: $(wildcard tests/fault/*.[ch]) $(B)/libqueued.a $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WERROR) -iquote $(B) -iquote common -iquote queued -iquote tests/fault \
	    $(LDFLAGS) -Wl,--wrap=rewrite_all -o $@ $(filter %.c %.a,$^) \
	    $(LIBS_queued) $(LIBS_common)

# the same disk as a file system; without libfuse its test says so
CUT_DISK = $(filter-out %/recover.c,$(wildcard tests/fault/live/*.c)) \
	tests/fault/model.c tests/fault/journal.c tests/fault/cut.c
$(B)/tests/cutfs_mount: $(CUT_DISK) $(wildcard tests/fault/*.h tests/fault/live/*.h) $(B)/libcommon.a
	@mkdir -p $(@D)
	@.ci/packages check $(B)
	pkg-config --exists fuse3 || exit 0; \
	$(CC) $(CFLAGS) $(WERROR) -iquote $(B) -iquote common -iquote tests/fault \
	    $$(pkg-config --cflags fuse3) $(LDFLAGS) -o $@ $(filter %.c %.a,$^) \
	    $$(pkg-config --libs fuse3) $(LIBS_common)
$(B)/tests/recover: tests/fault/live/recover.c $(B)/libqueued.a $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WERROR) -iquote $(B) -iquote common -iquote queued $(LDFLAGS) -o $@ \
	    $(filter %.c %.a,$^) $(LIBS_queued) $(LIBS_common)

# the disk that writes down what is done to it; only for check-release
$(B)/tests/recorder: tests/fault/block/recorder.c $(B)/config.mk
	@mkdir -p $(@D)
	@.ci/packages release $(B)
	$(CC) $(CFLAGS) $(WERROR) -o $@ $< $(LDFLAGS) \
	    $$(pkg-config --cflags --libs fuse3)

# ---- fuzz targets: which program's modules each one links ----------------

FUZZ_postern = conf
FUZZ_smtpd = session session_tls
FUZZ_queued = envelope
FUZZ_resolverd = dns
FUZZ_deliverd = client
FUZZ_common = address header messages reply
REPLAYS = $(foreach p,common $(PROGRAMS),$(FUZZ_$(p):%=$(B)/fuzz/replay_%))

# fuzz NAME: its targets over their corpora, as part of make check
define fuzz
$$(FUZZ_$(1):%=$$(B)/fuzz/replay_%): $$(B)/fuzz/replay_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $$(B)/lib$(1).a $$(B)/libcommon.a
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(WERROR) -iquote $$(B) -iquote common -iquote tests/unit $$(DIRS_$(1):%=-iquote %) \
	    $$(LDFLAGS) -o $$@ $$(filter %.c,$$^) $$(B)/lib$(1).a $$(B)/libcommon.a $$(LIBS_$(1)) $$(LIBS_common)
endef
$(foreach p,common $(PROGRAMS),$(eval $(call fuzz,$(p))))

# ---- what people call ----------------------------------------------------

#@ make run            start postern in the foreground below RUN_DIR (root)
run:
	@$(MAKE) -j$$(nproc) all
	@$(B)/postern -x $(B) -b "$(RUN_DIR)"

#@ make check          unit, fuzz corpora, power cuts, process, configuration, system
check: check-packages all $(UNIT_TESTS) $(REPLAYS) $(TOOLS)
	@tests/run $(B) unit fuzz fault process config system

#@ make check-unit, check-process, check-config, check-system: one kind
check-unit: check-packages $(UNIT_TESTS)
	@tests/run $(B) unit
check-process: check-packages all $(TOOLS)
	@tests/run $(B) process
check-config: check-packages all $(TOOLS)
	@tests/run $(B) config
check-system: check-packages all $(TOOLS)
	@tests/run $(B) system

#@ make check-fault    100,000 power cuts in the middle of the spool's work
check-fault: check-packages all $(TOOLS) $(B)/unit/test_queued_rot
	@SPOOL_TEST_EACH=1 $(B)/unit/test_queued_rot
	@N=100000 STEP=2 $(B)/tests/cutfs states

#@ make check-release  what takes hours, in parts: PART= FROM= N=; see tests/release
check-release: check-packages all $(TOOLS) $(B)/tests/recorder
	@tests/release $(B) $(PART) $(FROM) $(N)

#@ make check-asan     the same on a build with AddressSanitizer and UBSan
check-asan: check-packages
	@$(MAKE) B=$(B)-asan CONFIGURE_FLAGS="--enable-testing --sanitize" check

#@ make coverage       what the tests run, by directory, and what they do not
coverage:
	@.ci/packages coverage $(B)-coverage
	@$(MAKE) B=$(B)-coverage coverage-tests \
	    CONFIGURE_FLAGS="--enable-testing --coverage CC=clang"
coverage-tests: all $(UNIT_TESTS) $(REPLAYS) $(TOOLS)
	@tests/coverage $(B)

#@ make check-mutants  each defence removed in turn: just its test must fail
check-mutants: check-packages all
	@tests/mutants/run $(B)

#@ make fuzz           build the fuzz targets (clang); FUZZ_TIME=s runs each
fuzz: all
	@tests/fuzz/run $(B) $(FUZZ_TIME)

#@ make lint           warnings as errors by gcc and clang, layers, lengths
lint: check-packages
	@tests/lint $(B)

#@ make bench          relay and accept next to Postfix; see tests/bench
bench: check-packages all $(B)/tests/tls_handshake
	@tests/bench/bench $(B) $(SCENARIOS)

check-packages:
	@.ci/packages check $(B)

#@ make install        DESTDIR= for packagers; not from a testing build
install: all
	@[ "$(TESTING)" = 0 ] || { echo "make install: this is a testing build: its jails are wider" >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin \
	    $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(SYSCONFDIR)/postern \
	    $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(COMPLETIONDIR)
	install -m 755 $(SBIN:%=$(B)/%) $(DESTDIR)$(PREFIX)/sbin
	for f in mailq newaliases; do \
	    ln -sf ../sbin/sendmail $(DESTDIR)$(PREFIX)/bin/$$f; done
	install -m 755 $(LIBEXEC:%=$(B)/%) $(DESTDIR)$(LIBEXECDIR)
	[ -e $(DESTDIR)$(SYSCONFDIR)/postern/postern.conf ] || \
	    install -m 644 etc/postern.conf $(DESTDIR)$(SYSCONFDIR)/postern
	sed 's|@SBINDIR@|$(PREFIX)/sbin|' etc/systemd/postern.service.in \
	    > $(DESTDIR)$(UNITDIR)/postern.service
	chmod 644 $(DESTDIR)$(UNITDIR)/postern.service
	install -m 644 etc/sysusers.d/postern.conf $(DESTDIR)$(SYSUSERSDIR)
	install -m 644 etc/completion/posternctl $(DESTDIR)$(COMPLETIONDIR)
	for f in $(PAGES); do d=$(DESTDIR)$(MANDIR)/man$${f##*.}; \
	    install -d "$$d"; install -m 644 "$$f" "$$d"; done

#@ make uninstall      all but the configuration, the queue and the mail
uninstall:
	rm -f $(SBIN:%=$(DESTDIR)$(PREFIX)/sbin/%) \
	    $(DESTDIR)$(PREFIX)/bin/mailq $(DESTDIR)$(PREFIX)/bin/newaliases \
	    $(DESTDIR)$(UNITDIR)/postern.service \
	    $(DESTDIR)$(SYSUSERSDIR)/postern.conf \
	    $(DESTDIR)$(COMPLETIONDIR)/posternctl
	rm -rf $(DESTDIR)$(LIBEXECDIR)
	for f in $(PAGES); do \
	    rm -f $(DESTDIR)$(MANDIR)/man$${f##*.}/$${f##*/}; done

clean:
	rm -rf $(B)/o $(B)/unit $(B)/tests $(B)/*.a $(PROGRAMS:%=$(B)/%)
distclean:
	rm -rf $(B) $(B)-asan $(B)-coverage
dist:
	git archive --prefix=postern-$(VERSION)/ -o postern-$(VERSION).tar.gz HEAD

.PHONY: all help run check check-unit check-process check-config check-system \
	check-fault check-release check-asan check-mutants coverage coverage-tests fuzz lint bench check-packages install \
	uninstall clean distclean dist
