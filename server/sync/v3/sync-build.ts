import { encodeSyncToken } from '../../log/token.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { ActiveUser } from '../active/active-user.ts';
import type { KeyCounts } from '../active/device.ts';
import type { DeviceListChanges } from '../device-lists.ts';
import { type Cut, joined, spanOf, takeCut } from '../engine/cut.ts';
import { memberChangesIn } from '../engine/member-changes.ts';
import type { Json, RoomForm, SyncAnswer } from './answer-text.ts';
import { answerAtOnce } from './at-once.ts';
import type { BuildPorts, BuiltAnswer } from './build-ports.ts';
import { presenceEvents } from './presence-section.ts';
import type { Reader } from './reader.ts';
import { roomSections } from './room-sections.ts';
import { type Since, type SinceToken, writeSince } from './since.ts';
import type { SyncRequest } from './sync-request.ts';

/** The cut, and how the client wants to be told of it. */
interface Asked extends Cut {
  readonly request: SyncRequest;
  readonly since: Since;
}

/** Makes one answer, of what there is now. */
export class SyncBuild {
  readonly #ports: BuildPorts;

  constructor(ports: BuildPorts) {
    this.#ports = ports;
  }

  /** What memory knows without looking further; undefined where it has to be looked up. */
  atOnce<InForm>(
    request: SyncRequest,
    since: Since,
    form: RoomForm<InForm>,
  ): BuiltAnswer<InForm> | undefined {
    return since.kind === 'token'
      ? answerAtOnce(this.#ports, request, since, { form, prevBatch: this.#prevBatch })
      : undefined;
  }

  async answer<InForm>(
    request: SyncRequest,
    since: Since,
    form: RoomForm<InForm>,
  ): Promise<BuiltAnswer<InForm>> {
    const cut = await this.#cut(request, since);
    const reader = await this.#reader(cut);
    const { user, changed } = cut;

    const accountData = await this.#accountData(cut, reader);
    for (const roomId of accountData.rooms.keys()) changed.room(roomId);
    const rooms = await roomSections(
      { ...this.#ports, prevBatch: this.#prevBatch },
      {
        ...{ ...cut, form, reader },
        accountData: accountData.rooms,
        receipts: await this.#receipts(cut),
      },
    );
    const mail = await this.#mail(cut);
    const deviceLists = await this.#deviceLists(cut);
    const presence = presenceEvents(this.#ports.presence, cut.presence, reader);

    const next = this.#next(cut, mail.upTo);
    const answer: SyncAnswer<InForm> = {
      nextBatch: writeSince(next, this.#ports.log.epoch),
      rooms,
      presence,
      accountData: accountData.global,
      toDevice: mail.messages,
      deviceLists,
      keyCounts: await this.#keyCounts(user, request.deviceId),
    };
    return { answer, hasNews: changed.keyCounts || hasNews(answer), user, next };
  }

  async #cut(request: SyncRequest, since: Since): Promise<Asked> {
    const { userId, deviceId, fullState: all } = request;
    const told = since.kind === 'token' ? since : undefined;
    return { ...(await takeCut(this.#ports, { userId, deviceId, told, all })), request, since };
  }

  async #reader({ request, since, user }: Asked): Promise<Reader> {
    const device = user.device(request.deviceId);
    if (since.kind === 'token') device.resumesFrom(since.position);
    else device.forgetMembers();
    const load = (userId: UserId, type: string) =>
      this.#ports.accountData.get({ userId, roomId: null, type });
    const ignored = await user.settings.ignored(load);
    const blocksInvites = await user.settings.blocksInvites(load);
    const seesInviteOf = (inviter: UserId | undefined) =>
      inviter === undefined
        ? !blocksInvites
        : !ignored.has(inviter) && (!blocksInvites || inviter === this.#ports.noticesFrom);
    const pushRules = () => user.settings.pushRules((userId) => this.#ports.pushRules.of(userId));
    const stateAfter = request.stateKey !== 'state';
    const shown = { ignored, seesInviteOf, stateAfter };
    return { ...request, ...shown, device, pushRules, now: this.#ports.now() };
  }

  async #accountData(cut: Asked, reader: Reader) {
    const { accountData: filter, room: roomFilter } = reader.filter;
    const global: Json[] = [];
    const rooms = new Map<RoomId, Json[]>();
    if (!cut.changed.accountData) return { global, rooms };
    const changed = await this.#ports.accountData.changed(reader.userId, spanOf(cut));
    for (const { roomId, type, content } of changed) {
      const event = `{"type":${JSON.stringify(type)},"content":${content}}`;
      if (roomId === null) {
        if (filter.admits({ type })) global.push(event);
      } else if (
        roomFilter.accountData.admits({ type }) &&
        roomFilter.accountData.admitsRoom(roomId)
      )
        rooms.set(roomId, [...(rooms.get(roomId) ?? []), event]);
    }
    return { global, rooms };
  }

  /** Where many rooms are to be looked at, all at once; and the rooms where nothing else has changed. */
  async #receipts(cut: Asked) {
    if (cut.records !== undefined && !cut.request.fullState) return undefined;
    const roomIds = joined(cut.memberships);
    const receipts = await this.#ports.receipts.ofRooms({ roomIds, ...spanOf(cut) });
    for (const roomId of receipts.keys()) cut.changed.room(roomId).receipts = true;
    return receipts;
  }

  /** A client that begins follows whom it wants to. */
  async #deviceLists(cut: Asked): Promise<DeviceListChanges> {
    const { since, user, changed, memberships } = cut;
    if (since.kind === 'initial') return { changed: [], left: [] };
    const rooms = [...changed.rooms].flatMap(([roomId, { members }]) => {
      const membership = members ? memberships.get(roomId) : undefined;
      return membership ?? [];
    });
    const span = spanOf(cut);
    const changes = await memberChangesIn(this.#ports.rooms, user.userId, rooms, span);
    return this.#ports.deviceLists.changes(user.userId, span, changes);
  }

  #mail({ request, since, user, upTo }: Asked) {
    const { toDevice } = this.#ports;
    const after = since.kind === 'token' ? since.toDevice : 0;
    if (since.kind === 'token') toDevice.arrived(user, request.deviceId, after);
    return toDevice.mail(user, request.deviceId, { after, upTo });
  }

  #keyCounts(user: ActiveUser, deviceId: string): Promise<KeyCounts> {
    const device = user.device(deviceId);
    return device.keyCounts.get(() => this.#ports.keyCounts(user.userId, deviceId));
  }

  #next({ upTo, ephemeral, user }: Asked, toDevice: number): SinceToken {
    const typingShown = this.#ports.typing.isAnybodyTypingIn(user.rooms);
    return { kind: 'token', position: upTo, toDevice, ephemeral, typingShown };
  }

  readonly #prevBatch = (position: number): string =>
    encodeSyncToken({ epoch: this.#ports.log.epoch, position, toDevice: 0, ephemeral: 0 });
}

function hasNews(answer: SyncAnswer<unknown>): boolean {
  const { rooms, presence, accountData, toDevice, deviceLists } = answer;
  const sections = [rooms.join, rooms.leave, rooms.invite, rooms.knock];
  const lists = [presence, accountData, toDevice, deviceLists.changed, deviceLists.left];
  return sections.some((each) => each.size > 0) || lists.some((each) => each.length > 0);
}
