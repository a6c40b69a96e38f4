#!/usr/bin/env bash
# Elasticsearch on this machine without Docker: real nodes, on the loopback interface.
#
#   local.sh start [--nodes N] [--secure] [--data DIR]   starts nodes, waits until they are green, prints their address
#   local.sh stop [--data DIR]                           stops the nodes that start has started
#   local.sh status [--data DIR]                         the last line is green, yellow, red, starting or stopped
#
# Without --secure, nodes require no password. With --secure, nodes use TLS and there are three users; start also
# prints the variables for connecting, with the location of the passwords. A data folder is created secure or plain
# and cannot be changed; use another --data folder.
#
# ES_PORT (9200) is the port of the first node; the others follow. ES_HOME is an unpacked Elasticsearch to use;
# without it, one is downloaded once, verified, and stored in ${XDG_CACHE_HOME:-~/.cache}/hearsay.
set -euo pipefail

HEAP=512m
SECONDS_TO_GREEN=420
SECONDS_TO_END=30

PROJECT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
PORT="${ES_PORT:-9200}"
DATA=""
NODES=1
SECURE=no
LAUNCHED=() # node numbers
ENDED=()    # process ids, by node number

say() { printf '%s\n' "$*"; }
fail() { printf 'local.sh: %s\n' "$*" >&2; exit 1; }
misused() { printf 'local.sh: %s\n' "$*" >&2; exit 2; }
# shellcheck source=elastic-backend/distribution.sh
source "$PROJECT/elastic-backend/distribution.sh"
# shellcheck source=elastic-backend/secure.sh
source "$PROJECT/elastic-backend/secure.sh"

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"; }

# ── user and data folder ─────────────────────────────────────────────────────────────────────────────────────────────

# Elasticsearch does not run as root; for root, it runs as the user nobody, in folders that nobody can access.
is_root() { [ "$(id -u)" = 0 ]; }

as_owner() {
  if is_root; then
    setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups env HOME=/nonexistent "$@"
  else
    "$@"
  fi
}

# A folder that every user can enter and only its owner can write to. Its name is predictable, so another user may have
# created it.
open_folder() {
  local folder
  folder="/var/tmp/hearsay-elastic-$(id -u)"
  mkdir -m 755 "$folder" 2> /dev/null || [ -d "$folder" ] || fail "cannot create $folder"
  if [ -L "$folder" ] || [ "$(stat --format '%u %a' "$folder")" != "$(id -u) 755" ]; then
    fail "$folder must be a folder that belongs to $(id -un) with mode 755; check who created it, and remove it"
  fi
  say "$folder"
}

# The folder for data and logs: --data, else var/elastic, or one outside the checkout if the node user cannot enter it.
choose_data() {
  local shared
  if [ -z "$DATA" ] && ! as_owner test -x "$PROJECT"; then
    shared="$(open_folder)" || exit 1
    DATA="$shared/$(printf '%s' "$PROJECT" | cksum | cut -d' ' -f1)"
  fi
  DATA="$(realpath -m "${DATA:-$PROJECT/var/elastic}")"
}

# Nodes write to the folder, and root changes the owner of all files in it: it must be empty or created by this script.
is_ours() {
  [ -e "$DATA/.hearsay-elastic" ] || [ -e "$DATA/node-1/config/jvm.options.d/hearsay.options" ] \
    || [ -z "$(find "$DATA" -mindepth 1 -print -quit)" ]
}

make_data() {
  mkdir -p "$DATA"
  is_ours || fail "$DATA contains other files and was not changed; use an empty or a new folder with --data"
  : > "$DATA/.hearsay-elastic"
  if is_root; then chown nobody "$DATA"; fi
  as_owner test -w "$DATA" || fail "user $(as_owner id -un) cannot write to $DATA; use another folder with --data"
}

# ── nodes ────────────────────────────────────────────────────────────────────────────────────────────────────────────

# Number and process id of each node that runs in DATA, optionally only of the processes selected by options of ps.
# They are found by the command line, which contains the node's folder: a node deletes its pid file when it begins to
# shut down.
running_nodes() {
  local pid words folder=" -Dhearsay.node=$DATA/node-"
  while read -r pid words; do
    [[ "$words" != *"$folder"[1-9]" "* ]] || { words="${words#*"$folder"}" && say "${words%% *} $pid"; }
  done < <(ps -ww -o pid=,args= "${@:--e}") | sort -n
}

configured_port() { sed -n 's/^http.port: //p' "$DATA/node-$1/config/elasticsearch.yml"; }

is_taken() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

