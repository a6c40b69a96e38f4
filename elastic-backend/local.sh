#!/usr/bin/env bash
# Elasticsearch on this machine without Docker: real nodes, on the loopback interface.
#
#   local.sh start [--nodes N] [--secure] [--data DIR]   returns when the cluster is green, and prints its address
#   local.sh stop [--data DIR]                           ends the nodes that start began
#   local.sh status [--data DIR]                         the last line is green, yellow, red, starting or stopped
#
# Plain nodes ask for no password. With --secure they speak TLS, to each other too, and know three users; start then
# also prints the lines to copy that say where they are, which authority to trust, and where the passwords lie.
# A folder of data is secure from its first start or never: for the other kind, name another one with --data.
#
# ES_PORT (9200) is the first node's port, the others follow. ES_HOME names an unpacked Elasticsearch to use;
# without it one is downloaded once, checked, and kept under ${XDG_CACHE_HOME:-~/.cache}/hearsay.
set -euo pipefail

VERSION=9.5.0
MAVEN_ARTIFACT="org.elasticsearch.distribution.integ-test-zip:elasticsearch:$VERSION:zip"
MAVEN_SHA512=c06bd4ef7691da91052cada7bb255b2d7c48a1422820a8db0e3e3a1ed0dde4e8d380cdbadeb7029cc56167b9ad3a6d89f6b8edbc48d4b8685d1ab24a7ab17dd5
MAVEN_PLUGIN=org.apache.maven.plugins:maven-dependency-plugin:3.8.1
OLDEST_JDK=21
JDK_PACKAGE=openjdk-21-jre-headless
HEAP=512m
SECONDS_TO_GREEN=420
SECONDS_OF_CALM=6

PROJECT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/hearsay"
PORT="${ES_PORT:-9200}"
DATA=""
NODES=1
SECURE=no

say() { printf '%s\n' "$*"; }
fail() { printf 'local.sh: %s\n' "$*" >&2; exit 1; }
misused() { printf 'local.sh: %s\n' "$*" >&2; exit 2; }
# shellcheck source=elastic-backend/secure.sh
source "$PROJECT/elastic-backend/secure.sh"

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"; }

# ── who runs it, and where ───────────────────────────────────────────────────────────────────────────────────────────

# Elasticsearch refuses to run as root; then it runs as nobody, in folders that nobody can enter.
is_root() { [ "$(id -u)" = 0 ]; }

as_owner() {
  if is_root; then
    setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups env HOME=/nonexistent "$@"
  else
    "$@"
  fi
}

