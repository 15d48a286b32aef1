#!/bin/sh
# container_test.sh: the image of the Containerfile does what course/machines.md says, on a fresh Debian.
#
# The base is made by debootstrap, so no registry is needed. It and a compiler cache are kept in the
# build directory, the image in podman's store. Where the kernel refuses containers (no cgroups, no namespaces), the same commands run
# in a chroot, and a line says so.
#
# usage: container_test.sh SOURCE-DIRECTORY BUILD-DIRECTORY SUITE      (bookworm, trixie)
# Exit status: 0 passed, 1 failed, 77 skipped.
set -u
top=$1
suite=$3
kept=$2/container
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root, for debootstrap"
for tool in debootstrap podman buildah curl; do
  command -v $tool >/dev/null 2>&1 || skip "$tool is not there: apt-get install podman buildah debootstrap curl"
done

work=$(mktemp -d)
chmod 755 "$work"
name=golab-test-$suite-$$
image=localhost/golab-test:$suite
container='' process=''
engine='' # podman, or chroot
clean_up() {
  [ "$engine" != podman ] || podman rm -f "$name" >/dev/null 2>&1
  [ -z "$process" ] || kill "$process" 2>/dev/null
  [ -z "$container" ] || buildah rm "$container" >/dev/null 2>&1
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
fail() {
  echo "FAILED  $1"
  [ ! -f "$work/out" ] || tail -n 40 "$work/out" | sed 's/^/    | /'
  exit 1
}

# ---- The base ----

base=localhost/golab-base:$suite
mkdir -p "$kept/ccache"
if ! podman image exists "$base"; then
  [ -f "$kept/$suite.tar" ] || {
    debootstrap --variant=minbase "$suite" "$work/root" >"$work/out" 2>&1 || skip "debootstrap could not make $suite: $(tail -n 1 "$work/out")"
    tar -C "$work/root" -cf "$kept/$suite.tar.part" . && mv "$kept/$suite.tar.part" "$kept/$suite.tar"
    rm -rf "$work/root"
  }
  podman import "$kept/$suite.tar" "$base" >"$work/out" 2>&1 || fail "podman cannot import the base"
fi

# ---- What this machine can do ----

# podman's own limits are above what some machines allow; these are enough.
limits='--ulimit nofile=1024:4096 --ulimit nproc=4096:4096'
isolation=chroot runtime=''
for each in crun runc; do
  command -v $each >/dev/null 2>&1 || continue
  # shellcheck disable=SC2086  # options
  podman --runtime $each run --rm --network none $limits "$base" true >"$work/out" 2>&1 || continue
  isolation=oci runtime=$each
  break
done
[ $isolation = oci ] || echo "note: no container can run here ($(tail -n 1 "$work/out")); the same steps in a chroot"

# ---- The image ----

# The network of the host, for apt: a machine in a class has no other.
# shellcheck disable=SC2086  # options
podman ${runtime:+--runtime $runtime} build --isolation $isolation --network host $limits \
  --volume "$kept/ccache:/var/cache/ccache" --env CCACHE_DIR=/var/cache/ccache --build-arg BASE="$base" --build-arg EXTRA=ccache \
  -t "$image" -f "$top/Containerfile" "$top" >"$work/out" 2>&1 || fail "the image cannot be built"
bytes=$(podman image inspect --format '{{.Size}}' "$image") || fail "there is no image"
echo "ok      the image is built on $suite ($isolation): $bytes bytes"

# ---- One student ----

# A folder of the student's, mounted. 1000 is the first ordinary user of a Debian.
install -d -o 1000 -g 1000 "$work/mine"
if [ $isolation = oci ]; then
  engine=podman
  # shellcheck disable=SC2086  # options
  podman --runtime $runtime run -d --name "$name" $limits -p 127.0.0.1:16060-16063:6060-6063 \
    -v "$work/mine:/mine" "$image" sleep infinity >"$work/out" 2>&1 || fail "the image does not run"
  inside() { podman --runtime $runtime exec "$name" "$@"; }
else
  container=$(buildah from "$image") || fail "buildah has no container"
  inside() { buildah run --isolation chroot -v "$work/mine:/mine" "$container" -- "$@"; }
fi

[ "$(inside id -un)" = student ] || fail "it is not an ordinary user: $(inside id)"
inside ./lab demo >"$work/out" 2>&1 || fail "./lab demo exits with $?"
grep -qE 'after 20 requests +1523 +3$' "$work/out" || fail "./lab demo does not say 1523 and 3"
grep -qE '^ +1500 +0  main.worker \[chan receive\]' "$work/out" || fail "./lab demo does not say 1500 in main.worker"
grep -qE '^ +20 +0  main.producer \[chan send\]' "$work/out" || fail "./lab demo does not say 20 in main.producer"
echo "ok      ./lab demo, as an ordinary user: 1523 = 1500 + 20 + 3"

inside ./lab check 01 >"$work/out" 2>&1
status=$?
[ $status = 1 ] || fail "./lab check 01 exits with $status, not 1"
[ "$(stat -c %u "$work/mine/01-time-after/main.cpp")" = 1000 ] || fail "the student's file is not in the mounted folder"
sed '/yours to change/a // my own' "$top/solutions/01-time-after/main.cpp" >"$work/mine/01-time-after/main.cpp"
inside ./lab check 01 >"$work/out" 2>&1 || fail "./lab check 01 exits with $? for the solution"
echo "ok      ./lab check 01: not yet, and solved, with a file from outside"

# The service, from outside: through the published port, or in a chroot by its own.
inside ./lab run 02 >"$work/service" 2>&1 &
tries=0
until url=$(inside ./lab url 2>/dev/null); do
  [ $((tries += 1)) -lt 100 ] || fail "./lab url finds no service"
  sleep 0.1
done
if [ "$engine" = podman ]; then
  url=http://127.0.0.1:1${url##*:}
else
  note=$(echo "$work"/mine/.lab/running/02-worker-pool.*)
  process=${note##*.} # no container ends it with itself
fi
for _ in $(seq 20); do curl -s "$url/process" >/dev/null; done
# A connection that is still closing is one goroutine more: then it is asked again, for some seconds.
tries=0
while
  curl -s "$url/debug/pprof/goroutine?debug=1" >"$work/out" || fail "$url does not answer"
  [ "$(head -n 1 "$work/out")" != 'goroutine profile: total 1523' ]
do
  [ $((tries += 1)) -lt 100 ] || fail "not 1523 goroutines"
  sleep 0.1
done
grep -q '^1500 @ ' "$work/out" && grep -q '^20 @ ' "$work/out" || fail "not 1500 and 20"
echo "ok      ./lab run 02, asked from outside at $url: 1523 = 1500 + 20 + 3"
