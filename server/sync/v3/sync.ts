import type { PlacedRecord } from '../../log/change.ts';
import type { EpochHistory } from '../../log/epochs.ts';
import type { LogReader } from '../../log/log.ts';
import { FirstAnswers } from '../engine/first-answers.ts';
import { LongPoll } from '../engine/long-poll.ts';
import { membersChanged } from '../ephemeral/members-changed.ts';
import { AS_TEXT, answerPieces, type RoomForm, type SyncAnswer } from './answer-text.ts';
import type { BuildPorts, BuiltAnswer } from './build-ports.ts';
import { readSince, type Since, type SinceToken } from './since.ts';
import { SyncBuild } from './sync-build.ts';
import type { SyncRequest } from './sync-request.ts';

export interface SyncPorts extends BuildPorts {
  readonly log: LogReader;
  readonly epochs: EpochHistory;
  readonly onError: (error: unknown) => void;
}

/** What a client is told of what has happened, at once or as soon as something does. */
export class Sync {
  readonly #ports: SyncPorts;
  readonly #build: SyncBuild;
  readonly #polls = new LongPoll();
  readonly #firstAnswers = new FirstAnswers();

  /** To be made after everything else that listens to commits: a waiter woken here asks the others. */
  constructor(ports: SyncPorts) {
    this.#ports = ports;
    this.#build = new SyncBuild(ports);
    ports.log.onCommitted((records) => this.#committed(records));
  }

  /** Whether an answer behind this token has to tell everything: it is none, or of a lost timeline. */
  tellsAll(since: string | undefined): boolean {
    return this.#read(since).kind !== 'token';
  }

  /** The answer as JSON text, in pieces to be sent one behind the other. */
  answer(request: SyncRequest): Promise<string[]> {
    return this.#made(request, AS_TEXT, answerPieces);
  }

  /** The same, of rooms in another form. */
  told<InForm>(request: SyncRequest, form: RoomForm<InForm>): Promise<SyncAnswer<InForm>> {
    return this.#made(request, form, (answer) => answer);
  }

  close(): void {
    this.#firstAnswers.close();
    this.#polls.close();
  }

  /** Each promise less makes a request that waits lighter. */
  #made<InForm, Made>(
    request: SyncRequest,
    form: RoomForm<InForm>,
    make: (answer: SyncAnswer<InForm>) => Made,
  ): Promise<Made> {
    const since = this.#read(request.since);
    const left = this.#ports.presence.syncing(request.userId, request.setPresence);
    const mayWait = since.kind === 'token' && !request.fullState;
    const news = this.#polls.firstNews<SinceToken, BuiltAnswer<InForm>>(
      (told) =>
        this.#build.atOnce(request, told ?? since, form) ??
        (told ? this.#build.answer(request, told, form) : this.#firstAnswer(request, since, form)),
      { mayWait, timeoutMs: request.timeoutMs, signal: request.signal },
    );
    return news.then(({ answer }) => make(answer)).finally(left);
  }

  /** What memory knows is answered at once; what has to be looked up takes its turn. */
  #firstAnswer<InForm>(
    request: SyncRequest,
    since: Since,
    form: RoomForm<InForm>,
  ): Promise<BuiltAnswer<InForm>> {
    const { userId, signal } = request;
    const make = () => this.#build.answer(request, since, form);
    const known = since.kind === 'token' && !request.fullState;
    if (known && this.#ports.active.find(userId)?.changesAfter(since.position)) return make();
    return this.#firstAnswers.inTurn(userId, signal, make);
  }

  #read(since: string | undefined) {
    return readSince(since, this.#ports.epochs, this.#ports.log.epoch);
  }

  #committed(records: readonly PlacedRecord[]) {
    membersChanged(records, this.#ports);
    this.#ports.deviceLists.committed(records);
    this.#ports.active.committed(records);
  }
}
