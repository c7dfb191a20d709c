#!/bin/sh
# page.sh SCDOC: makes a manual page of standard input. The macros of man switch hyphenation on again
# at each paragraph unless HY is 0; names of settings and options must stay whole.
set -e
page=$("$1")
printf '%s\n' "$page" | sed 's/^\.nh$/&\n.nr HY 0/'
