import { setTimeout as sleep } from 'node:timers/promises';
import type { AloneRecord } from '../status/recovery.ts';
import type { Status } from '../status/status.ts';
import { isWithoutMajority } from './lost-majority.ts';
import type { Operator } from './operate.ts';
import { type Recovering, recover } from './recover.ts';

/** etcd's member of this machine, of which an administrator says that it is the last. */
export interface LastMember {
  /** Ends it, and has it start as the only one; `said` is what its log keeps of the order. Throws where that cannot be ordered. */
  goOnAlone(said: string): Promise<void>;
  isAlone(): Promise<boolean>;
  writeDown(record: AloneRecord): Promise<void>;
}

export interface Promoting extends Omit<Recovering, 'to'> {
  readonly member: LastMember;
  readonly at: string;
  readonly patience?: Patience;
}

interface Patience {
  /** etcd copies its data aside, starts, and elects itself. */
  readonly aloneWithinMs: number;
  /** Patroni's key of before has to run out, and then whoever could be elected is waited for. */
  readonly decidedWithinMs: number;
  readonly lookEveryMs: number;
}

const PATIENCE: Patience = {
  aloneWithinMs: 120_000,
  decidedWithinMs: 150_000,
  lookEveryMs: 1_000,
};

type Asked = Pick<Operator, 'status' | 'recovery' | 'recover'>;

/**
 * `farol promote`, where etcd has lost its majority for good: two sites and no witness, or one site that is left of three. Nobody who
 * hears one site alone can know whether the others are lost or cut off, so no program decides it, and no policy: an administrator
 * answers what this machine cannot know. Then etcd goes on here, and whoever may lead is promoted as `farol recover` has it.
 */
export async function promote(operator: Asked, promoting: Promoting): Promise<number> {
  const { print, by, at, member, patience = PATIENCE } = promoting;
  const status = await operator.status();
  const why = reasonNot(status);
  if (why !== null) return told(print, `Nothing was done: ${why}.`);
  const questions = questionsOf(status);
  print(introduction(status));
  if (!(await areAnswered(questions, promoting)))
    return told(
      print,
      `Nothing was done. Where all of it is so: farol promote --confirm "${whole(questions)}"`,
    );
  const without = membersAway(status);
  await member.goOnAlone(`by ${by} at ${at}, who said: ${whole(questions)}`);
  if (!(await holds(() => member.isAlone(), patience.aloneWithinMs, patience)))
    return told(
      print,
      'etcd did not go on alone here: `farol logs` says what keeps it. Nothing else was done.',
    );
  await member.writeDown({ at, by, asked: status.site, without, confirmed: whole(questions) });
  print('etcd goes on here, alone. Whose copy may lead is asked now.');
  return decide(operator, promoting, patience);
}

function told(print: Promoting['print'], text: string): number {
  print(text);
  return 1;
}

/** As a clause; null where an administrator may be asked. */
function reasonNot(status: Status): string | null {
  const [own] = status.etcd;
  if (own === undefined || !isWithoutMajority(status))
    return 'etcd has a majority, or it is not known; while it has one, `farol recover` is the way to go on without a site';
  if (!isThere(own)) return `etcd does not run here, and what goes on is what it has: start it`;
  const there = status.etcd.slice(1).filter(isThere).map(hostOf);
  const heard = (status.peers ?? []).filter(({ answers }) => answers).map(({ site }) => site);
  if (there.length + heard.length > 0)
    return `${[...there, ...heard].join(' and ')} can be reached: whoever is there is no loss. Mend what keeps etcd apart, or end it there if it is one`;
  return null;
}

const isThere = ({ answers, runs = false }: Status['etcd'][number]): boolean => answers || runs;
const membersAway = ({ etcd }: Status): string[] => etcd.slice(1).map(hostOf);
const hostOf = ({ member }: Status['etcd'][number]): string => member.replace(/:\d+$/, '');

interface Question {
  readonly asks: string;
  readonly type: string;
}

const introduction = (status: Status): string =>
  `etcd is left at this site alone, and ${membersAway(status).join(' and ')} are silent. Whether they are lost or only cut off nobody can tell from here:`;

function questionsOf(status: Status): Question[] {
  const away = membersAway(status);
  const are = away.length === 1 ? 'is' : 'are';
  const they = away.length === 1 ? 'it' : 'them';
  return [
    {
      asks:
        `Who has seen that ${away.join(' and ')} ${are} off, and what keeps ${they} off until ${are === 'is' ? 'it is' : 'they are'} made anew: the plug, a switched outlet, ` +
        'fire? Behind a cut line all looks as it does now, and clients may be answered there: then two clusters acknowledge what neither ever takes ' +
        'over from the other. That a power supply reported empty is no proof.',
      type: `${away.join(' and ')} ${are} off`,
    },
    {
      asks: 'Has nobody ordered this at another site, and will nobody?',
      type: 'only here',
    },
    {
      asks:
        'What was acknowledged there and is not here is lost. How much that is, as far as it is known, is said once etcd goes on, and confirmed before ' +
        'anybody is promoted. May this site go on without it?',
      type: 'without what only they had',
    },
  ];
}

const whole = (questions: readonly Question[]): string =>
  questions.map(({ type }) => type).join(', ');

/** One by one at a terminal; `--confirm` has all the answers. */
async function areAnswered(
  questions: readonly Question[],
  { confirm, print }: Pick<Promoting, 'confirm' | 'print'>,
): Promise<boolean> {
  for (const [index, { asks, type }] of questions.entries()) {
    print(`${index + 1}. ${asks}`);
    const answer = await confirm(`   Type "${type}": `);
    if (answer !== type && answer !== whole(questions)) return false;
  }
  return true;
}

/** Whoever is promoted by itself is waited for; else what `farol recover` shows and asks. */
async function decide(operator: Asked, promoting: Promoting, patience: Patience): Promise<number> {
  const { print } = promoting;
  let why = 'nobody knows yet';
  const decided = async (): Promise<boolean> => {
    const status = await operator.status();
    if (leads(status)) return true;
    const plan = await operator.recovery(null);
    if (plan.kind === 'refused') why = plan.why;
    return plan.kind === 'possible';
  };
  if (!(await holds(decided, patience.decidedWithinMs, patience)))
    return told(print, `Nobody was promoted: ${why}. Ask again: farol recover`);
  const status = await operator.status();
  if (!leads(status)) return recover(operator, { ...promoting, to: null });
  print(`${status.leader} leads.${status.writes.kind === 'wait' ? WAITS : ''}`);
  return 0;
}

/** No other site can, by what was answered. */
const leads = ({ site, leader, writes }: Status): boolean =>
  leader === site && ['flow', 'unprotected', 'wait'].includes(writes.kind);

const WAITS =
  ' With three sites nothing is acknowledged before another site has it: raise one anew (`add-site.yml`).';

async function holds(
  what: () => Promise<boolean>,
  withinMs: number,
  { lookEveryMs }: Patience,
): Promise<boolean> {
  const until = performance.now() + withinMs;
  for (;;) {
    if (await what().catch(() => false)) return true;
    if (performance.now() >= until) return false;
    await sleep(lookEveryMs);
  }
}
