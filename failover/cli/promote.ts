import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AloneRecord, AtStake, PossiblePromotion, PromotionPlan } from '../status/recovery.ts';
import type { Status } from '../status/status.ts';
import type { Operator } from './operate.ts';
import { lossOf, type Recovering, recover, sentenceOfMissing, span } from './recover.ts';

export interface Promoting extends Omit<Recovering, 'to' | 'confirm'> {
  /** What is typed at the question; null where nobody can be asked. */
  readonly confirm: (question: string) => Promise<string | null>;
  readonly at: string;
  /** Of the order, by which whoever asks later can tell it from any other. */
  readonly id: string;
  /** One line of JSON in the place of sentences; then nobody is asked anything. */
  readonly json: boolean;
  /** Where in etcd it is written down. */
  readonly keys: Readonly<
    Record<'recoveries' | 'incarnation' | 'timelines' | 'patroniSync', string>
  >;
  readonly goOnAlone: (order: Order) => Promise<Ended>;
  /** Has looked at, on a copy, what etcd has here where that says nothing: it ends for a moment, and comes back as it was. */
  readonly look: () => Promise<Ended>;
  readonly patience?: Patience;
}

/** As what starts etcd here carries it out (core/alone-order.ts). */
interface Order {
  readonly id: string;
  readonly seen: Pick<PossiblePromotion['seen'], 'clusterId' | 'memberId' | 'revision' | 'voters'>;
  readonly doors: readonly string[];
  readonly compare: readonly { readonly key: string; readonly revision: number }[];
  readonly put: readonly { readonly key: string; readonly text: string }[];
}

type Ended =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused' | 'withdrawn' | 'unknown'; readonly why: string };

interface Patience {
  /** Patroni's key of before has to run out, and then whoever could be elected is waited for. */
  readonly decidedWithinMs: number;
  readonly lookEveryMs: number;
}

const PATIENCE: Patience = { decidedWithinMs: 180_000, lookEveryMs: 1_000 };

type Asked = Pick<Operator, 'status' | 'recovery' | 'recover' | 'promotion'>;

const LEADS = 0;
const NOTHING_DONE = 1;
const NOBODY_LEADS = 3;
const NOT_KNOWN = 4;

/**
 * `farol promote`, of two sites without a witness where the other never returns. Nobody who hears one site alone can know whether the other is
 * lost or cut off, so no program decides it, and no policy: an administrator answers what this machine cannot know. Then etcd goes on
 * here, and whoever may lead is promoted as ever, or as `farol recover` has it.
 */
export async function promote(operator: Asked, promoting: Promoting): Promise<number> {
  const { say } = sayingTo(promoting);
  const plan = await planned(operator, promoting);
  if (plan.kind === 'refused')
    return say(NOTHING_DONE, 'refused', `Nothing was done: ${plan.why}.`, { plan });
  const questions = questionsOf(plan);
  const whole = questions.map(({ type }) => type).join(', ');
  if (!promoting.json) promoting.print(shown(plan));
  if (!(await areAnswered(questions, whole, promoting)))
    return say(
      NOTHING_DONE,
      'unconfirmed',
      `Nothing was done. Where all of it is so: farol promote --confirm "${whole}"`,
      { plan, confirm: whole },
    );
  const again = await operator.promotion();
  if (again.kind === 'refused')
    return say(NOTHING_DONE, 'refused', `Nothing was done: ${again.why}.`, { plan: again });
  if (!isAsShown(plan, again))
    return say(
      NOTHING_DONE,
      'changed',
      'Nothing was done: something has changed since that was shown. Ask again.',
      { plan: again },
    );
  return carryOut(operator, promoting, again, whole);
}

async function planned(operator: Asked, promoting: Promoting): Promise<PromotionPlan> {
  const plan = await operator.promotion();
  if (plan.kind === 'possible' || plan.isLookedAtFirst !== true) return plan;
  const { tell } = sayingTo(promoting);
  tell(
    'etcd of this machine decides nothing. It is ended, what it has is looked at on a copy, and it is started again as it was.',
  );
  const ended = await promoting.look().catch(withdrawn);
  if (ended.kind === 'done') return operator.promotion();
  return { kind: 'refused', why: `${plan.why}; and ${ended.why}` };
}

const withdrawn = (error: unknown): Ended => ({ kind: 'withdrawn', why: messageOf(error) });

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

