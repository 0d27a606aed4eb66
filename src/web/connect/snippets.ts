import { type Place, socketUrl, testJson } from './place.ts'
import type { Snippet } from './snippet.ts'
import { lora } from './snippets-lora.ts'

export function snippetsOf(place: Place): readonly Snippet[] {
  return [...http(place), ...mqtt(place), ...webSocket(place), ...lora(place)]
}

function http({ baseUrl, token, tls }: Place): Snippet[] {
  const url = `${baseUrl}/api/v1/${token}/telemetry`
  return [
    {
      way: 'http',
      tool: 'sh',
      label: 'Linux, macOS',
      note: 'In a terminal.',
      code: `curl -X POST ${url} \\
  -H 'Content-Type: application/json' \\
  -d '${testJson}'`,
    },
    {
      way: 'http',
      tool: 'powershell',
      label: 'Windows',
      note: 'In PowerShell.',
      code: `Invoke-RestMethod -Method Post -Uri '${url}' -ContentType 'application/json' -Body '${testJson}'`,
    },
    {
      way: 'http',
      tool: 'python',
      label: 'Python',
      note: 'Needs nothing else. Save it as send.py, then: python3 send.py',
      code: `import json
from urllib.request import Request, urlopen

request = Request(
    "${url}",
    data=json.dumps({"temperature": 25}).encode(),
    headers={"Content-Type": "application/json", "User-Agent": "my-device"},
)
print(urlopen(request, timeout=10).read().decode())`,
    },
    {
      way: 'http',
      tool: 'node',
      label: 'Node.js',
      note: 'Needs nothing else. Save it as send.mjs, then: node send.mjs',
      code: `const response = await fetch('${url}', {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ temperature: 25 }),
})
console.log(response.status, await response.text())`,
    },
    {
      way: 'http',
      tool: 'arduino',
      label: 'ESP32',
      note: 'In a sketch that is on WiFi, with HTTPClient of the ESP32 core. 200 means stored.',
      code: `#include <HTTPClient.h>
${tls ? '#include <WiFiClientSecure.h>' : '#include <WiFiClient.h>'}

void sendReading() {
  ${tls ? 'WiFiClientSecure client;\n  client.setCACert(ROOT_CA);' : 'WiFiClient client;'}
  HTTPClient http;
  http.begin(client, "${url}");
  http.addHeader("Content-Type", "application/json");
  int status = http.POST("{\\"temperature\\":25}");
  Serial.println(status);
  http.end();
}`,
    },
  ]
}

function mqtt(place: Place): Snippet[] {
  const { host, port, tls, token } = place
  const url = socketUrl(place, '/mqtt')
  const topic = `devices/${token}/telemetry`
  return [
    {
      way: 'mqtt',
      tool: 'python',
      label: 'Python',
      note: 'First: pip install paho-mqtt. Save it as send.py, then: python3 send.py',
      code: `import json
import paho.mqtt.publish as publish

publish.single(
    "${topic}",
    json.dumps({"temperature": 25}),
    qos=1,
    hostname="${host}",
    port=${port},
    auth={"username": "${token}"},${tls ? '\n    tls={},' : ''}
    transport="websockets",
)
print("stored")`,
    },
    {
      way: 'mqtt',
      tool: 'node',
      label: 'Node.js',
      note: 'First: npm install mqtt. Save it as send.mjs, then: node send.mjs',
      code: `import mqtt from 'mqtt'

const client = await mqtt.connectAsync('${url}', { username: '${token}' })
await client.publishAsync('${topic}', JSON.stringify({ temperature: 25 }), { qos: 1 })
console.log('stored')
await client.endAsync()`,
    },
    {
      way: 'mqtt',
      tool: 'arduino',
      label: 'ESP32',
      note: 'With esp-mqtt of ESP-IDF 5, or of the ESP32 core 3.',
      code: `#include <mqtt_client.h>

esp_mqtt_client_config_t config = {};
config.broker.address.uri = "${tls ? `wss://${host}:${port}` : `ws://${host}:${port}`}/mqtt";
config.credentials.username = "${token}";${tls ? '\nconfig.broker.verification.certificate = ROOT_CA;' : ''}
esp_mqtt_client_handle_t client = esp_mqtt_client_init(&config);
esp_mqtt_client_start(client);
// once it is connected:
esp_mqtt_client_publish(client, "${topic}", "{\\"temperature\\":25}", 0, 1, 0);`,
    },
  ]
}

function webSocket(place: Place): Snippet[] {
  const { host, port, tls, token } = place
  const path = `/api/v1/${token}/ws`
  const frame = `{"type":"telemetry","data":${testJson}}`
  return [
    {
      way: 'websocket',
      tool: 'node',
      label: 'Node.js',
      note: 'Needs Node 22 or newer. Save it as send.mjs, then: node send.mjs',
      code: `const socket = new WebSocket('${socketUrl(place, path)}')
socket.onopen = () => socket.send('${frame}')
socket.onmessage = ({ data }) => {
  console.log(data)
  socket.close()
}`,
    },
    {
      way: 'websocket',
      tool: 'sh',
      label: 'wscat',
      note: 'In a terminal, with Node.js.',
      code: `npx wscat -c '${socketUrl(place, path)}' -w 2 -x '${frame}'`,
    },
    {
      way: 'websocket',
      tool: 'arduino',
      label: 'ESP32',
      note: 'With the library WebSockets by Markus Sattler. Call loop() of it in your own loop.',
      code: `#include <WebSocketsClient.h>

WebSocketsClient socket;

void startSocket() {
  socket.onEvent([](WStype_t type, uint8_t* payload, size_t length) {
    if (type == WStype_CONNECTED) socket.sendTXT("{\\"type\\":\\"telemetry\\",\\"data\\":{\\"temperature\\":25}}");
  });
  socket.${tls ? 'beginSslWithCA' : 'begin'}("${host}", ${port}, "${path}"${tls ? ', ROOT_CA, ""' : ', ""'});
}`,
    },
  ]
}
