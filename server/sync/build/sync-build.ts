import type { AccountData } from '../../accounts/account-data.ts';
import type { PushRules } from '../../accounts/push-rules.ts';
import type { Log } from '../../log/log.ts';
import { encodeSyncToken } from '../../log/token.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { RoomMembership, Rooms } from '../../rooms/rooms.ts';
import type { ActiveUser } from '../active/active-user.ts';
import type { ActiveUsers } from '../active/active-users.ts';
import type { KeyCounts } from '../active/device.ts';
import type { Json, SyncAnswer } from '../answer-text.ts';
import type { DeviceLists } from '../device-lists.ts';
import type { EphemeralCounter } from '../ephemeral/ephemeral-counter.ts';
import type { Presence } from '../ephemeral/presence.ts';
import type { Typing } from '../ephemeral/typing.ts';
import { presenceEvents, presenceNear } from '../presence-section.ts';
import type { Reader } from '../reader.ts';
import type { Receipts } from '../receipts/receipts.ts';
import type { WhatChanged } from '../room/what-changed.ts';
import type { SyncRequest } from '../sync.ts';
import type { ToDevice } from '../to-device.ts';
import type { UnreadCounts } from '../unread/unread-counts.ts';
import { roomSections } from './room-sections.ts';
import { positionOf, type Since, type SinceToken, writeSince } from './since.ts';
import { type Occasion, whatToVisit } from './visits.ts';

export interface BuildPorts {
  readonly log: Pick<Log, 'committed' | 'epoch'>;
  readonly rooms: Pick<Rooms, 'open' | 'openAll' | 'roomsOf' | 'lastPosition'>;
  readonly accountData: Pick<AccountData, 'changed' | 'get'>;
  readonly pushRules: Pick<PushRules, 'of'>;
  readonly keyCounts: (userId: UserId, deviceId: string) => Promise<KeyCounts>;
  readonly active: ActiveUsers;
  readonly receipts: Receipts;
  readonly unread: UnreadCounts;
  readonly toDevice: ToDevice;
  readonly deviceLists: DeviceLists;
  readonly typing: Typing;
  readonly presence: Presence;
  readonly ephemeral: EphemeralCounter;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Built {
  readonly answer: SyncAnswer;
  readonly hasNews: boolean;
  readonly user: ActiveUser;
  /** What this client has been told once it has this answer. */
  readonly next: SinceToken;
}

/** Where an answer is cut: it shows what was committed up to here, and nothing else. */
interface Cut extends Occasion {
  readonly user: ActiveUser;
  readonly ephemeral: number;
  readonly changed: WhatChanged;
  readonly presence: ReadonlySet<UserId>;
}

/** Makes one answer, of what there is now. */
export class SyncBuild {
  readonly #ports: BuildPorts;

  constructor(ports: BuildPorts) {
    this.#ports = ports;
  }

