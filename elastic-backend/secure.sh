# shellcheck shell=bash
# The part of local.sh for nodes with TLS and users: files that --secure creates at the first start, next to the data.
#
#   secure/ca.crt          the certificate authority; its key is deleted when the certificate of the nodes is signed
#   secure/passwords/NAME  the password of elastic, hearsay-indexer and hearsay-page, readable by the owner only
#
# Programs read passwords from the files: no password is printed or passed on a command line, where ps would show it.

HEARSAY_ROLES="$(dirname "${BASH_SOURCE[0]}")/roles"

is_secure() { [ -d "$DATA/secure" ]; }

scheme() { if is_secure; then say https; else say http; fi; }

# Secrets are created atomically: an interrupted first start must not leave incomplete ones.
make_secrets() {
  local home="$1" jdk="$2" half="$DATA/secure.half" part made=() pid
  rm -rf "$half"
  mkdir -m 755 "$half" && mkdir -m 700 "$half/passwords" "$half/config"
  (
    umask 077
    make_passwords "$half/passwords"
    for part in certificates keystore users; do # in parallel, because each takes seconds
      ES_JAVA_HOME="$jdk" ES_PATH_CONF="$half/config" \
        "make_$part" "$home" "$half" > "$half/$part.log" 2>&1 < /dev/null &
      made+=($!)
    done
    for pid in "${made[@]}"; do wait "$pid" || fail "cannot create certificates and users: $(cat "$half"/*.log)"; done
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

# Created with a tool that both distributions contain, because openssl may not be installed.
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

# Users of the file realm, which the minimal distribution also supports; each role has the name of its user.
make_users() {
  local name
  touch "$2/config/users" "$2/config/users_roles"
  for name in hearsay-indexer hearsay-page; do # the tool reads the password twice
    cat "$2/passwords/$name" "$2/passwords/$name" | "$1/bin/elasticsearch-users" useradd "$name" -r "$name" || return
  done
}

# The roles are defined as JSON, which is valid YAML; roles.yml has one role per line.
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

# Print the variables for connecting to the nodes with the addresses $1.
show_access() {
  local secrets="$DATA/secure"
  printf 'export INDEX_URL=%s INDEX_CA_CERT=%q INDEX_USERNAME=hearsay-indexer\n' "$1" "$secrets/ca.crt"
  # shellcheck disable=SC2016 # expanded by the user's shell
  printf 'export INDEX_PASSWORD="$(cat %q)"\n' "$secrets/passwords/hearsay-indexer"
  say "# hearsay-page can only search, elastic can do everything; their passwords are in the same folder"
}
