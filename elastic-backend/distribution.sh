# shellcheck shell=bash
# The part of local.sh that finds Elasticsearch and a JDK, and downloads them if they are missing.

VERSION=9.5.0
MAVEN_ARTIFACT="org.elasticsearch.distribution.integ-test-zip:elasticsearch:$VERSION:zip"
MAVEN_SHA512=c06bd4ef7691da91052cada7bb255b2d7c48a1422820a8db0e3e3a1ed0dde4e8d380cdbadeb7029cc56167b9ad3a6d89f6b8edbc48d4b8685d1ab24a7ab17dd5
MAVEN_PLUGIN=org.apache.maven.plugins:maven-dependency-plugin:3.8.1
OLDEST_JDK=21
JDK_PACKAGE=openjdk-21-jre-headless
CACHE=${XDG_CACHE_HOME:-~/.cache}/hearsay # bash expands ~ even without HOME

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

# If permitted, and if the release has the package: Debian 13 and Ubuntu 24.04 do, Debian 12 does not.
install_jdk() {
  local as_root=()
  is_root || as_root=(sudo -n)
  apt-cache show "$JDK_PACKAGE" > /dev/null 2>&1 || return 1
  say "installing $JDK_PACKAGE" >&2
  "${as_root[@]}" apt-get install -y -qq "$JDK_PACKAGE" > /dev/null 2>&1
}

find_jdk() {
  known_jdk || { install_jdk && known_jdk; } \
    || fail "no JDK of version $OLDEST_JDK or later; install one (sudo apt-get install $JDK_PACKAGE) or set JAVA_HOME"
}

fetch() {
  if command -v curl > /dev/null; then
    curl --fail --silent --show-error --location --connect-timeout 5 --output "$2" "$1" 2> /dev/null
  else
    wget --quiet --tries 1 --connect-timeout 5 --output-document "$2" "$1" 2> /dev/null
  fi
}

# Elastic's own archive, which includes a JDK and all modules, with its published checksum.
fetch_archive() {
  local name address
  name="elasticsearch-$VERSION-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m).tar.gz"
  address="https://artifacts.elastic.co/downloads/elasticsearch/$name"
  fetch "$address.sha512" "$1/$name.sha512" || return 1
  say "downloading Elasticsearch $VERSION from Elastic" >&2
  fetch "$address" "$1/$name" || return 1
  (cd "$1" && sha512sum --check --status "$name.sha512") || fail "the checksum of $address is wrong; try again"
  tar --extract --gzip --file "$1/$name" --directory "$1"
}

# The minimal but real distribution that Elastic publishes for tests of other projects.
fetch_minimal() {
  local zip="$1/elasticsearch-$VERSION.zip"
  command -v mvn > /dev/null || fail "Elastic's archive cannot be reached; install maven, or set ES_HOME to an unpacked Elasticsearch $VERSION"
  say "downloading Elasticsearch $VERSION (minimal distribution) with Maven" >&2
  mvn -B -q "$MAVEN_PLUGIN:copy" "-Dartifact=$MAVEN_ARTIFACT" "-DoutputDirectory=$1" >&2 \
    || fail "Maven could not download $MAVEN_ARTIFACT; see its output above"
  say "$MAVEN_SHA512  $zip" | sha512sum --check --status || fail "the checksum of $zip is wrong; the file was not used"
  python3 -m zipfile --extract "$zip" "$1"
  chmod 755 "$1/elasticsearch-$VERSION/bin"/*
}

# Move folder $1 to $2, unless another start has created $2 in the meantime.
put_whole() { mv -T "$1" "$2" 2> /dev/null || [ -d "$2" ] || fail "cannot write to $2"; }

# Downloads are atomic: an interrupted download leaves no folder that looks complete.
download() {
  local half
  mkdir -p "$CACHE"
  half="$(mktemp -d "$CACHE/half.XXXXXX")"
  # shellcheck disable=SC2064 # expand the folder now
  trap "rm -rf '$half'" EXIT
  fetch_archive "$half" || fetch_minimal "$half"
  put_whole "$half/elasticsearch-$VERSION" "$1"
  rm -rf "$half"
}

# A copy, for the user nobody, of an Elasticsearch in a private folder of root. Its name depends on the source and its
# version, so that it cannot be confused with another; only root can write to the folder of copies.
copy_for_nobody() {
  local copies copy
  copies="$(open_folder)" || exit 1
  copy="$copies/elasticsearch-$(printf '%s\n' "$1" "$1"/lib/elasticsearch-*.jar | cksum | tr ' ' '-')"
  if [ ! -d "$copy" ]; then
    { cp -R "$1" "$copy.$$" && chmod -R a+rX "$copy.$$"; } || fail "cannot copy $1 to $copies"
    put_whole "$copy.$$" "$copy"
    rm -rf "$copy.$$"
  fi
  say "$copy"
}

find_elasticsearch() {
  local home
  home="$(realpath -m "${ES_HOME:-$CACHE/elasticsearch-$VERSION}")"
  if [ -n "${ES_HOME:-}" ]; then
    [ -x "$home/bin/elasticsearch" ] || fail "ES_HOME is $ES_HOME, which does not contain bin/elasticsearch"
  elif [ ! -d "$home" ]; then
    download "$home"
  fi
  if as_owner test -x "$home/bin/elasticsearch"; then say "$home"; else copy_for_nobody "$home"; fi
}
