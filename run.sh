#!/usr/bin/env bash
# All commands of Hearsay, by name or from a menu; ./run.sh help lists them.
set -euo pipefail

PROJECT="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
VENV="$PROJECT/.venv"
RUN="$PROJECT/var/run"
export HEARSAY_HOME="${HEARSAY_HOME:-$PROJECT}" # config.yml, var/ and logs/ are in the checkout, whatever the working folder

say() { printf '%s\n' "$@" >&2; }
fail() {
  say "run.sh: $*"
  exit 2
}

usage() {
  cat <<'TEXT'
./run.sh                        the menu
./run.sh setup [--models]       create .venv/, download a speech model (--models: also torch, transformers, what bench/ needs)
./run.sh doctor                 check this installation, and report how to fix what is wrong
./run.sh demo [--page|--no-page]  transcribe and index the sample clips, search them, open the page
./run.sh test [--all]           install what the tests need, and run them (--all: including the slow ones)
./run.sh api                    serve POST /asr and POST /ser on port 8001
./run.sh decode SOURCE --out DIR [--csv FILE]   transcribe a folder of clips
./run.sh models [list|fetch NAME|remove NAME]   weights of speech models
./run.sh load FILE...           load clip records into the index
./run.sh put FILE...            add or replace clips in the index
./run.sh reload                 load the files of the index again as a new version
./run.sh search WORDS           search in the terminal
./run.sh page                   the search page on port 8501
./run.sh elastic start|stop|status   Elasticsearch on this machine (start --nodes 3 --secure: with TLS and users)
./run.sh check                  format, lint, types, import rules and tests with coverage
./run.sh stop                   stop running pages, APIs and Elasticsearch nodes (a decode ends with Ctrl-C)
example: ./run.sh demo --no-page && ./run.sh search lighthouse --index var/demo/index
Further arguments go to the command itself; --help shows its options.
After setup, .venv/bin/hearsay --help lists more commands: score, export, delete, rollback, evaluate-search and others.
API_PORT, PAGE_PORT and ES_PORT change the ports.
TEXT
}

# ── set-up ───────────────────────────────────────────────────────────────────────────────────────────────────────────

python_command() {
  local name
  for name in python3.13 python3.12 python3.11 python3; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"
      return
    fi
  done
  fail "Python 3.11 or newer is needed; on Debian and Ubuntu: sudo apt-get install python3 python3-venv"
}

make_venv() {
  [ -x "$VENV/bin/uv" ] && return
  local python
  python="$(python_command)"
  say "making .venv with $python"
  "$python" -m venv "$VENV" || fail "venv is missing; on Debian and Ubuntu: sudo apt-get install python3-venv"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check uv -c "$PROJECT/constraints.txt" ||
    fail "uv, which installs the packages, could not be installed; the lines above say why"
}

# Install extras of pyproject.toml, each once for each state of pyproject.toml, the version and constraints.txt.
need() {
  [ -z "$(missing_of "$@")" ] && return
  mkdir -p "$PROJECT/var"
  (
    wait_for_other_installations 9
    install_missing "$@"
  ) 9>"$PROJECT/var/setup.lock" || exit
}

# Two installations into one .venv at the same time would damage it. Not every system has flock.
wait_for_other_installations() {
  command -v flock >/dev/null || return 0
  flock --nonblock "$1" && return
  say "waiting until another ./run.sh has installed its packages"
  flock "$1"
}

