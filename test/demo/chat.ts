import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/support/cluster.ts';
import { storedMessages, targetsOf } from '../cluster/support/load.ts';
import { violationsIn } from '../support/history/check-history.ts';
import { History } from '../support/history/history.ts';
import { RecordingClient } from '../support/history/recording-client.ts';

const PAUSE_MS = 1_000;

export interface Message {
  readonly from: string;
  readonly number: number;
  readonly sentAt: number;
  acknowledgedAt: number | null;
}

/** Two people who write to each other through the floating address, one message after the other each. */
export class Chat {
  readonly messages: Message[] = [];
  readonly #history = new History();
  readonly #cluster: Cluster;
  readonly #people: readonly RecordingClient[];
  readonly #ending = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(cluster: Cluster) {
    const address = targetsOf(cluster)[0]!;
    this.#cluster = cluster;
    this.#people = ['ana', 'ben'].map((name) => new RecordingClient(name, address, this.#history));
  }

  async begin(): Promise<void> {
    const [ana, ben] = this.#people as [RecordingClient, RecordingClient];
    await Promise.all([ana.register(), ben.register()]);
    const room = await ana.createRoom();
    await ben.join(room);
    const { signal } = this.#ending;
    this.#running = Promise.all(
      this.#people.flatMap((person) => [this.#write(person, room), person.syncUntil(signal)]),
    );
  }

  acknowledgedSince(time: number): boolean {
    return this.messages.some(({ sentAt, acknowledgedAt }) => sentAt >= time && acknowledgedAt);
  }

  /** Ends it, and holds what each was told against what is in the database. */
  async end(): Promise<{ readonly count: number; readonly violations: readonly string[] }> {
    this.#ending.abort();
    await this.#running;
    await Promise.all(this.#people.map((person) => person.close()));
    const stored = [
      ...(await storedMessages(this.#cluster, 'ana')),
      ...(await storedMessages(this.#cluster, 'ben')),
    ].sort((one, other) => one.position - other.position);
    const count = this.messages.filter(({ acknowledgedAt }) => acknowledgedAt !== null).length;
    return { count, violations: violationsIn(this.#history, stored) };
  }

  async #write(person: RecordingClient, room: string): Promise<void> {
    const { signal } = this.#ending;
    for (let number = 1; !signal.aborted; number++) {
      const message: Message = {
        ...{ from: person.name, number, sentAt: performance.now(), acknowledgedAt: null },
      };
      this.messages.push(message);
      await person.send(room, person.nextRequest(), signal);
      if (!signal.aborted) message.acknowledgedAt = performance.now();
      await sleep(PAUSE_MS);
    }
  }
}
