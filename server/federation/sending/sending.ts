import { commitRows } from '../../log/commit-rows.ts';
import type { Log } from '../../log/log.ts';
import { Turns } from '../../log/turns.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import { serversBehind } from '../../storage/federation/backlog.ts';
import {
  activeDestinations,
  failingDestinations,
  type StoredDestination,
} from '../../storage/federation/destinations.ts';
import { postFor, serversWithPost } from '../../storage/federation/outbox.ts';
import { outwardPosition, outwardPositionRow } from '../../storage/outward-cursors.ts';
import type { FederationClient } from '../federation-client.ts';
import type { BackOff } from './back-off.ts';
import { Books, CURSOR } from './books.ts';
import { type NoLongerTold, nextStep } from './catch-up.ts';
import { Destination } from './destination.ts';
import {
  type Beginning,
  DESTINATION_BOUNDS,
  type DestinationBounds,
  type DestinationPorts,
} from './destination-ports.ts';
import { DeviceChanges } from './device-changes.ts';
import { Distribution } from './distribution.ts';
import { Held } from './held.ts';
import { Lacks } from './lacks.ts';
import { type JustCommitted, LatelySaid } from './lately-said.ts';
import { Leisure } from './leisure.ts';
import { Passing } from './passing.ts';
import type { Pdu } from './pdu.ts';
import { Places } from './places.ts';
import { Reports } from './reports.ts';
import { RoomServers } from './room-servers.ts';
import { sendTransaction } from './transaction.ts';

export interface SendingPorts {
  readonly own: ServerName;
  readonly log: Pick<Log, 'commit' | 'committed' | 'epoch' | 'mayAnswer' | 'onCommitted'>;
  readonly database: Database;
  readonly client: Pick<FederationClient, 'ask'>;
  readonly admits: (server: ServerName) => boolean;
  readonly noLongerTold: NoLongerTold;
  readonly justCommitted: JustCommitted;
  readonly now: () => number;
  readonly random: () => number;
  readonly onError: (error: unknown) => void;
  readonly bounds?: SendingBounds | undefined;
}

/** A test's own. */
export interface SendingBounds extends Partial<DestinationBounds> {
  readonly saveEveryMs?: number;
  readonly unknownFailuresMax?: number;
}

/** For all destinations together: behind an outage all catch up at once, and people's own reading waits behind no more than this. */
const READ_AT_ONCE = 4;

/**
 * Carries what our users do to the servers of the others. Everything that is owed to anybody stands in the database, or
 * is found behind a cursor in it, before the cursor passes; so whoever is the writer next goes on from there.
 */
export class Sending {
  readonly #ports: SendingPorts;
  readonly #lacks = new Lacks(() => this.#books.moved());
  readonly #destinations = new Map<ServerName, Destination>();
  readonly #shared: DestinationPorts;
  readonly #distribution: Distribution;
  readonly #books: Books;
  /** What our users do that is gone in a moment. */
  readonly passing: Passing;
  /** Those of whom something waits. */
  readonly #busy = new Set<Destination>();
  #transactions = 0;
  #isAnswering = false;

  /** By the writer, behind its takeover. What was said before there was any federation is nobody's. */
  static async open(ports: SendingPorts): Promise<Sending> {
    const { database, log } = ports;
    const saved = await outwardPosition(database, CURSOR);
    const position = saved ?? log.committed.position;
    if (saved === undefined) await commitRows(log, [outwardPositionRow(CURSOR, position)]);
    return new Sending(ports, { position, ...(await known(ports)) });
  }

