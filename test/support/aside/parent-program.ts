import { join } from 'node:path';
import { setInterval } from 'node:timers';
import { Aside } from '../../../server/aside/aside.ts';

// A parent to be killed: its process aside computes for ever, and has said so.

const aside = new Aside<string, string>({
  file: join(import.meta.dirname, 'echo-program.ts'),
  ...{ doing: 'says all again', flags: [], idleMs: 60_000 },
});
setInterval(() => {}, 60_000);
await aside.use(async (talk) => {
  await talk.tell('here');
  await talk.hear(60_000);
  await talk.tell('compute for ever');
  process.stdout.write('computing');
  await talk.hear(3_600_000);
});