# The folder for data and logs: --data, else var/elastic, else one outside of a checkout that the owner cannot enter.
choose_data() {
  [ -n "$DATA" ] || DATA="$PROJECT/var/elastic"
  case "$DATA" in /*) ;; *) DATA="$PWD/$DATA" ;; esac
  if [ "$DATA" = "$PROJECT/var/elastic" ] && ! as_owner test -x "$PROJECT"; then
    DATA="/var/tmp/hearsay-elastic-$(id -u)/$(printf '%s' "$PROJECT" | cksum | cut -d' ' -f1)"
  fi
}

make_data() {
  mkdir -p "$DATA"
  if is_root; then chown nobody "$DATA"; fi
  as_owner test -w "$DATA" || fail "user $(as_owner id -un) cannot write to $DATA; name another folder with --data"
}

# ── what it needs ────────────────────────────────────────────────────────────────────────────────────────────────────

jdk_major() { "$1/bin/java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1; }

jdk_candidates() {
  printf '%s\n' "${JAVA_HOME:-}" "${ES_JAVA_HOME:-}"
  if command -v update-alternatives > /dev/null; then
    { update-alternatives --list java 2> /dev/null || true; } | sed 's|/bin/java$||'
  fi
  printf '%s\n' /usr/lib/jvm/*
}

known_jdk() {
  local home major
  while read -r home; do
    [ -n "$home" ] && [ -x "$home/bin/java" ] || continue
    major="$(jdk_major "$home")"
    if [ "${major:-0}" -ge "$OLDEST_JDK" ] && as_owner test -x "$home/bin/java"; then
      say "$home"
      return
    fi
  done < <(jdk_candidates)
  return 1
}

# Where we may, and where the release has one: Debian 13 and Ubuntu 24.04 do, Debian 12 does not.
install_jdk() {
  local as_root=()
  is_root || as_root=(sudo -n)
  apt-cache show "$JDK_PACKAGE" > /dev/null 2>&1 || return 1
  say "installing $JDK_PACKAGE" >&2
  "${as_root[@]}" apt-get install -y -qq "$JDK_PACKAGE" > /dev/null 2>&1
}

find_jdk() {
  known_jdk || { install_jdk && known_jdk; } \
    || fail "no JDK of version $OLDEST_JDK or later; install one (sudo apt-get install $JDK_PACKAGE) or name it in JAVA_HOME"
}

fetch() {
  if command -v curl > /dev/null; then
    curl --fail --silent --show-error --location --connect-timeout 5 --output "$2" "$1" 2> /dev/null
  else
    wget --quiet --tries 1 --connect-timeout 5 --output-document "$2" "$1" 2> /dev/null
  fi
}

# Elastic's own archive, which brings its JDK and every module; its checksum is published beside it.
fetch_archive() {
  local name address
  name="elasticsearch-$VERSION-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m).tar.gz"
  address="https://artifacts.elastic.co/downloads/elasticsearch/$name"
  fetch "$address.sha512" "$1/$name.sha512" || return 1
  say "downloading Elasticsearch $VERSION from Elastic" >&2
  fetch "$address" "$1/$name" || return 1
  (cd "$1" && sha512sum --check --status "$name.sha512") || fail "$address is not what its checksum says; try again"
  tar --extract --gzip --file "$1/$name" --directory "$1"
}

# The minimal but real distribution that Elastic publishes for other projects' tests.
fetch_minimal() {
  local zip="$1/elasticsearch-$VERSION.zip"
  command -v mvn > /dev/null || fail "Elastic's archive cannot be reached; install maven, or name an unpacked Elasticsearch $VERSION in ES_HOME"
  say "downloading Elasticsearch $VERSION (minimal distribution) with Maven" >&2
  mvn -B -q --strict-checksums "$MAVEN_PLUGIN:copy" "-Dartifact=$MAVEN_ARTIFACT" "-DoutputDirectory=$1" >&2 \
    || fail "Maven could not fetch $MAVEN_ARTIFACT; its words stand above"
  say "$MAVEN_SHA512  $zip" | sha512sum --check --status || fail "$zip is not the file that this script knows; not used"
  python3 -m zipfile --extract "$zip" "$1"
  chmod 755 "$1/elasticsearch-$VERSION/bin"/*
}

# Whole or not at all: a download that is broken off leaves nothing that looks like one.
download() {
  local half
  mkdir -p "$CACHE"
  half="$(mktemp -d "$CACHE/half.XXXXXX")"
  # shellcheck disable=SC2064 # the folder of now, not of then
  trap "rm -rf '$half'" EXIT
  fetch_archive "$half" || fetch_minimal "$half"
  mv "$half/elasticsearch-$VERSION" "$1" 2> /dev/null || [ -d "$1" ] || fail "cannot write to $CACHE"
  rm -rf "$half"
}

find_elasticsearch() {
  local home="${ES_HOME:-$CACHE/elasticsearch-$VERSION}" copy
  if [ -n "${ES_HOME:-}" ]; then
    [ -x "$home/bin/elasticsearch" ] || fail "ES_HOME is $ES_HOME, and there is no bin/elasticsearch in it"
  elif [ ! -d "$home" ]; then
    download "$home"
  fi
  if ! as_owner test -x "$home/bin/elasticsearch"; then # it lies in root's own folder
    copy="/var/tmp/hearsay-elastic-$(id -u)/elasticsearch-$VERSION"
    [ -d "$copy" ] || { mkdir -p "$copy.$$" && cp -R "$home/." "$copy.$$" && mv "$copy.$$" "$copy"; }
    home="$copy"
  fi
  say "$home"
}

# ── the nodes ────────────────────────────────────────────────────────────────────────────────────────────────────────

# The process of a node, if it is one that we started: its command line names the node's folder.
pid_of() {
  local pid
  pid="$(cat "$1/pid" 2> /dev/null)" && [ -n "$pid" ] || return 1 # it goes with its process
  ps -o args= -p "$pid" 2> /dev/null | grep -qF -- "-Dhearsay.node=$1 " && say "$pid"
}

running_nodes() {
  local node
  for node in "$DATA"/node-*; do
    if pid_of "$node" > /dev/null; then say "$node"; fi
  done
}

configured_port() { sed -n 's/^http.port: //p' "$1/config/elasticsearch.yml"; }

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

# The body that a node on this machine answers with, whatever the status. Python is there wherever Hearsay is, while a
# fresh machine has no curl; it reads the password itself, so that ps shows none.
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

# Green; or yellow and calm, where an index from before wants more copies than there are nodes.
wait_until_green() {
  local deadline=$((SECONDS + SECONDS_TO_GREEN)) calm=$SECONDS answer
  while true; do
    answer="$(ask "$PORT" "/_cluster/health?wait_for_nodes=$NODES&wait_for_status=green&timeout=2s")"
    case "$answer" in
      *'"timed_out":false'*)
        reached green "$PORT"
        return
        ;;
      *'"status":"yellow"'*"\"number_of_nodes\":$NODES,"*'"initializing_shards":0,'*)
        if [ $((SECONDS - calm)) -ge "$SECONDS_OF_CALM" ]; then
          reached yellow "$PORT" " (an index there wants more copies than there are nodes)"
          return
        fi
        ;;
      *) calm=$SECONDS ;;
    esac
    [ "$(running_nodes | wc -l)" -eq "$NODES" ] || give_up "a node ended"
    [ "$SECONDS" -lt "$deadline" ] || give_up "not green after $SECONDS_TO_GREEN seconds"
    sleep 0.2
  done
}

# The address, and for secure nodes what one needs to ask them; $1 is how they are, $2 the first one's port.
reached() {
  local nodes
  say "$1: $(scheme)://127.0.0.1:$2${3:-}"
  if is_secure; then
    nodes="$(for node in "$DATA"/node-*; do say "https://127.0.0.1:$(configured_port "$node")"; done)"
    show_access "${nodes//$'\n'/,}"
  fi
}

give_up() {
  local node
  for node in "$DATA"/node-*; do tail -n 5 "$node/start.log" >&2 || true; done
  stop > /dev/null
  fail "$1; the logs are $DATA/node-*/logs/hearsay.log"
}