async function carryOut(
  operator: Asked,
  promoting: Promoting,
  plan: PossiblePromotion,
  confirmed: string,
): Promise<number> {
  const { id, goOnAlone } = promoting;
  const { say, tell } = sayingTo(promoting);
  tell(`Order ${id}: etcd of this machine ends, and starts without ${plan.without}.`);
  const ended = await goOnAlone(orderOf(promoting, plan, confirmed)).catch(withdrawn);
  const about = { order: id };
  if (ended.kind === 'unknown')
    return say(
      NOT_KNOWN,
      'unknown',
      `Whether order ${id} is carried out is not known: ${ended.why}. Look with \`farol status\` and \`farol logs\` before you ask again.`,
      about,
    );
  if (ended.kind !== 'done')
    return say(NOTHING_DONE, ended.kind, `Nothing was done (order ${id}): ${ended.why}.`, about);
  tell(`etcd goes on here, without ${plan.without}. Who may lead is decided now.`);
  return decide(operator, promoting, plan);
}

/** Whoever is promoted by itself is waited for; else what `farol recover` shows and asks. */
async function decide(
  operator: Asked,
  promoting: Promoting,
  { atStake }: PossiblePromotion,
): Promise<number> {
  const { say, tell } = sayingTo(promoting);
  const about = { order: promoting.id };
  const asked: Known = { isLed: false, isPossible: false, why: 'nobody knows yet' };
  // Whoever lacks nothing is elected, however long its PostgreSQL takes to be up.
  const isEnough = () => asked.isLed || (asked.isPossible && atStake.kind !== 'none');
  await lookUntil(operator, promoting, asked, isEnough);
  if (!asked.isLed && asked.isPossible) {
    const code = await recover(operator, {
      ...{ to: null, by: promoting.by, print: tell },
      confirm: async (question, lost) =>
        isNoGreater(lost, atStake) ? withoutOf(lost.given) : promoting.confirm(question),
    }).catch((error: unknown) => {
      tell(messageOf(error));
      return NOTHING_DONE;
    });
    if (code === 0) await lookUntil(operator, promoting, asked, () => asked.isLed);
    else asked.why = 'what would be lost has to be confirmed';
  }
  if (asked.isLed) return say(LEADS, 'leads', BACK, about);
  return say(
    NOBODY_LEADS,
    'alone',
    `etcd goes on here, and nobody leads yet: ${asked.why}. \`farol status\` says when somebody does; else go on with: farol recover`,
    about,
  );
}

/** Than what was confirmed. What the database has is only known once it is up, and may be less than it said last. */
const isNoGreater = (found: AtStake, confirmed: AtStake): boolean =>
  found.kind === confirmed.kind &&
  found.given.join() === confirmed.given.join() &&
  (found.bytes ?? 0) <= (confirmed.bytes ?? 0) &&
  found.unheardMs <= confirmed.unheardMs;

interface Known {
  isLed: boolean;
  isPossible: boolean;
  why: string;
}

async function lookUntil(
  operator: Asked,
  { patience = PATIENCE }: Promoting,
  asked: Known,
  isEnough: () => boolean,
): Promise<void> {
  const until = performance.now() + patience.decidedWithinMs;
  for (;;) {
    await look(operator, asked).catch(() => undefined);
    if (isEnough() || performance.now() >= until) return;
    await sleep(patience.lookEveryMs);
  }
}

async function look(operator: Asked, asked: Known): Promise<void> {
  const status = await operator.status();
  asked.isLed = leads(status);
  if (asked.isLed) return;
  const plan = await operator.recovery(null);
  if (plan.kind === 'refused') asked.why = plan.why;
  asked.isPossible = plan.kind === 'possible';
}

const leads = ({ site, leader, writes }: Status): boolean =>
  leader === site && ['flow', 'unprotected'].includes(writes.kind);

const BACK =
  'This site leads. Until another has a copy the loss of it loses all since. The other site, when it returns, has to be taken in anew: failover/README.md, "Two sites without a witness".';

/** Ends with it. */
function sayingTo({ json, print }: Promoting) {
  return {
    tell: (text: string): void => {
      if (!json) print(text);
    },
    say: (code: number, ended: string, text: string, more: object): number => {
      if (json) print(JSON.stringify({ ended, code, text, ...more }));
      else print(text);
      return code;
    },
  };
}

function shown(plan: PossiblePromotion): string {
  const { site, without, etcdSilentMs, copy, missing, atStake } = plan;
  return [
    `etcd is left at ${site} alone, for ${span(etcdSilentMs)} at least, and ${without} is silent. Whether that is lost or only cut off nobody can tell from here.`,
    `  ${site} is here: ${sentenceOf(copy)}; ${named(plan)}`,
    ...missing.map(sentenceOfMissing),
    `If ${site} goes on: ${lossOf(atStake)}`,
  ].join('\n');
}

