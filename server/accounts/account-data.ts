import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { RoomId, UserId } from '../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/json.ts';
import { tooLarge } from '../protocol/matrix-error.ts';
import {
  type AccountDatum,
  accountDataChanged,
  accountDataOfRoom,
  accountDataOfUsers,
  accountDatum,
  accountDatumRow,
} from '../storage/accounts/account-data.ts';
import { mergedRules } from './push-rule-edits.ts';

export const PUSH_RULES = 'm.push_rules';
const TAGS = 'm.tag';

/** `roomId` is null for what belongs to no room. */
export interface AccountDatumKey {
  readonly userId: UserId;
  readonly roomId: RoomId | null;
  readonly type: string;
}

/** What clients keep with us for themselves: by user, and by user and room. */
export class AccountData {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  async get({ userId, roomId, type }: AccountDatumKey): Promise<JsonObject | undefined> {
    const datum = await accountDatum(this.#stored.database, userId, roomId, type);
    if (roomId === null && type === PUSH_RULES) return pushRulesContent(userId, datum?.content);
    return datum && parse(datum.content);
  }

  /**
   * For /sync: what changed in (after, upTo], in order; with `after: 0` all there is. Push rules
   * are there from the beginning, and complete, though only what a user changed is stored.
   */
  async changed(
    userId: UserId,
    range: { after: number; upTo: number },
  ): Promise<readonly AccountDatum[]> {
    const changed = await accountDataChanged(this.#stored.database, userId, range);
    const isPushRules = (datum: AccountDatum) => datum.roomId === null && datum.type === PUSH_RULES;
    const told = changed.map((datum) =>
      isPushRules(datum)
        ? { ...datum, content: JSON.stringify(pushRulesContent(userId, datum.content)) }
        : datum,
    );
    if (range.after > 0 || changed.some(isPushRules)) return told;
    const content = JSON.stringify(pushRulesContent(userId, undefined));
    return [{ roomId: null, type: PUSH_RULES, content, position: 0 }, ...told];
  }

  /** What of this type, of no room, there is of each of the users. */
  async ofUsers(userIds: readonly UserId[], type: string): Promise<Map<UserId, JsonObject>> {
    const all = await accountDataOfUsers(this.#stored.database, userIds, type);
    return new Map(all.map(({ userId, content }) => [userId, parse(content)]));
  }

  /** All that the user keeps for one room, as events. */
  async ofRoom(userId: UserId, roomId: RoomId): Promise<JsonObject[]> {
    const all = await accountDataOfRoom(this.#stored.database, userId, roomId);
    return all.map(({ type, content }) => ({ type, content: parse(content) }));
  }

  async put(key: AccountDatumKey, content: JsonObject): Promise<void> {
    await this.#locked(key.userId, () => this.#commit(key, content));
  }

  /** Read, change and write as one. */
  async change(
    key: AccountDatumKey,
    edit: (before: JsonObject | undefined) => JsonObject,
    once?: Once,
  ): Promise<JsonObject> {
    return this.#locked(key.userId, async () => {
      const content = edit(await this.get(key));
      await this.#commit(key, content, once);
      return content;
    });
  }

  async tags(userId: UserId, roomId: RoomId): Promise<JsonObject> {
    return tagsIn(await this.get({ userId, roomId, type: TAGS }));
  }

  async setTag(userId: UserId, roomId: RoomId, tag: string, content: JsonObject): Promise<void> {
    await this.change({ userId, roomId, type: TAGS }, (before) =>
      bounded({ ...before, tags: { ...tagsIn(before), [tag]: content } }),
    );
  }

  /** All at once; those that are there already stay as they are. */
  async addTags(userId: UserId, roomId: RoomId, tags: JsonObject): Promise<void> {
    await this.change({ userId, roomId, type: TAGS }, (before) =>
      bounded({ ...before, tags: { ...tags, ...tagsIn(before) } }),
    );
  }

  async removeTag(userId: UserId, roomId: RoomId, tag: string): Promise<void> {
    await this.change({ userId, roomId, type: TAGS }, (before) => {
      const { [tag]: _gone, ...kept } = tagsIn(before);
      return { ...before, tags: kept };
    });
  }

  #locked<T>(userId: UserId, work: () => Promise<T>): Promise<T> {
    return this.#stored.locks.run(accountDataLockOf(userId), work);
  }

  #commit(
    { userId, roomId, type }: AccountDatumKey,
    content: JsonObject,
    once?: Once,
  ): Promise<void> {
    return this.#stored.log.commit((next) => {
      const position = next();
      const datum = { roomId, type, content: JSON.stringify(content), position };
      const record = { kind: 'account-data', userId, roomId, type } as const;
      const rows = [accountDatumRow(userId, datum)];
      const outcome = once?.outcome(200, {});
      const records = [{ position, record }];
      return { change: { rows, records, outcome, touches: [] }, value: undefined };
    });
  }
}

/** Held from a read until what was made of it is committed. */
export const accountDataLockOf = (userId: UserId): string => `account-data:${userId}`;

/** Each tag that is set reads and writes all of them. */
const TAGS_LENGTH_MAX = 1_048_576;

function bounded(content: JsonObject): JsonObject {
  if (JSON.stringify(content).length > TAGS_LENGTH_MAX)
    throw tooLarge(`The tags of a room have at most ${TAGS_LENGTH_MAX} characters in all`);
  return content;
}

const parse = (json: string): JsonObject => JSON.parse(json) as JsonObject;

const tagsIn = (content: JsonObject | undefined): JsonObject => {
  const tags: JsonValue | undefined = content?.tags;
  return isObject(tags) ? tags : {};
};

const pushRulesContent = (userId: UserId, stored: string | undefined): JsonObject => ({
  global: mergedRules(userId, stored === undefined ? undefined : parse(stored)) as never,
});
