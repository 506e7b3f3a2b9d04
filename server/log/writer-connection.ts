import pg from 'pg';
import { TYPES } from '../storage/database.ts';
import { settleSession, WRITER_SETTINGS } from '../storage/session-settings.ts';
import type { Statement } from './statement.ts';
import { wireOf } from './wire.ts';

/** What a new writer looks for to end the writers before it. */
export const WRITER_APPLICATION = 'farol-writer';

/** Who could confirm a commit. */
export interface Confirmed {
  /** Whatever streams, and be it a base backup: Patroni has nobody left to name, and `synchronous_standby_names` is `*` or `ANY 1 (*)`. */
  readonly byAnybody: boolean;
}

/**
 * Behind each COMMIT, in the same write. What waits for standbys is let go by a walsender that has read its new configuration, which is sent
 * to all sessions at once; this one reads it before its next statement, as each does.
 */
const WHO_CONFIRMS: Statement = {
  name: 'farol_who_confirms',
  sql: 'SHOW synchronous_standby_names',
  parameters: [],
};

/** Of the connection only: no statement has a time limit. */
const CONNECT_MS_MAX = 10_000;

/** The database refused a statement before COMMIT: nothing was written, and that is certain. */
export class RefusedBySql extends Error {
  override readonly name = 'RefusedBySql';
  readonly sqlstate: string;
  /** The name of the statement that it refused. */
  readonly statement: string;

  constructor(cause: pg.DatabaseError, statement: string) {
    super(cause.message, { cause });
    this.sqlstate = cause.code ?? '';
    this.statement = statement;
  }
}

/** The connection, or the confirmation, was lost on the way: the transaction may or may not be there. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown';
}

/**
 * The one connection that writes. A transaction goes out in one write with one Sync behind it, so
 * that after an error the database skips the rest, COMMIT included.
 *
 * Nothing here cancels a statement or gives up waiting: a cancelled wait for a standby reads as a
 * commit (D3.2). To give up is to cut the connection, which leaves the outcome unknown.
 */
export class WriterConnection {
  readonly client: pg.Client;
  readonly #prepared = new Set<string>();
  #unconfirmed = false;

  private constructor(client: pg.Client) {
    this.client = client;
  }

  static async open(url: string, onLost: (error: Error) => void): Promise<WriterConnection> {
    const client = new pg.Client({
      connectionString: url,
      application_name: WRITER_APPLICATION,
      types: TYPES,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS_MAX,
      options: WRITER_SETTINGS,
    });
    const connection = new WriterConnection(client);
    client.on('error', onLost);
    client.on('notice', (notice) => {
      if (notice.code === '01000') connection.#unconfirmed = true;
    });
    await client.connect();
    await settleSession(client);
    return connection;
  }

  /**
   * Runs the statements, of which the first is BEGIN and the last COMMIT, and resolves when they are
   * committed and confirmed. Rejects with `RefusedBySql` or `CommitUnknown`.
   */
  async transaction(statements: readonly Statement[]): Promise<Confirmed> {
    const { tags, row } = await this.#run([...statements, WHO_CONFIRMS], statements.length - 1);
    this.#assertConfirmed(tags.at(-2));
    return { byAnybody: row.includes('*') };
  }

  /**
   * Ends the transaction that was begun with `client`, and resolves when it is committed and confirmed.
   * What the database warned of before is no word on that. Rejects with `CommitUnknown`.
   */
  async commit(): Promise<void> {
    this.#unconfirmed = false;
    const { command } = await this.client.query('COMMIT');
    this.#assertConfirmed(command);
  }

  /** As `transaction`, but the last is ROLLBACK: what would the database say? */
  async rehearse(statements: readonly Statement[]): Promise<void> {
    await this.#run(statements, statements.length - 1);
  }

  /** Cuts the connection without waiting for what is under way. */
  destroy() {
    // The types do not know the connection below a client; the driver keeps it public.
    (this.client as unknown as { connection: pg.Connection }).connection.stream.destroy();
  }

  end(): Promise<void> {
    return this.client.end();
  }

  /** Success is the tag COMMIT and no notice: a cancelled wait and a failed transaction resolve too. */
  #assertConfirmed(tag: string | undefined) {
    if (tag !== 'COMMIT') throw new CommitUnknown(`COMMIT was answered with ${tag}`);
    if (this.#unconfirmed) throw new CommitUnknown('the wait for the standbys was cancelled');
  }

  /** Of so many it is certain that nothing was written where one of them is refused. */
  async #run(statements: readonly Statement[], certain: number): Promise<Exchange> {
    await this.#prepare(statements);
    const message = wireOf(statements);
    const sent = new Exchange((connection) => connection.stream.write(message));
    this.#unconfirmed = false;
    try {
      await this.#send(sent);
    } catch (error) {
      const isCertain = sent.tags.length < certain;
      throw await this.#refused(error, isCertain ? statements[sent.tags.length] : undefined);
    }
    return sent;
  }

  /**
   * Certain is what the database refused before it came to COMMIT. Whether it ended the session with
   * it is not asked for here, since that word of its answer is in the language of the database: to a
   * session that has ended the ROLLBACK does nothing, and the loss of it ends the writer.
   */
  async #refused(error: unknown, statement: Statement | undefined): Promise<Error> {
    if (!(error instanceof pg.DatabaseError) || !statement)
      return new CommitUnknown('the commit was not confirmed', { cause: error });
    await this.client.query('ROLLBACK').catch(() => {});
    return new RefusedBySql(error, statement.name);
  }

  async #prepare(statements: readonly Statement[]) {
    for (const statement of statements) {
      const { name, sql } = statement;
      if (this.#prepared.has(name)) continue;
      const sent = new Exchange((connection) => {
        connection.parse({ name, text: sql, types: [] }, false);
        connection.sync();
      });
      try {
        await this.#send(sent);
      } catch (error) {
        throw await this.#refused(error, statement);
      }
      this.#prepared.add(name);
    }
  }

  #send(exchange: Exchange): Promise<void> {
    this.client.query(exchange);
    return exchange.done;
  }
}

/** What the driver calls while it reads the answers of one submitted exchange. */
class Exchange {
  readonly tags: string[] = [];
  /** The first column of the last row that came, as text. */
  row = '';
  readonly done: Promise<void>;
  readonly #ask: (connection: pg.Connection) => unknown;
  #settle: { resolve: () => void; reject: (error: Error) => void };

  constructor(ask: (connection: pg.Connection) => unknown) {
    this.#ask = ask;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.done = promise;
    this.#settle = { resolve, reject };
  }

  /** The driver takes whatever this returns for an error. */
  submit(connection: pg.Connection): undefined {
    this.#ask(connection);
  }

  handleCommandComplete(message: { text: string }) {
    this.tags.push(message.text);
  }
  handleReadyForQuery() {
    this.#settle.resolve();
  }
  handleError(error: Error) {
    this.#settle.reject(error);
  }
  handleRowDescription() {}
  handleDataRow({ fields }: { fields: readonly (string | null)[] }) {
    this.row = fields[0] ?? '';
  }
  handleEmptyQuery() {}
  handlePortalSuspended() {}
}
