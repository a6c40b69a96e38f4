#!/usr/bin/env bash
# Sets up the secured cluster; run by docker-compose.yml. Repeated runs keep everything that still works.
#
#   set-up.sh certificates        creates a certificate authority, and certificates for the NODES
#   set-up.sh keys                waits for the cluster, sets Kibana's password, creates API keys for indexer and page
#   set-up.sh rotate NAME         replaces the key of NAME (indexer or page) and invalidates the old one
#   set-up.sh key-request NAME    prints the request that creates the key of NAME
#
# ACCESS (/access) contains a folder for each recipient: authority, every node, indexer, page, kibana.
# NODES lists the nodes; ES_URL is the address of one. keys and rotate read ELASTIC_PASSWORD and KIBANA_PASSWORD.
set -euo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
ACCESS="${ACCESS:-/access}"
ES_HOME="${ES_HOME:-/usr/share/elasticsearch}"
ES_URL="${ES_URL:-https://es01:9200}"
read -r -a NODES <<< "${NODES:-es01 es02 es03}"
SECONDS_TO_WAIT="${SECONDS_TO_WAIT:-300}"
DAYS=1095

ELASTICSEARCH_USER=1000 # in Elastic's images
HEARSAY_USER=10001      # in Hearsay's images

say() { printf '%s\n' "$*"; }
fail() { printf 'set-up.sh: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"; }

is_root() { [ "$(id -u)" = 0 ]; }

# hand FILE to OWNER as TARGET, readable by the owner only; the replacement is atomic.
hand() {
  chmod 400 "$1"
  if is_root; then chown "$2" "$1"; fi
  mv -f "$1" "$3"
}

# ── certificates ─────────────────────────────────────────────────────────────────────────────────────────────────────

# certutil writes an archive; it is unpacked into FOLDER, without its subfolders.
certutil() {
  local folder="$1"
  shift
  "$ES_HOME/bin/elasticsearch-certutil" "$@" --silent --pem --days "$DAYS" --out "$folder/made.zip"
  unzip -q -j "$folder/made.zip" -d "$folder"
}

# Whether FOLDER contains the current certificate of the authority.
trusts() { [ -s "$1/ca.crt" ] && [ "$(< "$1/ca.crt")" = "$(< "$ACCESS/authority/ca.crt")" ]; }

# The certificate is installed last, so that its presence shows that all files are complete.
trust() { install -m 444 "$ACCESS/authority/ca.crt" "$1/ca.crt"; }

make_authority() {
  local made="$ACCESS/authority/made"
  [ ! -s "$ACCESS/authority/ca.crt" ] || return 0
  say "creating a certificate authority"
  rm -rf "$made" && mkdir -m 700 "$made"
  certutil "$made" ca
  hand "$made/ca.key" "$(id -u)" "$ACCESS/authority/ca.key"
  mv "$made/ca.crt" "$ACCESS/authority/ca.crt"
  rm -rf "$made"
}

make_certificate() {
  local node="$1" folder="$ACCESS/$1" made="$ACCESS/authority/made"
  ! trusts "$folder" || return 0
  say "creating a certificate for $node"
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
  say "certificates are available for ${NODES[*]}"
}

# ── requests to the cluster ──────────────────────────────────────────────────────────────────────────────────────────

# In double quotes, for JSON and for the configuration of curl.
quoted() {
  local text="${1//\\/\\\\}"
  printf '"%s"' "${text//\"/\\\"}"
}

as_user() { printf 'user = %s\n' "$(quoted "$1:$2")"; }
as_superuser() { as_user elastic "$ELASTIC_PASSWORD"; }
by_key() { printf 'header = %s\n' "$(quoted "Authorization: ApiKey $1")"; }

# ask WHO METHOD PATH [BODY]: sets STATUS and ANSWER. Returns 0 on success.
# Credentials and the body are passed to curl through pipes, so that no process list shows a secret.
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

# A majority of nodes suffices, so that keys can be rotated while a node is down.
wait_for_cluster() {
  local deadline=$((SECONDS + SECONDS_TO_WAIT)) most=$((${#NODES[@]} / 2 + 1))
  until ask "$(as_superuser)" GET "/_cluster/health?wait_for_status=yellow&wait_for_nodes=ge($most)&timeout=5s"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      [ "$STATUS" != 401 ] || fail "the cluster rejects ELASTIC_PASSWORD; it keeps the password of its first start (docs/elasticsearch-operations.md describes how to change it)"
      refused "no cluster of $most nodes after $SECONDS_TO_WAIT seconds; see: docker compose logs es01"
    fi
    sleep 1
  done
}

set_kibana_password() {
  if ask "$(as_user kibana_system "$KIBANA_PASSWORD")" GET /_security/_authenticate; then
    say "Kibana's password is already set"
    return
  fi
  ask "$(as_superuser)" POST /_security/user/kibana_system/_password "{\"password\":$(quoted "$KIBANA_PASSWORD")}" \
    || refused "Kibana's password could not be set"
  say "Kibana's password is set"
}

# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

rights() { printf '"role_descriptors":{"%s":%s}' "$1" "$(< "$HERE/roles/$1.json")"; }

key-request() { printf '{"name":"hearsay-%s",%s}\n' "$1" "$(rights "$1")"; }

# Set ID to the id of the key of NAME, if the key is still valid.
id_of_key() {
  [ -s "$ACCESS/$1/api-key" ] || return 1
  if ! ask "$(by_key "$(< "$ACCESS/$1/api-key")")" GET /_security/_authenticate; then
    [ "$STATUS" = 401 ] || refused "cannot determine whether the key of the $1 is still valid"
    return 1
  fi
  ID="$(sed -n 's/.*"api_key":{"id":"\([^"]*\)".*/\1/p' <<< "$ANSWER")"
}

make_key() {
  local key
  ask "$(as_superuser)" POST /_security/api_key "$(key-request "$1")" || refused "no key could be created for the $1"
  key="$(sed -n 's/.*"encoded":"\([^"]*\)".*/\1/p' <<< "$ANSWER")"
  [ -n "$key" ] || fail "the cluster created a key for the $1 but did not return it"
  (umask 077 && say "$key" > "$ACCESS/$1/half")
  hand "$ACCESS/$1/half" "$HEARSAY_USER" "$ACCESS/$1/api-key"
  say "the $1 has a new key"
}

# A valid key is kept, and gets the current privileges from roles/.
keep_or_make_key() {
  if id_of_key "$1"; then
    ask "$(as_superuser)" PUT "/_security/api_key/$ID" "{$(rights "$1")}" || refused "the privileges of the key of the $1 could not be updated"
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
    || refused "the $1 has a new key, but the old one could not be invalidated"
}

main() {
  case "$*" in
    certificates | keys) "$1" ;;
    "rotate indexer" | "rotate page" | "key-request indexer" | "key-request page") "$1" "$2" ;;
    *) usage >&2; exit 2 ;;
  esac
}

main "$@"
