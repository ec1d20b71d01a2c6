#!/bin/sh
# A backup of a home: everything that can't be made again, and the current release.
#   backup.sh HOME SECRET_FILE TARGET_DIR
# Runs may go on: the vault only grows, the ledger is copied as one state, releases never change. What is being
# written meanwhile is left out, or entered again from the journal.
set -eu
home=$1; secret=$2; target=$3/$(date -u +%Y%m%dT%H%M%SZ)
umask 077
pack() {  # exit 1 of tar: a file grew or was finished while it was read
    archive=$1; shift
    tar -C "$home" --exclude='.*.partial' --exclude='.partial-*' -czf "$target/$archive" "$@" || [ $? -eq 1 ]
}
mkdir -p "$target"
# The ledger first: what comes later is in the journal of the vault, and is entered from there.
if [ -n "${UROVEN_LEDGER_URL:-}" ]; then
    pg_dump --format=custom --file="$target/ledger.dump" "$(echo "$UROVEN_LEDGER_URL" | sed 's/+psycopg//')"
elif [ -f "$home/ledger.sqlite" ]; then
    sqlite3 "$home/ledger.sqlite" ".backup '$target/ledger.sqlite'"
fi
# The journal before the files: then the backup holds every file that its journal names.
pack journal.tar.gz $(cd "$home" && ls vault/*.jsonl)
pack vault.tar.gz vault
if [ -d "$home/lake/scales/reference" ]; then
    pack reference.tar.gz lake/scales/reference
fi
if [ -d "$home/current" ]; then
    pack releases.tar.gz releases current
fi
cp "$secret" "$target/secret"
(cd "$target" && sha256sum ./* > SHA256SUMS)
echo "$target"
