#!/usr/bin/env bash
# Runs the 24 hour soak under WSL or Linux, checks the machine first, and outlives its terminal.
#
# usage: tools/wsl/run_full_soak_24h.sh [--dry-run] [--dir DIR] [--new] [OPTIONS OF kernel run ...]
#
#   --dry-run   five minutes instead of a day
#   --dir DIR   where run folders and the log go (default: ~/.local/state/autocapture-soak)
#   --new       begin a new run although an interrupted one could be resumed
#
# The same line again shows a run that is still going on, or resumes one that a reboot or a shutdown of
# WSL interrupted; the time in between becomes a gap in its report. Ctrl-C ends the showing, not the run.
# Exit code: the verdict (0 passed, 1 failed), 2 when doctor finds the machine unfit.
#
# Covers: one run at a time below DIR. Does not cover: starting by itself after a reboot; Windows' own
# sleep, which only the person's power settings prevent (a sleep is a gap in the report).
set -euo pipefail

self=$(readlink -f -- "$0")
repository=$(cd -- "$(dirname -- "$self")/../.." && pwd)
state=${XDG_STATE_HOME:-$HOME/.local/state}/autocapture-soak
profile=soak24 fresh=no inside=no
options=()
while (($#)); do
  case $1 in
    --dry-run) profile=dry-run ;;
    --dir) state=${2:?--dir wants a folder}; shift ;;
    --new) fresh=yes ;;
    --inside) inside=yes ;;
    -h | --help) sed -n '2,/^set -euo/{/^set -euo/d;s/^# \{0,1\}//;p}' "$self"; exit 0 ;;
    *) options+=("$1") ;;
  esac
  shift
done
mkdir -p -- "$state"
state=$(cd -- "$state" && pwd)
current=$state/current log=$state/log verdict=$state/exit lock=$state/lock

kernel() {
  if [[ -n ${AUTOCAPTURE_KERNEL:-} ]]; then "$AUTOCAPTURE_KERNEL" "$@"
  elif [[ -x $repository/.venv/bin/kernel ]]; then "$repository/.venv/bin/kernel" "$@"
  elif command -v -- kernel >/dev/null; then command kernel "$@"
  else "$repository/tools/dev" kernel "$@"; fi
}

ended() { [[ -f $1/ended.json ]] && grep -q '"reason": "finished"' -- "$1/ended.json"; }

# Whether a run is of the profile that is wanted now; one that does not say counts as such.
is_ours() { grep -q "\"profile\": \"$profile\"" -- "$1/plan.json" || ! grep -q '"profile"' -- "$1/plan.json"; }

# What runs behind the terminal: one soak to its end, resumed for as long as something cuts it off.
run_inside() {
  local run code
  run=$(cat -- "$current")
  for attempt in 1 2 3 4 5; do
    code=0
    if [[ -f $run/plan.json ]]; then
      echo "resuming $run"
      kernel run --profile "$profile" --resume "$run" "${options[@]}" || code=$?
    else
      kernel run --profile "$profile" --run-dir "$run" "${options[@]}" || code=$?
    fi
    # Asked to stop, or over: whoever wants more says so again. Killed: go on.
    [[ -f $run/ended.json || ! -f $run/plan.json ]] && break
    echo "cut off (exit code $code, attempt $attempt)"
  done
  echo "$code" >"$verdict"
  exit "$code"
}

# Windows ends an idle distribution: a hidden wsl.exe holds it for exactly as long as the run lasts.
hold_wsl() {
  [[ -n ${WSL_DISTRO_NAME:-} ]] && command -v -- powershell.exe >/dev/null || return 0
  powershell.exe -NoProfile -Command "Start-Process -WindowStyle Hidden wsl.exe -ArgumentList \
    '-d','$WSL_DISTRO_NAME','--exec','tail','--pid=$1','-f','/dev/null'" </dev/null >/dev/null 2>&1 ||
    echo "Windows could not be asked to keep WSL awake: leave a WSL window open" >&2
}

# Whether a process is there and has not ended; a dead one that nobody collects has.
lives() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) && [[ ${stat##*) } != Z* ]]
}

if [[ $inside == yes ]]; then
  exec 9>"$lock"
  flock --nonblock 9 || { echo "a run is going on" >&2; exit 2; }
  echo $$ >"$state/pid"
  run_inside
fi

if flock --nonblock "$lock" true; then
  found=0
  kernel doctor --data-dir "$state/doctor" || found=$?
  ((found < 2)) || { echo "the machine is not fit for a soak: see above" >&2; exit 2; }
  run=$(cat -- "$current" 2>/dev/null || true)
  if [[ $fresh == yes || -z $run || ! -f $run/plan.json ]] || ended "$run"; then
    echo "$state/$(date -u +%Y%m%dT%H%M%SZ)-$profile" >"$current"
  elif ! is_ours "$run"; then
    echo "$run is an interrupted run of another profile: go on with it by the same line as before, or use --new" >&2
    exit 2
  fi
  rm -f -- "$verdict"
  : >"$log"
  again=(--dir "$state" --inside)
  [[ $profile == dry-run ]] && again+=(--dry-run)
  setsid nohup "$self" "${again[@]}" "${options[@]}" </dev/null >"$log" 2>&1 &
  runner=$!
  hold_wsl "$runner"
else
  runner=$(cat -- "$state/pid")
  echo "a run is going on already"
fi
echo "run folder $(cat -- "$current")"
echo "log $log (Ctrl-C ends the showing, the run goes on)"
# Not `tail --pid`: it waits for ever for a process that ended and that nobody collects.
tail --follow=name --lines=+1 -- "$log" &
shower=$!
trap 'kill "$shower" 2>/dev/null' EXIT
while lives "$runner"; do sleep 0.2; done
# What was written last is shown before the showing ends.
sleep 0.5
exit "$(cat -- "$verdict" 2>/dev/null || echo 1)"
