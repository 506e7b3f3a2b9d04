import type { EpochHistory } from '../log/epochs.ts';
import type { LogReader } from '../log/log.ts';
import { decodeSyncToken, holds } from '../log/token.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { invalidParam } from '../protocol/matrix-error.ts';
import type { RoomMembership } from '../rooms/membership/membership.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { DeviceListChanges, DeviceLists } from './device-lists.ts';
import { type MemberChanges, memberChangesIn } from './engine/member-changes.ts';
import type { Span } from './span.ts';

interface BetweenPorts {
  readonly log: LogReader;
  readonly epochs: EpochHistory;
  readonly rooms: Pick<Rooms, 'openAll' | 'roomsOf' | 'lastPosition' | 'membersOfDeleted'>;
  readonly deviceLists: DeviceLists;
}

/** For `GET /keys/changes`: what /sync would have told between two of its tokens. */
export class DeviceListsBetween {
  readonly #ports: BetweenPorts;

  constructor(ports: BetweenPorts) {
    this.#ports = ports;
  }

  /** A token of a lost timeline counts as none: then all keys have changed. */
  async between(
    { userId }: { readonly userId: UserId },
    from: string,
    to: string,
  ): Promise<DeviceListChanges> {
    const [begin, end] = [this.#position(from), this.#position(to)];
    const upTo = end === 0 ? this.#ports.log.committed.position : end;
    const span = { after: Math.min(begin, upTo), upTo };
    return this.#ports.deviceLists.changes(userId, span, await this.#members(userId, span));
  }

  #position(text: string): number {
    const token = decodeSyncToken(text);
    if (token === undefined) throw invalidParam(`${text} is no token of /sync`);
    return holds(token, this.#ports.epochs) ? token.position : 0;
  }

  async #members(userId: UserId, span: Span): Promise<MemberChanges> {
    const { rooms } = this.#ports;
    const memberships = [...(await rooms.roomsOf(userId)).values()];
    const last = ({ roomId, position }: RoomMembership) =>
      Math.max(position, rooms.lastPosition(roomId) ?? Number.POSITIVE_INFINITY);
    const changed = memberships.filter((each) => last(each) > span.after);
    return memberChangesIn(rooms, userId, changed, span);
  }
}
