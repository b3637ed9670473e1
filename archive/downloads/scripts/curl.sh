
require curl
[ "$PRIVATE" -eq 0 ] || require_token

# The token goes in by a pipe: arguments can be read by everybody on this computer.
header() {
    [ "$PRIVATE" -eq 0 ] || printf 'header = "Authorization: Token %s"\n' "$ARCHIVE_TOKEN"
}

fetch() { # file, address
    quiet=--silent
    [ ! -t 2 ] || quiet=--progress-bar
    status=$(
        header | curl --config - "$quiet" --show-error --fail --globoff --connect-timeout 30 --speed-time 60 \
            --speed-limit 1 --continue-at - --output "$1" --write-out '%{http_code}' --url "$2"
    ) || judge "$status" "$1"
}
