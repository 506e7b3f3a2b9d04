import type { UserId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import { powerLevelOf } from '../../protocol/power-levels.ts';
import { evaluate, type Notification, notificationOf } from '../../protocol/push-rules/evaluate.ts';
import { RULE_KINDS, type Ruleset } from '../../protocol/push-rules/rules.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { powerState } from '../../rooms/read/power-state.ts';
import type { Room } from '../../rooms/room.ts';
import type { RoomEvent } from '../../rooms/room-event.ts';

export interface Judged {
  readonly userId: UserId;
  readonly room: Room;
  readonly pushRules: () => Promise<Ruleset>;
}

export interface Judge {
  of(event: RoomEvent): Notification;
  /** So much was looked at since it was last asked that others should have their turn. */
  isTired(): boolean;
}

/**
 * Of matching, about 10 ms an event and 50 ms all together (measured): 50 keywords in 500 messages
 * of 200 characters. What would cost more does not match, so that nobody's rules hold up others.
 */
const STEPS_PER_EVENT = 1_000_000;
const STEPS_MAX = 5_000_000;
/** Between two turns of the event loop. */
const STEPS_PER_TURN = 500_000;
/** A rule costs something also where it has nothing to match. */
const STEPS_PER_RULE = 10;

/**
 * Says what a user is notified of, by their rules and the room as they are now. What few rules ask
 * for (who may notify the room, what the user is called in it) is read only where one will ask.
 */
export async function pushJudge(
  { userId, room, pushRules }: Judged,
  events: readonly RoomEvent[],
): Promise<Judge> {
  if (events.length === 0) return NOTHING_TO_JUDGE;
  const rules = await pushRules();
  const needs = needsOf(rules);
  const power = needs.power || events.some(mentionsRoom) ? await powerIn(room) : NO_POWER;
  const displayName = needs.displayName ? await displayNameIn(room, userId) : undefined;
  return judgeBy(rules, room, { displayName, power });
}

/** The same of rules that are known and ask nothing of the room's state. */
export function judgeAtOnce(
  rules: Ruleset,
  room: Room,
  events: readonly RoomEvent[],
): Judge | undefined {
  if (events.length === 0) return NOTHING_TO_JUDGE;
  const needs = needsOf(rules);
  if (needs.power || needs.displayName || events.some(mentionsRoom)) return undefined;
  return judgeBy(rules, room, { displayName: undefined, power: NO_POWER });
}

function judgeBy(
  rules: Ruleset,
  room: Room,
  { displayName, power }: { displayName: string | undefined; power: Power },
): Judge {
  const context = { displayName, memberCount: room.joinedCount, ...power };
  const stepsOfRules =
    STEPS_PER_RULE * RULE_KINDS.reduce((sum, kind) => sum + rules[kind].length, 0);
  let [left, sinceTurn] = [STEPS_MAX, 0];
  return {
    of(event) {
      const senderPowerLevel = power.levelOf(event.sender);
      const given = Math.min(left, STEPS_PER_EVENT);
      const steps = { left: given };
      const actions = evaluate(clientForm(event), rules, { ...context, senderPowerLevel, steps });
      left -= given - steps.left;
      sinceTurn += given - steps.left + stepsOfRules;
      return notificationOf(actions);
    },
    isTired() {
      if (sinceTurn < STEPS_PER_TURN) return false;
      sinceTurn = 0;
      return true;
    },
  };
}

const NOTHING_TO_JUDGE: Judge = {
  of: () => ({ notify: false, highlight: false, sound: undefined }),
  isTired: () => false,
};

interface Needs {
  readonly power: boolean;
  readonly displayName: boolean;
  /** Somebody's own rules may cost as much as they may; the predefined ones compare a few words. */
  readonly isCheap: boolean;
}

export const isCheap = (rules: Ruleset): boolean => needsOf(rules).isCheap;

const needsByRules = new WeakMap<Ruleset, Needs>();

function needsOf(rules: Ruleset): Needs {
  const known = needsByRules.get(rules);
  if (known !== undefined) return known;
  const kinds = new Set(
    [...rules.override, ...rules.underride]
      .filter((rule) => rule.enabled && rule.rule_id !== ROOM_MENTION)
      .flatMap((rule) => rule.conditions ?? [])
      .map((condition) => condition.kind),
  );
  const needs = {
    power: kinds.has('sender_notification_permission'),
    displayName: kinds.has('contains_display_name'),
    isCheap: RULE_KINDS.every((kind) => rules[kind].every((rule) => rule.default)),
  };
  needsByRules.set(rules, needs);
  return needs;
}

/** It asks for power only behind the condition that the event mentions the room. */
const ROOM_MENTION = '.m.rule.is_room_mention';

function mentionsRoom(event: RoomEvent): boolean {
  const mentions = event.content['m.mentions'];
  return isObject(mentions) && mentions.room === true;
}

async function displayNameIn(room: Room, userId: UserId): Promise<string | undefined> {
  const member = await room.stateEvent('m.room.member', userId);
  const name = member?.content.displayname;
  return typeof name === 'string' ? name : undefined;
}

interface Power {
  levelOf(userId: UserId): number;
  notificationPowerLevel(key: string): number;
}

const NOTIFICATION_LEVEL_DEFAULT = 50;

const NO_POWER: Power = {
  levelOf: () => 0,
  notificationPowerLevel: () => NOTIFICATION_LEVEL_DEFAULT,
};

async function powerIn(room: Room): Promise<Power> {
  const rules = rulesOf(room.version);
  if (rules === undefined) return NO_POWER;
  const state = await powerState(room);
  const content = state.get('m.room.power_levels', '')?.content;
  return {
    levelOf: (userId) => powerLevelOf(userId, state, rules),
    notificationPowerLevel: (key) => notificationLevel(content, key),
  };
}

function notificationLevel(powerLevels: JsonObject | undefined, key: string): number {
  const levels = powerLevels?.notifications;
  const level = isObject(levels) && Object.hasOwn(levels, key) ? Number(levels[key]) : Number.NaN;
  return Number.isNaN(level) ? NOTIFICATION_LEVEL_DEFAULT : level;
}

const clientForm = (event: RoomEvent): JsonObject => ({
  type: event.type,
  room_id: event.roomId,
  sender: event.sender,
  event_id: event.eventId,
  content: event.content,
  ...(event.stateKey === undefined ? {} : { state_key: event.stateKey }),
});
