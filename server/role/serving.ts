import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { WritersIdentity } from '../identity/identity.ts';
import type { EpochHistory } from '../log/epochs.ts';
import type { Writer } from '../log/writer.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ByteWriter, Database, DatabasePool } from '../storage/database.ts';
import type { RelationsReady } from '../storage/rooms/room-store.ts';

/** What the homeserver is built on, once this process is the writer. */
export interface Ground {
  readonly config: Config;
  readonly database: DatabasePool;
  /** For look-ups that each request begins with: they must not wait behind anybody's large read. */
  readonly lookUps: Database;
  /** For what is staged beside the log. */
  readonly bulk: Database & ByteWriter;
  readonly log: Writer;
  readonly epochs: EpochHistory;
  readonly identity: WritersIdentity;
  readonly relationsReady: RelationsReady;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Where clients reach this server. */
  readonly publicUrl: string;
  /** Requests come through fronts, which are believed. */
  readonly behindFront: boolean;
}

/** The homeserver, built. */
export interface Homeserver {
  readonly handler: RequestListener;
  /** Said once it answers: what the operator should know. */
  readonly greeting: string;
  /** Called when requests get to the handler: before that nothing is sent that others may answer by requests. */
  answers(): void;
  /** Ends long polls and timers; requests that are under way go on. Before its listeners are drained. */
  close(): Promise<void>;
}

export type BuildHomeserver = (ground: Ground) => Promise<Homeserver>;

/** A server that runs, alone or as a site. */
export interface Running {
  readonly origin: string;
  readonly greeting: string;
  /** Answers what is under way, and leaves. */
  stop(): Promise<void>;
}
