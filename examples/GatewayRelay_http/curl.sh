#!/bin/sh
# A gateway sends for its child every 15 seconds. See README.md.
set -eu
: "${DEVICE_TOKEN:?Set DEVICE_TOKEN to the token of the gateway.}"
: "${CHILD_DEVICE_ID:?Set CHILD_DEVICE_ID to the device id (not the token) of the child.}"
base_url=${BASE_URL:-http://localhost:8787}
count=${COUNT:-0} # 0: without end

sent=0
while :; do
  sent=$((sent + 1))
  # With this key a repeat is harmless: curl --retry repeats after 429 and 503, when Retry-After says so.
  curl -sS --retry 5 "$base_url/api/v1/$DEVICE_TOKEN/telemetry" \
    -H 'Content-Type: application/json' \
    -H "Idempotency-Key: relay-$(date +%s)-$$-$sent" \
    -d '{"childDeviceId":"'"$CHILD_DEVICE_ID"'","telemetry":{"temperature":4.1,"humidity":80}}'
  echo
  [ "$sent" -eq "$count" ] && break
  sleep "${INTERVAL_S:-15}"
done
