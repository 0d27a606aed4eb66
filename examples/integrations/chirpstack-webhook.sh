#!/bin/sh
# Posts the sample uplink as ChirpStack v4 does. See README.md.
set -eu
: "${TENANT_ID:?Set TENANT_ID to the id of your tenant.}"
: "${WEBHOOK_SECRET:?Set WEBHOOK_SECRET to the webhook secret of your tenant.}"
here=$(dirname "$0")
url="${BASE_URL:-http://localhost:8787}/api/v1/integrations/chirpstack/telemetry?tenantId=$TENANT_ID&event=up"
sed "s/0102030405060708/${DEV_EUI:-0102030405060708}/" "$here/chirpstack-uplink.sample.json" |
  curl -sS --fail-with-body "$url" -H 'Content-Type: application/json' \
    -H "X-Webhook-Secret: $WEBHOOK_SECRET" --data-binary @-
echo
