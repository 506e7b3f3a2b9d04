import pg from 'pg';
import type { EventId } from '../../protocol/identifiers.ts';
import { type Database, type Parameter, TYPES } from '../database.ts';
import { openMigrationSession } from '../migration-session.ts';
import { type IndexableEvent, type IndexableRange, indexableEvents } from './indexable-events.ts';
import {
  putDocuments,
  removeRedacted,
  type SearchDocument,
  settleLanguages,
} from './search-documents.ts';
import type { SearchLanguage } from './search-languages.ts';

type Session = Awaited<ReturnType<typeof openMigrationSession>>;

/**
 * The connection that writes the index: one of the writer's, which a takeover ends as it ends a migration, so
 * a writer of before puts nothing back that was redacted since. It is opened when there is something
 * to write, and anew when it was lost.
 */
export class IndexSession {
  readonly #url: string;
  readonly #languages: readonly SearchLanguage[];
  readonly #end = new AbortController();
  #session: Promise<Session> | undefined;

  constructor(url: string, languages: readonly SearchLanguage[]) {
    this.#url = url;
    this.#languages = languages;
  }

  settleLanguages(cursor: string): Promise<void> {
    return this.#with((client) => settleLanguages(client, cursor, this.#languages));
  }

  /** By plans that are made once: where others read, what comes next would be planned anew each time. */
  read(range: IndexableRange): Promise<readonly IndexableEvent[]> {
    return this.#with((client) => indexableEvents(databaseOf(client), range));
  }

  /** Answers with the reason where the database refuses one of them for what is in it. */
  put(documents: readonly SearchDocument[]): Promise<Error | undefined> {
    return this.#with(async (client) => {
      try {
        await putDocuments(client, this.#languages, documents);
        return undefined;
      } catch (error) {
        if (isRefusal(error)) return error;
        throw error;
      }
    });
  }

  removeRedacted(eventIds: readonly EventId[]): Promise<void> {
    return this.#with((client) => removeRedacted(client, eventIds));
  }

  /** What is under way rejects. */
  close(): void {
    this.#end.abort();
    void this.#drop();
  }

  async #with<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    this.#end.signal.throwIfAborted();
    this.#session ??= openMigrationSession(this.#url, { signal: this.#end.signal, types: TYPES });
    try {
      return await work((await this.#session).client);
    } catch (error) {
      await this.#drop();
      throw error;
    }
  }

  async #drop(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.then((each) => each[Symbol.asyncDispose]()).catch(() => {});
  }
}

const databaseOf = (client: pg.Client): Database => ({
  async query<R extends object>(name: string, text: string, values: readonly Parameter[] = []) {
    const result = await client.query<R & pg.QueryResultRow>({ name, text, values: [...values] });
    return result.rows;
  },
});

/** What stands in a row, or is too much for one. */
const isRefusal = (error: unknown): error is pg.DatabaseError =>
  error instanceof pg.DatabaseError && /^(22|23|54)/.test(error.code ?? '');
