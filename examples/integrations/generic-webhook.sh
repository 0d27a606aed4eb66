#!/bin/sh
# Posts a reading for a device, by its token and then by its id. See README.md.
set -eu
: "${TENANT_ID:?Set TENANT_ID to the id of your tenant.}"
: "${WEBHOOK_SECRET:?Set WEBHOOK_SECRET to the webhook secret of your tenant.}"
: "${DEVICE_TOKEN:?Set DEVICE_TOKEN to the token of your device.}"
url="${BASE_URL:-http://localhost:8787}/api/v1/integrations/generic/telemetry?tenantId=$TENANT_ID"

post() {
  curl -sS --fail-with-body --retry 5 "$url" -H 'Content-Type: application/json' \
    -H "X-Webhook-Secret: $WEBHOOK_SECRET" -d "$1"
  echo
}

now=$(date +%s)000
post '{"deviceToken":"'"$DEVICE_TOKEN"'","ts":'"$now"',"temperature":24.5,"humidity":61}'
if [ -n "${EXTERNAL_DEVICE_ID:-}" ]; then
  post '{"externalDeviceId":"'"$EXTERNAL_DEVICE_ID"'","telemetry":{"pressure":1013.2},"ts":'"$now"'}'
fi
