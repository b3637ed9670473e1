
require wget

# The token goes in by a file of our own, because arguments can be read by everybody on this computer. Without a token
# the file is empty, and stands in for a .wgetrc that could change what is done here.
trap 'rm -f -- "${config:-}"' EXIT
trap 'exit 130' INT TERM HUP
config=$(umask 077 && mktemp) || exit 2
if [ "$PRIVATE" -ne 0 ]; then
    require_token
    printf 'header = Authorization: Token %s\n' "$ARCHIVE_TOKEN" >"$config"
fi

fetch() { # file, address
    log=$(
        wget --config="$config" --no-verbose --server-response --tries=1 --timeout=60 --continue \
            --output-document="$1" "$2" 2>&1
    ) && return 0
    [ -s "$1" ] || rm -f -- "$1"
    status=$(printf '%s\n' "$log" | sed -n 's/^ *HTTP\/[0-9.]* \([0-9][0-9]*\).*/\1/p' | tail -n 1)
    [ -n "$status" ] || complain "$log"
    judge "$status" "$1"
}
