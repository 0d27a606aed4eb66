"""Posts a reading for a device, by its token and then by its id. Python 3, no packages. See README.md."""

import json
import os
import sys
import time
import urllib.error
import urllib.request


def need(name, what):
    value = os.environ.get(name)
    if not value:
        sys.exit(f"Set {name} to {what}.")
    return value


tenant_id = need("TENANT_ID", "the id of your tenant")
secret = need("WEBHOOK_SECRET", "the webhook secret of your tenant")
device_token = need("DEVICE_TOKEN", "the token of your device")
base_url = os.environ.get("BASE_URL", "http://localhost:8787")
url = f"{base_url}/api/v1/integrations/generic/telemetry?tenantId={tenant_id}"


def post(body):
    """With its time in the body a reading is stored once, however often it is sent."""
    for attempt in range(1, 6):
        request = urllib.request.Request(
            url,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-Webhook-Secret": secret},
        )
        try:
            with urllib.request.urlopen(request, timeout=25) as response:
                print(response.status, response.read().decode())
                return
        except urllib.error.HTTPError as error:
            print(error.code, error.read().decode())
            if error.code not in (429, 503):
                sys.exit(1)
            time.sleep(float(error.headers.get("Retry-After", 2**attempt)))
        except urllib.error.URLError as error:
            print(error.reason)
            time.sleep(2**attempt)
    sys.exit("The reading was not taken.")


ts = int(time.time() * 1000)
post({"deviceToken": device_token, "ts": ts, "temperature": 24.5, "humidity": 61})
if os.environ.get("EXTERNAL_DEVICE_ID"):
    post({"externalDeviceId": os.environ["EXTERNAL_DEVICE_ID"], "telemetry": {"pressure": 1013.2}, "ts": ts})