function sentenceOf({ isUp, timeline, lsn }: PossiblePromotion['copy']): string {
  const where = lsn === null ? null : `timeline ${timeline}, position ${lsn}`;
  if (isUp) return where!;
  const said =
    where === null ? 'it left no word of how much it had' : `by etcd's last word ${where}`;
  return `its database is not up, as it cannot be without etcd, and was not looked at; ${said}`;
}

/** Never more than is said of the loss. */
function named({ site, sync, atStake }: PossiblePromotion): string {
  const isProven = atStake.kind === 'none';
  if (sync?.leader === site)
    return isProven
      ? 'it led last, so it has all that was acknowledged'
      : '/sync names it as the leader, which does not prove that it has all';
  if (!sync?.standbys.includes(site))
    return `it was NOT in /sync when etcd last knew: ${sync?.leader ?? 'another site'} acknowledged without it`;
  const was = 'it was in /sync when etcd last knew';
  return isProven
    ? `${was}: ${sync.leader} acknowledged nothing without it`
    : `${was}, which does not prove that it has all`;
}

interface Question {
  readonly asks: string;
  readonly type: string;
}

const withoutOf = (given: readonly string[]): string => `without ${given.join(' and ')}`;

function questionsOf(plan: PossiblePromotion): Question[] {
  const { site, without, atStake } = plan;
  const { given } = atStake;
  const questions: Question[] = [
    {
      asks:
        `Who has seen that ${without} is off, and what keeps it off until it is taken in anew: the plug, a switched outlet, fire? If it only is cut off it answers nobody by now; ` +
        'but what it acknowledged and this site lacks is gone once this one goes on. That a power supply reported empty is no proof.',
      type: `${without} is off`,
    },
    {
      asks: `Has nobody ordered this at ${without}, and will nobody? Else there are two clusters, each with what the other lacks, and both end answering as soon as they hear each other.`,
      type: `only ${site}`,
    },
  ];
  if (given.length === 0) return questions;
  return [
    ...questions,
    {
      asks: `What ${given.join(' and ')} acknowledged and is not here is lost: as much as is said above. May this site go on without it?`,
      type: `${withoutOf(given)}, ${amountOf(atStake)}, ${markOf(plan)}`,
    },
  ];
}

const amountOf = ({ bytes }: AtStake): string =>
  bytes === null ? 'nobody knows how much' : `up to ${bytes} bytes`;

/** What was typed for another loss, or on another day, must be none of an answer. */
const markOf = (plan: PossiblePromotion): string =>
  createHash('sha256').update(textOf(plan)).digest('hex').slice(0, MARK_DIGITS);

const MARK_DIGITS = 4;

/** One by one at a terminal; `--confirm` has all the answers. */
async function areAnswered(
  questions: readonly Question[],
  whole: string,
  { confirm, print, json }: Promoting,
): Promise<boolean> {
  for (const [index, { asks, type }] of questions.entries()) {
    if (!json) print(`${index + 1}. ${asks}`);
    const answer = await confirm(`   Type "${type}": `);
    if (answer === whole) return true;
    if (answer !== type) return false;
  }
  return questions.length > 0;
}

/** Also what was confirmed to be lost. */
const isAsShown = (one: PossiblePromotion, other: PossiblePromotion): boolean =>
  textOf(one) === textOf(other);

const textOf = ({ seen, without, sync, atStake }: PossiblePromotion): string => {
  const { revisions, ...rest } = seen;
  return JSON.stringify([rest, revisions.sync, revisions.timelines, without, sync, atStake]);
};

function orderOf(
  { id, at, by, keys }: Promoting,
  { site, without, etcdSilentMs, sync, copy, missing, atStake, seen }: PossiblePromotion,
  confirmed: string,
): Order {
  const { clusterId, memberId, revision, voters, doors, revisions, number } = seen;
  const record: AloneRecord = {
    ...{ at, by, asked: site, without, order: id, confirmed },
    shown: { etcdSilentMs, sync, copy, missing, atStake },
  };
  const put = (key: string, value: object) => ({ key, text: JSON.stringify(value) });
  return {
    ...{ id, doors, seen: { clusterId, memberId, revision, voters } },
    compare: [
      { key: keys.patroniSync, revision: revisions.sync },
      { key: keys.timelines, revision: revisions.timelines },
      { key: keys.incarnation, revision: revisions.incarnation },
    ],
    put: [
      put(keys.incarnation, { number, id, site, without: [without], at }),
      put(`${keys.recoveries}${at}`, record),
    ],
  };
}
