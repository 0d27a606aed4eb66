# Posts a reading for a device, by its token and then by its id. PowerShell 7. See README.md.
$ErrorActionPreference = 'Stop'
if (-not $env:TENANT_ID) { throw 'Set TENANT_ID to the id of your tenant.' }
if (-not $env:WEBHOOK_SECRET) { throw 'Set WEBHOOK_SECRET to the webhook secret of your tenant.' }
if (-not $env:DEVICE_TOKEN) { throw 'Set DEVICE_TOKEN to the token of your device.' }
$baseUrl = if ($env:BASE_URL) { $env:BASE_URL } else { 'http://localhost:8787' }
$url = "$baseUrl/api/v1/integrations/generic/telemetry?tenantId=$($env:TENANT_ID)"

function Send-Reading($body) {
  Invoke-RestMethod -Method Post -Uri $url -ContentType 'application/json' -MaximumRetryCount 5 -RetryIntervalSec 2 `
    -Headers @{ 'X-Webhook-Secret' = $env:WEBHOOK_SECRET } -Body ($body | ConvertTo-Json -Compress) |
    ConvertTo-Json -Compress
}

$ts = [DateTimeOffset]::UtcNow.ToUnixTimeMilliseconds()
Send-Reading @{ deviceToken = $env:DEVICE_TOKEN; ts = $ts; temperature = 24.5; humidity = 61 }
if ($env:EXTERNAL_DEVICE_ID) {
  Send-Reading @{ externalDeviceId = $env:EXTERNAL_DEVICE_ID; telemetry = @{ pressure = 1013.2 }; ts = $ts }
}
