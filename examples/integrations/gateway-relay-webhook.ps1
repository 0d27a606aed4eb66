# A gateway speaks for its child: by the generic webhook, or with MODE=device at the gateway's own door. PowerShell 7.
$ErrorActionPreference = 'Stop'
if (-not $env:GATEWAY_TOKEN) { throw 'Set GATEWAY_TOKEN to the token of the gateway.' }
if (-not $env:CHILD_DEVICE_ID) { throw 'Set CHILD_DEVICE_ID to the device id (not the token) of the child.' }
$baseUrl = if ($env:BASE_URL) { $env:BASE_URL } else { 'http://localhost:8787' }
$body = @{
  childDeviceId = $env:CHILD_DEVICE_ID
  ts            = [DateTimeOffset]::UtcNow.ToUnixTimeMilliseconds()
  telemetry     = @{ temperature = 4.1; humidity = 80 }
}
$headers = @{}
if ($env:MODE -eq 'device') {
  $url = "$baseUrl/api/v1/$($env:GATEWAY_TOKEN)/telemetry"
} else {
  if (-not $env:TENANT_ID) { throw 'Set TENANT_ID to the id of your tenant.' }
  if (-not $env:WEBHOOK_SECRET) { throw 'Set WEBHOOK_SECRET to the webhook secret of your tenant.' }
  $url = "$baseUrl/api/v1/integrations/generic/telemetry?tenantId=$($env:TENANT_ID)"
  $headers['X-Webhook-Secret'] = $env:WEBHOOK_SECRET
  $body.deviceToken = $env:GATEWAY_TOKEN
}
Invoke-RestMethod -Method Post -Uri $url -ContentType 'application/json' -Headers $headers `
  -Body ($body | ConvertTo-Json -Compress) | ConvertTo-Json -Compress
