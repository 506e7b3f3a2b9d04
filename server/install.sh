#!/bin/sh
# Installs what Farol needs beside its sources, Node.js 24 and PostgreSQL 18 among it. Called by `npm start`, which is
# silent about what it calls, so npm's errors are let through here, and shorter retries than npm's 70 s say them soon.
echo 'Installing what Farol needs into node_modules (once, 500 MB, about a minute) …'
npm install --no-save --no-audit --no-fund --loglevel=error \
  --fetch-retries=3 --fetch-retry-factor=3 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=10000 && exit
echo 'Farol could not be installed; npm says above why. It needs the network this once: mend that and run the same command again.' >&2
exit 1
