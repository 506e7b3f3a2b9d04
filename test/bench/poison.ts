import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deadline } from '../../server/log/deadline.ts';
import { onBehalfOf } from '../../server/log/on-behalf.ts';
import { takeOver } from '../../server/log/takeover.ts';
import type { Writer } from '../../server/log/writer.ts';
import { startEmbedded } from '../../server/storage/embedded/embedded-postgres.ts';
import { migrate } from '../../server/storage/migrate.ts';
import type { Write } from '../../server/storage/write.ts';

const SENDERS = 64;
const SECONDS = 4;
/** As long as a standby in another place takes. */
const COMMIT_DELAY_US = '20000';

/**
 * `node test/bench/poison.ts`: what changes that the database refuses cost all others. Three runs of
 * the log on one database: without poison; one user who sends nothing else; and, as nobody can
 * without an account for each, always another one.
 */
async function measure() {
  const folder = mkdtempSync(join(tmpdir(), 'farol-poison-'));
  const postgres = await startEmbedded({
    folder: join(folder, 'db'),
    settings: { commit_delay: COMMIT_DELAY_US, commit_siblings: '0' },
  });
  try {
    await migrate(postgres.url);
    const writer = await takeOver({
      url: postgres.url,
      leaderRevision: '0',
      deadline: Deadline.none(),
      onEnd: (reason) => console.error(reason),
    });
    await run(writer, undefined);
    const without = await run(writer, undefined);
    for (const [what, poisoner] of [
      ['one user', () => 'eve'],
      ['always another', (n: number) => `eve ${n}`],
    ] as const) {
      const { good, refused } = await run(writer, poisoner);
      const share = Math.round((good / without.good) * 100);
      console.log(
        `poison of ${what}: ${good}/s of ${without.good}/s (${share} %), ${refused} refused`,
      );
    }
    await writer.close();
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(writer: Writer, poisoner: ((n: number) => string) | undefined) {
  const until = performance.now() + SECONDS * 1_000;
  let [good, refused] = [0, 0];
  const sender = async (name: string) => {
    while (performance.now() < until) {
      await onBehalfOf(name, () => write(writer, 'x'.repeat(800)));
      good += 1;
    }
  };
  const poison = async () => {
    for (let n = 0; poisoner && performance.now() < until; n++) {
      const sent = onBehalfOf(poisoner(n), () => write(writer, `${'x'.repeat(800)}\u0000`));
      await sent.catch((error: Error) => {
        if (error.name === 'RefusedForData') refused += 1;
        return new Promise((resolve) => setImmediate(resolve));
      });
    }
  };
  await Promise.all([...Array.from({ length: SENDERS }, (_, n) => sender(`user ${n}`)), poison()]);
  return { good: Math.round(good / SECONDS), refused };
}

const EVENT: Write = {
  name: 'bench_poison',
  table: 'profile_field',
  sql: `INSERT INTO profile_field (user_id, field, value)
        SELECT gen_random_uuid()::text, 'bench', unnest($1::text[])`,
  types: ['text'],
};

const write = (writer: Writer, text: string) =>
  writer.commit(() => ({
    change: { rows: [{ write: EVENT, values: [text] }], records: [], touches: [] },
    value: undefined,
  }));

await measure();
