#!/usr/bin/env bash
# Makes docs/images/report.png: the head of the example's report, by headless Chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
popdyn convert examples/adapting_population.toml --out "$work/report"
chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$work/profile" \
  --window-size=1100,3860 --screenshot=docs/images/report.png "file://$work/report/report.html"
