import { type History, succeeded } from '../../support/history/history.ts';
import { RecordingClient, type Target } from '../../support/history/recording-client.ts';
import { until } from './until.ts';

export interface ClientsOptions {
  readonly history: History;
  /** All users' names begin with it. */
  readonly prefix: string;
  readonly targets: readonly Target[];
  readonly sendersEach: number;
  /** Between an answer and the next message. */
  readonly pauseMs: number;
}

/** Clients that send and follow /sync, and write down all they ask and get, until they are stopped. */
export async function startClients(options: ClientsOptions): Promise<{ stop(): Promise<void> }> {
  const { history, prefix, targets, sendersEach, pauseMs } = options;
  const senders = targets.flatMap((target) =>
    Array.from({ length: sendersEach }, (_, index) => {
      const name = `${prefix}${target.through}${index}`;
      return new RecordingClient(name, target, history);
    }),
  );
  const rooms = await openRooms(senders);
  const ending = new AbortController();
  const running = senders.flatMap((sender, index) => [
    sender.sendUntil(ending.signal, rooms[index]!, pauseMs),
    sender.syncUntil(ending.signal),
  ]);
  return {
    async stop() {
      ending.abort();
      await Promise.all(running);
      await Promise.all(senders.map((sender) => sender.close()));
    },
  };
}

/** One room for each group of senders, so that a room has members behind different fronts. */
async function openRooms(senders: readonly RecordingClient[]): Promise<string[]> {
  await Promise.all(senders.map((sender) => sender.register()));
  const count = Math.max(1, Math.floor(senders.length / 4));
  const rooms = await Promise.all(senders.slice(0, count).map((sender) => sender.createRoom()));
  const roomOf = senders.map((_, index) => rooms[index % count]!);
  await Promise.all(
    senders.slice(count).map((sender, index) => sender.join(roomOf[index + count]!)),
  );
  return roomOf;
}

/** Waits until clients through each of these targets have been acknowledged something sent from now on. */
export async function untilFlowing(
  history: History,
  through: readonly string[],
  withinMs?: number,
): Promise<void> {
  const from = performance.now();
  const flows = (target: string) =>
    history.attempts.some(
      (each) =>
        each.what === 'send' && each.through === target && each.sentAt > from && succeeded(each),
    );
  await until(
    `messages flow through ${through.join(', ')}`,
    async () => through.every(flows),
    withinMs,
  );
}
