#!/bin/sh
# Sends seven values every ten seconds. See README.md.
set -eu
: "${DEVICE_TOKEN:?Set DEVICE_TOKEN to the token of your device.}"
base_url=${BASE_URL:-http://localhost:8787}
count=${COUNT:-0} # 0: without end

curl -sS "$base_url/healthz"
echo
sent=0
while :; do
  sent=$((sent + 1))
  # With this key a repeat is harmless: curl --retry repeats after 429 and 503, when Retry-After says so.
  curl -sS --retry 5 "$base_url/api/v1/$DEVICE_TOKEN/telemetry" \
    -H 'Content-Type: application/json' \
    -H "Idempotency-Key: basic-$(date +%s)-$$-$sent" \
    -d '{"temperature":24.5,"humidity":61,"current":1.8,"power":414,"voltage1":230,"voltage2":229.6,"voltage3":230.4}'
  echo
  [ "$sent" -eq "$count" ] && break
  sleep "${INTERVAL_S:-10}"
done
