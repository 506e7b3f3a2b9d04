import type { Once } from '../log/outcomes.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { Ruleset } from '../protocol/push-rules/rules.ts';
import { type AccountData, PUSH_RULES } from './account-data.ts';
import { refuseTooMany } from './push-rule-edits.ts';

/** A user's push rules. They are the account data `m.push_rules`, which is how /sync tells of them. */
export class PushRules {
  readonly #accountData: AccountData;

  constructor(accountData: AccountData) {
    this.#accountData = accountData;
  }

  async of(userId: UserId): Promise<Ruleset> {
    return rulesIn(await this.#accountData.get(keyOf(userId)));
  }

  async edit(userId: UserId, edit: (rules: Ruleset) => Ruleset, once?: Once): Promise<void> {
    await this.#accountData.change(
      keyOf(userId),
      (before) => {
        const rules = rulesIn(before);
        const edited = edit(rules);
        refuseTooMany(rules, edited);
        return { global: edited as never };
      },
      once,
    );
  }
}

const keyOf = (userId: UserId) => ({ userId, roomId: null, type: PUSH_RULES });

/** `AccountData` gives them merged with the defaults, so all kinds are there. */
const rulesIn = (content: JsonObject | undefined): Ruleset => content?.global as unknown as Ruleset;
