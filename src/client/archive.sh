#!/bin/sh
# archive.sh LD OBJCOPY AR OUT CLIENT BASE OTHERS... - makes liblinnet.a: one relocatable object of
# the whole client and base layers and of what they use of the others, in which every symbol that is
# hidden has become local. So a program that links it may use any of our internal names itself.
set -eu
ld=$1 objcopy=$2 ar=$3 out=$4 client=$5 base=$6
shift 6
object=$out.o
"$ld" -r -o "$object" --whole-archive "$client" "$base" --no-whole-archive --start-group "$@" --end-group
"$objcopy" --localize-hidden "$object"
rm -f "$out"
"$ar" rcs "$out" "$object"
rm -f "$object"
