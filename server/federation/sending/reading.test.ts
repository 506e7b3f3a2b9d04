import { expect, test, vi } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import { Sending } from './sending.ts';

const BEHIND = 12;
const READ_AT_ONCE = 4;

test('however many servers catch up at once, what they lack is read for four of them', async () => {
  const reads: (() => void)[] = [];
  let [under, underMost] = [0, 0];
  const lacks = async () => {
    under += 1;
    underMost = Math.max(underMost, under);
    await new Promise<void>((answered) => reads.push(answered));
    under -= 1;
    return [];
  };
  const asked: string[] = [];
  const sending = await sendingOn(lacks, asked);
  sending.answers();
  // Each begins in its turn, and this one, of whom nothing is read, is the last.
  await vi.waitFor(() => expect(asked).toEqual([LAST]));
  expect([reads.length, underMost]).toEqual([READ_AT_ONCE, READ_AT_ONCE]);
  for (let count = 0; count < BEHIND; count++) {
    await vi.waitFor(() => expect(reads.length).toBeGreaterThan(count));
    reads[count]!();
  }
  await vi.waitFor(() => expect(new Set(asked).size).toBe(BEHIND + 1));
  expect(underMost).toBe(READ_AT_ONCE);
  await sending.close();
});

const LAST = 'last.org' as ServerName;
const lacking = Array.from({ length: BEHIND }, (_, index) => `s${index}.org` as ServerName);

/** A writer that begins, and finds that all of these are to be greeted, and all but the last lack something. */
function sendingOn(lacks: () => Promise<object[]>, asked: string[]): Promise<Sending> {
  const now = () => 1_000_000;
  const active = [...lacking, LAST].map((serverName) => ({
    ...{ serverName, failures: 0, retryAtMs: 0 },
    ...{ activeMs: now(), failingSinceMs: 0 },
  }));
  const answers: Record<string, () => Promise<object[]>> = {
    outward_position: async () => [{ position: 10 }],
    active_destinations: async () => active,
    servers_behind: async () => lacking.map((serverName) => ({ serverName })),
    lacks_of: lacks,
  };
  const database = {
    query: async (name: string) => (await answers[name]?.()) ?? [],
  } as unknown as Database;
  return Sending.open({
    own: 'example.org' as ServerName,
    log: {
      ...{ committed: { position: 10 }, epoch: 1 },
      ...{ commit: async () => {}, mayAnswer: () => true, onCommitted: () => {} },
    } as never,
    client: {
      ask: async (server) => {
        asked.push(server);
        return { pdus: {} };
      },
    },
    ...{ database, now, random: () => 0, admits: () => true },
    ...{ noLongerTold: async () => new Set(), justCommitted: () => undefined },
    onError: (error) => expect.unreachable(String(error)),
  });
}
