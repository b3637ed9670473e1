#!/usr/bin/env bash
# Prepare PostgreSQL >= 14 for telemetry on the database's computer: database, tablespace, passwords, access from the LAN.
# Run as root: sudo deploy/telemetry/prepare_database.sh --lan 192.168.0.0/16
# The server is asked as its superuser `postgres`, by its socket; or as the variables PGHOST, PGUSER, … say.
# Safe to repeat: what is there stays. The logins and tables are made after it, by `xtelemdb setup --roles`.
set -euo pipefail

database=xtelem reader=xsup writer=xtelem secrets=/etc/xtelemdb/secrets tablespace='' lan=''
usage() {
    echo "usage: $0 [--database NAME] [--reader LOGIN] [--writer LOGIN] [--secrets FOLDER]" >&2
    echo "          [--tablespace NAME=FOLDER] [--lan NETWORK]" >&2
    exit 2
}
while (($#)); do
    (($# > 1)) || usage
    case $1 in
        --database) database=$2 ;; --reader) reader=$2 ;; --writer) writer=$2 ;; --secrets) secrets=$2 ;;
        --tablespace) tablespace=$2 ;; --lan) lan=$2 ;; *) usage ;;
    esac
    shift 2
done
for name in "$database" "$reader" "$writer" "${tablespace%%=*}"; do
    [[ $name =~ ^[a-z_][a-z0-9_]{0,62}$ || -z $name ]] || { echo "$name is no plain name: use a-z, 0-9 and _." >&2; exit 2; }
done
[[ -z $lan || $lan =~ ^[0-9a-fA-F.:]+/[0-9]+$ ]] || { echo "$lan is no network such as 192.168.0.0/16." >&2; exit 2; }

as_postgres=()
[[ $EUID == 0 && -z ${PGHOST:-} ]] && as_postgres=(runuser -u postgres --)
ask() { "${as_postgres[@]}" psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "${2:-postgres}" --command "$1"; }

[[ $(ask "SHOW server_version_num") -ge 140000 ]] || { echo "PostgreSQL is older than 14." >&2; exit 1; }

# A password for each login, made at random, and never shown. `postgres` reads the file, who makes the logins, and the
# group `xtelemdb` where there is one, as which the services run; nobody else.
umask 077
mkdir -p "$secrets"
for login in "$reader" "$writer"; do
    file=$secrets/$login
    if [[ ! -s $file ]]; then
        head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$file"
        chmod 0400 "$file"
        echo "password of $login made: $file"
    fi
done
if [[ $EUID == 0 && -z ${PGHOST:-} ]]; then
    if getent group xtelemdb >/dev/null; then
        chgrp -R xtelemdb "$secrets"; chmod 0750 "$secrets"; chmod 0440 "$secrets/$reader" "$secrets/$writer"
    fi
    chown -R postgres "$secrets"
fi

if [[ -n $tablespace && -z $(ask "SELECT 1 FROM pg_tablespace WHERE spcname = '${tablespace%%=*}'") ]]; then
    [[ $EUID == 0 && -z ${PGHOST:-} ]] && install -d -o postgres -m 0700 "${tablespace#*=}"
    ask "CREATE TABLESPACE ${tablespace%%=*} LOCATION '${tablespace#*=}'"
    echo "tablespace ${tablespace%%=*} made"
fi
if [[ -z $(ask "SELECT 1 FROM pg_database WHERE datname = '$database'") ]]; then
    ask "CREATE DATABASE $database ENCODING 'UTF8' TEMPLATE template0 ${tablespace:+TABLESPACE ${tablespace%%=*}}"
    echo "database $database made"
fi
# This database is telemetry's own: who has no login of it has no business here, not even with temporary tables.
ask "REVOKE ALL ON DATABASE $database FROM PUBLIC"
ask "REVOKE ALL ON SCHEMA public FROM PUBLIC" "$database"

if [[ -n $lan ]]; then
    hba=$(ask "SHOW hba_file")
    line="host $database $reader,$writer $lan scram-sha-256"
    if ! grep --quiet --fixed-strings --line-regexp "$line" "$hba"; then
        # First, because the first line that fits decides: a wider one above would win.
        kept=$(mktemp "$hba.XXXXXX")
        { echo "# telemetry, by $(basename "$0")"; echo "$line"; cat "$hba"; } >"$kept"
        chmod --reference="$hba" "$kept"; chown --reference="$hba" "$kept" 2>/dev/null || true
        mv "$kept" "$hba"
        ask "SELECT pg_reload_conf()" >/dev/null
        echo "access from $lan allowed, with passwords"
    fi
    wrong=$(ask "SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL")
    [[ $wrong == 0 ]] || { echo "$hba has lines that PostgreSQL does not understand: SELECT * FROM pg_hba_file_rules" >&2; exit 1; }
    case $(ask "SHOW listen_addresses") in
        localhost | 127.0.0.1) echo "PostgreSQL listens on this computer only. Set listen_addresses and restart it." ;;
    esac
fi
echo "Next, as postgres: xtelemdb setup --roles -c /etc/xtelemdb/central.toml database.user=postgres"
