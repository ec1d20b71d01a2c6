#!/bin/sh
# A backup of a home: everything that can't be made again, and the current release.
#   backup.sh HOME SECRET_FILE TARGET_DIR
# Runs may go on: the vault only grows, the ledger is copied as one state, releases never change.
set -eu
home=$1; secret=$2; target=$3/$(date -u +%Y%m%dT%H%M%SZ)
umask 077
mkdir -p "$target"
# The ledger first: what comes later is in the journal of the vault, and is entered from there.
if [ -n "${UROVEN_LEDGER_URL:-}" ]; then
    pg_dump --format=custom --file="$target/ledger.dump" "$(echo "$UROVEN_LEDGER_URL" | sed 's/+psycopg//')"
elif [ -f "$home/ledger.sqlite" ]; then
    sqlite3 "$home/ledger.sqlite" ".backup '$target/ledger.sqlite'"
fi
tar -C "$home" -czf "$target/vault.tar.gz" vault
if [ -d "$home/lake/scales/reference" ]; then
    tar -C "$home" -czf "$target/reference.tar.gz" lake/scales/reference
fi
tar -C "$home" -czf "$target/releases.tar.gz" releases current
cp "$secret" "$target/secret"
(cd "$target" && sha256sum ./* > SHA256SUMS)
echo "$target"
