#!/usr/bin/env bash
# Sets the secured cluster up: docker-compose.yml runs it. Run again, it keeps whatever still works.
#
#   set-up.sh certificates        a certificate authority, and certificates for the NODES
#   set-up.sh keys                waits for the cluster, then Kibana's password and the API keys of indexer and page
#   set-up.sh rotate NAME         a new key for NAME (indexer or page) in place of its old one, which ends
#   set-up.sh key-request NAME    prints the request that makes NAME's key
#
# ACCESS (/access) has a folder for each who gets something: authority, every node, indexer, page, kibana.
# NODES names the nodes, ES_URL one of them; ELASTIC_PASSWORD and KIBANA_PASSWORD are read by keys and rotate.
set -euo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
ACCESS="${ACCESS:-/access}"
ES_HOME="${ES_HOME:-/usr/share/elasticsearch}"
ES_URL="${ES_URL:-https://es01:9200}"
read -r -a NODES <<< "${NODES:-es01 es02 es03}"
SECONDS_TO_WAIT="${SECONDS_TO_WAIT:-300}"
DAYS=1095

ELASTICSEARCH_USER=1000 # in Elastic's images
HEARSAY_USER=10001      # in Hearsay's

say() { printf '%s\n' "$*"; }
fail() { printf 'set-up.sh: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"; }

is_root() { [ "$(id -u)" = 0 ]; }

# hand FILE to OWNER as TARGET, who alone may read it; whole or not at all.
hand() {
  chmod 400 "$1"
  if is_root; then chown "$2" "$1"; fi
  mv -f "$1" "$3"
}

# ── certificates ─────────────────────────────────────────────────────────────────────────────────────────────────────

# certutil writes archives: this one is unpacked, without its folders, into FOLDER.
certutil() {
  local folder="$1"
  shift
  "$ES_HOME/bin/elasticsearch-certutil" "$@" --silent --pem --days "$DAYS" --out "$folder/made.zip"
  unzip -q -j "$folder/made.zip" -d "$folder"
}

# FOLDER holds the authority's certificate, the one of now.
trusts() { [ -s "$1/ca.crt" ] && [ "$(< "$1/ca.crt")" = "$(< "$ACCESS/authority/ca.crt")" ]; }

# The certificate comes last: where it is, all is there.
trust() { install -m 444 "$ACCESS/authority/ca.crt" "$1/ca.crt"; }

make_authority() {
  local made="$ACCESS/authority/made"
  [ ! -s "$ACCESS/authority/ca.crt" ] || return 0
  say "making a certificate authority"
  rm -rf "$made" && mkdir -m 700 "$made"
  certutil "$made" ca
  hand "$made/ca.key" "$(id -u)" "$ACCESS/authority/ca.key"
  mv "$made/ca.crt" "$ACCESS/authority/ca.crt"
  rm -rf "$made"
}

make_certificate() {
  local node="$1" folder="$ACCESS/$1" made="$ACCESS/authority/made"
  ! trusts "$folder" || return 0
  say "making a certificate for $node"
  rm -rf "$made" && mkdir -m 700 "$made"
  certutil "$made" cert --name "$node" --dns "$node,localhost" --ip 127.0.0.1 \
    --ca-cert "$ACCESS/authority/ca.crt" --ca-key "$ACCESS/authority/ca.key"
  install -m 600 "$made/$node.key" "$folder/half.key"
  hand "$folder/half.key" "$ELASTICSEARCH_USER" "$folder/node.key"
  install -m 444 "$made/$node.crt" "$folder/node.crt"
  trust "$folder"
  rm -rf "$made"
}

certificates() {
  local name
  make_authority
  for name in "${NODES[@]}"; do make_certificate "$name"; done
  for name in indexer page kibana; do
    trusts "$ACCESS/$name" || trust "$ACCESS/$name"
  done
  if is_root; then chown "$ELASTICSEARCH_USER" "$ACCESS/snapshots"; fi
  say "certificates are there for ${NODES[*]}"
}

# ── asking the cluster ───────────────────────────────────────────────────────────────────────────────────────────────

# Between double quotes, in JSON and in curl's configuration alike.
quoted() {
  local text="${1//\\/\\\\}"
  printf '"%s"' "${text//\"/\\\"}"
}

as_user() { printf 'user = %s\n' "$(quoted "$1:$2")"; }
as_superuser() { as_user elastic "$ELASTIC_PASSWORD"; }
by_key() { printf 'header = %s\n' "$(quoted "Authorization: ApiKey $1")"; }

# ask WHO METHOD PATH [BODY]: STATUS and ANSWER are what came back. True of a success.
# Who asks and what is sent reach curl through pipes: a list of processes shows no secret.
ask() {
  local came body=()
  [ -z "${4:-}" ] || body=(--header 'Content-Type: application/json' --data-binary @-)
  came="$(curl --silent --max-time 60 --cacert "$ACCESS/indexer/ca.crt" --config <(printf '%s' "$1") --request "$2" \
    --write-out '%{errormsg}\n%{http_code}' "${body[@]}" "$ES_URL$3" <<< "${4:-}")" || true
  STATUS="${came##*$'\n'}"
  ANSWER="${came%$'\n'*}"
  [[ "$STATUS" == 2?? ]]
}

refused() { fail "$1: $ES_URL answered $STATUS $ANSWER"; }

# More than half of them can decide: keys can be rotated while a node is dead.
wait_for_cluster() {
  local deadline=$((SECONDS + SECONDS_TO_WAIT)) most=$((${#NODES[@]} / 2 + 1))
  until ask "$(as_superuser)" GET "/_cluster/health?wait_for_status=yellow&wait_for_nodes=ge($most)&timeout=5s"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      [ "$STATUS" != 401 ] || fail "the cluster does not take ELASTIC_PASSWORD; it keeps the one of its first start (docs/elasticsearch-operations.md says how to change it)"
      refused "no cluster of $most nodes after $SECONDS_TO_WAIT seconds; see: docker compose logs es01"
    fi
    sleep 1
  done
}

set_kibana_password() {
  if ask "$(as_user kibana_system "$KIBANA_PASSWORD")" GET /_security/_authenticate; then
    say "Kibana's password is set already"
    return
  fi
  ask "$(as_superuser)" POST /_security/user/kibana_system/_password "{\"password\":$(quoted "$KIBANA_PASSWORD")}" \
    || refused "Kibana's password could not be set"
  say "Kibana's password is set"
}

# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

rights() { printf '"role_descriptors":{"%s":%s}' "$1" "$(< "$HERE/roles/$1.json")"; }

key-request() { printf '{"name":"hearsay-%s",%s}\n' "$1" "$(rights "$1")"; }

# The id of NAME's key, if that still works.
id_of_key() {
  [ -s "$ACCESS/$1/api-key" ] || return 1
  if ! ask "$(by_key "$(< "$ACCESS/$1/api-key")")" GET /_security/_authenticate; then
    [ "$STATUS" = 401 ] || refused "it is not known whether the key of the $1 still works"
    return 1
  fi
  ID="$(sed -n 's/.*"api_key":{"id":"\([^"]*\)".*/\1/p' <<< "$ANSWER")"
}

make_key() {
  local key
  ask "$(as_superuser)" POST /_security/api_key "$(key-request "$1")" || refused "no key could be made for the $1"
  key="$(sed -n 's/.*"encoded":"\([^"]*\)".*/\1/p' <<< "$ANSWER")"
  [ -n "$key" ] || fail "the cluster made a key for the $1 and did not tell it"
  (umask 077 && say "$key" > "$ACCESS/$1/half")
  hand "$ACCESS/$1/half" "$HEARSAY_USER" "$ACCESS/$1/api-key"
  say "the $1 has a new key"
}

# A key that works is kept, with the rights that roles/ describes now.
keep_or_make_key() {
  if id_of_key "$1"; then
    ask "$(as_superuser)" PUT "/_security/api_key/$ID" "{$(rights "$1")}" || refused "the key of the $1 could not be kept"
    say "the $1 keeps its key"
  else
    make_key "$1"
  fi
}

keys() {
  wait_for_cluster
  set_kibana_password
  keep_or_make_key indexer
  keep_or_make_key page
}

rotate() {
  local old=""
  wait_for_cluster
  if id_of_key "$1"; then old="$ID"; fi
  make_key "$1"
  [ -z "$old" ] || ask "$(as_superuser)" DELETE /_security/api_key "{\"ids\":[\"$old\"]}" \
    || refused "the $1 has a new key, but its old one could not be ended"
}

main() {
  case "$*" in
    certificates | keys) "$1" ;;
    "rotate indexer" | "rotate page" | "key-request indexer" | "key-request page") "$1" "$2" ;;
    *) usage >&2; exit 2 ;;
  esac
}

main "$@"
