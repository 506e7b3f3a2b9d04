import { without } from '../../protocol/hashes.ts';
import {
  type RoomId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { forbidden, MatrixError } from '../../protocol/matrix-error.ts';
import type { Passage } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomReads } from '../read/room-reads.ts';
import { changeRoom } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { gather } from '../write/gather.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';
import { newEvent } from '../write/new-event.ts';
import { authorisedContent } from './authorised-content.ts';
import { refuseAbsent, refuseBlocked, refuseByAcl, refusePartial } from './refuse-server.ts';

export interface TemplateWish {
  readonly server: ServerName;
  readonly userId: UserId;
  readonly passage: Passage;
  /** Those that the other server knows; any where it is not asked. */
  readonly versions?: readonly string[] | undefined;
}

export interface Template {
  readonly version: string;
  readonly event: JsonObject;
}

/** The resident side of joining, leaving and knocking (server-server API). */
export class Handshake {
  readonly #building: Building;
  readonly #reads: RoomReads;

  constructor(building: Building, reads: RoomReads) {
    this.#building = building;
    this.#reads = reads;
  }

  /** An event at the room's head that the rules allow, for the user's own server to sign. */
  async template(roomId: RoomId, wish: TemplateWish): Promise<Template> {
    const { server, userId, passage, versions } = wish;
    if (serverNameOf(userId) !== server) throw forbidden(`${userId} is not of your server`);
    return changeRoom(this.#building.rooms, roomId, async (room) => {
      await this.#refuse(room, server);
      await refuseBlocked(this.#building, roomId, passage);
      const { version } = room.rules;
      if (versions && !versions.includes(version)) throw incompatible(version);
      const authorised =
        passage === 'join' ? await authorisedContent(this.#building, room, userId) : {};
      const event = await this.#unsigned(room, userId, { membership: passage, ...authorised });
      return { version, event };
    });
  }

  async #refuse(room: HotRoom, server: ServerName): Promise<void> {
    const { keys, ports } = this.#building;
    await refuseByAcl(room, this.#reads, server);
    refuseAbsent(room, keys, ports.identity.serverName);
    refusePartial(room);
  }

  /** What it is built upon may be on its way: nobody is told before that is committed. */
  async #unsigned(room: HotRoom, userId: UserId, content: JsonObject): Promise<JsonObject> {
    const { ports, keys } = this.#building;
    const draft = { sender: userId, type: 'm.room.member', stateKey: userId, content };
    const state = await gather(room, draft, { store: ports.store, keys });
    const { pdu } = newEvent(room, draft, { state, signer: ports.identity, now: ports.now() });
    await room.settled;
    if (room.isDropped) throw new RoomChangedMeanwhile();
    const unsigned = without(pdu, ['hashes', 'signatures', 'event_id']);
    return { ...unsigned, origin: ports.identity.serverName };
  }
}

const incompatible = (version: string) =>
  new MatrixError(
    400,
    'M_INCOMPATIBLE_ROOM_VERSION',
    'Your server does not know the version of this room',
    { fields: { room_version: version } },
  );
