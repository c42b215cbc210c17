// Asks a service through OpenFeature's server provider: node openfeature_server.mjs URL KEY UNITS
import { OpenFeature } from "@openfeature/server-sdk";
import { KeepgoingProvider } from "./documented_provider.mjs";

const [url, key, units] = process.argv.slice(2);
await OpenFeature.setProviderAndWait(new KeepgoingProvider({ baseUrl: url, key }));
const client = OpenFeature.getClient();
const found = { units: [], errors: {} };
for (let n = 0; n < Number(units); n += 1) {
  const context = { targetingKey: `acct_${n}`, plan: "pro", usage_percent: 87, hours_saved: 3 };
  const body = await client.getObjectDetails("INSUFFICIENT_BALANCE", {}, context);
  const text = await client.getStringDetails("INSUFFICIENT_BALANCE.message", "", context);
  found.units.push([body.value, body.variant, body.reason, body.flagMetadata, text.value, text.variant]);
}
const missing = await client.getObjectDetails("NO_SUCH", { mine: true }, { targetingKey: "acct_0" });
found.errors.missing = [missing.value, missing.errorCode, missing.reason];
const nobody = await client.getObjectDetails("INSUFFICIENT_BALANCE", { mine: true }, { plan: "pro" });
found.errors.nobody = [nobody.value, nobody.errorCode, nobody.reason];
client.track("recharge", { targetingKey: "acct_0" }, { value: 20, currency: "USD", event_id: "node-invoice" });
await new Promise((resolve) => setTimeout(resolve, 500));
process.stdout.write(JSON.stringify(found), () => process.exit(0)); // not before the pipe has it all
