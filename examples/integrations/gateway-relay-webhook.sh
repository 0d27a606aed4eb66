#!/bin/sh
# A gateway speaks for its child: by the generic webhook, or with MODE=device at the gateway's own door. See README.md.
set -eu
: "${GATEWAY_TOKEN:?Set GATEWAY_TOKEN to the token of the gateway.}"
: "${CHILD_DEVICE_ID:?Set CHILD_DEVICE_ID to the device id (not the token) of the child.}"
base_url=${BASE_URL:-http://localhost:8787}
reading='"childDeviceId":"'"$CHILD_DEVICE_ID"'","ts":'"$(date +%s)"'000,"telemetry":{"temperature":4.1,"humidity":80}'

if [ "${MODE:-webhook}" = device ]; then
  curl -sS --fail-with-body "$base_url/api/v1/$GATEWAY_TOKEN/telemetry" \
    -H 'Content-Type: application/json' -d "{$reading}"
else
  : "${TENANT_ID:?Set TENANT_ID to the id of your tenant.}"
  : "${WEBHOOK_SECRET:?Set WEBHOOK_SECRET to the webhook secret of your tenant.}"
  curl -sS --fail-with-body "$base_url/api/v1/integrations/generic/telemetry?tenantId=$TENANT_ID" \
    -H 'Content-Type: application/json' -H "X-Webhook-Secret: $WEBHOOK_SECRET" \
    -d '{"deviceToken":"'"$GATEWAY_TOKEN"'",'"$reading}"
fi
echo
