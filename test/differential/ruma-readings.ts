import type { AuthState } from '../../server/protocol/auth-rules/verdict.ts';
import type { Event } from '../../server/protocol/event.ts';
import { LEVEL_NAMES, levelFor, powerLevelOf } from '../../server/protocol/power-levels.ts';
import { rulesOf } from '../../server/protocol/room-versions.ts';
import type { Check, History } from './history.ts';

// Where ruma reads the rules otherwise than Synapse and we do: README.md has the sections. Its refusal
// is expected there and nowhere else.

/** What ruma should say of it, given what we do. */
export const isAllowedByRuma = (check: Check, history: History): boolean =>
  check.verdict === undefined &&
  !joinsWithoutRules(check, history) &&
  !changesWhatIsAbsent(check.event, check.state, history);

/** Whether what an event of the room's states may do hangs on a reading, so that its resolutions may, too. */
export function hangsOnReading(history: History): boolean {
  if (history.checks.some((check) => joinsWithoutRules(check, history))) return true;
  const [create] = history.events;
  const levels = history.events.filter(
    ({ type, eventId }) => type === 'm.room.power_levels' && !history.rejected.has(eventId),
  );
  return levels.some((event) =>
    levels.some((current) => changesWhatIsAbsent(event, [create!, current], history)),
  );
}

/** A room without join rules can be joined by those who are invited; in ruma by nobody. */
const joinsWithoutRules = ({ event, state, verdict }: Check, { events }: History): boolean =>
  verdict === undefined &&
  event.type === 'm.room.member' &&
  event.content.membership === 'join' &&
  !state.some(({ type }) => type === 'm.room.join_rules') &&
  !(event.prevEvents.length === 1 && event.prevEvents[0] === events[0]!.eventId);

/** A level that is absent is not weighed when it is added or removed; in ruma its default is. */
function changesWhatIsAbsent(event: Event, state: readonly Event[], history: History): boolean {
  const rules = rulesOf(history.version)!;
  const current = state.find(({ type }) => type === 'm.room.power_levels');
  if (event.type !== 'm.room.power_levels' || current === undefined) return false;
  const senderLevel = powerLevelOf(event.sender, among(state), rules);
  return LEVEL_NAMES.some((name) => {
    const without = [event, current].filter(({ content }) => !Object.hasOwn(content, name));
    return without.length === 1 && levelFor(name, among(without), rules) > senderLevel;
  });
}

const among = (state: readonly Event[]): AuthState => ({
  get: (type, stateKey) => state.find((each) => each.type === type && each.stateKey === stateKey),
});