  private constructor(ports: SendingPorts, found: Known & { readonly position: number }) {
    this.#ports = ports;
    const { own, database, log, onError, now, bounds = {} } = ports;
    const roomServers = new RoomServers(own, database);
    this.#shared = this.#destinationPorts(roomServers);
    this.#books = new Books(
      {
        ...{ log, now, onError, lacks: this.#lacks },
        ...{ saveEveryMs: bounds.saveEveryMs, unknownFailuresMax: bounds.unknownFailuresMax },
        given: () => this.#distribution.settled,
        noteUpTo: (position) => this.#noteUpTo(position),
      },
      { position: found.position, destinations: [...found.destinations.values()] },
    );
    for (const server of namesIn(found)) this.#add(server, beginningOf(server, found));
    this.passing = new Passing({
      ...{ own, database, log, roomServers, onError },
      pass: (server, key, text) => this.#pass(server, key, text),
    });
    this.#distribution = new Distribution(
      {
        passing: this.passing,
        ...{ own, database, log, roomServers, onError, noLongerTold: ports.noLongerTold },
        latelySaid: new LatelySaid(ports, log.committed.position),
        deviceChanges: new DeviceChanges(
          {
            ...{ own, log, database, roomServers, onError, admits: ports.admits },
            posted: (server) => this.#posted(server),
            moved: () => this.#books.moved(),
          },
          found.position,
        ),
        posted: (server) => this.#posted(server),
        give: (servers, pdu) => this.#give(servers, pdu),
        moved: () => this.#books.moved(),
      },
      found.position,
    );
  }

  /** From here on this server answers: whoever is sent something may ask of it what they like. */
  answers(): void {
    this.#isAnswering = true;
    for (const each of this.#destinations.values()) each.wake();
  }

  /** A server proved to be itself in a request to us: it is there, whatever we thought. */
  heardFrom(server: ServerName): void {
    this.#books.heard(server);
    this.#destinations.get(server)?.heard();
  }

  isPausedFor(server: ServerName): boolean {
    return this.#destinations.get(server)?.isPaused ?? false;
  }

  /** An administrator says that it is there again. False where no pause is made for it. */
  tryNow(server: ServerName): boolean {
    return this.#destinations.get(server)?.tryNow() ?? false;
  }

  /** Before the log is closed. What is under way is not waited for: it stands in the books. */
  async close(): Promise<void> {
    await this.#distribution.close();
    for (const each of this.#destinations.values()) each.close();
    await this.#books.close();
  }

  #give(servers: readonly ServerName[], pdu: Pdu): void {
    for (const server of servers) {
      if (!this.#ports.admits(server)) continue;
      const destination = this.#of(server);
      destination.give(pdu);
      this.#busy.add(destination);
    }
  }

  #posted(server: ServerName): void {
    if (this.#ports.admits(server)) this.#of(server).posted();
  }

  #pass(server: ServerName, key: string, text: string): void {
    if (this.#ports.admits(server)) this.#of(server).pass(key, text);
  }

  #of(server: ServerName): Destination {
    const known = this.#destinations.get(server);
    return known ?? this.#add(server, { ...NEW, isKnown: this.#books.knows(server) });
  }

  #add(server: ServerName, beginning: Beginning): Destination {
    const destination = new Destination(server, this.#shared, beginning);
    this.#destinations.set(server, destination);
    return destination;
  }

  #attempted(server: ServerName, state: BackOff): void {
    this.#books.attempted(server, state);
    if (this.#books.isGivenUp(server, state.failures))
      this.#books.lettersGone(server, this.#ports.log.committed.position);
    this.#books.moved();
  }

  /** Whoever was made up leaves nothing behind. */
  #forget(server: ServerName): void {
    this.#destinations.get(server)?.close();
    this.#destinations.delete(server);
    this.#books.forget(server);
  }

  #noteUpTo(position: number): void {
    for (const each of this.#busy) {
      each.noteUpTo(position);
      if (!each.isBusy) this.#busy.delete(each);
    }
  }

  #destinationPorts(roomServers: RoomServers): DestinationPorts {
    const { own, client, database, log, now, random, onError, bounds, noLongerTold } = this.#ports;
    const begun = now().toString(36);
    const reading = new Turns(READ_AT_ONCE);
    return {
      mayBegin: () => this.#isAnswering,
      maySend: () => log.mayAnswer(),
      ...{ lacks: this.#lacks, places: new Places(), leisure: new Leisure() },
      ...{ now, random, onError },
      ...{ held: new Held(), reports: new Reports({ now, onError }) },
      bounds: { ...DESTINATION_BOUNDS, ...bounds },
      send: (server, transaction) =>
        sendTransaction({ client, own, now: now() }, server, transaction),
      post: {
        read: (server, range) => reading.run(() => postFor(database, server, range)),
        taken: (server, posted) => this.#books.postTaken(server, posted),
        passing: { count: 0 },
      },
      writeDown: () => this.#books.writeDown(),
      nextStep: (server, range) =>
        reading.run(() => nextStep({ own, database, roomServers, noLongerTold }, server, range)),
      given: () => this.#distribution.position,
      attempted: (server, state) => this.#attempted(server, state),
      idleUnknown: (server) => this.#forget(server),
      // Never again by anybody: another content by the same id would be taken for a repeat.
      newTxnId: () => `${log.epoch}-${begun}-${++this.#transactions}`,
    };
  }
}

/** What the writers before knew of other servers. */
interface Known {
  readonly destinations: ReadonlyMap<ServerName, StoredDestination>;
  /** Those that did not answer last. */
  readonly failing: readonly ServerName[];
  readonly behind: ReadonlySet<ServerName>;
  readonly withPost: ReadonlySet<ServerName>;
  readonly active: ReadonlySet<ServerName>;
}

/** Who had to do with us in a day may wait for a sign of us; more than so many are not told. */
const ACTIVE_MS = 86_400_000;
const GREETED_MAX = 10_000;
/** Of others it is forgotten that they once were there. */
const KNOWN_MAX = 50_000;

async function known({ database, now, admits }: SendingPorts): Promise<Known> {
  const seen = await activeDestinations(database, KNOWN_MAX);
  const failing = await failingDestinations(database);
  const active = seen.filter(({ activeMs }) => activeMs >= now() - ACTIVE_MS);
  const namesOf = (all: readonly StoredDestination[]) => all.map(({ serverName }) => serverName);
  return {
    destinations: new Map([...failing, ...seen].map((each) => [each.serverName, each])),
    failing: namesOf(failing),
    behind: new Set((await serversBehind(database)).filter(admits)),
    withPost: new Set((await serversWithPost(database)).filter(admits)),
    active: new Set(namesOf(active.slice(0, GREETED_MAX)).filter(admits)),
  };
}

/** Those that were there lately come first; of whom nothing is to be said, nothing is made. */
const namesIn = ({ failing, behind, withPost, active }: Known): ReadonlySet<ServerName> =>
  new Set([...active, ...failing, ...behind, ...withPost]);

const NEW: Beginning = {
  ...{ failures: 0, retryAtMs: 0 },
  ...{ isKnown: false, isBehind: false, hasPost: false, isGreeted: false },
};

const beginningOf = (server: ServerName, known: Known): Beginning => ({
  failures: known.destinations.get(server)?.failures ?? 0,
  retryAtMs: known.destinations.get(server)?.retryAtMs ?? 0,
  isKnown: (known.destinations.get(server)?.activeMs ?? 0) > 0,
  isBehind: known.behind.has(server),
  hasPost: known.withPost.has(server),
  isGreeted: known.active.has(server),
});
