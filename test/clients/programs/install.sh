#!/bin/sh
# The clients in Python that the tests of this folder use, in an environment of their own. Safe to run again.
set -e
cd "$(dirname "$0")/../../.."
environment=.cache/clients
"$environment/bin/python" -c 'import nio.crypto, vodozemac, simplematrixbotlib' 2> /dev/null && exit
command -v python3 > /dev/null || { echo 'Python 3.9 or later is missing: apt install python3 python3-venv' >&2; exit 1; }
python3 -m venv "$environment" || { echo 'Install what Python makes environments with: apt install python3-venv' >&2; exit 1; }
"$environment/bin/python" -m pip install -q --disable-pip-version-check 'matrix-nio[e2e]==0.26.0' simplematrixbotlib==2.13.1
