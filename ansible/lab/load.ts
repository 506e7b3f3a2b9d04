import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { violationsIn } from '../../test/support/history/check-history.ts';
import { History, type StoredMessage, succeeded } from '../../test/support/history/history.ts';
import { type Measured, measure } from '../../test/support/history/measure.ts';
import { RecordingClient } from '../../test/support/history/recording-client.ts';
import type { Lab } from './machines.ts';

/** How many people talk, and how long each waits between two messages. */
export interface Talk {
  readonly people: number;
  readonly pauseMs: number;
}

const TALK: Talk = { people: 4, pauseMs: 100 };

export interface Felt extends Measured {
  /** What was lost, doubled or put out of order, in words; must be empty. */
  readonly violations: readonly string[];
}

/** What clients have asked so far. */
export interface Asked {
  requests(): number;
  failed(): number;
}

let runs = 0;

/** Clients chat through the floating address while something is done to the cluster. */
export async function underLoad(
  lab: Lab,
  deed: (asked: Asked) => Promise<unknown>,
  { people, pauseMs } = TALK,
): Promise<Felt> {
  const history = new History();
  const prefix = `run${++runs}x`;
  const target = {
    through: 'address',
    origin: `https://${lab.address}`,
    ca: trustedBy(lab),
  };
  const clients = Array.from(
    { length: people },
    (_, index) => new RecordingClient(`${prefix}${index}`, target, history),
  );
  for (const client of clients) await client.register();
  const room = await clients[0]!.createRoom();
  for (const client of clients.slice(1)) await client.join(room);
  const ending = new AbortController();
  const chatting = clients.flatMap((client) => [
    client.sendUntil(ending.signal, room, pauseMs),
    client.syncUntil(ending.signal),
  ]);
  const from = performance.now();
  try {
    await deed({
      requests: () => history.attempts.length,
      failed: () => history.attempts.filter((each) => !succeeded(each)).length,
    });
  } finally {
    ending.abort();
    await Promise.all(chatting);
    await Promise.all(clients.map((client) => client.close()));
  }
  return {
    ...measure(history, from),
    violations: violationsIn(history, await storedMessages(lab, prefix)),
  };
}

/** Clients were given the authority that is to come, where there is one. */
export const trustedBy = ({ folder }: Lab): string =>
  ['ca.crt', 'ca.next.crt']
    .map((name) => join(folder, 'secrets', name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');

async function storedMessages(lab: Lab, prefix: string): Promise<StoredMessage[]> {
  const rows = await lab.sql(
    (await lab.status()).primary,
    `SELECT json_build_object('position', position, 'room', room_id, 'eventId', event_id,
       'request', json::json -> 'content' ->> 'body')
     FROM event JOIN room USING (room_nid)
     WHERE type = 'm.room.message' AND sender LIKE '@${prefix}%' ORDER BY position`,
  );
  return rows.map((row) => JSON.parse(row) as StoredMessage);
}
