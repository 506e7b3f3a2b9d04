import type { ServerName } from '../../protocol/identifiers.ts';
import { type BackOff, FIRST_PAUSE_MS } from './back-off.ts';
import type { Step } from './catch-up.ts';
import type { Held } from './held.ts';
import type { Lacks } from './lacks.ts';
import type { Leisure } from './leisure.ts';
import type { Places } from './places.ts';
import type { PostPorts } from './post.ts';
import type { Reports } from './reports.ts';
import type { Complaints, Transaction } from './transaction.ts';

export interface DestinationPorts {
  /** Before this server answers nobody is to hear of it: who is greeted asks at once. */
  readonly mayBegin: () => boolean;
  /**
   * False while what is committed may not be told: what is read of the database may be that which nobody we know of has confirmed,
   * and the next writer lacks it. So it is asked behind the reading, each time.
   */
  readonly maySend: () => boolean;
  readonly send: (server: ServerName, transaction: Transaction) => Promise<Complaints>;
  readonly places: Places;
  /** For whom nobody waits: those that catch up, and those that are greeted. */
  readonly leisure: Pick<Leisure, 'turn'>;
  readonly held: Held;
  readonly lacks: Lacks;
  readonly post: PostPorts;
  /** Writes down what is lacking, so that `nextStep` finds it. */
  readonly writeDown: () => Promise<void>;
  readonly nextStep: (
    server: ServerName,
    range: { upTo: number; pdusMax: number; except: readonly number[] },
  ) => Promise<Step | undefined>;
  /** Up to here all destinations were given what is theirs. */
  readonly given: () => number;
  /** Told of each attempt. */
  readonly attempted: (server: ServerName, state: BackOff) => void;
  /** There is nothing for a server that never was there. */
  readonly idleUnknown: (server: ServerName) => void;
  readonly newTxnId: () => string;
  readonly bounds: DestinationBounds;
  readonly now: () => number;
  readonly random: () => number;
  /** Of what another server says or does. */
  readonly reports: Reports;
  readonly onError: (error: unknown) => void;
}

export interface Beginning extends BackOff {
  /** It has once taken something from us, or asked something of us. */
  readonly isKnown: boolean;
  /** It lacks events. */
  readonly isBehind: boolean;
  /** EDUs lie there for it. */
  readonly hasPost: boolean;
  /** It is to hear from us, whether or not there is anything: that ends the pause that it makes for us. */
  readonly isGreeted: boolean;
}

export interface DestinationBounds {
  /** Events in memory; beyond it only the rooms are noted. */
  readonly queueMax: number;
  /** So often a transaction is sent again with all that waits behind it in memory. */
  readonly heldFailuresMax: number;
  /** Behind the first failure. */
  readonly firstPauseMs: number;
  /** After which pauses an event is sent again that its server did not take, while it took the transaction. */
  readonly saidAgainMs: readonly number[];
}

/** With these something is held for half a minute or so. */
export const DESTINATION_BOUNDS: DestinationBounds = {
  queueMax: 200,
  heldFailuresMax: 5,
  firstPauseMs: FIRST_PAUSE_MS,
  saidAgainMs: [5_000, 60_000, 600_000],
};
