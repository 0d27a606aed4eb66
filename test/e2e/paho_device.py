# A device with paho-mqtt (Debian: python3-paho-mqtt) over WebSocket: what mqtt_bridge.py of existing installations uses.
import json
import sys
import threading

import paho.mqtt.client as mqtt

host, port, token, level = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
found = {"acknowledged": 0}
done = {"snapshot": threading.Event(), "echoed": threading.Event(), "acknowledged": threading.Event()}
readings = 20


def on_connect(client, userdata, flags, code, properties=None):
    if code != 0:
        sys.exit(f"refused: {code}")
    client.subscribe([(f"devices/{token}/attributes/shared", 1), (f"devices/{token}/echo", 1)])


def on_subscribe(client, userdata, mid, granted, properties=None):
    client.publish(f"devices/{token}/echo", "hello", qos=1)
    for n in range(readings):
        client.publish(f"devices/{token}/telemetry", json.dumps({"n": n}), qos=1)


def on_message(client, userdata, message):
    if message.topic.endswith("/attributes/shared"):
        found["snapshot"] = json.loads(message.payload)
        found["retained"] = bool(message.retain)
        done["snapshot"].set()
    else:
        found["echoed"] = message.payload.decode()
        done["echoed"].set()


def on_publish(client, userdata, mid, *rest):
    found["acknowledged"] += 1
    if found["acknowledged"] == readings + 1:
        found["acknowledged"] = readings
        done["acknowledged"].set()


protocol = mqtt.MQTTv5 if level == 5 else mqtt.MQTTv311
arguments = {"client_id": token, "transport": "websockets", "protocol": protocol}
# paho 2 asks which form of callbacks is meant.
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, **arguments) if hasattr(mqtt, "CallbackAPIVersion") else mqtt.Client(**arguments)
client.ws_set_options(path="/mqtt")
client.username_pw_set(token)
client.on_connect, client.on_subscribe, client.on_message, client.on_publish = on_connect, on_subscribe, on_message, on_publish
client.connect(host, port, keepalive=60)
client.loop_start()
for name, event in done.items():
    if not event.wait(20):
        sys.exit(f"no {name}: {found}")
client.disconnect()
client.loop_stop()
print(json.dumps(found))
