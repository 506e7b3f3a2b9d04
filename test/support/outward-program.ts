import { Outward } from '../../server/log/outward.ts';
import { connectPool } from '../../server/storage/database.ts';
import { letters, writeLetter } from './outward-letters.ts';
import { startWriter } from './writer.ts';

// A writer with an outward queue as a process of its own, to be killed: it says what it has sent.
const url = process.argv[2]!;
const writer = await startWriter(url);
const database = connectPool(url, { connectionsMax: 2, onError: () => {} });
const queue = letters(database, async (items) => {
  for (const { position } of items) process.stdout.write(`${position}\n`);
});
await Outward.open(queue, { log: writer, database, onError: console.error, saveEveryMs: 50 });
for (;;) await writeLetter(writer);
