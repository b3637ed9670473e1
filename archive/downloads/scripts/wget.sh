
require wget

# The token goes in by a pipe: arguments can be read by everybody on this computer.
header() {
    [ "$PRIVATE" -eq 0 ] || printf 'header = Authorization: Token %s\n' "$ARCHIVE_TOKEN"
}

fetch() { # file, address
    log=$(
        header | wget --config=/dev/stdin --no-verbose --server-response --tries=1 --timeout=60 --continue \
            --output-document="$1" "$2" 2>&1
    ) && return 0
    [ -s "$1" ] || rm -f -- "$1"
    status=$(printf '%s\n' "$log" | sed -n 's/^ *HTTP\/[0-9.]* \([0-9][0-9]*\).*/\1/p' | tail -n 1)
    [ -n "$status" ] || complain "$log"
    judge "$status" "$1"
}
