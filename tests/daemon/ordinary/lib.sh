# shellcheck shell=sh
# For the days' work in this directory. To be sourced.

# is FOUND EXPECTED
is() {
    [ "$1" = "$2" ]
}

# eventually COMMAND...: until it succeeds, where something goes on behind the client.
eventually() {
    for _ in $(seq 200); do
        if "$@"; then
            return
        fi
        sleep 0.3
    done
    return 1
}
