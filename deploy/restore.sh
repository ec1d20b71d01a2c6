#!/bin/sh
# A home on an empty machine, out of a backup: restore.sh BACKUP HOME SECRET_FILE
# Then: uroven run. The lake and the build database are made anew from the vault; the release is the same.
set -eu
backup=$1; home=$2; secret=$3
if [ -e "$home/vault" ]; then
    echo "$home already holds a vault: restore into an empty place" >&2
    exit 1
fi
(cd "$backup" && sha256sum --quiet --check SHA256SUMS)
umask 077
mkdir -p "$home"
tar -C "$home" -xzf "$backup/vault.tar.gz"
for archive in journal releases reference; do
    if [ -f "$backup/$archive.tar.gz" ]; then
        tar -C "$home" -xzf "$backup/$archive.tar.gz"
    fi
done
if [ -f "$backup/ledger.dump" ]; then
    pg_restore --clean --if-exists --no-owner --dbname="$(echo "$UROVEN_LEDGER_URL" | sed 's/+psycopg//')" "$backup/ledger.dump"
elif [ -f "$backup/ledger.sqlite" ]; then
    cp "$backup/ledger.sqlite" "$home/ledger.sqlite"
fi
cp "$backup/secret" "$secret"
