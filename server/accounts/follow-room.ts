import type { RoomId, UserId } from '../protocol/identifiers.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import type { PushRule, Ruleset } from '../protocol/push-rules/rules.ts';
import type { AccountData } from './account-data.ts';
import type { PushRules } from './push-rules.ts';

interface Move {
  readonly from: RoomId;
  readonly to: RoomId;
}

/**
 * What a user has said of a room for themselves is said of the room that takes its place: tags, and
 * push rules that name it (Room upgrades, "Server behaviour"). What was said of the new one already
 * stays, so it may be done twice.
 */
export async function followRoom(
  { accountData, pushRules }: { accountData: AccountData; pushRules: PushRules },
  userId: UserId,
  move: Move,
): Promise<void> {
  // Whoever has as much of either as one may have enters the room nevertheless.
  await unlessRefused(() => followTags(accountData, userId, move));
  const rules = await pushRules.of(userId);
  if (withRoom(rules, move) === rules) return;
  await unlessRefused(() => pushRules.edit(userId, (current) => withRoom(current, move)));
}

async function followTags(accountData: AccountData, userId: UserId, { from, to }: Move) {
  const tags = await accountData.tags(userId, from);
  const known = await accountData.tags(userId, to);
  if (Object.keys(tags).some((tag) => !Object.hasOwn(known, tag)))
    await accountData.addTags(userId, to, tags);
}

async function unlessRefused(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
  }
}

/** The same object where there is nothing to add. */
function withRoom(rules: Ruleset, move: Move): Ruleset {
  const room = added(rules.room, move);
  const override = added(rules.override, move);
  return room.length + override.length === 0
    ? rules
    : { ...rules, room: [...room, ...rules.room], override: [...override, ...rules.override] };
}

function added(rules: readonly PushRule[], move: Move): PushRule[] {
  return rules
    .filter((rule) => !rule.default && names(rule, move.from))
    .map((rule) => moved(rule, move))
    .filter((rule) => !rules.some((each) => each.rule_id === rule.rule_id));
}

/** A rule of the kind `room` by its id; clients mute a room by an override with a condition. */
const names = ({ rule_id, conditions = [] }: PushRule, roomId: RoomId): boolean =>
  rule_id === roomId ||
  conditions.some((each) => each.key === 'room_id' && each.pattern === roomId);

const moved = ({ conditions, ...rule }: PushRule, { from, to }: Move): PushRule => ({
  ...rule,
  rule_id: rule.rule_id.includes(from) ? rule.rule_id.replace(from, to) : `${rule.rule_id} ${to}`,
  ...(conditions && {
    conditions: conditions.map((each) =>
      each.key === 'room_id' && each.pattern === from ? { ...each, pattern: to } : each,
    ),
  }),
});
