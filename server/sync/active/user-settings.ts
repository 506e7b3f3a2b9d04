import { IGNORED_USERS, ignoredIn } from '../../accounts/ignored-users.ts';
import { blocksInvites, INVITE_PERMISSION } from '../../accounts/invite-permission.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Ruleset } from '../../protocol/push-rules/rules.ts';
import { Remembered } from './remembered.ts';

/** What /sync itself has to know of a user's account data. */
export class UserSettings {
  readonly #userId: UserId;
  readonly #pushRules = new Remembered<Ruleset>();
  readonly #ignored = new Remembered<ReadonlySet<UserId>>();
  readonly #blocksInvites = new Remembered<boolean>();

  constructor(userId: UserId) {
    this.#userId = userId;
  }

  /** Undefined where they have to be loaded. */
  get knownPushRules(): Ruleset | undefined {
    return this.#pushRules.known;
  }

  get knownIgnored(): ReadonlySet<UserId> | undefined {
    return this.#ignored.known;
  }

  pushRules(load: (userId: UserId) => Promise<Ruleset>): Promise<Ruleset> {
    return this.#pushRules.get(() => load(this.#userId));
  }

  ignored(
    load: (userId: UserId, type: string) => Promise<JsonObject | undefined>,
  ): Promise<ReadonlySet<UserId>> {
    return this.#ignored.get(async () => ignoredIn(await load(this.#userId, IGNORED_USERS)));
  }

  blocksInvites(
    load: (userId: UserId, type: string) => Promise<JsonObject | undefined>,
  ): Promise<boolean> {
    return this.#blocksInvites.get(async () =>
      blocksInvites(await load(this.#userId, INVITE_PERMISSION)),
    );
  }

  accountDataChanged(type: string): void {
    if (type === 'm.push_rules') this.#pushRules.forget();
    if (type === IGNORED_USERS) this.#ignored.forget();
    if (type === INVITE_PERMISSION) this.#blocksInvites.forget();
  }
}
