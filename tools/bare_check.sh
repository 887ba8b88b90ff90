#!/usr/bin/env bash
# Runs the README's two commands on a bare Debian, from a clean clone, and says how long each took.
#
# usage: sudo tools/bare_check.sh [SUITE] [plain|root]     (default: trixie plain)
#
# Covers: what a newcomer meets: no caches, no uv, no git, Python and pip from the distribution, a user
# without rights. Does not cover: uncommitted changes (it clones HEAD). Needs root and debootstrap; uses
# about 3 GB below /var/tmp, which it names and leaves for a second look.
set -euo pipefail

suite=${1:-trixie} user=${2:-plain}
repository=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
bare=$(mktemp -d "/var/tmp/autocapture-bare-$suite.XXXXXX")
home=/home/$user
[[ $user == root ]] && home=/root

echo "bare machine: $bare"
debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates "$suite" "$bare" >"$bare.log"
[[ $user == root ]] || chroot "$bare" useradd --create-home "$user"
git clone --quiet "$repository" "$bare$home/autocapture"
chroot "$bare" chown -R "$user:" "$home"
# How this machine reaches the network is this machine's affair, and the guest's too.
cp /etc/resolv.conf "$bare/etc/resolv.conf"
cp /etc/ssl/certs/ca-certificates.crt "$bare/etc/ssl/certs/ca-certificates.crt"

# Own mounts and processes: whatever is left running ends with the namespace. pivot_root rather than
# chroot: inside a chroot the kernel refuses user namespaces, which a real machine has.
inside() {
  unshare --mount --pid --fork --kill-child bash -c '
    bare=$1 user=$2 home=$3; shift 3
    mount --bind "$bare" "$bare"
    mount -t proc proc "$bare/proc"
    mount -t tmpfs tmpfs "$bare/tmp"
    mount --rbind /sys "$bare/sys"
    mount --rbind /dev "$bare/dev"
    mount -t tmpfs tmpfs "$bare/dev/shm"
    mkdir -p "$bare/mnt/outside"
    cd "$bare"
    pivot_root . mnt/outside
    umount -l /mnt/outside
    cd /
    setpriv --reuid "$user" --regid "$user" --init-groups /usr/bin/env -i HOME="$home" \
      LANG=C.UTF-8 TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt "$@"
    # Not the last command: this shell stays the first process and collects the orphans, as init does.
    exit $?
  ' _ "$bare" "$user" "$home" "$@"
}

status=0
for command in "kernel run --profile demo --once" "test"; do
  echo "== $suite, $user: tools/dev $command"
  begin=$SECONDS
  # From another folder, as people do. Unquoted on purpose: the command has arguments.
  # shellcheck disable=SC2086
  inside "$home/autocapture/tools/dev" $command || { status=1; echo "FAILED"; }
  echo "== took $((SECONDS - begin)) s"
done
exit "$status"
