import {
  type RoomId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { badGateway, MatrixError } from '../../protocol/matrix-error.ts';
import type { Database } from '../../storage/database.ts';
import { usersInRooms } from '../../storage/federation/joined-rooms.ts';
import { notThere } from '../federation-client.ts';
import { type AnswerBounds, type AnswerPorts, KeptAnswers } from './kept-answers.ts';

const KIB = 1_024;
const COMMON: AnswerBounds = {
  ...{ atOnce: 32, ofServer: 4, ofAsker: 32, waiting: 256 },
  ...{ bytesMax: 66 * KIB, keptBytesMax: 8 * 1_024 * KIB, keptMs: 60_000 },
};

/** Anybody may have invented them. */
const OF_STRANGERS: AnswerBounds = {
  ...{ ...COMMON, atOnce: 8, ofServer: 2, ofAsker: 8, waiting: 64 },
  keptBytesMax: 2 * 1_024 * KIB,
};
const OF_DIRECTORIES: AnswerBounds = { ...OF_STRANGERS, bytesMax: 1_024 * KIB };
/** One look into a large space asks for many rooms. */
const OF_SPACES: AnswerBounds = {
  ...{ ...COMMON, ofAsker: 128, bytesMax: 2_048 * KIB },
  ...{ keptBytesMax: 16 * 1_024 * KIB, keptMs: 5 * 60_000 },
};

export interface DirectoryWish {
  readonly limit: number;
  readonly since?: string | undefined;
  readonly term?: string | undefined;
  readonly roomTypes?: readonly (string | null)[] | undefined;
  readonly directory?: 'all' | { readonly instanceId: string } | undefined;
}

/** What people here look at that is at other servers: profiles, published rooms, spaces. */
export class Elsewhere {
  readonly #own: ServerName;
  readonly #database: Database;
  readonly #ofKnown: KeptAnswers;
  readonly #ofStrangers: KeptAnswers;
  readonly #directories: KeptAnswers;
  readonly #spaces: KeptAnswers;

  constructor({ own, database, ...ports }: AnswerPorts & { own: ServerName; database: Database }) {
    this.#own = own;
    this.#database = database;
    this.#ofKnown = new KeptAnswers(ports, COMMON);
    this.#ofStrangers = new KeptAnswers(ports, OF_STRANGERS);
    this.#directories = new KeptAnswers(ports, OF_DIRECTORIES);
    this.#spaces = new KeptAnswers(ports, OF_SPACES);
  }

  /** Undefined for users of this server, and for those of whom theirs does not know. */
  async profileOf(userId: UserId, asker: string): Promise<JsonObject | undefined> {
    const server = serverNameOf(userId);
    if (server === this.#own) return undefined;
    const path = `${V1}/query/profile?user_id=${encodeURIComponent(userId)}`;
    const isKnown = (await usersInRooms(this.#database, [userId])).length > 0;
    const answers = isKnown ? this.#ofKnown : this.#ofStrangers;
    const told = await answers.ask(server, { method: 'GET', path, asker }).catch(notThere);
    return told === undefined ? undefined : profileIn(objectIn(server, told));
  }

  /** As the server answers it, whoever that is. */
  async publicRooms(server: ServerName, wish: DirectoryWish, asker: string): Promise<JsonObject> {
    const path = `${V1}/publicRooms`;
    const isFiltered = wish.term !== undefined || wish.roomTypes !== undefined;
    const question = isFiltered
      ? ({ method: 'POST', path, content: filterOf(wish), asker } as const)
      : ({ method: 'GET', path: path + queryOf(wish), asker } as const);
    return objectIn(server, await this.#directories.ask(server, question));
  }

  /** What a server tells of a room to those who look around: undefined where it is not for them, or nobody says. */
  async hierarchy(
    server: ServerName,
    { roomId, suggestedOnly, asker }: { roomId: RoomId; suggestedOnly: boolean; asker: string },
  ): Promise<JsonObject | undefined> {
    if (server === this.#own) return undefined;
    const path = `${V1}/hierarchy/${encodeURIComponent(roomId)}?suggested_only=${suggestedOnly}`;
    try {
      return objectIn(server, await this.#spaces.ask(server, { method: 'GET', path, asker }));
    } catch (error) {
      if (error instanceof MatrixError) return undefined;
      throw error;
    }
  }
}

const V1 = '/_matrix/federation/v1';

function queryOf({ limit, since, directory }: DirectoryWish): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (since !== undefined) query.set('since', since);
  if (directory === 'all') query.set('include_all_networks', 'true');
  else if (directory) query.set('third_party_instance_id', directory.instanceId);
  return `?${query}`;
}

const filterOf = ({ limit, since, term, roomTypes, directory }: DirectoryWish): JsonObject => ({
  limit,
  ...(since !== undefined && { since }),
  ...(directory === 'all' && { include_all_networks: true }),
  ...(typeof directory === 'object' && { third_party_instance_id: directory.instanceId }),
  filter: {
    ...(term !== undefined && { generic_search_term: term }),
    ...(roomTypes !== undefined && { room_types: [...roomTypes] }),
  },
});

/** Clients rely on these two being text; what other fields are is up to their user. */
const profileIn = (told: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(told).filter(([field, value]) => !TEXTS.has(field) || typeof value === 'string'),
  );

const TEXTS: ReadonlySet<string> = new Set(['displayname', 'avatar_url']);

function objectIn(server: ServerName, told: JsonValue): JsonObject {
  if (isObject(told)) return told;
  throw badGateway(`${server} answers something that is no object`);
}
