import type { Deeds, EffectOf } from '../../effects.ts';
import type { Site } from '../../view.ts';
import type { Question } from '../peer-wire.ts';
import type { Parts } from './parts.ts';
import type { Questions } from './questions.ts';

const YES = 'yes';
const NO_ANSWER = 'no answer';
const PROMOTES = 'a promotion is under way';
const ANSWERS_WITHIN_MS = 1_000;

/** What agents ask of each other before they act. */
export const deedsWithPeers = (parts: Parts, questions: Questions) =>
  ({
    'ask-leave': (effect) => askLeave(parts, effect),
    'give-leave': ({ id, until, why }) => {
      const reply = questions.take(id);
      if (why !== null) reply?.(why);
      else noteLeave(parts, until, (failed) => reply?.(failed));
    },
    'ask-cover': (effect) => askCover(parts, effect),
    'give-cover': ({ id, why }) =>
      questions.take(id)?.(parts.world.bugs.coversDespitePromise ? null : why),
  }) satisfies Partial<Deeds<void>>;

function askLeave(parts: Parts, { of: site, sentAt, term }: EffectOf<'ask-leave'>): void {
  const { bugs, members } = parts.world;
  const { tell } = parts.process.life;
  const withinMs = bugs.leaveFromArrival ? 10_000 : ANSWERS_WITHIN_MS;
  ask(parts, { site, withinMs }, { kind: 'leave-asked', term }, (why) => {
    const from = bugs.leaveFromArrival ? parts.process.clock() : sentAt;
    const sites = bugs.oneLeaveIsEnough && why === null ? members : [site];
    for (const each of sites) tell({ kind: 'leave-answered', site: each, sentAt: from, term, why });
  });
}

function askCover(parts: Parts, { of: site, sentAt, term }: EffectOf<'ask-cover'>): void {
  const { tell } = parts.process.life;
  ask(parts, { site, withinMs: ANSWERS_WITHIN_MS }, { kind: 'cover-asked', term }, (why) =>
    tell({ kind: 'cover-answered', site, sentAt, term, why }),
  );
}

/** Null is a yes. */
function ask(
  { site: own, host, machines }: Parts,
  { site, withinMs }: { readonly site: Site; readonly withinMs: number },
  question: Omit<Question, 'site'>,
  then: (why: string | null) => void,
): void {
  machines.peers.ask<string>(
    { from: host, to: site, withinMs },
    (agent, reply) => agent.beAsked({ ...question, site: own }, (why) => reply(why ?? YES)),
    (said) => then(said === YES ? null : (said ?? NO_ANSWER)),
  );
}

/** As adapters/peers/leave-note.ts: looks, says, and looks again. */
function noteLeave(
  { world, machines, process }: Parts,
  until: number,
  reply: (why: string | null) => void,
): void {
  const { bugs, random, time } = world;
  const { exclusion } = machines;
  const promotes = () => exclusion.isPromoting && !bugs.leaveWhilePromoting;
  const soon = (act: () => void) =>
    time.after(random.between(0.1, 5), () => process.whenItRuns(act));
  soon(() => {
    if (promotes()) return reply(PROMOTES);
    soon(() => {
      exclusion.noteLeave(until);
      soon(() => reply(promotes() ? PROMOTES : null));
    });
  });
}
