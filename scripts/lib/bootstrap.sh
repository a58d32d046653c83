# Gives this checkout a Python environment of its own, once per lock file. Sourced by the scripts one directory up.
#
#   use_venv run    .venv        what a node needs            (requirements/run.txt)
#   use_venv dev    .venv-dev    the same and the test tools  (requirements/dev.txt)
#
# Two environments, because then one lock belongs to one directory: `cmp` alone decides whether it is up to date, and
# working on the project never changes what the node on the same machine runs. Afterwards $python is ready for `exec`.
#
# POSIX sh. Expects $root. Everything said here goes to stderr: stdout belongs to the command that follows.

say() {
    printf 'meshnode: %s\n' "$*" >&2
}

stop() {
    say "$@"
    exit 1
}

use_venv() {
    # Tests, benches and the demo start the program hundreds of times: it must not be compiled at each start.
    unset PYTHONDONTWRITEBYTECODE
    lock=$root/requirements/$1.txt
    case $1 in
        run) venv=$root/.venv ;;
        *) venv=$root/.venv-$1 ;;
    esac
    python=$venv/bin/python
    is_current || set_up
}

# True also means that the interpreter is still there: its link dangles after the system's Python was replaced.
is_current() {
    cmp -s "$lock" "$venv/lock.txt" && [ -x "$python" ]
}

# Runs in a subshell, so that the file lock ends with it and is not handed on to the daemon. Several first calls at
# once queue here; all but the first find the work done. What was left by a killed set-up is swept away by the next.
set_up() (
    [ -w "$root" ] || stop "cannot set up: $root is not writable for you. Use a copy of your own."
    command -v flock >/dev/null || stop "needs the program flock. Install it: sudo apt install util-linux"
    exec 9>"$venv.lock"
    flock -n 9 || { say "another call is setting up; waiting for it ..."; flock 9; }
    if is_current; then exit 0; fi
    find_python
    if [ -e "$venv" ]; then
        say "the libraries have changed; fetching the new ones ..."
    else
        say "setting up, this once (it takes about a minute) ..."
    fi
    new=$venv.new
    rm -rf "$new" "$venv.old"
    if ! build "$new" >"$venv.log" 2>&1; then
        rm -rf "$new"
        stop "set-up failed (is this machine online?). The end of $venv.log says why."
    fi
    if [ -e "$venv" ]; then mv "$venv" "$venv.old"; fi
    mv "$new" "$venv"
    rm -rf "$venv.old"
    say "ready."
)

# The directory is renamed afterwards, so nothing may rely on the absolute paths that pip writes into bin/: use -m.
# Only wheels: building from source would pull in build tools that no hash covers.
# The project enters by a relative path, so that a checkout may be moved (pip refuses `-e .` beside hashes).
build() {
    unset PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX PIP_ROOT
    "$base" -I -m venv "$1" &&
        cp "$lock" "$1/lock.txt" &&
        PIP_USER=0 "$1/bin/python" -I -m pip install --disable-pip-version-check --no-input --no-deps \
            --only-binary :all: --require-hashes -r "$1/lock.txt" &&
        "$1/bin/python" -I - "$root" <<'PYTHON'
import os, sys, sysconfig
site = sysconfig.get_path("purelib")
with open(os.path.join(site, "meshnode.pth"), "w") as pth:
    pth.write(os.path.relpath(sys.argv[1], site) + "\n")
PYTHON
}

# Sets $base to a Python that will do, or says in one line what to install. Must run on old Pythons too.
probe='
import os, sys
if sys.version_info < (3, 11):
    print("old " + sys.version.split()[0])
elif sys.maxsize < 2**32:
    print("narrow")
else:
    try:
        import ensurepip, venv
    except ImportError:
        print("bare")
    else:
        print("good " + os.path.realpath(sys.executable))
'

find_python() {
    bare='' old='' narrow=''
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        answer=$("$candidate" -I -c "$probe" 2>/dev/null) || continue
        case $answer in
            good*) base=${answer#good }; return ;;
            bare) bare=${bare:-$candidate} ;;
            narrow) narrow=$candidate ;;
            old*) old=${old:-${answer#old }} ;;
        esac
    done
    [ -z "$bare" ] || stop "Python's venv module is missing. Install it: sudo apt install $bare-venv"
    [ -z "$narrow" ] || stop "needs a 64-bit system; the Python here is 32-bit. Install the 64-bit edition of your system."
    [ -z "$old" ] || stop "needs Python 3.11 or newer; this machine has $old. Install one (sudo apt install python3.11" \
        "python3.11-venv) or move to Debian 12, Ubuntu 24.04 or newer."
    stop "needs Python 3.11 or newer and found none. Install it: sudo apt install python3 python3-venv"
}
