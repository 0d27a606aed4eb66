#!/bin/sh
# Sends three readings, each with its time, together every 30 seconds. See README.md.
set -eu
: "${DEVICE_TOKEN:?Set DEVICE_TOKEN to the token of your device.}"
base_url=${BASE_URL:-http://localhost:8787}
count=${COUNT:-0} # 0: without end

sent=0
while :; do
  sent=$((sent + 1))
  now=$(date +%s)
  # Each reading carries its time, so a repeat by --retry (429, 503) is harmless.
  curl -sS --retry 5 "$base_url/api/v1/$DEVICE_TOKEN/telemetry/batch" \
    -H 'Content-Type: application/json' \
    -d '{"items":[
      {"telemetry":{"temperature":24.5,"humidity":61},"ts":'"$((now - 2))000"'},
      {"telemetry":{"temperature":24.6,"humidity":60},"ts":'"$((now - 1))000"'},
      {"telemetry":{"temperature":24.7,"humidity":60},"ts":'"${now}000"'}
    ]}'
  echo
  [ "$sent" -eq "$count" ] && break
  sleep "${INTERVAL_S:-30}"
done
