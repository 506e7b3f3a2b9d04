import type { AccountData } from '../accounts/account-data.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Profiles } from '../accounts/profiles.ts';
import type { Registrations } from '../accounts/registrations.ts';
import { KeyedMutex } from '../log/keyed-mutex.ts';
import { notKept } from '../log/outcomes.ts';
import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../protocol/json.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import type { NewRoom } from '../rooms/create/new-room.ts';
import type { Origin } from '../rooms/draft.ts';
import type { Rooms } from '../rooms/rooms.ts';

export interface NoticeSettings {
  readonly userId: UserId;
  readonly displayName: string;
  readonly avatarUrl?: string | undefined;
  readonly roomName: string;
  readonly roomTopic?: string | undefined;
  readonly roomAvatarUrl?: string | undefined;
  /** Users are in the room without being asked. */
  readonly autoJoin: boolean;
}

export interface Notice {
  readonly to: UserId;
  readonly type: string;
  readonly stateKey?: string | undefined;
  readonly content: JsonObject;
}

export interface NoticePorts {
  readonly accounts: Pick<Accounts, 'get'>;
  readonly registrations: Pick<Registrations, 'registerOfService'>;
  readonly profiles: Pick<Profiles, 'of' | 'set'>;
  readonly accountData: Pick<AccountData, 'get' | 'change'>;
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf' | 'create' | 'changeMembership' | 'send'>;
}

const TAG = 'm.server_notice';

/** What the server itself says to its users, each in a room of their own (client-server API, "Server Notices"). */
export class ServerNotices {
  readonly #settings: NoticeSettings | undefined;
  readonly #ports: NoticePorts;
  /** Two notices for one user make one room. */
  readonly #rooms = new KeyedMutex();

  constructor(settings: NoticeSettings | undefined, ports: NoticePorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Who speaks is there before anybody else takes the name, and looks as the operator says now. */
  async begin(): Promise<void> {
    if (!this.#settings) return;
    const { accounts, registrations, profiles } = this.#ports;
    const { userId, displayName, avatarUrl } = this.#settings;
    const account = await accounts.get(userId);
    if (account && isPerson(account)) return;
    if (!account) await registrations.registerOfService({ userId, session: undefined }, notKept);
    const profile = (await profiles.of(userId)) ?? {};
    const wanted = { displayname: displayName, ...(avatarUrl && { avatar_url: avatarUrl }) };
    for (const [field, value] of Object.entries(wanted))
      if (profile[field] !== value) await profiles.set(userId, field, value);
  }

  async send({ to, type, stateKey, content }: Notice, origin: Origin<EventId>): Promise<EventId> {
    const settings = this.#settings;
    if (!settings) throw refusal('Server notices are not enabled (`serverNotices`)');
    const { userId: sender } = settings;
    await this.#refusePerson(sender);
    if (to === sender) throw refusal(`${to} is who speaks: name somebody else`);
    const roomId = await this.#rooms.run(to, () => this.#roomFor(to, settings));
    return this.#ports.rooms.send(roomId, { sender, type, stateKey, content }, origin);
  }

  /** Somebody who had the name before could speak as the server. */
  async #refusePerson(userId: UserId): Promise<void> {
    const account = await this.#ports.accounts.get(userId);
    if (account && isPerson(account))
      throw refusal(`${userId} is somebody's account: name another one in serverNotices.localpart`);
  }

  /** That in which they are, may come in, or were: then they are invited anew. The tag is what clients know it by. */
  async #roomFor(to: UserId, settings: NoticeSettings): Promise<RoomId> {
    const { rooms } = this.#ports;
    const { userId } = settings;
    const roomId = (await this.#knownRoom(to, userId)) ?? (await this.#newRoom(to, settings));
    await this.#tag(to, roomId);
    const own = (await rooms.roomsOf(to)).get(roomId);
    if (own?.membership === 'leave')
      await rooms.changeMembership(roomId, { sender: userId, target: to, action: 'invite' }, {});
    if (settings.autoJoin && own?.membership !== 'join')
      await rooms.changeMembership(roomId, { sender: to, target: to, action: 'join' }, {});
    return roomId;
  }

  async #knownRoom(to: UserId, userId: UserId): Promise<RoomId | undefined> {
    const { rooms } = this.#ports;
    const [theirs, own] = await Promise.all([rooms.roomsOf(to), rooms.roomsOf(userId)]);
    const isOpen = ({ membership }: { membership: string }) => membership !== 'leave';
    const all = [...theirs.values()].filter(({ membership }) => membership !== 'ban');
    for (const { roomId } of [...all.filter(isOpen), ...all.filter((each) => !isOpen(each))])
      if (own.get(roomId)?.membership === 'join' && (await this.#isOfOne(roomId, userId)))
        return roomId;
    return undefined;
  }

  /** Made by who speaks, and open to nobody else: they may have been brought into others' rooms. */
  async #isOfOne(roomId: RoomId, userId: UserId): Promise<boolean> {
    const room = await this.#ports.rooms.open(roomId);
    const [made, rules] = await Promise.all([
      room?.stateEvent('m.room.create', ''),
      room?.stateEvent('m.room.join_rules', ''),
    ]);
    return made?.sender === userId && rules?.content.join_rule === 'invite';
  }

  #newRoom(to: UserId, settings: NoticeSettings): Promise<RoomId> {
    const { userId, roomName, roomTopic, roomAvatarUrl } = settings;
    const avatar = { type: 'm.room.avatar', state_key: '', content: { url: roomAvatarUrl ?? '' } };
    const room: NewRoom = {
      ...{ preset: 'private_chat', name: roomName, topic: roomTopic, invite: [to] },
      ...(roomAvatarUrl && { initial_state: [avatar] }),
      // Nobody answers there, and nobody else is brought in.
      power_level_content_override: { users_default: -10, invite: 100 },
      creation_content: { 'm.federate': false },
    };
    return this.#ports.rooms.create(userId, room, {});
  }

  async #tag(userId: UserId, roomId: RoomId): Promise<void> {
    const { accountData } = this.#ports;
    const key = { userId, roomId, type: 'm.tag' };
    const tags = tagsIn(await accountData.get(key));
    if (tags[TAG] !== undefined) return;
    await accountData.change(key, (before) => ({
      ...before,
      tags: { ...tagsIn(before), [TAG]: {} },
    }));
  }
}

const isPerson = ({ passwordHash }: { readonly passwordHash: string | null }): boolean =>
  passwordHash !== null;

const tagsIn = (content: JsonObject | undefined): JsonObject =>
  isObject(content?.tags) ? content.tags : {};

const refusal = (text: string) => new MatrixError(400, 'M_UNKNOWN', text);