install_missing() {
  local extra missing
  read -r -a missing <<<"$(missing_of "$@")"
  [ ${#missing[@]} = 0 ] && return
  make_venv
  say "installing what ${missing[*]} needs"
  install_extras "$(IFS=,; echo "${missing[*]}")" || fail "the packages could not be installed; the lines above say why"
  for extra in "${missing[@]}"; do state_of_packages >"$VENV/.has-$extra"; done
}

# Those of the named extras that are not installed.
missing_of() {
  local extra state missing=()
  state="$(state_of_packages)"
  for extra in "$@"; do
    is_installed "$extra" "$state" || is_installed dev "$state" || missing+=("$extra") # dev includes every extra
  done
  echo "${missing[*]}"
}

state_of_packages() { cat "$PROJECT/pyproject.toml" "$PROJECT/hearsay/version.py" "$PROJECT/constraints.txt" | cksum; }

is_installed() { [ "$(cat "$VENV/.has-$1" 2>/dev/null)" = "$2" ]; }

# The extras of a decode: the libraries for buckets and for Google Cloud only if the command uses them.
need_for_decode() {
  local extras=(asr)
  [[ " $*" == *" s3://"* ]] && extras+=(s3)
  [ "${API_TOKEN:-}" = google ] && extras+=(google)
  need "${extras[@]}"
}

# The extras of a command, with the library for buckets if an argument or AUDIO_DIR names a bucket.
need_with_bucket() {
  local extras=("$1")
  [[ "$* ${AUDIO_DIR:-}" == *s3://* ]] && extras+=(s3)
  need "${extras[@]}"
}

install_extras() {
  local install=("$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" -c "$PROJECT/constraints.txt" -e "${PROJECT}[$1]")
  case "$1" in
    # The CPU build of torch is small, but its index is not reachable from every machine; the default build works everywhere.
    *models* | *dev*) "${install[@]}" --torch-backend=auto 2>/dev/null || "${install[@]}" ;;
    *) "${install[@]}" ;;
  esac
}

# -P prevents the import of a folder in the working folder that is named like one of our packages.
python() { "$VENV/bin/python" -P "$@"; }

# Run a command of hearsay, whose messages show further commands with ./run.sh.
run_hearsay() { HEARSAY_CALLED=./run.sh python -m hearsay "$@"; }

# Install a Debian package if permitted, otherwise print its name.
need_package() {
  local command="$1" package="$2" why="$3"
  command -v "$command" >/dev/null && return
  if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
    say "installing $package ($why)"
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    { "${as_root[@]}" apt-get install -y -qq "$package" || { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq "$package"; }; } >/dev/null 2>&1 && return
  fi
  say "$package is not installed ($why); on Debian and Ubuntu: sudo apt-get install $package"
}

# ── long-running commands ──────────────────────────────────────────────────────────────────────────────────────────────

# Become a server that ./run.sh stop can find; Ctrl-C ends it.
serve() {
  local name="$1"
  shift
  mkdir -p "$RUN"
  : >"$RUN/$name.$BASHPID"
  HEARSAY_CALLED=./run.sh exec "$VENV/bin/python" -P -m hearsay "$@"
}

# Process ids are reused; a process is ours if it runs this project's Python.
is_ours() { [ -r "/proc/$1/cmdline" ] && tr '\0' ' ' <"/proc/$1/cmdline" | grep -qF "$VENV/bin/python"; }

end_process() {
  local pid="$1" tries
  kill "$pid" 2>/dev/null || return 0
  for ((tries = 0; tries < 100; tries++)); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -9 "$pid" 2>/dev/null || true
}

stop_everything() {
  local file pid stopped=0
  for file in "$RUN"/*.*; do
    [ -f "$file" ] || continue
    pid="${file##*.}"
    if is_ours "$pid"; then
      end_process "$pid"
      say "stopped the $(basename "$file" ".$pid") (process $pid)"
      stopped=1
    fi
    rm -f "$file"
  done
  [ "$stopped" = 1 ] || say "no page, API or demo that ./run.sh started is running"
  "$PROJECT/elastic-backend/local.sh" stop
}

# ── the commands ─────────────────────────────────────────────────────────────────────────────────────────────────────

run_setup() {
  case "${1:-}" in
    "") need asr page ;;
    --models) need asr page models bench ;;
    *) fail "setup accepts --models only" ;;
  esac
  fetch_weights
  say "set up; next: ./run.sh demo"
}

# Without these weights PocketSphinx is used, which is much less accurate, so a failed download is not an error.
fetch_weights() {
  say "fetching the speech model whisper-tiny.en, 78 MB, unless it is on this machine"
  run_hearsay models fetch whisper-tiny.en-short >/dev/null ||
    say "setup continues without it: PocketSphinx is used, which makes many more errors"
}

# The demo has its own index, records and inbox below var/demo, and its own models and settings.
run_demo() {
  need asr page
  serve demo demo "$@"
}

# The page, and the process that indexes what is added on it. Each gets only its own key: INDEX_API_KEY (or
# INDEX_USERNAME and INDEX_PASSWORD) is the read-only key of the page, LOADER_… are the credentials of the indexer.
run_page() {
  local status=0
  (
    unset LOADER_API_KEY LOADER_USERNAME LOADER_PASSWORD
    serve page page
  ) &
  PAGE=$!
  (
    become_the_loader
    serve inbox put --watch
  ) &
  INBOX=$!
  trap 'end_process "$PAGE"' INT TERM
  while true; do # a signal interrupts wait before the page has ended; a page that ended earlier still has a status
    status=0
    wait "$PAGE" || status=$?
    kill -0 "$PAGE" 2>/dev/null || break
  done
  end_process "$INBOX"
  return "$status"
}

# With options such as --help, only the page runs. Errors that prevent its start are reported before anything starts.
page() { if [ $# = 0 ]; then run_hearsay page --check && run_page; else run_hearsay page "$@"; fi; }

become_the_loader() {
  [ -n "${LOADER_API_KEY:-}${LOADER_USERNAME:-}" ] || return 0
  export INDEX_API_KEY="${LOADER_API_KEY:-}" INDEX_USERNAME="${LOADER_USERNAME:-}" INDEX_PASSWORD="${LOADER_PASSWORD:-}"
  unset LOADER_API_KEY LOADER_USERNAME LOADER_PASSWORD
}

# Pytest, with one process per core and one test file at a time; with -n 0, everything runs in one process.
# Each process uses its share of the cores, because too many threads are slower.
run_pytest() {
  local cores workers
  cores="$(nproc)"
  workers=$((cores < 4 ? cores : 4))
  OMP_NUM_THREADS="${OMP_NUM_THREADS:-$((cores / workers))}" python -m pytest -n "$workers" --dist loadfile "$@"
}

run_tests() {
  local chosen=(-m "not long and not campaign")
  if [ "${1:-}" = --all ]; then
    chosen=()
    shift
  fi
  need dev
  need_package chromium chromium "for the test in a real browser"
  (cd "$PROJECT" && run_pytest "${chosen[@]}" "$@")
}

run_check() {
  need dev
  need_package chromium chromium "for the test in a real browser"
  cd "$PROJECT"
  python -m ruff format --check .
  python -m ruff check .
  python -m mypy
  "$VENV/bin/lint-imports"
  "$VENV/bin/shellcheck" run.sh .ci/run elastic-backend/*.sh
  run_pytest -m "not long and not campaign" --cov --cov-report=term-missing:skip-covered "$@"
}

# ── the menu ─────────────────────────────────────────────────────────────────────────────────────────────────────────

ask() {
  local answer
  read -r -p "$1 " answer || return 1
  printf '%s' "$answer"
}

# Ask for the inputs of a menu entry; report if the input has ended. Status 130 (Ctrl-C) needs no message.
ask_for() {
  local status=0
  ask "$1" || status=$?
  [ "$status" = 0 ] && return
  [ "$status" = 130 ] || say "" "(the input ended before the last answer, so nothing was started)"
  return 130
}

# The latest records of a decode; those of the inbox are loaded anyway, and those of the demo have their own index.
latest_rows() {
  local file latest="$HEARSAY_HOME/var/clips/clips.jsonl"
  for file in "$HEARSAY_HOME"/var/*/clips.jsonl; do
    case "$file" in "$HEARSAY_HOME"/var/inbox/* | "$HEARSAY_HOME"/var/demo/*) continue ;; esac
    [ ! "$file" -nt "$latest" ] || latest="$file"
  done
  printf '%s' "$latest"
}

transcribe_from_menu() {
  local folder table out options=()
  folder="$(ask_for "folder with the clips:")" || return
  table="$(ask_for "its CSV (empty for none):")" || return
  out="$(ask_for "where to write (empty for var/clips):")" || return
  [ -n "$table" ] && options=(--csv "$table")
  "$0" decode "$folder" "${options[@]}" --out "${out:-$HEARSAY_HOME/var/clips}"
}

index_from_menu() {
  local files folder latest options=()
  latest="$(latest_rows)"
  files="$(ask_for "CSV or JSONL files (empty for ${latest#"$HEARSAY_HOME"/}):")" || return
  folder="$(ask_for "folder with their audio, for the page to play (empty for none):")" || return
  [ -n "$folder" ] && options=(--audio "$folder")
  # shellcheck disable=SC2086  # several files may be named
  "$0" load ${files:-"$latest"} "${options[@]}"
}

menu() {
  local choice
  trap : INT # Ctrl-C ends what was started, not the menu
  while true; do
    cat <<'TEXT'

Hearsay
  1  set up                          6  index
  2  demo                            7  search page
  3  ASR API                         8  tests
  4  transcribe a folder or CSV      9  stop everything
  5  Elasticsearch                   0  exit
TEXT
    choice="$(ask "number:")" || return 0
    from_menu "$choice" || ended "$?"
  done
}

ended() { [ "$1" = 130 ] || say "(ended with status $1)"; } # 130 is Ctrl-C

from_menu() {
  case "$1" in
    1) "$0" setup ;;
    2) "$0" demo ;;
    3) "$0" api ;;
    4) transcribe_from_menu ;;
    5) "$0" elastic start ;;
    6) index_from_menu ;;
    7) "$0" page ;;
    8) "$0" test ;;
    9) "$0" stop ;;
    0 | q | exit) exit 0 ;;
    *) say "enter a number from 0 to 9" ;;
  esac
}

main() {
  local command="${1:-menu}"
  [ $# -gt 0 ] && shift
  case "$command ${1:-}" in
    setup\ -h | setup\ --help | demo\ -h | demo\ --help | stop\ -h | stop\ --help | check\ -h | check\ --help | test\ -h | test\ --help)
      usage
      return
      ;;
  esac
  case "$command" in
    menu) menu ;;
    setup) run_setup "$@" ;;
    demo) run_demo "$@" ;;
    doctor) need asr page && run_hearsay doctor "$@" ;;
    test) run_tests "$@" ;;
    check) run_check "$@" ;;
    api) need asr && serve api api "$@" ;;
    models) need asr && run_hearsay models "$@" ;;
    decode) need_for_decode "$@" && run_hearsay decode "$@" ;;
    load) need_with_bucket indexer "$@" && run_hearsay load "$@" ;;
    reload) need_with_bucket indexer "$@" && run_hearsay reload "$@" ;;
    put) need_with_bucket indexer "$@" && run_hearsay put "$@" ;;
    search) need indexer && run_hearsay search "$@" ;;
    page) need_with_bucket page && page "$@" ;;
    elastic) exec "$PROJECT/elastic-backend/local.sh" "$@" ;;
    stop) stop_everything ;;
    help | -h | --help) usage ;;
    *)
      fail "there is no command $command; ./run.sh help lists the commands, and .venv/bin/hearsay --help more of them"
      ;;
  esac
}

main "$@"
