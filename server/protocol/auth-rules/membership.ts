import type { Event } from '../event.ts';
import { levelFor, powerLevelOf } from '../power-levels.ts';
import type { RoomVersionRules } from '../room-versions.ts';
import type { AuthState } from './verdict.ts';

/** An `m.room.member` event whose form is sound, and what it is judged by. */
export interface MembershipChange {
  readonly event: Event;
  /** The *target user*: the state key. */
  readonly target: string;
  readonly state: AuthState;
  readonly rules: RoomVersionRules;
}

/** Undefined for a user who has never been in the room. */
export const membershipOf = (userId: string, state: AuthState): string | undefined => {
  const membership = state.get('m.room.member', userId)?.content.membership;
  return typeof membership === 'string' ? membership : undefined;
};

/** A room without the event is entered by invitation only (matrix-spec issue 657), as in Synapse; in ruma by nobody. */
export const joinRuleOf = (state: AuthState): string | undefined => {
  const event = state.get('m.room.join_rules', '');
  if (event === undefined) return 'invite';
  const rule = event.content.join_rule;
  if (rule === undefined) return 'invite';
  return typeof rule === 'string' ? rule : undefined;
};

/** Whether the sender has the level for this, and stands above the target user. */
export const mayRemove = (
  { event, target, state, rules }: MembershipChange,
  level: 'kick' | 'ban',
): boolean => {
  const power = powerLevelOf(event.sender, state, rules);
  return power >= levelFor(level, state, rules) && powerLevelOf(target, state, rules) < power;
};
