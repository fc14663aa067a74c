// sparkplug-client as a peer: an edge node that says what it hears and does what stdin says.
// `node sparkplug_client.js PORT`; also `node sparkplug_client.js codec`, which re-encodes payloads (hex lines).
const readline = require("readline");
const say = (what) =>
  process.stdout.write(JSON.stringify(what, (_, v) => (typeof v === "bigint" ? v.toString() : v)) + "\n");
const lines = readline.createInterface({ input: process.stdin });

if (process.argv[2] === "codec") {
  const codec = require("sparkplug-payload").get("spBv1.0");
  lines.on("line", (line) => {
    const payload = codec.decodePayload(Buffer.from(line, "hex"));
    const again = codec.encodePayload(payload);
    say({
      metrics: payload.metrics.map((m) => ({
        name: m.name,
        type: m.type,
        value: m.value === null || m.value === undefined ? null : m.value.toString(),
      })),
      again: Buffer.from(again).toString("hex"),
    });
  });
  say({ ready: true });
} else {
  const client = require("sparkplug-client").newClient({
    serverUrl: `mqtt://127.0.0.1:${process.argv[2]}`,
    username: "",
    password: "",
    groupId: "suzhou",
    edgeNode: "peer-js",
    clientId: "peer-js",
    version: "spBv1.0",
    publishDeath: true,
  });
  const born = () => {
    const at = Date.now();
    client.publishNodeBirth({ timestamp: at, metrics: [{ name: "version", type: "String", value: "1", timestamp: at }] });
    client.publishDeviceBirth("D1", {
      timestamp: at,
      metrics: [
        { name: "temp", type: "Double", value: 20.5, timestamp: at },
        { name: "parts", type: "Int32", value: 1, timestamp: at },
      ],
    });
    say({ kind: "born" });
  };
  client.on("birth", born);
  client.on("ncmd", (payload) => {
    say({ kind: "NCMD", metrics: payload.metrics.map((m) => ({ name: m.name, value: m.value })) });
    if (payload.metrics.some((m) => m.name === "Node Control/Rebirth" && m.value === true)) born();
  });
  client.on("error", (error) => say({ error: error.message }));
  lines.on("line", (line) => {
    const asked = JSON.parse(line);
    const at = Date.now();
    if (asked === "die") client.publishDeviceDeath("D1", { timestamp: at, metrics: [] });
    else client.publishDeviceData("D1", { timestamp: at, metrics: [{ ...asked, timestamp: at }] });
  });
  lines.on("close", () => client.stop());
}