  async answer(request: SyncRequest, since: Since): Promise<Built> {
    const cut = await this.#cut(request, since);
    const reader = await this.#reader(cut);
    const { user, changed } = cut;

    const accountData = await this.#accountData(cut, reader);
    for (const roomId of accountData.rooms.keys()) changed.room(roomId);
    const rooms = await roomSections(
      { ...this.#ports, prevBatch: (position) => this.#prevBatch(position) },
      { ...cut, reader, accountData: accountData.rooms, receipts: await this.#receipts(cut) },
    );
    const mail = await this.#mail(cut);
    const deviceLists =
      since.kind === 'initial'
        ? { changed: [], left: [] }
        : await this.#ports.deviceLists.changes(user.userId, spanOf(cut), rooms.members);
    const presence = presenceEvents(this.#ports.presence, cut.presence, reader);

    const next = this.#next(cut, mail.upTo);
    const answer: SyncAnswer = {
      nextBatch: writeSince(next, this.#ports.log.epoch),
      rooms: rooms.sections,
      presence,
      accountData: accountData.global,
      toDevice: mail.messages,
      deviceLists,
      keyCounts: await this.#keyCounts(user, request.deviceId),
    };
    return { answer, hasNews: changed.keyCounts || hasNews(answer), user, next };
  }

  /** No wait between reading the memberships, the position and what changed: they are of one moment. */
  async #cut(request: SyncRequest, since: Since): Promise<Cut> {
    const { rooms, active, log, ephemeral, presence } = this.#ports;
    const current = await rooms.roomsOf(request.userId);
    const upTo = log.committed.position;
    const known = active.find(request.userId);
    const records = since.kind === 'token' ? known?.changesAfter(since.position) : undefined;
    const occasion = { request, since, upTo, memberships: current, records, known };
    const changed = whatToVisit(this.#ports, occasion);
    const mustEnter = known === undefined || records === undefined || changed.ownMembership;
    const user = mustEnter ? active.enter(request.userId, joined(current), upTo) : known;
    user.usedAtMs = this.#ports.now();
    const memberships = snapshot(current, changed);
    const mayHaveJoined = records === undefined || changed.ownMembership;
    const near = presenceNear(presence, { user, memberships: current, since, mayHaveJoined });
    const taken = { memberships, changed, user, ephemeral: ephemeral.value, presence: near };
    return { ...occasion, ...taken };
  }

  async #reader({ request, since, user }: Cut): Promise<Reader> {
    const device = user.device(request.deviceId);
    if (since.kind === 'token') device.resumesFrom(since.position);
    else device.forgetMembers();
    const ignored = await user.settings.ignored((userId, type) =>
      this.#ports.accountData.get({ userId, roomId: null, type }),
    );
    const pushRules = () => user.settings.pushRules((userId) => this.#ports.pushRules.of(userId));
    const stateAfter = request.stateKey !== 'state';
    return { ...request, stateAfter, device, ignored, pushRules, now: this.#ports.now() };
  }

  async #accountData(cut: Cut, reader: Reader) {
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
  async #receipts(cut: Cut) {
    if (cut.records !== undefined && !cut.request.fullState) return undefined;
    const roomIds = joined(cut.memberships);
    const receipts = await this.#ports.receipts.ofRooms({ roomIds, ...spanOf(cut) });
    for (const roomId of receipts.keys()) cut.changed.room(roomId).receipts = true;
    return receipts;
  }

  #mail({ request, since, user, upTo }: Cut) {
    const { toDevice } = this.#ports;
    const after = since.kind === 'token' ? since.toDevice : 0;
    if (since.kind === 'token') toDevice.arrived(user, request.deviceId, after);
    return toDevice.mail(user, request.deviceId, { after, upTo });
  }

  #keyCounts(user: ActiveUser, deviceId: string): Promise<KeyCounts> {
    const device = user.device(deviceId);
    return device.keyCounts.get(() => this.#ports.keyCounts(user.userId, deviceId));
  }

  #next({ upTo, ephemeral, user }: Cut, toDevice: number): SinceToken {
    const typingShown = this.#ports.typing.isAnybodyTypingIn(user.rooms);
    return { kind: 'token', position: upTo, toDevice, ephemeral, typingShown };
  }

  #prevBatch(position: number): string {
    return encodeSyncToken({ epoch: this.#ports.log.epoch, position, toDevice: 0, ephemeral: 0 });
  }
}

const spanOf = ({ since, upTo }: Occasion) => ({ after: positionOf(since), upTo });

const joined = (memberships: ReadonlyMap<RoomId, RoomMembership>): RoomId[] =>
  [...memberships.values()]
    .filter(({ membership }) => membership === 'join')
    .map(({ roomId }) => roomId);

/** The map goes on with the next commit; copied whole only where any room may be asked for. */
function snapshot(
  current: ReadonlyMap<RoomId, RoomMembership>,
  changed: WhatChanged,
): ReadonlyMap<RoomId, RoomMembership> {
  if (changed.accountData) return new Map(current);
  const copied = new Map<RoomId, RoomMembership>();
  for (const roomId of changed.rooms.keys()) {
    const membership = current.get(roomId);
    if (membership !== undefined) copied.set(roomId, membership);
  }
  return copied;
}

function hasNews({ rooms, presence, accountData, toDevice, deviceLists }: SyncAnswer): boolean {
  const sections = [rooms.join, rooms.leave, rooms.invite, rooms.knock];
  const lists = [presence, accountData, toDevice, deviceLists.changed, deviceLists.left];
  return sections.some((each) => each.size > 0) || lists.some((each) => each.length > 0);
}
