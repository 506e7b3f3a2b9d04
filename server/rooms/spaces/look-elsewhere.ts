import {
  parsedIn,
  parseServerName,
  type RoomId,
  type ServerName,
  serverNameOfRoomId,
} from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { RoomSummary } from '../summary/room-summary.ts';
import { type ToldSpace, toldSpace } from './told-space.ts';

/** What other servers tell of a room in which nobody of this one is; undefined where one tells nothing. */
export interface SpacesElsewhere {
  hierarchy(
    server: ServerName,
    wish: { readonly roomId: RoomId; readonly suggestedOnly: boolean; readonly asker: string },
  ): Promise<JsonObject | undefined>;
}

/** A room, and by what it is found. */
export interface RoomPointer {
  readonly roomId: RoomId;
  readonly via: readonly ServerName[];
  /** By a server that told of the space that holds it. */
  readonly told?: RoomSummary | 'inaccessible' | undefined;
}

const SERVERS_MAX = 3;
const ROOMS_MAX = 100;
const WITHIN_MS = 15_000;

/** Looks at rooms of other servers for one request: at so many, and for so long. */
export class LooksElsewhere {
  readonly #servers: SpacesElsewhere | undefined;
  readonly #wish: { readonly suggestedOnly: boolean; readonly asker: string };
  readonly #until = performance.now() + WITHIN_MS;
  #left = ROOMS_MAX;

  constructor(
    servers: SpacesElsewhere | undefined,
    wish: { readonly suggestedOnly: boolean; readonly asker: string },
  ) {
    this.#servers = servers;
    this.#wish = wish;
  }

  async at({ roomId, via, told }: RoomPointer): Promise<ToldSpace | undefined> {
    if (told === 'inaccessible' || !this.#servers) return undefined;
    if (told && told.roomType !== 'm.space') return withoutChildren(told);
    this.#left -= 1;
    if (this.#left < 0) return undefined;
    const { suggestedOnly, asker } = this.#wish;
    for (const server of via.slice(0, SERVERS_MAX)) {
      if (performance.now() > this.#until) return undefined;
      const answer = await this.#servers.hierarchy(server, { roomId, suggestedOnly, asker });
      const space = answer && toldSpace(answer, { roomId, suggestedOnly });
      if (space) return space;
    }
    return told && withoutChildren(told);
  }
}

/** The servers that an event of a space or a client names, then the one after which the room is named. */
export function serversBy(
  roomId: RoomId,
  named: JsonValue | readonly string[] | undefined,
): ServerName[] {
  const all = (Array.isArray(named) ? named : []).map((name) => parsedIn(name, parseServerName));
  const names = new Set([...all, serverNameOfRoomId(roomId)]);
  return [...names].filter((name) => name !== undefined);
}

/** Of the children of a room that is told of by its server. */
export const toldOfChild = (space: ToldSpace, roomId: RoomId): RoomPointer['told'] =>
  space.inaccessible.has(roomId) ? 'inaccessible' : space.children.get(roomId);

const withoutChildren = (summary: RoomSummary): ToldSpace => ({
  ...{ room: { summary, children: [] }, children: new Map(), inaccessible: new Set() },
});
