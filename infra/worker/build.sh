#!/usr/bin/env bash
# Builds the media worker from the sources that npm brought, against the libraries of this machine (Debian 12 or newer, or
# whatever has the same): nothing is downloaded. An interrupted build goes on where it stopped.
#
#   build.sh <folder of the package mediasoup> <file to make> <folder to build in>      JOBS: how many files at once
#
# The file appears whole or not at all. Of two that build the same, the second waits and finds it done.
set -euo pipefail

package=$1 made=$2 work=$3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work" "$(dirname "$made")"
exec 9>"$work/lock"
if command -v flock >/dev/null; then flock 9; fi
[ -x "$made" ] && exit 0

sources=$work/worker
if [ ! -f "$work/prepared" ]; then
  rm -rf "$sources" "$work/build"
  cp -r "$package/worker" "$sources"
  chmod -R u+w "$sources"

  # Debian 12 has meson 1.0.1, and nothing in the file needs 1.1.
  sed -i "s/meson_version: '>= 1\.1\.0'/meson_version: '>= 1.0.0'/" "$sources/meson.build"

  # Debian's OpenSSL can let the kernel write TLS records and asks the BIO whether it does. mediasoup's callback answers yes to
  # everything it is asked, for it compares with == where BIO_CB_RETURN is a flag; OpenSSL then allocates no buffer, and the
  # first DTLS handshake crashes the worker. The callback has to hand on the BIO's own answer.
  dtls=$sources/src/RTC/DtlsTransport.cpp
  sed -i 's/(operationType == BIO_CB_RETURN) ? /((operationType \& BIO_CB_RETURN) != 0) ? /' "$dtls"
  grep -q '(operationType & BIO_CB_RETURN) != 0' "$dtls" || { echo "DtlsTransport.cpp is not as expected: has mediasoup changed?" >&2; exit 1; }

  # meson would download these. Where a .wrap's folder holds a meson.build already, it takes that instead.
  for wrap in "$here"/stand-ins/*; do
    folder=$(sed -n 's/^directory *= *//p' "$sources/subprojects/$(basename "$wrap").wrap")
    mkdir -p "$sources/subprojects/$folder"
    cp -r "$wrap"/. "$sources/subprojects/$folder"
  done
  meson setup "$work/build" "$sources" --buildtype release -Db_ndebug=true --wrap-mode=nodownload
  touch "$work/prepared"
fi

ninja -C "$work/build" -j "${JOBS:-1}" mediasoup-worker
strip -o "$work/stripped" "$work/build/mediasoup-worker"
chmod 755 "$work/stripped"
mv "$work/stripped" "$made"
