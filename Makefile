# postern.  "make run" and "make check" do all the set-up they need on a fresh
# Debian 12; "make help" lists the rest.

B = build
-include $(B)/config.mk

# what "make run" uses
RUN_DIR = run
export PORT_MX PORT_SUBMISSION PORT_SUBMISSIONS RELAY

# ---- programs: their directories, what they link -------------------------

PROGRAMS = postern smtpd queued resolverd deliverd postern-local keyd \
	posternctl sendmail

DIRS_postern = master master/load
LIBS_postern = $(CDB_LIBS)
DIRS_smtpd = smtpd
DIRS_queued = queued
LIBS_queued = $(CDB_LIBS) -pthread
DIRS_resolverd = resolverd
LIBS_resolverd = $(LDNS_LIBS)
DIRS_deliverd = deliverd
DIRS_postern-local = deliverd/local
DIRS_keyd = keyd
DIRS_posternctl = ctl
LIBS_posternctl = $(JANSSON_LIBS)
DIRS_sendmail = ctl/sendmail

LIBS_common = $(EVENT_LIBS) $(SODIUM_LIBS) $(SECCOMP_LIBS)

# what installs under another path or name than the program's own
MAIN_postern = $(PREFIX)/sbin/postern
MAIN_posternctl = $(PREFIX)/sbin/posternctl

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
UNIT_deliverd = $(call tests,test_client test_deliverd_%)
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
	    $(filter %.c %.a,$^) $(LIBS_common) -lcmocka
-include $(wildcard $(B)/unit/*.d)

# ---- helpers of the process and system tests -----------------------------

TOOLS = $(patsubst tests/system/%.c,$(B)/tests/%,$(wildcard tests/system/*.c)) \
	$(patsubst tests/process/%.c,$(B)/tests/%,$(wildcard tests/process/*.c)) \
	$(B)/tests/conf_driver $(B)/tests/cutfs

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
	    $(filter %.c %.a,$^) $(LIBS_common)

-include $(wildcard $(B)/tests/*.d)

# ---- power cuts: the spool on a disk that forgets ------------------------

$(B)/tests/cutfs: $(wildcard tests/fault/*.c) $(B)/libqueued.a $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WERROR) -iquote $(B) -iquote common -iquote queued -iquote tests/fault \
	    $(LDFLAGS) -o $@ $(filter %.c %.a,$^) $(LIBS_queued) $(LIBS_common)

# ---- fuzz targets: which program's modules each one links ----------------

FUZZ_postern = conf
FUZZ_smtpd = session
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
run: all
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
check-fault: check-packages all $(TOOLS)
	@N=100000 STEP=2 $(B)/tests/cutfs states

#@ make check-asan     the same on a build with AddressSanitizer and UBSan
check-asan: check-packages
	@$(MAKE) B=$(B)-asan CONFIGURE_FLAGS="--enable-testing --sanitize" check

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
bench: check-packages all
	@tests/bench/bench $(B)

check-packages:
	@.ci/packages check $(B)

#@ make install        DESTDIR= for packagers; not from a testing build
install: all
	@[ "$(TESTING)" = 0 ] || { echo "make install: this is a testing build: its jails are wider" >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin \
	    $(DESTDIR)$(LIBEXECDIR) \
	    $(DESTDIR)$(SYSCONFDIR)/postern $(DESTDIR)$(MANDIR)
	install -m 755 $(B)/postern $(B)/posternctl $(B)/sendmail \
	    $(DESTDIR)$(PREFIX)/sbin
	for f in mailq newaliases; do \
	    ln -sf ../sbin/sendmail $(DESTDIR)$(PREFIX)/bin/$$f; done
	install -m 755 $(filter-out %/posternctl %/sendmail,$(PROGRAMS:%=$(B)/%)) \
	    $(DESTDIR)$(LIBEXECDIR)
	[ -e $(DESTDIR)$(SYSCONFDIR)/postern/postern.conf ] || \
	    install -m 644 etc/postern.conf $(DESTDIR)$(SYSCONFDIR)/postern
	for f in man/*.[1578]; do [ -e "$$f" ] || continue; \
	    d=$(DESTDIR)$(MANDIR)/man$${f##*.}; \
	    install -d "$$d"; install -m 644 "$$f" "$$d"; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/postern $(DESTDIR)$(PREFIX)/sbin/posternctl \
	    $(DESTDIR)$(PREFIX)/sbin/sendmail $(DESTDIR)$(PREFIX)/bin/mailq \
	    $(DESTDIR)$(PREFIX)/bin/newaliases
	rm -rf $(DESTDIR)$(LIBEXECDIR)
	for f in man/*.[1578]; do \
	    rm -f $(DESTDIR)$(MANDIR)/man$${f##*.}/$${f##*/}; done

clean:
	rm -rf $(B)/o $(B)/unit $(B)/tests $(B)/*.a $(PROGRAMS:%=$(B)/%)
distclean:
	rm -rf $(B) $(B)-asan
dist:
	git archive --prefix=postern-$(VERSION)/ -o postern-$(VERSION).tar.gz HEAD

.PHONY: all help run check check-unit check-process check-config check-system \
	check-fault check-asan check-mutants fuzz lint bench check-packages install \
	uninstall clean distclean dist
