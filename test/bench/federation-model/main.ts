import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measuredNetwork, modelFiles } from './files.ts';
import { loadsOf, seatsOf, shareOf } from './load.ts';
import { aloneAt, togetherAt } from './picture.ts';

// `node test/bench/federation-model/main.ts`: says what the published load model gives for the measured federation, and draws
// what batching saves.

const root = join(import.meta.dirname, '../../..');
for (const [file, text] of modelFiles()) writeFileSync(join(root, file), text);

const network = measuredNetwork();
const { ofSent, ofTraffic } = shareOf(0, loadsOf(network, 1));
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
console.log(`${network.users} users, ${seatsOf(network)} memberships`);
console.log(
  `the largest server: ${percent(ofSent)} of what is sent, ${percent(ofTraffic)} of the traffic`,
);
for (const day of [1, 10, 100, 1_000]) {
  const told = [20, 100, 500].map((ms) => `${togetherAt(network, day, ms).toFixed(1)} (${ms} ms)`);
  console.log(
    `${day} a day: ${aloneAt(network, day).toFixed(1)} requests/s each alone; ${told.join(', ')}`,
  );
}
