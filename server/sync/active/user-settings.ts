import type { UserId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import type { Ruleset } from '../../protocol/push-rules/rules.ts';
import { Remembered } from './remembered.ts';

/** What /sync itself has to know of a user's account data. */
export class UserSettings {
  readonly #userId: UserId;
  readonly #pushRules = new Remembered<Ruleset>();
  readonly #ignored = new Remembered<ReadonlySet<UserId>>();

  constructor(userId: UserId) {
    this.#userId = userId;
  }

  pushRules(load: (userId: UserId) => Promise<Ruleset>): Promise<Ruleset> {
    return this.#pushRules.get(() => load(this.#userId));
  }

  ignored(
    load: (userId: UserId, type: string) => Promise<JsonObject | undefined>,
  ): Promise<ReadonlySet<UserId>> {
    return this.#ignored.get(async () => ignoredIn(await load(this.#userId, IGNORED)));
  }

  accountDataChanged(type: string): void {
    if (type === 'm.push_rules') this.#pushRules.forget();
    if (type === IGNORED) this.#ignored.forget();
  }
}

const IGNORED = 'm.ignored_user_list';

function ignoredIn(content: JsonObject | undefined): ReadonlySet<UserId> {
  const users = content?.ignored_users;
  return new Set((isObject(users) ? Object.keys(users) : []) as UserId[]);
}