# ── the commands ─────────────────────────────────────────────────────────────────────────────────────────────────────

check_ports() {
  local number port
  for ((number = 0; number < NODES; number++)); do
    for port in $((PORT + number)) $((PORT + 100 + number)); do
      if is_taken "$port"; then fail "port $port is taken; stop what uses it, or choose another: ES_PORT=9400 $0 start"; fi
    done
  done
}

check_kind() {
  if is_secure; then
    [ "$SECURE" = yes ] || fail "$DATA holds the data of secure nodes; start with --secure, or name another folder with --data"
  elif [ "$SECURE" = yes ] && [ -d "$DATA/node-1" ]; then
    fail "$DATA holds the data of plain nodes; start without --secure, or name another folder with --data"
  fi
}

check_data() {
  local there
  there="$(find "$DATA" -maxdepth 1 -name 'node-*' | wc -l)"
  [ "$there" -le "$NODES" ] || fail "$DATA holds the data of $there nodes; start with --nodes $there, or name another folder with --data"
}

start() {
  local home jdk number launches=() pid
  make_data
  exec 9> "$DATA/lock"
  flock --nonblock 9 || fail "another start is under way in $DATA"
  check_kind
  if [ -n "$(running_nodes)" ]; then
    reached "running already" "$(configured_port "$DATA/node-1")"
    return
  fi
  check_data
  check_ports
  home="$(find_elasticsearch)"
  if [ -d "$home/jdk" ]; then jdk="$home/jdk"; else jdk="$(find_jdk)"; fi
  if [ "$SECURE" = yes ] && ! is_secure; then make_secrets "$home" "$jdk"; fi
  for ((number = 1; number <= NODES; number++)); do
    configure "$home" "$DATA/node-$number" "$number"
    launch "$home" "$jdk" "$DATA/node-$number" &
    launches+=($!)
  done
  for pid in "${launches[@]}"; do wait "$pid" || give_up "Elasticsearch did not start"; done
  wait_until_green
}

stop() {
  local node pid stopped=()
  for node in "$DATA"/node-*; do
    pid="$(pid_of "$node")" || continue
    kill "$pid" && stopped+=("$node")
  done
  for node in "${stopped[@]}"; do
    for ((tries = 0; tries < 300; tries++)); do
      pid="$(pid_of "$node")" || break
      [ "$tries" -lt 299 ] || kill -9 "$pid"
      sleep 0.1
    done
    rm -f "$node/pid"
    say "stopped $(basename "$node")"
  done
  [ "${#stopped[@]}" -gt 0 ] || say "no node of $DATA is running"
}

status() {
  local node port state=stopped
  while read -r node; do
    port="$(configured_port "$node")"
    say "$(basename "$node") $(scheme)://127.0.0.1:$port, process $(cat "$node/pid")"
    if [ "$state" = stopped ]; then state="$(health "$port")"; fi
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
      --data) DATA="${2:-}"; [ -n "$DATA" ] || misused "--data wants a folder"; shift ;;
      --secure) SECURE=yes ;;
      --help | -h) command=--help ;;
      *) misused "what is $1? See: $0 --help" ;;
    esac
    [ $# -eq 0 ] || shift
  done
  is_whole_number "$NODES" && [ "$NODES" -le 9 ] || misused "--nodes wants a number from 1 to 9"
  is_whole_number "$PORT" && [ "$PORT" -le 65400 ] || misused "ES_PORT wants a port number, not $PORT"
  case "$command" in
    start | stop | status) choose_data; "$command" ;;
    --help | -h | help) usage ;;
    *) usage >&2; exit 2 ;;
  esac
}

main "$@"
