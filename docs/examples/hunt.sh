#!/bin/sh
# Hunt for lies of a fence agent in any CI, without a container.
#
#   hunt.sh AGENT [DEVICE...]
#
# It needs git, a Rust toolchain, and the tools that the agent calls (ipmitool, net-snmp, …). Set these in the environment:
#
#   FENCELAB_SOURCE  where fencelab's source is: an address for git, or a folder that is there already
#   BUDGET           how long to search; 5m if not given
#   BASELINE         the JSON report of an earlier run, if there is one: then only what is new fails
#
# Exit codes: 0 nothing (new) was found, 1 something (new) was found, anything else: see fencelab's docs/exit-codes.md.
# The reports are left in the folder `hunt`.
set -eu

if [ $# -eq 0 ]; then
	echo "usage: hunt.sh AGENT [DEVICE...]" >&2
	exit 2
fi
agent=$1
shift
# Each word of "$@" is a device from here on: put --device before each.
for device in "$@"; do
	set -- "$@" --device "$device"
	shift
done

source=${FENCELAB_SOURCE:?name the source of fencelab: an address for git, or a folder}
if [ ! -d "$source" ]; then
	git clone --depth 1 "$source" fencelab-source
	source=fencelab-source
fi
cargo install --quiet --locked --root fencelab-program --path "$source/lab"
export FENCELAB_CORPUS="$source/transcripts/corpus"

mkdir -p hunt
code=0
fencelab-program/bin/fencelab hunt "$agent" "$@" --budget "${BUDGET:-5m}" --findings hunt/findings \
	--json hunt/hunt.json --junit hunt/hunt.xml --html hunt/hunt.html || code=$?

# Findings (1) are compared with the baseline; anything worse ends here.
if [ "$code" -gt 1 ] || [ -z "${BASELINE:-}" ]; then
	exit "$code"
fi
exec fencelab-program/bin/fencelab compare "$BASELINE" hunt/hunt.json --html hunt/compare.html
