# shellcheck shell=bash
# For scripts that make a root file system. To be sourced.

# Copies a program to a path below a root, with the shared libraries that it needs, if any.
copy_program() { # PROGRAM ROOT PATH
    local program=$1 root=$2 path=$3 library
    install -D -m 755 -- "$program" "$root$path"
    # ldd fails for a static program. Otherwise each line has at most one absolute path: that of
    # a library or of the loader. The kernel's own vdso has none.
    for library in $(ldd "$program" 2>/dev/null | grep -o '/[^ ]*' || true); do
        install -D -m 755 -- "$library" "$root$library"
    done
}
