import { ForAWhile } from '../../log/for-a-while.ts';
import { Turns, TurnsOf } from '../../log/turns.ts';
import type { ServerName, UserId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { Database } from '../../storage/database.ts';
import type { Reaches } from '../mail.ts';
import { Strangers, strangersAmong } from '../strangers.ts';

/** Of keys: what it answered, or why it did not. */
export type AskForKeys = (
  server: ServerName,
  request: { readonly path: string; readonly content: JsonObject; readonly withinMs: number },
) => Promise<
  | { readonly answer: JsonValue }
  | { readonly failure: string /** Nobody was there. */; readonly isSilent: boolean }
>;

export interface KeyServerPorts {
  readonly askForKeys: AskForKeys;
  readonly reaches: Reaches;
  readonly database: Database;
  readonly now: () => number;
}

export interface Answers {
  readonly told: ReadonlyMap<ServerName, JsonObject>;
  /** By server, as the client is told. */
  readonly failures: Readonly<Record<string, JsonObject>>;
}

/** In one request; the others are to be asked for in the next one. */
const SERVERS_MAX = 200;
const AT_ONCE_MAX = 128;
const OF_USER_MAX = 16;
/** Whoever did not answer is not waited for again so soon: every client in a room asks for the same keys. */
const SILENT_MS = 60_000;
const SILENT_KEPT_MAX = 10_000;

/** Asks the servers of others for their keys, on behalf of one user: so many at once, and none that has just been silent. */
export class KeyServers {
  readonly #ports: KeyServerPorts;
  readonly #strangers: Strangers;
  readonly #silent: ForAWhile<ServerName>;
  readonly #turns = new Turns(AT_ONCE_MAX);
  readonly #turnsOf = new TurnsOf<UserId>(OF_USER_MAX);

  constructor(ports: KeyServerPorts) {
    this.#ports = ports;
    this.#strangers = new Strangers(ports.now);
    this.#silent = new ForAWhile(SILENT_KEPT_MAX, ports.now);
  }

  /** Resolves within this time, whoever answers. `users` are those whose keys are asked for. */
  async ask(
    caller: UserId,
    asked: ReadonlyMap<
      ServerName,
      { readonly users: readonly UserId[]; readonly content: JsonObject }
    >,
    { path, withinMs }: { path: string; withinMs: number },
  ): Promise<Answers> {
    const told = new Map<ServerName, JsonObject>();
    if (asked.size === 0) return { told, failures: {} };
    const failures: Record<string, JsonObject> = {};
    const until = performance.now() + withinMs;
    const users = [...asked.values()].flatMap((each) => each.users);
    const strange = await strangersAmong(this.#ports.database, users);
    const one = async (server: ServerName, content: JsonObject, index: number) => {
      const leftMs = () => Math.ceil(until - performance.now());
      const why = index < SERVERS_MAX ? this.#whyNot(caller, server, strange) : TOO_MANY;
      const said = why
        ? { failure: why }
        : await this.#inTurn(caller, server, { path, content, leftMs });
      if ('answer' in said && isObject(said.answer)) told.set(server, said.answer);
      else failures[server] = failed('failure' in said ? said.failure : 'Its answer is no object');
    };
    await Promise.all(
      [...asked].map(([server, { content }], index) => one(server, content, index)),
    );
    return { told, failures };
  }

  #whyNot(
    caller: UserId,
    server: ServerName,
    strange: ReadonlySet<ServerName>,
  ): string | undefined {
    if (!this.#ports.reaches(server)) return 'This server does not federate with it';
    if (this.#silent.has(server)) return 'It did not answer a moment ago';
    if (!strange.has(server)) return undefined;
    try {
      this.#strangers.name(caller, new Set([server]));
      return undefined;
    } catch (error) {
      if (error instanceof MatrixError) return 'Too many servers that are in no room of this one';
      throw error;
    }
  }

  #inTurn(
    caller: UserId,
    server: ServerName,
    { path, content, leftMs }: { path: string; content: JsonObject; leftMs: () => number },
  ): ReturnType<AskForKeys> {
    return this.#turnsOf.run(caller, () =>
      this.#turns.run(async () => {
        const withinMs = leftMs();
        if (withinMs <= 0) return { failure: 'Its turn did not come in time', isSilent: false };
        const said = await this.#ports.askForKeys(server, { path, content, withinMs });
        if ('failure' in said && said.isSilent) this.#silent.add(server, SILENT_MS);
        return said;
      }),
    );
  }
}

const TOO_MANY = `At most ${SERVERS_MAX} servers are asked at once`;

export const failed = (error: string): JsonObject => ({ errcode: 'M_UNKNOWN', error });
