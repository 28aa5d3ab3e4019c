#!/usr/bin/env bash
# Installs what grading needs into the grading machine, once, when its image is built.
# Needs Python 3.11 or newer, which it installs where there is none.
# Without a network: put a folder /wheelhouse with all wheels into the base image.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
place=/opt/course-grader
export DEBIAN_FRONTEND=noninteractive

find_python() {
  local name
  for name in python3.13 python3.12 python3.11 python3; do
    if command -v "$name" >/dev/null &&
      "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      echo "$name"
      return
    fi
  done
}

python="$(find_python)"
if [[ -z $python ]]; then
  apt-get update
  apt-get install -y --no-install-recommends python3 python3-venv
  python="$(find_python)"
fi
if [[ -z $python ]]; then
  apt-get install -y --no-install-recommends python3.11 python3.11-venv
  python="$(find_python)"
fi
[[ -n $python ]] || { echo "expected Python 3.11 to 3.13, found none" >&2; exit 1; }

"$python" -m venv "$place"
chmod 755 "$place"
pip=("$place/bin/pip" install --quiet --no-cache-dir -c "$here/requirements.constraints.txt")
if [[ -d /wheelhouse ]]; then
  "${pip[@]}" --no-index --find-links /wheelhouse -r "$here/requirements.txt"
else
  "${pip[@]}" --index-url "$(cat "$here/requirements.torch-index")" torch ||
    echo "PyTorch's own index failed: the next step takes the ordinary, larger build" >&2
  "${pip[@]}" -r "$here/requirements.txt"
fi
