#!/bin/sh
# The clients in Python, and matrix-bot-sdk, that the tests of this folder use, in an environment of their own. Safe to run again.
set -e
cd "$(dirname "$0")/../../.."
environment=.cache/clients
# Without what its packages would fetch from elsewhere than npm: bot-sdk-crypto.ts stands in for it.
[ -e "$environment/bot-sdk/node_modules/matrix-bot-sdk/package.json" ] \
  || npm install --silent --no-package-lock --ignore-scripts --prefix "$environment/bot-sdk" matrix-bot-sdk@0.8.0
"$environment/bin/python" -c 'import nio.crypto, vodozemac, simplematrixbotlib' 2> /dev/null && exit
command -v python3 > /dev/null || { echo 'Python 3.9 or later is missing: apt install python3 python3-venv' >&2; exit 1; }
python3 -m venv "$environment" || { echo 'Install what Python makes environments with: apt install python3-venv' >&2; exit 1; }
"$environment/bin/python" -m pip install -q --disable-pip-version-check 'matrix-nio[e2e]==0.26.0' simplematrixbotlib==2.13.1
