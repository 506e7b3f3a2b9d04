import type { PlacedRecord } from '../log/change.ts';
import type { EpochHistory } from '../log/epochs.ts';
import type { Log } from '../log/log.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { ActiveUser } from './active/active-user.ts';
import { answerText, type StateKey } from './answer-text.ts';
import { readSince, type Since, type SinceToken } from './build/since.ts';
import { type BuildPorts, SyncBuild } from './build/sync-build.ts';
import { membersChanged } from './ephemeral/members-changed.ts';
import type { PresenceState } from './ephemeral/presence.ts';
import type { Filter } from './filter/filter.ts';

export interface SyncRequest {
  readonly userId: UserId;
  readonly deviceId: string;
  /** The token as the client sent it. */
  readonly since: string | undefined;
  readonly filter: Filter;
  readonly fullState: boolean;
  /** Where state goes, and so up to where: to the start of the timeline, or to its end. */
  readonly stateKey: StateKey;
  readonly setPresence: PresenceState;
  readonly timeoutMs: number;
  /** Ends when the client has gone. */
  readonly signal: AbortSignal;
}

/** Whoever asks for more comes back by then, and finds nothing lost. */
const TIMEOUT_MS_MAX = 120_000;

export interface SyncPorts extends BuildPorts {
  readonly log: Log;
  readonly epochs: EpochHistory;
  readonly onError: (error: unknown) => void;
}

/** What a client is told of what has happened, at once or as soon as something does. */
export class Sync {
  readonly #ports: SyncPorts;
  readonly #build: SyncBuild;
  readonly #waits = new Set<AbortController>();
  #isClosing = false;

  /** To be made after everything else that listens to commits: a waiter woken here asks the others. */
  constructor(ports: SyncPorts) {
    this.#ports = ports;
    this.#build = new SyncBuild(ports);
    ports.log.onCommitted((records) => this.#committed(records));
  }

  /** Whether an answer behind this token has to tell everything: it is none, or of a lost timeline. */
  tellsAll(since: string | undefined): boolean {
    return readSince(since, this.#ports.epochs, this.#ports.log.epoch).kind !== 'token';
  }

  /** The answer as JSON text. */
  async answer(request: SyncRequest): Promise<string> {
    const { epochs, log } = this.#ports;
    const since = readSince(request.since, epochs, log.epoch);
    const left = this.#ports.presence.syncing(request.userId, request.setPresence);
    const ends = this.#endOf(request, since);
    try {
      return await this.#firstNews(request, since, ends.signal);
    } finally {
      left();
      ends.clear();
    }
  }

  /** Those who wait get what there is, which is a valid answer without news; nobody waits any more. */
  close(): void {
    this.#isClosing = true;
    for (const wait of this.#waits) wait.abort('closing');
  }

  async #firstNews(request: SyncRequest, begin: Since, ends: AbortSignal): Promise<string> {
    let built = await this.#build.answer(request, begin);
    while (!built.hasNews && !ends.aborted) {
      const { user, next } = built;
      while (!ends.aborted && !isNewsTo(user, next)) await user.news(ends);
      built = await this.#build.answer(request, next);
    }
    return answerText(built.answer);
  }

  /** Aborted when no more waiting is due: the time is over, the client gone, or the server closing. */
  #endOf({ timeoutMs, signal, fullState }: SyncRequest, since: Since) {
    const ends = new AbortController();
    // With a reason of its own: without one each makes an exception with a stack.
    const end = () => ends.abort('over');
    const mayWait = since.kind === 'token' && !fullState && timeoutMs > 0;
    if (!mayWait || this.#isClosing || signal.aborted) end();
    const timer = setTimeout(end, Math.min(timeoutMs, TIMEOUT_MS_MAX));
    this.#waits.add(ends);
    signal.addEventListener('abort', end);
    const clear = () => {
      clearTimeout(timer);
      this.#waits.delete(ends);
      signal.removeEventListener('abort', end);
    };
    return { signal: ends.signal, clear };
  }

  #committed(records: readonly PlacedRecord[]) {
    membersChanged(records, this.#ports);
    this.#ports.deviceLists.committed(records);
    this.#ports.active.committed(records);
  }
}

const isNewsTo = (user: ActiveUser, since: SinceToken): boolean =>
  user.hasNewsAfter(since.position, since.ephemeral ?? 0);
