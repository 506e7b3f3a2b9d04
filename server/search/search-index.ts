import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log/log.ts';
import { Outward, type OutwardPorts, type OutwardQueue } from '../log/outward.ts';
import type { EventId } from '../protocol/identifiers.ts';
import { isObject } from '../protocol/json.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Database } from '../storage/database.ts';
import { IndexSession } from '../storage/search/index-session.ts';
import type { IndexableEvent } from '../storage/search/indexable-events.ts';
import type { SearchDocument } from '../storage/search/search-documents.ts';
import type { SearchLanguage } from '../storage/search/search-languages.ts';
import { documentOf } from './document-of.ts';
import { LatelySaid } from './lately-said.ts';

export interface SearchIndexPorts extends Omit<OutwardPorts, 'log'> {
  readonly log: Log;
  readonly database: Database;
  /** Of the same database, for a connection of its own: nobody's commit waits for the index. */
  readonly databaseUrl: string;
  readonly languages: readonly SearchLanguage[];
  readonly rooms: Pick<Rooms, 'justCommitted' | 'shownChanges'>;
  /** What is said meanwhile goes together: one by one it would cost several times as much. */
  readonly gatherMs?: number;
}

const CURSOR = 'search';
/** Who searches waits for none of it. */
const GATHER_MS = 1_000;
const PAGE_MAX = 250;
const LOOK_EVERY_MS = 5;

/** At once: while a large database is taken up, what others commit goes between (docs/design.md, D1, bulk). */
const CHARACTERS_AT_ONCE = 131_072;

/**
 * Follows what is said, by a cursor that is saved now and then. What is written again behind a takeover
 * is there already, and what was redacted comes behind what it redacts, so it may all be done twice.
 */
export class SearchIndex {
  readonly #ports: SearchIndexPorts;
  readonly #session: IndexSession;
  #latelySaid: LatelySaid | undefined;
  readonly #end = new AbortController();
  #gathering = new AbortController();
  #outward: Outward<IndexableEvent> | undefined;

  constructor(ports: SearchIndexPorts) {
    this.#ports = ports;
    this.#session = new IndexSession(ports.databaseUrl, ports.languages);
  }

  /** By the writer, behind its takeover. An index of other languages begins anew. */
  async begin(): Promise<void> {
    await this.#session.settleLanguages(CURSOR);
    const { rooms, log } = this.#ports;
    const latelySaid = new LatelySaid(rooms, log.committed.position);
    log.onCommitted((records) => latelySaid.note(records));
    this.#latelySaid = latelySaid;
    this.#outward = await Outward.open(this.#queue(), { pageMax: PAGE_MAX, ...this.#ports });
  }

  /** All up to here is found. */
  get position(): number {
    return this.#outward?.position ?? 0;
  }

  /** Resolves when all up to there is found, or the time is over. What only waits for more to be said goes at once. */
  async reaches(position: number, withinMs: number): Promise<void> {
    const endsAt = performance.now() + withinMs;
    while (this.position < position && performance.now() < endsAt) {
      this.#gathering.abort();
      await sleep(LOOK_EVERY_MS);
    }
  }

  async close(): Promise<void> {
    const closed = this.#outward?.close();
    this.#end.abort();
    this.#session.close();
    await closed;
  }

  #queue(): OutwardQueue<IndexableEvent> {
    return {
      name: CURSOR,
      read: async (range) => {
        await this.#gathered(range);
        return this.#latelySaid?.in(range) ?? this.#session.read(range);
      },
      send: (events) => this.#take(events),
    };
  }

  /** Where a page's worth waits already there is nothing to gather. */
  async #gathered({ after, upTo, limit }: Parameters<OutwardQueue<never>['read']>[0]) {
    if (upTo - after >= limit) return;
    const { gatherMs = GATHER_MS } = this.#ports;
    this.#gathering = new AbortController();
    const signal = AbortSignal.any([this.#end.signal, this.#gathering.signal]);
    await sleep(gatherMs, undefined, { signal }).catch((cause) => {
      if (this.#end.signal.aborted) throw cause;
    });
  }

  async #take(events: readonly IndexableEvent[]): Promise<void> {
    for (const documents of piecesOf(events)) await this.#put(documents);
    const redacted = events.flatMap((event) => redactedBy(event) ?? []);
    if (redacted.length > 0) await this.#session.removeRedacted(redacted);
  }

  /** One that the database will never take is left out: all that is said behind it would be missing, too. */
  async #put(documents: readonly SearchDocument[]): Promise<void> {
    const refusal = await this.#session.put(documents);
    if (refusal === undefined) return;
    if (documents.length === 1) return this.#ports.onError(refusal);
    for (const document of documents) await this.#put([document]);
  }
}

function* piecesOf(events: readonly IndexableEvent[]): Generator<SearchDocument[]> {
  let [piece, characters]: [SearchDocument[], number] = [[], 0];
  for (const event of events) {
    const document = documentOf(event);
    if (document === undefined) continue;
    piece.push(document);
    characters += document.text.length;
    if (characters < CHARACTERS_AT_ONCE) continue;
    yield piece;
    [piece, characters] = [[], 0];
  }
  if (piece.length > 0) yield piece;
}

/** Where it says so depends on the version of the room. */
function redactedBy({ type, pdu }: IndexableEvent): EventId[] | undefined {
  if (type !== 'm.room.redaction') return undefined;
  const { redacts, content } = pdu;
  const named = [redacts, isObject(content) ? content.redacts : undefined];
  return named.filter((each) => typeof each === 'string') as EventId[];
}
