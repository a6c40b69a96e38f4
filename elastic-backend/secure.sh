# shellcheck shell=bash
# The part of local.sh for nodes with TLS and users: what --secure makes at the first start and keeps beside the data.
#
#   secure/ca.crt          the authority to trust; its key is thrown away once the nodes' certificate is signed
#   secure/passwords/NAME  the password of elastic, hearsay-indexer and hearsay-page, for the eyes of the owner
#
# Passwords go from file to program: none is printed, or stands on a command line where ps shows it.

HEARSAY_ROLES="$(dirname "${BASH_SOURCE[0]}")/roles"

is_secure() { [ -d "$DATA/secure" ]; }

scheme() { if is_secure; then say https; else say http; fi; }

# Whole or not at all, as what is broken off at the first start must not look like a secret later.
make_secrets() {
  local home="$1" jdk="$2" half="$DATA/secure.half" part made=() pid
  rm -rf "$half"
  mkdir -m 755 "$half" && mkdir -m 700 "$half/passwords" "$half/config"
  (
    umask 077
    make_passwords "$half/passwords"
    for part in certificates keystore users; do # each takes seconds, so they are made side by side
      ES_JAVA_HOME="$jdk" ES_PATH_CONF="$half/config" \
        "make_$part" "$home" "$half" > "$half/$part.log" 2>&1 < /dev/null &
      made+=($!)
    done
    for pid in "${made[@]}"; do wait "$pid" || fail "cannot make certificates and users: $(cat "$half"/*.log)"; done
  ) || exit 1
  chmod 644 "$half/ca.crt"
  rm -f "$half"/*.log
  mv "$half" "$DATA/secure"
}

make_passwords() {
  local name
  for name in elastic hearsay-indexer hearsay-page; do
    head -c 18 /dev/urandom | base64 | tr '+/' '-_' > "$1/$name"
  done
}

# With the distribution's own tool, which both distributions have, while a fresh machine need not have openssl.
make_certificates() {
  local tool=("$1/bin/elasticsearch-certutil") half="$2"
  "${tool[@]}" ca --pem --silent --days 3650 --out "$half/ca.zip" || return
  python3 -m zipfile --extract "$half/ca.zip" "$half" || return
  "${tool[@]}" cert --pem --silent --days 3650 --ca-cert "$half/ca/ca.crt" --ca-key "$half/ca/ca.key" \
    --name node --ip 127.0.0.1 --dns localhost --out "$half/node.zip" || return
  python3 -m zipfile --extract "$half/node.zip" "$half" || return
  mv "$half/ca/ca.crt" "$half/ca.crt" && mv "$half/node"/node.* "$half/config" && cp "$half/ca.crt" "$half/config"
  rm -r "$half/ca" "$half/node" "$half"/*.zip
}

make_keystore() {
  "$1/bin/elasticsearch-keystore" add --force --stdin bootstrap.password < "$2/passwords/elastic"
}

# Users of the file realm, which also the minimal distribution has; their roles have their own names.
make_users() {
  local name
  touch "$2/config/users" "$2/config/users_roles"
  for name in hearsay-indexer hearsay-page; do # it asks for the password twice
    cat "$2/passwords/$name" "$2/passwords/$name" | "$1/bin/elasticsearch-users" useradd "$name" -r "$name" || return
  done
}

# The roles are described once, as JSON, which is YAML; each on a line, as roles.yml wants it.
write_roles() {
  local name
  for name in indexer page; do say "hearsay-$name: $(tr -d '\n' < "$HEARSAY_ROLES/$name.json")"; done > "$1/roles.yml"
}

configure_security() {
  local config="$1/config" layer
  cp "$DATA/secure/config"/* "$config/"
  write_roles "$config"
  say "xpack.security.enabled: true"
  say "xpack.security.enrollment.enabled: false"
  for layer in http transport; do
    say "xpack.security.$layer.ssl:"
    say "  {enabled: true, certificate: node.crt, key: node.key, certificate_authorities: ca.crt}"
  done
}

# What a person copies to ask the nodes; $1 names them.
show_access() {
  local secrets="$DATA/secure"
  printf 'export INDEX_URL=%s INDEX_CA_CERT=%q INDEX_USERNAME=hearsay-indexer\n' "$1" "$secrets/ca.crt"
  # shellcheck disable=SC2016 # the person's shell expands
  printf 'export INDEX_PASSWORD="$(cat %q)"\n' "$secrets/passwords/hearsay-indexer"
  say "# hearsay-page may only search, and elastic may do everything; their passwords lie beside that one"
}
