// Asks a service through OpenFeature's web provider: node openfeature_web.mjs URL KEY
import { OpenFeature } from "@openfeature/web-sdk";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";

const [url, key] = process.argv.slice(2);
const statuses = [];
const asked = globalThis.fetch;
const counting = async (...request) => {
  const answer = await asked(...request);
  statuses.push(answer.status);
  return answer;
};
globalThis.fetch = counting;
const context = (n) => ({ targetingKey: `acct_${n}`, plan: "pro", usage_percent: 87, hours_saved: 3 });
const options = { baseUrl: url, headers: [["X-API-Key", key]], pollInterval: 200, fetchImplementation: counting };
const found = { units: [] };
await OpenFeature.setContext(context(0));
await OpenFeature.setProviderAndWait(new OFREPWebProvider(options));
const client = OpenFeature.getClient();
for (let n = 0; n < 20; n += 1) {
  await OpenFeature.setContext(context(n));
  const body = client.getObjectDetails("INSUFFICIENT_BALANCE", {});
  const text = client.getStringDetails("INSUFFICIENT_BALANCE.message", "");
  found.units.push([body.value, body.variant, body.reason, text.value]);
}
await new Promise((resolve) => setTimeout(resolve, 900));
found.statuses = statuses;
process.stdout.write(JSON.stringify(found), () => process.exit(0)); // not before the pipe has it all