configure() {
  local home="$1" node="$2" number="$3" seeds="" other
  for ((other = 0; other < NODES; other++)); do seeds+="${seeds:+, }\"127.0.0.1:$((PORT + 100 + other))\""; done
  mkdir -p "$node/config/jvm.options.d" "$node/data" "$node/logs"
  cp "$home/config/jvm.options" "$home/config/log4j2.properties" "$node/config/"
  printf -- '-Xms%s\n-Xmx%s\n-Dhearsay.node=%s\n' "$HEAP" "$HEAP" "$node" > "$node/config/jvm.options.d/hearsay.options"
  cat > "$node/config/elasticsearch.yml" << YML
cluster.name: hearsay
node.name: node-$number
path.data: "$node/data"
path.logs: "$node/logs"
path.repo: "$DATA/snapshots"
network.host: 127.0.0.1
http.port: $((PORT + number - 1))
transport.port: $((PORT + 100 + number - 1))
discovery.seed_hosts: [$seeds]
cluster.initial_master_nodes: ["node-1"]
action.destructive_requires_name: true
cluster.routing.allocation.disk.threshold_enabled: false
YML
  { if is_secure; then configure_security "$node"; else say "xpack.security.enabled: false"; fi; } \
    >> "$node/config/elasticsearch.yml"
  [ ! -d "$home/modules/ingest-geoip" ] || say "ingest.geoip.downloader.enabled: false" >> "$node/config/elasticsearch.yml"
  [ ! -d "$home/modules/x-pack-ml" ] || say "xpack.ml.enabled: false" >> "$node/config/elasticsearch.yml"
  if is_root; then chown -R nobody "$node"; fi
}

launch() {
  local home="$1" jdk="$2" node="$3"
  rm -f "$node/pid"
  (cd "$node" && as_owner env ES_PATH_CONF="$node/config" ES_JAVA_HOME="$jdk" \
    "$home/bin/elasticsearch" --daemonize --pidfile "$node/pid" > "$node/start.log" 2>&1 < /dev/null 9>&-)
}

# The body of a node's response, whatever the status. Python is used because Hearsay requires it, while curl may be
# missing; it reads the password itself, so that ps does not show it.
ask() {
  python3 - "$1" "$2" "$DATA/secure" 2> /dev/null << 'PYTHON' || true
import base64, http.client, pathlib, ssl, sys
port, path, secure = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
node, who = http.client.HTTPConnection("127.0.0.1", port, timeout=5), {}
if secure.is_dir():
    trust = ssl.create_default_context(cafile=secure / "ca.crt")
    node = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=trust)
    password = (secure / "passwords" / "elastic").read_text().strip()
    who = {"Authorization": "Basic " + base64.b64encode(f"elastic:{password}".encode()).decode()}
node.request("GET", path, headers=who)
print(node.getresponse().read().decode())
PYTHON
}

health() { sed -n 's/.*"status":"\([a-z]*\)".*/\1/p' <<< "$(ask "$1" /_cluster/health)"; }

# Wait until the cluster is green, or permanently yellow: nothing is in progress, and an existing index has more
# replicas than there are nodes for.
wait_until_green() {
  local deadline=$((SECONDS + SECONDS_TO_GREEN)) answer=""
  until [[ "$answer" == *'"timed_out":false'* ]]; do
    [ "$(running_nodes | wc -l)" -eq "$NODES" ] || give_up "a node has stopped"
    if is_calm "$answer" && wants_more_copies; then
      reached yellow " (an index has more replicas than there are nodes for)"
      return
    fi
    if [ "$SECONDS" -ge "$deadline" ]; then
      [[ "$answer" == *'"status":"yellow"'* ]] || give_up "not green after $SECONDS_TO_GREEN seconds"
      reached yellow " (some shards are not assigned yet; GET /_cluster/allocation/explain shows why)"
      return
    fi
    sleep 0.2
    answer="$(ask "$PORT" "/_cluster/health?wait_for_nodes=$NODES&wait_for_status=green&timeout=2s")"
  done
  reached green
}

is_calm() {
  local zero
  [[ "$1" == *'"status":"yellow"'*"\"number_of_nodes\":$NODES,"* ]] || return
  for zero in initializing_shards delayed_unassigned_shards number_of_pending_tasks number_of_in_flight_fetch; do
    [[ "$1" == *"\"$zero\":0,"* ]] || return
  done
}

wants_more_copies() {
  local copies
  for copies in $(ask "$PORT" "/_cat/indices?h=rep&expand_wildcards=all"); do
    [[ ! "$copies" =~ ^[0-9]+$ || "$copies" -lt "$NODES" ]] || return 0
  done
  return 1
}

# Print the address, and the variables for connecting to secure nodes; $1 is the cluster status if nodes were started.
reached() {
  local nodes
  [ "${#LAUNCHED[@]}" -gt 0 ] || set -- "already running" "${2:-}"
  say "$1: $(scheme)://127.0.0.1:$PORT${2:-}"
  if is_secure; then
    nodes="$(for ((number = 0; number < NODES; number++)); do say "https://127.0.0.1:$((PORT + number))"; done)"
    show_access "${nodes//$'\n'/,}"
  fi
}

# Nodes that were running before are kept.
give_up() {
  local number
  for number in "${LAUNCHED[@]}"; do tail -n 5 "$DATA/node-$number/start.log" >&2 || true; done
  end_nodes "${LAUNCHED[@]}" > /dev/null
  fail "$1; the logs are $DATA/node-*/logs/hearsay.log"
}

# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────

check_ports() {
  local number port
  for number in "${LAUNCHED[@]}"; do
    for port in $((PORT + number - 1)) $((PORT + number + 99)); do
      if is_taken "$port"; then fail "port $port is in use; stop the program that uses it, or choose another port: ES_PORT=9400 $0 start"; fi
    done
  done
}

check_kind() {
  if is_secure; then
    [ "$SECURE" = yes ] || fail "$DATA contains data of secure nodes; start with --secure, or use another folder with --data"
  elif [ "$SECURE" = yes ] && [ -d "$DATA/node-1" ]; then
    fail "$DATA contains data of plain nodes; start without --secure, or use another folder with --data"
  fi
}

check_data() {
  local there
  there="$(find "$DATA" -maxdepth 1 -name 'node-*' | wc -l)"
  [ "$there" -le "$NODES" ] || fail "$DATA contains data of $there nodes; start with --nodes $there, or use another folder with --data"
}

# Select the nodes that are not running. If others are running, the ports are those of the first start.
choose_nodes() {
  local running number
  running="$(running_nodes)"
  if [ -n "$running" ]; then PORT="$(configured_port "${running%% *}")" && PORT=$((PORT - ${running%% *} + 1)); fi
  for ((number = 1; number <= NODES; number++)); do
    [[ $'\n'"$running" == *$'\n'"$number "* ]] || LAUNCHED+=("$number")
  done
}

start() {
  make_data
  exec 9> "$DATA/lock"
  flock --nonblock 9 || fail "another start is in progress in $DATA"
  check_kind
  check_data
  choose_nodes
  if [ "${#LAUNCHED[@]}" -gt 0 ]; then launch_nodes; fi
  wait_until_green
}

launch_nodes() {
  local home jdk number pid launches=()
  check_ports
  home="$(find_elasticsearch)"
  if [ -d "$home/jdk" ]; then jdk="$home/jdk"; else jdk="$(find_jdk)"; fi
  if [ "$SECURE" = yes ] && ! is_secure; then make_secrets "$home" "$jdk"; fi
  for number in "${LAUNCHED[@]}"; do
    configure "$home" "$DATA/node-$number" "$number"
    launch "$home" "$jdk" "$DATA/node-$number" &
    launches+=($!)
  done
  for pid in "${launches[@]}"; do wait "$pid" || give_up "Elasticsearch did not start"; done
}

stop() {
  end_nodes 1 2 3 4 5 6 7 8 9
  [ "${#ENDED[@]}" -gt 0 ] || say "no node of $DATA is running"
}

# Stop the running nodes with these numbers in parallel, and wait until their processes have ended.
end_nodes() {
  local number pid
  while read -r number pid; do
    if [[ " $* " == *" $number "* ]] && kill "$pid" 2> /dev/null; then ENDED["$number"]="$pid"; fi
  done < <(running_nodes)
  for number in "${!ENDED[@]}"; do
    await_end "${ENDED[$number]}"
    say "stopped node-$number"
  done
}

await_end() {
  local deadline=$((SECONDS + SECONDS_TO_END))
  while is_there "$1"; do
    if [ "$SECONDS" -ge "$deadline" ] && [ -n "$(running_nodes -p "$1")" ]; then kill -9 "$1" 2> /dev/null || true; fi
    sleep 0.1
  done
}

# A process that is ending has no command line, but still has its ports: it exists until its last thread has ended.
is_there() {
  local state
  state="$(ps -o stat= -p "$1")" || return
  [[ "$state" != Z* || "$state" == *l* ]]
}

status() {
  local number pid state=stopped
  while read -r number pid; do
    say "node-$number $(scheme)://127.0.0.1:$(configured_port "$number"), process $pid"
    case "$state" in stopped | "") state="$(health "$(configured_port "$number")")" ;; esac
  done < <(running_nodes)
  say "${state:-starting}"
}

is_whole_number() { [[ "${1:-}" =~ ^[1-9][0-9]{0,4}$ ]]; }

main() {
  local command="${1:-}"
  [ $# -eq 0 ] || shift
  while [ $# -gt 0 ]; do
    case "$1" in
      --nodes) NODES="${2:-}"; shift ;;
      --data) DATA="${2:-}"; [ -n "$DATA" ] || misused "--data requires a folder"; shift ;;
      --secure) SECURE=yes ;;
      --help | -h) command=--help ;;
      *) misused "unknown argument $1; see: $0 --help" ;;
    esac
    [ $# -eq 0 ] || shift
  done
  is_whole_number "$NODES" && [ "$NODES" -le 9 ] || misused "--nodes requires a number from 1 to 9"
  is_whole_number "$PORT" && [ "$PORT" -le 65400 ] || misused "ES_PORT must be a port number, not $PORT"
  case "$command" in
    start | stop | status) choose_data; "$command" ;;
    --help | -h | help) usage ;;
    *) usage >&2; exit 2 ;;
  esac
}

main "$@"
