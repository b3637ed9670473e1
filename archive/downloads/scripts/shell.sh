#!/bin/sh
# A download that the archive wrote. Run it with `sh`, in the folder where the files shall be. Run it again to go on
# where it was cut: what is whole stays, what is begun is resumed. A file gets its name only when its checksum is right.
# Exit code: 0 all files are here and right, 1 some are not, 2 it could not begin.
set -u

ATTEMPTS=5
number=0
failed=0

complain() {
    printf '%s\n' "$*" >&2
}

require() {
    command -v "$1" >/dev/null 2>&1 || {
        complain "$1 is needed and not here: install it, or ask the archive for another format of this script."
        exit 2
    }
}

require_token() {
    if [ -z "${ARCHIVE_TOKEN:-}" ]; then
        complain "These files are not public. Put your token into the environment, ARCHIVE_TOKEN=..., and run this again."
        exit 2
    fi
    case $ARCHIVE_TOKEN in
        *[!A-Za-z0-9._~+/=-]*)
            complain "ARCHIVE_TOKEN has characters that no token has: copy it again."
            exit 2
            ;;
    esac
}

size_of() {
    wc -c <"$1" | tr -d ' '
}

digest_of() { # algorithm, file
    case $1 in
        sha256) if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi ;;
        md5) if command -v md5sum >/dev/null 2>&1; then md5sum; else md5 -r; fi ;;
    esac <"$2" | cut -d ' ' -f 1
}

is_right() { # file, size or "-", algorithm, checksum
    [ -f "$1" ] || return 1
    [ "$2" = - ] || [ "$(size_of "$1")" = "$2" ] || return 1
    [ "$(digest_of "$3" "$1")" = "$4" ]
}

# What an answer of the archive means: 1 to try again, 2 to give this file up.
judge() { # status, file
    case $1 in
        401 | 403 | 404) complain "The archive answers $1: this token may not have the file (any more)." && return 2 ;;
        409 | 410) complain "The archive answers $1: expired, or a file is gone. Make the script anew." && return 2 ;;
        416) rm -f -- "$2" ;; # more is here than there is
    esac
    return 1
}

attempt() { # as get: 0 when the file is here and right, 1 to try again, 2 to give up
    if ! is_right "$part" "$2" "$3" "$4"; then
        if [ -f "$part" ] && [ "$2" != - ] && [ "$(size_of "$part")" -ge "$2" ]; then
            rm -f -- "$part"
        fi
        fetch "$part" "$5" || return $?
        if ! is_right "$part" "$2" "$3" "$4"; then
            complain "$1: what came is not what the archive took in."
            rm -f -- "$part"
            wrong=$((wrong + 1))
            [ "$wrong" -lt 2 ] && return 1
            return 2
        fi
    fi
    mv -f -- "$part" "$file" || return 2
}

get() { # name, size or "-", algorithm, checksum, address
    number=$((number + 1))
    file=./$1
    part=$file.part
    mkdir -p -- "${file%/*}"
    wrong=0
    if is_right "$file" "$2" "$3" "$4"; then
        printf '[%s/%s] %s: here already\n' "$number" "$COUNT" "$1"
        return
    fi
    n=1
    while [ "$n" -le "$ATTEMPTS" ]; do
        [ "$n" -eq 1 ] || sleep "$n"
        attempt "$@"
        case $? in
            0)
                printf '[%s/%s] %s: right\n' "$number" "$COUNT" "$1"
                return
                ;;
            2) break ;;
        esac
        n=$((n + 1))
    done
    failed=$((failed + 1))
    complain "[$number/$COUNT] $1: FAILED"
}

main() {
    files
    [ "$LEFT_OUT" -eq 0 ] || complain "$LEFT_OUT files are known to be damaged in the archive and were left out."
    if [ "$failed" -ne 0 ]; then
        complain "$failed of $COUNT files FAILED: run this again."
        exit 1
    fi
    printf 'All %s files are here and right.\n' "$COUNT"
    exit 0
}
